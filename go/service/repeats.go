package service

import "sync/atomic"

// repeatsPerLine is how many repeats share one line in the log.
const repeatsPerLine = 100

// repeats counts events of one kind, of which nobody wants to read every one.
type repeats struct{ count atomic.Uint64 }

// note counts one more; it returns its number, and whether it gets a line.
func (r *repeats) note() (uint64, bool) {
	count := r.count.Add(1)
	return count, getsLine(count)
}

// getsLine tells whether the event with this number, from 1, gets a line: the first does, and one in
// a hundred of those that follow.
func getsLine(count uint64) bool { return count%repeatsPerLine == 1 }
