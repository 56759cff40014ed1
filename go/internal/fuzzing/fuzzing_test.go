package fuzzing_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/netipc/netipc/go/internal/fuzzing"
)

func TestTheSameSeedLeadsToTheSameInputs(t *testing.T) {
	corpus := [][]byte{[]byte("one"), []byte("another"), nil}
	one, other, third := fuzzing.New(5), fuzzing.New(5), fuzzing.New(6)
	same := true
	for range 1000 {
		input := one.Next(corpus)
		if !bytes.Equal(input, other.Next(corpus)) {
			t.Fatal("it depends on something else")
		}
		same = same && bytes.Equal(input, third.Next(corpus))
	}
	if same || string(corpus[0]) != "one" || string(corpus[1]) != "another" {
		t.Fatal("the seed does not count, or the corpus changes")
	}
	if fuzzing.New(1).Next(nil) == nil && fuzzing.New(2).Next(nil) == nil && fuzzing.New(3).Next(nil) == nil {
		t.Fatal("nothing comes of nothing")
	}
}

// A field of four bytes that takes what no seed has, and lengths that are wrong, come up soon.
func TestEdgesAndLengthsComeUp(t *testing.T) {
	corpus := [][]byte{make([]byte, 16)}
	mutator := fuzzing.New(1)
	var edge, longer, shorter bool
	for range 10_000 {
		input := mutator.Next(corpus)
		edge = edge || len(input) == 16 && binary.LittleEndian.Uint32(input[4:]) == 1<<32-1
		longer, shorter = longer || len(input) > 16, shorter || len(input) < 16
	}
	if !edge || !longer || !shorter {
		t.Fatal(edge, longer, shorter)
	}
}

func TestAPanicTellsTheInput(t *testing.T) {
	defer func() {
		if why, _ := recover().(string); !strings.HasPrefix(why, "a fault, at input ") {
			t.Fatal(why)
		}
	}()
	fuzzing.Feed(t, [][]byte{{1, 2, 3}}, func(_ *testing.T, input []byte) {
		if testing.Short() || !slices.Equal(input, []byte{1, 2, 3}) {
			panic("a fault")
		}
	})
	t.Fatal("it goes on after a panic")
}
