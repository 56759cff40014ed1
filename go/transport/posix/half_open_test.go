//go:build linux

package posix

import "testing"

// Rule S26.
func TestTheProcessThatHoldsMostMakesWay(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		pids []uint32
		want int
	}{
		{[]uint32{1}, 0},
		{[]uint32{1, 2}, 0},
		{[]uint32{1, 2, 2}, 1},
		{[]uint32{1, 0, 2, 0}, 1},
		{[]uint32{3, 1, 2, 1, 2}, 1},
	} {
		if got := makesWay(row.pids); got != row.want {
			t.Errorf("%v: %d, want %d", row.pids, got, row.want)
		}
	}
}
