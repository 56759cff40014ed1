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
	found := nulBits(le.Uint64(text[n-word:n:n])) ^ 1<<63
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
	// Slices of a fixed length, whose capacity is told as well, cost nothing but their bounds.
	switch {
	case n > 2*word:
		return copyLongText(dst, text)
	case n >= word:
		// The last word overlaps the one before.
		first, last := le.Uint64(text), le.Uint64(text[n-word:n:n])
		le.PutUint64(dst, first)
		le.PutUint64(dst[n-word:n:n], last)
		return ((first-ones)&^first|(last-ones)&^last)&highs == 0
	case n >= half:
		first, last := le.Uint32(text), le.Uint32(text[n-half:n:n])
		le.PutUint32(dst, first)
		le.PutUint32(dst[n-half:n:n], last)
		return nulBits(uint64(first)|uint64(last)<<32) == 0
	default:
		found := false
		for i, b := range text {
			dst[i] = b
			found = found || b == 0
		}
		return !found
	}
}

// copyLongText is CopyText for more than two words, to a dst with room for them.
func copyLongText(dst, text []byte) bool {
	n := len(text)
	if n > shortText {
		copy(dst, text)
		return bytes.IndexByte(text, 0) < 0
	}
	dst = dst[:n:n]
	one, two := le.Uint64(text[n-2*word:n:n]), le.Uint64(text[n-word:n:n])
	le.PutUint64(dst[n-2*word:n:n], one)
	le.PutUint64(dst[n-word:n:n], two)
	found := (one-ones)&^one | (two-ones)&^two
	for at := 0; at < n-2*word; at += 2 * word {
		from, to := text[at:at+2*word:at+2*word], dst[at:at+2*word:at+2*word]
		one, two := le.Uint64(from), le.Uint64(from[word:])
		le.PutUint64(to, one)
		le.PutUint64(to[word:], two)
		found |= (one-ones)&^one | (two-ones)&^two
	}
	return found&highs == 0
}

// CleanTexts tells whether the bytes of item between from and to, strings with their NULs and nothing
// else, hold no more NULs than that. They lie behind a header of 8 bytes at least.
func CleanTexts(item []byte, from, to uint64, strings int) bool {
	n := to - from
	if n > 2*word {
		return bytes.Count(item[from:to], nul) == strings
	}
	// What is no NUL is counted, in each byte of a word for itself. The words are the last two: what is in front of
	// the strings in them is shifted out.
	texts := uint64(0)
	if n > word {
		texts = textBits(le.Uint64(item[from:][:word])) + textBits(le.Uint64(item[to-word:][:word])>>(8*(2*word-n)))
	} else {
		texts = textBits(le.Uint64(item[to-word:][:word]) >> (8 * (word - n)))
	}
	return texts*ones>>56+uint64(strings) == n
}

// nulBits returns the high bits of the bytes of w that are NUL, and perhaps of some behind the first
// such byte.
func nulBits(w uint64) uint64 { return (w - ones) &^ w & highs }

// textBits returns 1 in each byte where w has no NUL.
func textBits(w uint64) uint64 { return (w&^highs + ^uint64(highs) | w) >> 7 & ones }
