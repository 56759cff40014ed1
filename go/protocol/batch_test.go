package protocol_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/netipc/netipc/go/protocol"
)

// What writes and reads all numbers of a batch at once does what their codec does one by one, whatever room there is.
func TestNumbersAreBatchedAsOneByOne(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for count := range 40 {
		numbers, items := make([]uint64, count), make([][]byte, count)
		for i := range numbers {
			numbers[i], items[i] = r.Uint64(), make([]byte, 8)
			must(protocol.EncodeIncrement(items[i], numbers[i]))
		}
		for room := range 16*count + 9 {
			single, batched := spoilt(room), spoilt(room)
			wantLen, want := protocol.EncodeBatch(single, items)
			n, err := protocol.EncodeNumbers(batched, numbers)
			if n != wantLen || !errors.Is(err, protocol.ErrOverflow) && !errors.Is(err, protocol.ErrBadItemCount) && err != nil ||
				(err == nil) != (want == nil) {
				t.Fatalf("%d numbers in %d bytes: %d, %v instead of %d, %v", count, room, n, err, wantLen, want)
			}
			if err != nil {
				continue
			}
			checkBytes(t, batched[:n], single[:n])
			checkBytes(t, batched[n:], spoilt(room-n))
			read := make([]uint64, count)
			if err := protocol.DecodeNumbers(read, must(protocol.ParsePacked(batched[:n], 0, uint32(count), protocol.BatchRules))); err != nil {
				t.Fatal(err)
			}
			for i := range read {
				check(t, "number", read[i], numbers[i])
			}
		}
	}
}

// A directory of a batch may have its items anywhere, and each is read as its codec reads it.
func TestNumbersAreReadWhereverTheyAre(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	short := 0
	for range 2_000 {
		count := 1 + r.IntN(8)
		payload := make([]byte, 8*count+32)
		for i := range count {
			offset := 8 * r.IntN(4)
			protocol.PutSpan(payload[8*i:], offset, 6+r.IntN(32-offset-6+1))
		}
		for i := range 32 {
			payload[8*count+i] = byte(r.Uint32())
		}
		batch := must(protocol.ParsePacked(payload, 0, uint32(count), protocol.BatchRules))
		want, numbers := make([]uint64, count), make([]uint64, count)
		var failed error
		for i := 0; i < count && failed == nil; i++ {
			want[i], failed = protocol.DecodeIncrement(batch.Get(i))
		}
		err := protocol.DecodeNumbers(numbers, batch)
		if (err == nil) != (failed == nil) || err != nil && err.Error() != failed.Error() {
			t.Fatalf("%x: %v instead of %v", payload, err, failed)
		}
		if err != nil {
			short++
			continue
		}
		for i := range numbers {
			check(t, "number", numbers[i], want[i])
		}
	}
	if short < 100 || short > 1_900 {
		t.Errorf("%d of 2,000 had an item that is too short", short)
	}
	if err := protocol.DecodeNumbers(make([]uint64, 1), protocol.Packed{}); !errors.Is(err, protocol.ErrBadItemCount) {
		t.Errorf("a number of an empty batch: %v", err)
	}
}
