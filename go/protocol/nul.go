package protocol

import "bytes"

// Strings on the wire are short: a few machine words, which are looked at in less time than it takes
// to call what is fast for long ones.
const (
	shortText = 64
	word      = 8
	half      = word / 2

	ones  = 0x0101010101010101
	highs = ones << 7
)

// nul is what CleanTexts counts: with a separator of one byte, that is as fast as a long scan can be.
var nul = []byte{0}

// closesFirst tells whether text ends with its first NUL.
func closesFirst(text []byte) bool {
	n := len(text)
	if n < word || n > shortText {
		return n > 0 && bytes.IndexByte(text, 0) == n-1
	}
	// Among the last bytes only the very last one is a NUL, among those before them none.
	found := nulBits(le.Uint64(text[n-word:])) ^ 1<<63
	for ; len(text) > word; text = text[word:] {
		found |= nulBits(le.Uint64(text))
	}
	return found == 0
}

// CopyText writes text and a NUL to the front of dst, where there is room for them; it tells whether
// there is none in text.
func CopyText(dst, text []byte) bool {
	n := len(text)
	dst = dst[:n+1]
	dst[n] = 0
	switch {
	case n > shortText:
		copy(dst, text)
		return bytes.IndexByte(text, 0) < 0
	case n < half:
		found := false
		for i, b := range text {
			dst[i] = b
			found = found || b == 0
		}
		return !found
	case n < word:
		first, last := le.Uint32(text), le.Uint32(text[n-half:])
		le.PutUint32(dst, first)
		le.PutUint32(dst[n-half:], last)
		return nulBits(uint64(first)|uint64(last)<<32) == 0
	}
	// The last word overlaps the one before.
	last := le.Uint64(text[n-word:])
	le.PutUint64(dst[n-word:], last)
	found := nulBits(last)
	for ; len(text) > 2*word; text, dst = text[2*word:], dst[2*word:] {
		_ = dst[2*word-1]
		one, two := le.Uint64(text), le.Uint64(text[word:])
		le.PutUint64(dst, one)
		le.PutUint64(dst[word:], two)
		found |= nulBits(one) | nulBits(two)
	}
	if len(text) > word {
		next := le.Uint64(text)
		le.PutUint64(dst, next)
		found |= nulBits(next)
	}
	return found == 0
}

// CleanTexts tells whether the bytes of item between from and to, strings with their NULs and nothing
// else, hold no more NULs than that. They lie behind a header of 8 bytes at least.
func CleanTexts(item []byte, from, to uint64, strings int) bool {
	rest := item[from:to]
	if len(rest) > shortText {
		return bytes.Count(rest, nul) == strings
	}
	// What is no NUL is counted, in each byte of a word for itself.
	texts := uint64(0)
	for ; len(rest) >= 2*word; rest = rest[2*word:] {
		texts += textBits(le.Uint64(rest)) + textBits(le.Uint64(rest[word:]))
	}
	if len(rest) >= word {
		texts += textBits(le.Uint64(rest))
	}
	// The last bytes are those of a word: the ones in front of them are shifted out.
	texts += textBits(le.Uint64(item[to-word:]) >> (8 * (word - uint64(len(rest)%word))))
	return texts*ones>>56+uint64(strings) == to-from
}

// nulBits returns the high bits of the bytes of w that are NUL, and perhaps of some behind the first
// such byte.
func nulBits(w uint64) uint64 { return (w - ones) &^ w & highs }

// textBits returns 1 in each byte where w has no NUL.
func textBits(w uint64) uint64 { return (w&^highs + ^uint64(highs) | w) >> 7 & ones }
