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

// An item of a snapshot is accepted, or refused for the same reason, as if its texts were looked at one by one, wherever they
// are; and it is read into a caller's item, which is left alone where there is none to read.
func TestItemsOfSnapshotsAreCheckedAsTextByText(t *testing.T) {
	t.Parallel()
	const header = CgroupsItemHeaderLen
	r := rand.New(rand.NewPCG(11, 12))
	seen := map[string]int{}
	for range 20_000 {
		text := func() CStringView { return CString(bytes.Repeat([]byte{'x'}, r.IntN(20))) }
		written := CgroupsItemView{Hash: r.Uint32(), Options: r.Uint32(), Enabled: 1, Name: text(), Path: text()}
		item := make([]byte, written.Size())
		if err := written.Encode(item); err != nil {
			t.Fatal(err)
		}
		where := []int{16, 20, 24, 28, header + r.IntN(len(item)-header)}
		for range r.IntN(3) {
			item[where[r.IntN(len(where))]] += byte(r.IntN(3) - 1)
		}
		name, path := ReadSpan(item[16:]), ReadSpan(item[24:])
		want := CheckText(item, header, name, "name")
		if want == nil {
			want = CheckText(item, header, path, "path")
		}
		if want == nil && !path.ApartFrom(name) {
			want = NewWireError(ErrBadLayout, "path", name.End(), uint64(path.Offset))
		}
		reply := CgroupsResponseView{ItemCount: 1, list: Packed{directory: make([]byte, EntryLen), items: item}}
		PutSpan(reply.list.directory, 0, len(item))
		kept := CgroupsItemView{Hash: written.Hash + 1}
		found := kept
		err := reply.Read(0, &found)
		if fmt.Sprint(err) != fmt.Sprint(want) {
			t.Fatalf("%x: %v instead of %v", item, err, want)
		}
		if again, single := reply.Item(0); fmt.Sprint(single) != fmt.Sprint(err) || err == nil && fmt.Sprint(again) != fmt.Sprint(found) {
			t.Fatalf("%x: %v, %v and %v, %v", item, found, err, again, single)
		}
		if err != nil && found.Hash != kept.Hash {
			t.Fatalf("%x: %v was read of it", item, found)
		}
		if err == nil && (found.Hash != written.Hash || !found.Name.Equal(TextAt(item, name)) || !found.Path.Equal(TextAt(item, path))) {
			t.Fatalf("%x: %v", item, found)
		}
		seen[fmt.Sprint(err == nil, name.Offset == header && path.Offset == uint32(name.End()))]++
		if err := reply.Read(1, &found); err == nil {
			t.Fatal("an item beyond the last")
		}
	}
	for _, kind := range []string{"true true", "true false", "false true", "false false"} {
		if seen[kind] < 100 {
			t.Errorf("accepted, and where written: %v", seen)
		}
	}
}
