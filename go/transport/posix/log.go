//go:build linux

package posix

import (
	"log/slog"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/netipc/netipc/go/transport"
)

// logLimiter counts events of one kind, and logs the 1st, 2nd, 4th, 8th .. of them.
type logLimiter struct {
	times atomic.Uint64
}

// shmFailures is the sessions for which shared memory could not be prepared. It is one for the process, as
// the reason is mostly the same for every session.
var shmFailures logLimiter

// warnedOf is the run directories that were warned of, each once in the life of the process. One that uses more
// than maxWarnings is not told of all.
var warnedOf struct {
	mu     sync.Mutex
	places map[string]bool
}

const maxWarnings = 64

// warnIfOpen warns of a run directory in which other users may put sockets: whoever looks for a server there may
// find theirs.
func warnIfOpen(endpoint transport.Endpoint, log *slog.Logger) {
	place := endpoint.Place()
	if !openToOthers(place) {
		return
	}
	warnedOf.mu.Lock()
	defer warnedOf.mu.Unlock()
	if warnedOf.places[place] || len(warnedOf.places) >= maxWarnings {
		return
	}
	if warnedOf.places == nil {
		warnedOf.places = make(map[string]bool)
	}
	warnedOf.places[place] = true
	log.Warn("netipc: others may write to the run directory, and put sockets of theirs there: make it mode 0700", "run_dir", place)
}

// warn counts an event, and logs it if it is one of those to log.
func (l *logLimiter) warn(log *slog.Logger, what string, args ...any) {
	times := l.times.Add(1)
	if bits.OnesCount64(times) == 1 {
		log.Warn(what, append(args, "times", times)...)
	}
}
