//go:build linux

package posix

import (
	"log/slog"
	"math/bits"
	"sync/atomic"
)

// logLimiter counts events of one kind, and logs the 1st, 2nd, 4th, 8th .. of them.
type logLimiter struct {
	times atomic.Uint64
}

// shmFailures is the sessions for which shared memory could not be prepared. It is one for the process, as
// the reason is mostly the same for every session.
var shmFailures logLimiter

// warn counts an event, and logs it if it is one of those to log.
func (l *logLimiter) warn(log *slog.Logger, what string, args ...any) {
	times := l.times.Add(1)
	if bits.OnesCount64(times) == 1 {
		log.Warn(what, append(args, "times", times)...)
	}
}
