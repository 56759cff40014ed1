package service

import "time"

// What happens to keys that callers want, and are not known.

// missing counts why a key has no item, and says so.
func (e *Enricher[K, I]) missing(found Found[I]) Found[I] {
	e.counts.misses[found.Outcome].Add(1)
	return found
}

// known is what is given of an entry with an item.
func (e *Enricher[K, I]) known(entry *enricherEntry[K, I], kept *keptAnswer[I]) Found[I] {
	return Found[I]{
		Stale:    e.absent.Load(),
		kept:     kept,
		answered: time.Duration(entry.answered.Load()),
		of:       &e.reading,
	}
}

// want queues a key that has no entry.
func (e *Enricher[K, I]) want(key K) Found[I] {
	if e.provider.checkKey(key) != nil {
		return Found[I]{Outcome: OutcomeInvalid}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	entry := e.entryOf(key)
	if entry.phaseNow() == phaseAsked {
		return Found[I]{Outcome: OutcomePending}
	}
	e.queueLocked(entry, queueWanted, false)
	e.wake(false)
	return Found[I]{Outcome: e.queuedOrAbsent()}
}

// unanswered is what is known of a key of which nothing is.
func (e *Enricher[K, I]) unanswered(entry *enricherEntry[K, I]) Found[I] {
	switch entry.phaseNow() {
	case phaseAsked:
		return Found[I]{Outcome: OutcomePending}
	case phaseQueued:
		return Found[I]{Outcome: e.queuedOrAbsent()}
	}
	// It may have left the table meanwhile, or be answered.
	return e.want(entry.key)
}

func (e *Enricher[K, I]) queuedOrAbsent() Outcome {
	if e.absent.Load() {
		return OutcomeAbsent
	}
	return OutcomeQueued
}

// withoutItem is what is known of a key that was answered without an item.
func (e *Enricher[K, I]) withoutItem(entry *enricherEntry[K, I], kept *keptAnswer[I]) Found[I] {
	if kept.verdict == VerdictForNow {
		e.askAgainIfDue(entry)
	} else if entry.world.Load() != e.world.Load() {
		e.queue(entry, queueWanted)
	}
	return Found[I]{Outcome: outcomeOf(kept.verdict), retry: e.retryAt(entry), of: &e.reading}
}

func outcomeOf(verdict Verdict) Outcome {
	switch verdict {
	case VerdictForNow:
		return OutcomeForNow
	case VerdictForGood:
		return OutcomeForGood
	case VerdictOversized:
		return OutcomeOversized
	}
	return OutcomeKnown
}

// retryAt is when a key that is not known for now may be asked again.
func (e *Enricher[K, I]) retryAt(entry *enricherEntry[K, I]) time.Duration {
	return time.Duration(entry.answered.Load()) + e.config.Retry
}

// reused queues a key whose item is about another holder, unless it has just been asked.
func (e *Enricher[K, I]) reused(entry *enricherEntry[K, I]) Found[I] {
	if entry.world.Load() != e.world.Load() || e.now() >= e.retryAt(entry) {
		e.queue(entry, queueWanted)
	}
	return Found[I]{Outcome: OutcomeReused}
}

// askAgainIfDue queues an entry that is not known for now, once it may be that the provider knows more.
func (e *Enricher[K, I]) askAgainIfDue(entry *enricherEntry[K, I]) {
	if entry.phaseNow() != phaseResting {
		return
	}
	isDue := entry.world.Load() != e.world.Load()
	if !isDue {
		now := e.now()
		isDue = now >= e.retryAt(entry) && now >= time.Duration(e.nextProbe.Load())
	}
	if isDue {
		e.queue(entry, queueWanted)
	}
}

// queue queues an entry that is in the table, or was.
func (e *Enricher[K, I]) queue(entry *enricherEntry[K, I], queue int) {
	if entry.phaseNow() != phaseResting {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queueLocked(entry, queue, false)
	e.wake(false)
}

// queueLocked queues an entry, and drops the oldest where there is no room, for whoever holds the lock.
func (e *Enricher[K, I]) queueLocked(entry *enricherEntry[K, I], queue int, front bool) {
	if e.table.Load().find(entry.key) != entry {
		// It was evicted a moment ago.
		return
	}
	e.intake.push(entry, queue, front)
	for e.intake.depth > e.config.Intake {
		dropped := e.intake.popOldest()
		e.counts.dropped.Add(1)
		e.settleUnasked(dropped)
	}
}

// settleUnasked is for an entry that has left the intake without being asked.
func (e *Enricher[K, I]) settleUnasked(entry *enricherEntry[K, I]) {
	if entry.pins > 0 && entry.kept.Load() == nil {
		e.listUnsettled(entry)
		return
	}
	e.dropIfEmpty(entry)
}

// entryOf returns the entry of key, a new one where there is none, for whoever holds the lock.
func (e *Enricher[K, I]) entryOf(key K) *enricherEntry[K, I] {
	table := e.table.Load()
	entry := table.find(key)
	if entry == nil {
		entry = &enricherEntry[K, I]{key: key}
		table.add(entry)
	}
	return entry
}

// dropIfEmpty removes an entry that stands for nothing any more.
func (e *Enricher[K, I]) dropIfEmpty(entry *enricherEntry[K, I]) {
	if entry.pins == 0 && entry.phaseNow() == phaseResting && entry.kept.Load() == nil {
		e.table.Load().remove(entry)
	}
}

// wake wakes the loop, if it sleeps. While the provider is absent it has nothing to do for a key that nobody waits for.
func (e *Enricher[K, I]) wake(urgent bool) {
	if e.sleeping.Load() && (urgent || !e.absent.Load()) && e.sleeping.CompareAndSwap(true, false) {
		e.waker.Raise()
	}
}

// tellChange tells those who wait that something has changed, for whoever holds the lock.
func (e *Enricher[K, I]) tellChange() {
	if e.changed != nil {
		close(e.changed)
		e.changed = nil
	}
}
