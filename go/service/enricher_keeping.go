package service

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/netipc/netipc/go/internal/valid"
)

// What is kept, for how long, and what is asked again by itself. All of it is for whoever has the turn.

const never = time.Duration(math.MaxInt64)

// keepAnswer keeps an answer, for whoever holds the lock, too.
func (e *Enricher[K, I]) keepAnswer(entry *enricherEntry[K, I], item []byte, now time.Duration) {
	s := &e.stepper
	e.scratch = e.reading.read(valid.Of[I](item))
	verdict, identity := e.verdict(&e.scratch), uint64(0)
	if verdict.hasItem() && e.identity != nil {
		identity = e.identity(&e.scratch)
	}
	old := entry.kept.Load()
	if old == nil {
		e.answered++
		e.order++
		entry.order = e.order
	} else {
		e.release(old)
		if old.identity != 0 && identity != 0 && old.identity != identity {
			e.counts.reused.Add(1)
		}
	}
	kept := e.without[verdict]
	if verdict.hasItem() {
		kept = e.texts.keep(&e.scratch, verdict, identity)
		e.bytes += int(kept.size)
	}
	entry.kept.Store(kept)
	var none I
	// It borrows what came.
	e.scratch = none
	entry.answered.Store(int64(now))
	entry.world.Store(s.world)
	entry.generation, entry.ages = s.generation, now
	entry.forgetUse(e.round.Load())
	entry.setPhase(phaseResting)
	s.nextScan = min(s.nextScan, now+e.config.MaxAge)
	if entry.pins > 0 && (verdict == VerdictForNow || verdict == VerdictProvisional) {
		e.listUnsettled(entry)
	}
}

// listUnsettled has a pinned entry asked again by itself, for whoever holds the lock.
func (e *Enricher[K, I]) listUnsettled(entry *enricherEntry[K, I]) {
	if !entry.unsettled {
		entry.unsettled = true
		e.unsettled = append(e.unsettled, entry)
	}
}

// askPinned queues pinned keys that are not known yet, as soon as the provider may know more.
func (e *Enricher[K, I]) askPinned() {
	s := &e.stepper
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	left := e.unsettled[:0]
	for _, entry := range e.unsettled {
		kept := entry.kept.Load()
		if entry.pins == 0 || kept != nil && kept.verdict != VerdictForNow && kept.verdict != VerdictProvisional {
			entry.unsettled = false
			continue
		}
		left = append(left, entry)
		if entry.phaseNow() != phaseResting {
			continue
		}
		entry.queue = queueAgain
		if due, patient := e.isDue(entry, now); due {
			e.intake.push(entry, queueAgain, false)
		} else if patient {
			s.patient = append(s.patient, entry)
		}
	}
	clear(e.unsettled[len(left):])
	e.unsettled = left
}

// scan looks at the age of everything, for whoever holds the lock: what is used is asked again, and what is not used
// goes. In another world it is what is pinned that is asked again by itself; everything else is when it is used.
func (e *Enricher[K, I]) scan(now time.Duration) {
	s := &e.stepper
	s.nextScan, s.scannedWorld = never, s.world
	table := e.table.Load()
	for entry := range table.all() {
		kept := entry.kept.Load()
		if kept == nil || entry.phaseNow() != phaseResting {
			continue
		}
		isOld, isWanted := now-entry.ages >= e.config.MaxAge, entry.usedSince() || entry.pins > 0
		switch {
		case entry.pins > 0 && entry.world.Load() != s.world, isOld && isWanted && kept.verdict.hasItem():
			e.intake.push(entry, queueAgain, false)
			continue
		case isOld && !isWanted:
			e.forget(entry)
			e.counts.evictedByAge.Add(1)
			continue
		case isOld:
			entry.ages = now
			entry.forgetUse(e.round.Load())
		}
		s.nextScan = min(s.nextScan, entry.ages+e.config.MaxAge)
	}
}

// evict makes room, for whoever holds the lock: the least recently used goes first.
func (e *Enricher[K, I]) evict() {
	s := &e.stepper
	// Pins take no room from others.
	most := e.config.Capacity + e.pinned
	for looked := false; e.answered > most; {
		for len(s.oldest) > 0 && e.answered > most {
			oldest := s.oldest[0]
			s.oldest[0] = agedEntry[K, I]{}
			s.oldest = s.oldest[1:]
			if oldest.entry.kept.Load() != nil && oldest.entry.pins == 0 && oldest.entry.usedRound() == oldest.round {
				e.forget(oldest.entry)
				e.counts.evictedByCapacity.Add(1)
			}
		}
		if len(s.oldest) == 0 {
			if looked {
				// All that is left is pinned.
				return
			}
			looked = e.findOldest(e.answered - most)
		}
	}
}

// agedEntry is an entry, and the round of its last use when that was looked at.
type agedEntry[K comparable, I any] struct {
	entry *enricherEntry[K, I]
	round uint64
}

// findOldest finds the entries that were not used for the longest time, some more than count, so that not every step
// has to look at all of them. It tells whether these are all that may go.
func (e *Enricher[K, I]) findOldest(count int) bool {
	s := &e.stepper
	candidates := s.candidates[:0]
	for entry := range e.table.Load().all() {
		if entry.kept.Load() != nil && entry.pins == 0 {
			candidates = append(candidates, agedEntry[K, I]{entry, entry.usedRound()})
		}
	}
	slices.SortFunc(candidates, func(a, b agedEntry[K, I]) int {
		return cmp.Or(cmp.Compare(a.round, b.round), cmp.Compare(a.entry.order, b.entry.order))
	})
	wanted := count + len(candidates)/16
	isAll := wanted >= len(candidates)
	s.candidates = candidates
	s.oldest = candidates[:min(wanted, len(candidates))]
	clear(candidates[len(s.oldest):])
	return isAll
}

// forget forgets the answer of an entry, for whoever holds the lock.
func (e *Enricher[K, I]) forget(entry *enricherEntry[K, I]) {
	e.release(entry.kept.Load())
	e.answered--
	entry.kept.Store(nil)
	entry.used.Store(0)
	e.dropIfEmpty(entry)
}

// release is for an answer that is kept no more; who has found it keeps it.
func (e *Enricher[K, I]) release(kept *keptAnswer[I]) {
	if kept.verdict.hasItem() {
		e.bytes -= int(kept.size)
		e.texts.release(kept)
	}
}

// untilNext is how long it takes until there is something to do by itself.
func (e *Enricher[K, I]) untilNext() time.Duration {
	s := &e.stepper
	now := e.now()
	switch s.done.End {
	case StepMoreToDo:
		return 0
	case StepFailed:
		return e.config.Retry
	case StepAbsent:
		return max(s.nextAttempt-now, 0)
	case StepAborted:
		return -1
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	next := s.nextScan
	for _, entry := range e.unsettled {
		if entry.kept.Load() == nil {
			return 0
		}
		next = min(next, max(e.retryAt(entry), time.Duration(e.nextProbe.Load())))
	}
	if next == never {
		return -1
	}
	return max(next-now, 0)
}
