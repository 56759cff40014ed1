//go:build linux

package posix

import (
	"log/slog"
	"math/bits"
	"sync/atomic"
)

// repeats tells of something that happens again and again the 1st, 2nd, 4th, 8th .. time.
type repeats struct {
	times atomic.Uint64
}

// unprepared: what keeps one session of a process from shared memory keeps the next one from it, too.
var unprepared repeats

func (r *repeats) warn(log *slog.Logger, what string, args ...any) {
	times := r.times.Add(1)
	if bits.OnesCount64(times) == 1 {
		log.Warn(what, append(args, "times", times)...)
	}
}
