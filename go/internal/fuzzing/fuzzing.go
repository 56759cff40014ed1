// Package fuzzing feeds fuzz targets with inputs that are made of others, for a moment and the same ones each time: what go test
// does in its ordinary runs, where -fuzz is not asked for. It is for tests.
package fuzzing

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// most is how long an input may become.
const most = 4096

// edges are numbers at which code often changes its mind.
var edges = []uint64{0, 1, 2, 7, 8, 31, 32, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xffffffff, 1 << 63, 1<<64 - 1}

// Mutator changes inputs at random, the same way for the same seed.
type Mutator struct{ random *rand.Rand }

// New returns what seed leads to.
func New(seed uint64) *Mutator { return &Mutator{rand.New(rand.NewPCG(seed, 0))} }

// Next returns an input of the corpus, changed in one to eight places.
func (m *Mutator) Next(corpus [][]byte) []byte {
	input := append([]byte(nil), m.other(corpus)...)
	for range []int{1, 1, 1, 2, 2, 3, 5, 8}[m.random.IntN(8)] {
		input = m.change(input, corpus)
	}
	return input[:min(len(input), most)]
}

func (m *Mutator) other(corpus [][]byte) []byte {
	if len(corpus) == 0 {
		return nil
	}
	return corpus[m.random.IntN(len(corpus))]
}

func (m *Mutator) change(input []byte, corpus [][]byte) []byte {
	switch m.random.IntN(8) {
	case 0:
		m.number(input, func(n uint64) uint64 { return n ^ 1<<m.random.IntN(64) })
	case 1, 2:
		m.number(input, func(uint64) uint64 { return edges[m.random.IntN(len(edges))] })
	case 3:
		m.number(input, func(n uint64) uint64 { return n + uint64(m.random.IntN(35)) - 17 })
	case 4:
		length := uint64(len(input) - m.random.IntN(33))
		m.number(input, func(uint64) uint64 { return length })
	case 5:
		at, end := m.part(input)
		return append(input[:at:at], input[end:]...)
	case 6:
		other := m.other(corpus)
		from, to := m.part(other)
		return m.put(input, other[from:to])
	default:
		bytes := make([]byte, 1+m.random.IntN(16))
		for i := range bytes {
			bytes[i] = byte(m.random.Uint32())
		}
		return m.put(input, bytes)
	}
	return input
}

// number changes a number of one to eight bytes, mostly at a multiple of its width.
func (m *Mutator) number(input []byte, change func(uint64) uint64) {
	width := []int{1, 2, 4, 4, 8}[m.random.IntN(5)]
	if len(input) < width {
		return
	}
	at := m.random.IntN(len(input) - width + 1)
	if m.random.IntN(4) > 0 {
		at -= at % width
	}
	var n uint64
	for i := range width {
		n |= uint64(input[at+i]) << (8 * i)
	}
	n = change(n)
	for i := range width {
		input[at+i] = byte(n >> (8 * i))
	}
}

// put puts bytes over others, or between them.
func (m *Mutator) put(input, bytes []byte) []byte {
	at := m.random.IntN(len(input) + 1)
	end := at
	if m.random.IntN(2) == 0 {
		end = min(at+len(bytes), len(input))
	}
	tail := append([]byte(nil), input[end:]...)
	return append(append(input[:at:at], bytes...), tail...)
}

func (m *Mutator) part(input []byte) (from, to int) {
	from = m.random.IntN(len(input) + 1)
	return from, from + m.random.IntN(min(len(input)-from, 64)+1)
}

// Moment is how long [Feed] goes on for a target.
const Moment = 150 * time.Millisecond

// Feed gives a target its seeds, and then inputs that are made of them, for a moment. Where the target panics, the test fails and
// tells the input; the target tells t itself of anything else, beside the input. In short runs, seeds are all.
func Feed(t *testing.T, seeds [][]byte, target func(*testing.T, []byte)) {
	t.Helper()
	run := func(input []byte) {
		defer func() {
			if why := recover(); why != nil {
				panic(fmt.Sprintf("%v, at input %x", why, input))
			}
		}()
		target(t, input)
		if t.Failed() {
			t.Fatalf("at input %x", input)
		}
	}
	for _, seed := range seeds {
		run(seed)
	}
	if testing.Short() {
		return
	}
	mutator := New(1)
	for start := time.Now(); time.Since(start) < Moment; {
		run(mutator.Next(seeds))
	}
}
