//go:build linux

package posix

import (
	"math"
	"runtime"
	"time"

	"github.com/netipc/netipc/go/transport"
)

// Looking before sleeping: when it pays, and for how long.
//
// A receiver that sleeps is woken some microseconds after its message was there: six on a busy
// machine, forty on an idle one. One that looks again and again gets it at once, and keeps a
// processor busy meanwhile. So it looks for a short time, and only where that has paid lately:
//
//	found soon        look again at the next wait; peers that do nothing else may take longer
//	found late        a few times in a row is fine: the peer may just have woken up
//	nothing found     leave it out for 1, 3, 7 .. 63 waits, then try once more
//	                  .. 1023 where the message comes as soon as we sleep: the peer needs our processor
//	long waits        do not look at all until waits get shorter
//	rare questions    do not look for the answer: the server sleeps and has to wake up
//
// Two peers that sleep in turn see nothing but wakes, and would never find out that both could be
// quick. That is why a look may last a few wakes at first, as long as what it finds is soon there.
// Where both peers share a processor, looking keeps the other one from running and finds nothing, so
// that it stops by itself. They would go on sharing it beside an idle one: as one of them always
// sleeps, the scheduler sees nothing to move. So when many sleeps in a row were brief, one look is
// patient enough for the scheduler to see two that want to run.

// DefaultSpin is how soon a message has to be there for looking to pay, unless configured.
const DefaultSpin = 20 * time.Microsecond

const (
	// Sleeps of up to this many times as long are brief: not much more than a wake.
	briefSleep = 5
	// Late finds in a row that may lead to soon ones.
	mostLate = 8
	// After this many vain looks in a row, no more waits than before are left out.
	mostMisses = 6
	// The same for vain looks while the peer waited for our processor: each costs as much as dozens of
	// sleeps.
	mostShared = 10
	// How long a patient look lasts: an idle processor looks for work at the next tick of a busy one,
	// which comes after 10 ms at most.
	patientLook = 12 * time.Millisecond
	// Brief sleeps in a row before a patient look: at first, and after patient looks that led to
	// nothing. Looking costs less than a hundredth of the time then.
	fewestBrief = 256
	mostBrief   = 1 << 16
	// How long a look goes on before it lets other goroutines run. Only a patient one does: others end
	// in sleep soon, and for each goroutine that steps aside the runtime wakes a thread to look for work,
	// which takes a processor from the peer.
	yieldEvery = time.Millisecond
)

// patience is what a receiver waits for. All are multiples of "soon".
//
// An answer takes as long as the question is hard. A request takes as long as its client likes, and
// mostly far longer.
type patience struct {
	// How long a look lasts: a wake, and what the peer does then.
	look time.Duration
	// Longer waits are not shortened by looking.
	long time.Duration
	// How long peers may take that do nothing but ask and answer.
	busy time.Duration
	// After this time without a message the peer sleeps, too: what comes takes a wake. 0 is never.
	sparse time.Duration
	// Whether what we do between two waits is the peer's doing, however long it takes.
	answers bool
}

var (
	// An answer that takes 200 us, and a wake of the server: who cannot find those looks in vain until both
	// sides sleep, and stay asleep.
	forAnswer  = patience{look: 15, long: 25, busy: 15, sparse: 5}
	forRequest = patience{look: 5, long: 10, busy: 2, answers: true}
)

// spin decides for one receiver whether to look before it sleeps.
type spin struct {
	soon     time.Duration
	patience patience
	// How long the last wait took that ended in sleep.
	lastSleep time.Duration
	// Late finds in a row.
	late int
	// Vain looks in a row.
	misses int
	// Whether the wait that is under way began with one.
	vain bool
	// Waits to leave out.
	skip int
	// When the last wait ended that took some looking, or sleep; 0 is never.
	ended instant
	// Whether another one has ended since.
	wasAtHand bool
	// Brief sleeps in a row.
	brief int
	// Brief sleeps in a row before a patient look.
	enough int
}

// newSpin returns a receiver for which a message within soon is worth looking for. Zero never looks,
// and neither does one without a second processor for the peer to run on. That is asked anew for
// every link: who starts a process may confine it, and let it out again.
func newSpin(soon time.Duration, patience patience) spin {
	if soon > 0 && processors(runtime.GOMAXPROCS(0)) < 2 {
		soon = 0
	}
	return spin{soon: max(soon, 0), patience: patience, enough: fewestBrief}
}

// pays tells whether the peer seems to be awake: looking has paid lately, and nothing was slept for.
func (s *spin) pays() bool { return s.soon > 0 && s.misses == 0 && s.brief == 0 }

// begin returns how long to look in the wait that begins; 0 is not at all.
func (s *spin) begin() time.Duration {
	s.vain = false
	if s.soon == 0 || s.lastSleep > s.soon*s.patience.long {
		return 0
	}
	if s.brief >= s.enough {
		s.brief = 0
		s.enough = min(s.enough*2, mostBrief)
		return patientLook
	}
	if s.skip > 0 {
		s.skip--
		return 0
	}
	return s.soon * s.patience.look
}

// found notes that looking found something after took.
//
// atOnce: it began to wait as soon as it could, because its owner does nothing else. Such a pair of
// peers may take longer for what they ask of one another.
func (s *spin) found(took time.Duration, atOnce bool) {
	soon := s.soon
	if atOnce {
		soon *= s.patience.busy
	}
	if took <= soon {
		s.late, s.misses, s.brief = 0, 0, 0
		s.enough = max(s.enough/2, fewestBrief)
	} else if s.late < mostLate {
		s.late++
	} else {
		s.missed()
	}
}

// missed notes that looking was in vain.
func (s *spin) missed() {
	s.misses = max(s.misses, min(s.misses+1, mostMisses))
	s.skip = 1<<s.misses - 1
}

// atHand notes that there was nothing to wait for.
func (s *spin) atHand() { s.wasAtHand = true }

// slept notes that the receiver slept, and waited since start in all.
func (s *spin) slept(start instant) { s.sleptUntil(start, now()) }

func (s *spin) sleptUntil(start, end instant) {
	s.end(end)
	s.lastSleep = end.since(start)
	if s.vain && s.lastSleep <= s.soon {
		// It was not late: it could not run while we looked.
		s.misses = min(max(s.misses, mostMisses)+1, mostShared)
		s.skip = 1<<s.misses - 1
	}
	s.vain = false
	if s.lastSleep <= s.soon*briefSleep {
		s.brief++
	} else {
		s.brief = 0
	}
}

// run calls look until it gives something, fails, or has looked long enough, or w ends. The clock is
// asked once in stride looks, from the second time on: the first ones often find it already.
func (s *spin) run(stride int, w transport.Wait, look func() (bool, error)) (bool, error) {
	budget := s.begin()
	if budget == 0 {
		return false, nil
	}
	var start, last, end, yielded instant
	for {
		for range stride {
			found, err := look()
			if found && err == nil {
				s.foundBetween(start, last)
			}
			if found || err != nil {
				return found, err
			}
		}
		at := now()
		if start == 0 {
			start, yielded, end = at, at, ending(w)
		}
		if at >= end || w.CheckAbort() != nil || s.isSparse(start) {
			return false, nil
		}
		if at.since(start) >= budget {
			s.missed()
			s.vain = true
			return false, nil
		}
		if at.since(yielded) >= yieldEvery {
			runtime.Gosched()
			yielded = at
		}
		last = at
	}
}

// foundBetween notes a find by the first and the last look at the clock, if any. Not to look once
// more saves as much time as it takes to answer.
func (s *spin) foundBetween(start, last instant) {
	if last == 0 {
		s.atHand()
		s.found(0, true)
		return
	}
	atOnce := s.ended != 0 && (s.patience.answers || start.since(s.ended) <= s.soon)
	s.end(last)
	s.found(last.since(start), atOnce)
}

func (s *spin) end(at instant) { s.ended, s.wasAtHand = at, false }

// isSparse tells whether the wait that began at start comes so long after the last one that the peer
// sleeps.
func (s *spin) isSparse(start instant) bool {
	sparse := s.soon * s.patience.sparse
	return sparse > 0 && !s.wasAtHand && s.ended != 0 && start.since(s.ended) > sparse
}

// instant is a time of the monotonic clock, in nanoseconds and never 0: cheaper to ask for, and to
// compare, than the time of the day besides.
type instant int64

var epoch = time.Now().Add(-time.Nanosecond)

func now() instant { return instant(time.Since(epoch)) }

func (i instant) since(earlier instant) time.Duration { return time.Duration(i - earlier) }

// ending returns when w ends by its deadline.
func ending(w transport.Wait) instant {
	if w.Deadline.IsZero() {
		return math.MaxInt64
	}
	return instant(w.Deadline.Sub(epoch))
}
