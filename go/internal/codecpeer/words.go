package codecpeer

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// line is a line that is being written: words with a space between them.
type line []byte

func (l *line) word(word string) {
	if len(*l) > 0 {
		*l = append(*l, ' ')
	}
	*l = append(*l, word...)
}

func (l *line) number(n uint64) {
	l.word("")
	*l = strconv.AppendUint(*l, n, 10)
}

func (l *line) numbers(ns ...uint64) {
	for _, n := range ns {
		l.number(n)
	}
}

// bytes adds bytes in hex; no bytes are "-".
func (l *line) bytes(b []byte) {
	if len(b) == 0 {
		l.word("-")
		return
	}
	l.word("")
	*l = hex.AppendEncode(*l, b)
}

// words is a line that is being read. The first error stays.
type words struct {
	rest string
	err  error
}

func newWords(line string) *words { return &words{rest: strings.TrimRight(line, "\n")} }

func (w *words) word() string {
	word, rest, _ := strings.Cut(w.rest, " ")
	w.rest = rest
	if word == "" && w.err == nil {
		w.err = fmt.Errorf("not a line of the protocol: a word is missing")
	}
	return word
}

// number returns the next word as a number of so many bits.
func (w *words) number(bits int) uint64 {
	n, err := strconv.ParseUint(w.word(), 10, bits)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("not a line of the protocol: %w", err)
	}
	return n
}

func (w *words) u16() uint16 { return uint16(w.number(16)) }
func (w *words) u32() uint32 { return uint32(w.number(32)) }
func (w *words) u64() uint64 { return w.number(64) }

// count returns how many of what follows there are: never more than words are left.
func (w *words) count() int {
	n := w.number(32)
	if most := uint64(len(w.rest)+1) / 2; n > most {
		w.err = fmt.Errorf("not a line of the protocol: %d where only %d can be", n, most)
		return 0
	}
	return int(n)
}

func (w *words) bytes() []byte {
	word := w.word()
	if word == "-" {
		return nil
	}
	b, err := hex.DecodeString(word)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("not a line of the protocol: %w", err)
	}
	return b
}

// room returns a buffer of as many bytes as the next word tells.
func (w *words) room() []byte { return filled(int(w.number(30))) }

// filled returns a buffer of n bytes, none of them 0.
func filled(n int) []byte {
	buf := make([]byte, n)
	// What encoders leave as it was is seen.
	for i := range buf {
		buf[i] = 0xee
	}
	return buf
}

// list returns a list: how many there are, and what read makes of the words of each.
func list[T any](w *words, read func() T) []T {
	items := make([]T, w.count())
	for i := range items {
		items[i] = read()
	}
	return items
}
