package protocol_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/netipc/netipc/go/protocol"
)

func TestListsAreReadAsTheyAreWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		items := make([][]byte, r.IntN(40))
		for i := range items {
			items[i] = bytes.Repeat([]byte{byte(i) | 0x80}, r.IntN(40))
		}
		header := []int{0, 16, 24}[r.IntN(3)]
		buf := spoilt(8192)
		w, err := protocol.NewPackedWriter(buf, header, len(items))
		if r.IntN(2) == 0 {
			w, err = protocol.NewGrowingPackedWriter(buf, header)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			copy(must(w.Open(len(item))), item)
			w.Commit(len(item))
		}
		_, n := w.Finish()
		rules := protocol.ListRules{Ordered: true}
		list := must(protocol.ParsePacked(buf[:n], header, uint32(len(items)), rules))
		check(t, "length", list.Len(), len(items))
		for i, item := range items {
			checkBytes(t, list.Get(i), item)
		}
		if bytes.IndexByte(buf[header+list.Len()*protocol.EntryLen:n], 0xee) >= 0 {
			t.Error("a gap is not zero")
		}
		if list.Get(len(items)) != nil || list.Get(-1) != nil {
			t.Error("there are items beyond the last")
		}
	}
}

func TestAFullBufferIsUsedToTheLastByte(t *testing.T) {
	// Directory of three, items of 8, 8 and 3 bytes.
	w := must(protocol.NewGrowingPackedWriter(spoilt(24+24+19), 24))
	for _, size := range []int{8, 8, 3} {
		must(w.Open(size))
		w.Commit(size)
	}
	if _, err := w.Open(0); !errors.Is(err, protocol.ErrOverflow) {
		t.Errorf("one item too many: %v", err)
	}
	_, n := w.Finish()
	check(t, "length", n, 67)
}

func TestABatchHasItemsAndRoomForItsPadding(t *testing.T) {
	for _, c := range []struct {
		room  int
		items []string
		n     int
		err   error
	}{
		{64, nil, 0, protocol.ErrBadItemCount},
		{15, []string{"", ""}, 0, protocol.ErrOverflow},
		{16, []string{"", ""}, 16, nil},
		{23, []string{"abc", ""}, 0, protocol.ErrOverflow},
		{31, []string{"abc", "vwxyz"}, 0, protocol.ErrOverflow},
		{32, []string{"abc", "vwxyz"}, 32, nil},
	} {
		buf := spoilt(c.room)
		n, err := func() (int, error) {
			w, err := protocol.NewPackedWriter(buf, 0, len(c.items))
			if err != nil {
				return 0, err
			}
			for _, item := range c.items {
				dst, err := w.Open(len(item))
				if err != nil {
					return 0, err
				}
				w.Commit(copy(dst, item))
			}
			return w.FinishBatch()
		}()
		if n != c.n || !errors.Is(err, c.err) {
			t.Errorf("%d bytes for %q: %d, %v", c.room, c.items, n, err)
		}
	}
}

func TestDirectoriesFollowTheirRules(t *testing.T) {
	strict := protocol.ListRules{MinLen: 2, Ordered: true}
	loose := protocol.ListRules{MinLen: 2}
	for name, c := range map[string]struct {
		rules   protocol.ListRules
		entries []uint32
		want    error
	}{
		"good":               {strict, []uint32{0, 2, 8, 8}, nil},
		"not aligned":        {protocol.BatchRules, []uint32{4, 2}, protocol.ErrBadAlignment},
		"outside":            {protocol.BatchRules, []uint32{8, 9}, protocol.ErrOutOfBounds},
		"far outside":        {protocol.BatchRules, []uint32{0xfffffff8, 0xffffffff}, protocol.ErrOutOfBounds},
		"too short":          {loose, []uint32{0, 1}, protocol.ErrTruncated},
		"too short, ordered": {strict, []uint32{0, 1}, protocol.ErrBadLayout},
		"overlap":            {strict, []uint32{0, 9, 8, 2}, protocol.ErrBadLayout},
		"overlap, any order": {loose, []uint32{8, 8, 0, 9}, nil},
	} {
		payload := make([]byte, 0, 64)
		for _, n := range c.entries {
			payload = append(payload, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
		}
		count := uint32(len(c.entries) / 2)
		payload = append(payload, make([]byte, 16)...)
		if _, err := protocol.ParsePacked(payload, 0, count, c.rules); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := protocol.ParsePacked(make([]byte, 64), 0, 0xffffffff, protocol.BatchRules); !errors.Is(err, protocol.ErrTruncated) {
		t.Errorf("4 billion items in 64 bytes: %v", err)
	}
}
