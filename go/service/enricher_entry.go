package service

import (
	"sync/atomic"
	"time"
)

// Verdict is what an answer means for its key: decided by the statuses of its item when it comes.
type Verdict uint8

const (
	// VerdictKnown: the item holds data.
	VerdictKnown Verdict = iota
	// VerdictProvisional: the item holds data, of which a part is not known yet: it is asked for again.
	VerdictProvisional
	// VerdictForNow: nothing is known yet: it is asked for again.
	VerdictForNow
	// VerdictForGood: nothing is known, and asking again is of no use while the provider stays the same.
	VerdictForGood
	// VerdictOversized: no answer can hold the item.
	VerdictOversized
)

// hasItem tells whether there is an item to give.
func (v Verdict) hasItem() bool { return v <= VerdictProvisional }

// keptAnswer is what is known of a key. It never changes: a new answer is another one, in its place.
type keptAnswer[I any] struct {
	// The item, whose texts are copies that other items share; none where there is none to give.
	item I
	// What tells one holder of a key from another, such as when a process began; 0 says nothing.
	identity uint64
	verdict  Verdict
	// What it takes, with the texts that came with it.
	size uint32
}

// entryPhase is where a key is on its way to the provider.
type entryPhase uint32

const (
	// Nobody asks for it.
	phaseResting entryPhase = iota
	// It is in a queue.
	phaseQueued
	// It is in a call.
	phaseAsked
)

// enricherEntry is what an enricher has of one key. Readers look at what is atomic; everything else belongs to
// whoever holds the lock.
type enricherEntry[K comparable, I any] struct {
	key  K
	hash uint64
	// What is known; nil until an answer has come.
	kept atomic.Pointer[keptAnswer[I]]
	// The round of the last use, times two, and one more where it was used since it was answered.
	used atomic.Uint64
	// When it was answered, on the clock of the enricher, and in which world.
	answered atomic.Int64
	world    atomic.Uint64
	phase    atomic.Uint32

	// The generation of the answer, its number in the order of first answers, and from when its age counts.
	generation, order uint64
	ages              time.Duration
	// How often it is pinned.
	pins int
	// Which queue it is in, and its ticket there: other tickets of it are void.
	queue  int
	ticket uint64
	// Whether it is in the list of pinned entries that are to be asked again.
	unsettled bool
}

func (e *enricherEntry[K, I]) phaseNow() entryPhase { return entryPhase(e.phase.Load()) }

func (e *enricherEntry[K, I]) setPhase(phase entryPhase) { e.phase.Store(uint32(phase)) }

// mark says that the entry is used in a round. Nothing is written where that was said before.
func (e *enricherEntry[K, I]) mark(round uint64) {
	if used := round<<1 | 1; e.used.Load() != used {
		e.used.Store(used)
	}
}

// usedRound is the round of the last use.
func (e *enricherEntry[K, I]) usedRound() uint64 { return e.used.Load() >> 1 }

// usedSince tells whether it was used since it was answered, or looked at for its age.
func (e *enricherEntry[K, I]) usedSince() bool { return e.used.Load()&1 != 0 }

// forgetUse begins the time that usedSince is about. The first answer counts as a use in its round.
func (e *enricherEntry[K, I]) forgetUse(round uint64) {
	used := e.used.Load() &^ 1
	if used == 0 {
		used = round << 1
	}
	e.used.Store(used)
}
