package protocol

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// The quick looks at texts and labels accept what those accept that look at one string after another, with the same end,
// and refuse what they refuse, for the same reason. What is accepted is written again as it was.
func TestQuickLooksAgreeWithSlowOnes(t *testing.T) {
	t.Parallel()
	const header = word + 2*EntryLen
	r := rand.New(rand.NewPCG(7, 8))
	accepted := 0
	for range 20_000 {
		item, texts, count := drawnItem(r, header)
		for range r.IntN(4) {
			item[r.IntN(len(item))] = byte(r.IntN(3))
		}
		spans := [...]Span{spanAt(item[word:]), spanAt(item[word+EntryLen:])}
		end, quick := CheckTexts(item, header, spans[:], "text")
		slowEnd, slow := checkStrings(item, header, spans[:], "text")
		if fmt.Sprint(quick) != fmt.Sprint(slow) || end != slowEnd {
			t.Fatalf("texts of %x: %v at %d, %v at %d", item, quick, end, slow, slowEnd)
		}
		quick, slow = CheckLabels(item, count, uint64(texts)), checkLabels(item, count, texts)
		if fmt.Sprint(quick) != fmt.Sprint(slow) {
			t.Fatalf("labels of %x: %v, %v", item, quick, slow)
		}
		if quick == nil {
			accepted++
			labels, again := LabelsAt(item, count, uint64(texts)), bytes.Clone(item)
			clear(again[texts:])
			if err := labels.Encode(again, texts); err != nil || !bytes.Equal(again, item) {
				t.Fatalf("labels of %x, written again: %x, %v", item, again, err)
			}
		}
	}
	if accepted < 2_000 || accepted > 18_000 {
		t.Fatalf("%d of 20,000 were accepted", accepted)
	}
}

// drawnItem returns an item of two texts behind a header that ends with their spans, and of up to three labels; where the
// texts end; and the number of labels.
func drawnItem(r *rand.Rand, header int) (item []byte, end int, count uint16) {
	text := func(least int) []byte {
		text := make([]byte, least+r.IntN(1+[...]int{3, 20, 70}[r.IntN(3)]))
		for i := range text {
			text[i] = byte(1 + r.IntN(255))
		}
		return text
	}
	first, second := text(0), text(0)
	pairs := make([]Label, r.IntN(4))
	for i := range pairs {
		pairs[i] = NewLabel(text(1), text(0))
	}
	end = header + len(first) + 1 + len(second) + 1
	labels := LabelsOf(pairs)
	item = make([]byte, labels.EndAfter(end))
	PutSpan(item[word:], header, len(first))
	PutSpan(item[word+EntryLen:], header+len(first)+1, len(second))
	if !CopyText(item[header:], first) || !CopyText(item[header+len(first)+1:], second) {
		panic("a drawn text has a NUL")
	}
	if err := labels.Encode(item, end); err != nil {
		panic(err)
	}
	return item, end, uint16(len(pairs))
}
