package service

import (
	"math/bits"
	"time"
)

// growthRounds is how often one call may grow its proposals.
const growthRounds = 8

// attempts is what one call has tried so far.
type attempts struct {
	// Whether it has reconnected after a failure.
	retried bool
	// How often it has grown.
	grown int
}

// decision is what to do after a failure.
type decision uint8

const (
	// giveUp: return the failure and keep the session.
	giveUp decision = iota
	// dropAndGiveUp: drop the session and return the failure.
	dropAndGiveUp
	// reconnectAndRetry: make a new session and send the request again.
	reconnectAndRetry
	// growAndRetry: make a new session with room for more and send the request again.
	growAndRetry
)

// decide is the retry table: what to do after a failure of a client that was ready.
func decide(f *Failure, a attempts) decision {
	switch f.Kind {
	case FailureNotReady, FailureInvalidRequest, FailureOverflow, FailureUnsupported, FailureGeneration:
		return giveUp
	case FailureLost, FailureProtocol, FailureHandler, FailureStatus:
		if !a.retried {
			return reconnectAndRetry
		}
	case FailureLimitExceeded:
		if a.grown < growthRounds {
			return growAndRetry
		}
	}
	return dropAndGiveUp
}

// grow returns what to propose so that a session carries at least needed, never above ceiling; and
// whether that is more than now. What grows is rounded up to a power of two.
func grow(now, needed, ceiling capacity) (capacity, bool) {
	grown := capacity{
		requestBytes:  growStep(now.requestBytes, needed.requestBytes, ceiling.requestBytes),
		batchItems:    growStep(now.batchItems, needed.batchItems, ceiling.batchItems),
		responseBytes: growStep(now.responseBytes, needed.responseBytes, ceiling.responseBytes),
	}
	return grown, grown != now
}

func growStep(now, needed, ceiling uint32) uint32 {
	if needed <= now {
		return now
	}
	power := uint64(1) << bits.Len32(needed-1)
	return max(uint32(min(power, uint64(ceiling))), now)
}

// backoff is a pause between attempts that doubles with each failure, from first up to longest.
type backoff struct {
	first, longest, next time.Duration
	until                time.Time
}

func newBackoff(first, longest time.Duration) backoff {
	return backoff{first: first, longest: longest, next: first}
}

// allows tells whether it may be tried at now.
func (b *backoff) allows(now time.Time) bool { return !now.Before(b.until) }

// failed begins a pause at now.
func (b *backoff) failed(now time.Time) {
	b.until = now.Add(b.next)
	b.next = min(b.next*2, b.longest)
}

// succeeded ends the pause; the next one is the first again.
func (b *backoff) succeeded() {
	b.until = time.Time{}
	b.next = b.first
}
