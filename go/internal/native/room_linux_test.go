package native

import (
	"math"
	"testing"
)

func TestRoomIsWhatTheSystemWouldGive(t *testing.T) {
	t.Parallel()
	for bytes, is := range map[uint64]bool{
		0:          true,
		enough:     true,
		enough + 1: true,
		64 << 20:   true,
		// More than there are addresses, and more than can be counted.
		1 << 62:         false,
		math.MaxInt - 1: false,
		math.MaxUint64:  false,
	} {
		if HasRoom(bytes) != is {
			t.Errorf("room for %d bytes: %v", bytes, !is)
		}
	}
}
