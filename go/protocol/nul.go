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

// nul is what clean counts: with a separator of one byte, that is as fast as a long scan can be.
var nul = []byte{0}

// hasNul tells whether there is a NUL in text.
func hasNul(text []byte) bool {
	n := len(text)
	if n < word || n > shortText {
		return bytes.IndexByte(text, 0) >= 0
	}
	found := nulBits(le.Uint64(text[n-word:]))
	for ; len(text) > word; text = text[word:] {
		found |= nulBits(le.Uint64(text))
	}
	return found != 0
}

// closesFirst tells whether text ends with its first NUL.
func closesFirst(text []byte) bool {
	last := len(text) - 1
	return last >= 0 && text[last] == 0 && !hasNul(text[:last])
}

// copyText writes text and a NUL to the front of dst, where there is room for them; it tells whether
// there is none in text.
func copyText(dst, text []byte) bool {
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
	for ; len(text) > word; text, dst = text[word:], dst[word:] {
		next := le.Uint64(text)
		le.PutUint64(dst, next)
		found |= nulBits(next)
	}
	return found == 0
}

// clean tells whether the bytes of item between from and to, strings with their NULs and nothing
// else, hold no more NULs than that. They lie behind a header of 8 bytes at least.
func clean(item []byte, from, to uint64, strings int) bool {
	length := to - from
	if length > shortText {
		return bytes.Count(item[from:to], nul) == strings
	}
	// What is no NUL is counted, in each byte of a word for itself.
	texts, item := uint64(0), item[:to]
	for ; to-from >= word; from += word {
		texts += textBits(le.Uint64(item[from:]))
	}
	texts += textBits(le.Uint64(item[to-word:]) >> (8 * (word - (to - from))))
	return texts*ones>>56+uint64(strings) == length
}

// nulBits returns something else than 0 for a word with a NUL.
func nulBits(w uint64) uint64 { return (w - ones) &^ w & highs }

// textBits returns 1 in each byte where w has no NUL.
func textBits(w uint64) uint64 { return (w&^highs + ^uint64(highs) | w) >> 7 & ones }
