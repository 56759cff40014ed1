package protocol

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Texts of every length around those that are looked at word by word, with a NUL at every place and
// with bytes that could be taken for one.
func TestNulsAreFoundWherever(t *testing.T) {
	t.Parallel()
	for n := range shortText + 2*word {
		for _, filler := range []byte{1, 0x7f, 0x80, 0x81, 0xff} {
			for at := range n + 1 {
				text := bytes.Repeat([]byte{filler}, n)
				if at < n {
					text[at] = 0
				}
				if closesFirst(text) != (n > 0 && at == n-1) {
					t.Fatalf("closesFirst of %x", text)
				}
				dst := bytes.Repeat([]byte{0x55}, n+4)
				if CopyText(dst, text) != (at == n) {
					t.Fatalf("copyText of %x", text)
				}
				if at == n && !bytes.Equal(dst, append(text, 0, 0x55, 0x55, 0x55)) {
					t.Fatalf("copyText wrote %x", dst)
				}
			}
		}
	}
}

// What lies in front of the texts and behind them does not count.
func TestNulsAreCounted(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		item := make([]byte, word+r.IntN(shortText+4*word))
		for i := range item {
			item[i] = byte(r.IntN(3)) * 0x80
		}
		from := word + r.IntN(len(item)-word+1)
		to := from + r.IntN(len(item)-from+1)
		nuls := bytes.Count(item[from:to], nul)
		for strings := range nuls + 3 {
			if CleanTexts(item, uint64(from), uint64(to), strings) != (strings == nuls) {
				t.Fatalf("%x from %d to %d has %d, not %d", item, from, to, nuls, strings)
			}
		}
	}
}
