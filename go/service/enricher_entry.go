package service

import (
	"bytes"
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
type keptAnswer struct {
	// The item as it came, which was validated; none where there is none to give.
	bytes []byte
	// What tells one holder of a key from another, such as when a process began; 0 says nothing.
	identity uint64
	verdict  Verdict
}

// Of all keys without an item.
var withoutItem = [...]*keptAnswer{
	VerdictForNow:    {verdict: VerdictForNow},
	VerdictForGood:   {verdict: VerdictForGood},
	VerdictOversized: {verdict: VerdictOversized},
}

// keptHead is the bytes in front of an item that is kept.
const keptHead = 40

// keep returns what is kept of an item: one allocation for what it says and its bytes, unless it is a large one.
func keep(item []byte, verdict Verdict, identity uint64) *keptAnswer {
	if !verdict.hasItem() {
		return withoutItem[verdict]
	}
	var kept *keptAnswer
	var room []byte
	switch size := len(item); {
	case size <= 64:
		sized := new(struct {
			keptAnswer
			room [64]byte
		})
		kept, room = &sized.keptAnswer, sized.room[:0]
	case size <= 128:
		sized := new(struct {
			keptAnswer
			room [128]byte
		})
		kept, room = &sized.keptAnswer, sized.room[:0]
	case size <= 256:
		sized := new(struct {
			keptAnswer
			room [256]byte
		})
		kept, room = &sized.keptAnswer, sized.room[:0]
	case size <= 512:
		sized := new(struct {
			keptAnswer
			room [512]byte
		})
		kept, room = &sized.keptAnswer, sized.room[:0]
	case size <= 1024:
		sized := new(struct {
			keptAnswer
			room [1024]byte
		})
		kept, room = &sized.keptAnswer, sized.room[:0]
	default:
		kept, room = new(keptAnswer), make([]byte, 0, size)
	}
	kept.bytes, kept.verdict, kept.identity = append(room, item...), verdict, identity
	return kept
}

// says tells whether it says the same as an item that came, but for when it came.
func (k *keptAnswer) says(item []byte, verdict Verdict) bool {
	return k.verdict == verdict && (!verdict.hasItem() || bytes.Equal(k.bytes, item))
}

func (k *keptAnswer) size() int {
	if !k.verdict.hasItem() {
		return 0
	}
	return keptHead + cap(k.bytes)
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
type enricherEntry[K comparable] struct {
	key  K
	hash uint64
	// What is known; nil until an answer has come.
	kept atomic.Pointer[keptAnswer]
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

func (e *enricherEntry[K]) phaseNow() entryPhase { return entryPhase(e.phase.Load()) }

func (e *enricherEntry[K]) setPhase(phase entryPhase) { e.phase.Store(uint32(phase)) }

// mark says that the entry is used in a round. Nothing is written where that was said before.
func (e *enricherEntry[K]) mark(round uint64) {
	if used := round<<1 | 1; e.used.Load() != used {
		e.used.Store(used)
	}
}

// usedRound is the round of the last use.
func (e *enricherEntry[K]) usedRound() uint64 { return e.used.Load() >> 1 }

// usedSince tells whether it was used since it was answered, or looked at for its age.
func (e *enricherEntry[K]) usedSince() bool { return e.used.Load()&1 != 0 }

// forgetUse begins the time that usedSince is about. The first answer counts as a use in its round.
func (e *enricherEntry[K]) forgetUse(round uint64) {
	used := e.used.Load() &^ 1
	if used == 0 {
		used = round << 1
	}
	e.used.Store(used)
}
