package service

import (
	"context"
	"time"

	"github.com/netipc/netipc/go/transport"
)

const (
	// lookSoon is how often the endpoint of a provider that is absent is looked at while keys wait.
	lookSoon = 100 * time.Millisecond
	// lookLater is how often while none does.
	lookLater = time.Second
)

// Run makes steps until ctx is done, or Abort or Close is called, and returns nil then. It sleeps while there is
// nothing to do: until a key is queued, the session ends, or something is to be asked again. It is for a goroutine of
// its own, and waits where another one has the turn.
func (e *Enricher[K, I]) Run(ctx context.Context) error {
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	defer func() { <-e.turn }()
	release := e.provider.interrupted().follow(ctx)
	defer release()
	stop := context.AfterFunc(ctx, e.waker.Raise)
	defer stop()
	for {
		step := e.step(transport.Wait{Abort: &e.provider.interrupted().abort})
		if step.End == StepAborted || ctx.Err() != nil {
			return nil
		}
		e.sleep(step)
	}
}

// sleep sleeps until there is something to do.
func (e *Enricher[K, I]) sleep(step EnricherStep) {
	wait := transport.Wait{Abort: &e.waker}
	if step.Next >= 0 {
		wait.Deadline = time.Now().Add(step.Next)
	}
	defer e.waker.Clear()
	if step.End == StepFailed {
		// No key wakes it: they would have it call again at once.
		_ = wait.Sleep(step.Next)
		return
	}
	e.sleeping.Store(true)
	defer e.sleeping.Store(false)
	// What was queued before it sleeps wakes nobody.
	if e.isUrgent() || step.End == StepIdle && e.waiting() > 0 {
		return
	}
	if step.End == StepAbsent {
		e.sleepWhileAbsent(wait)
		return
	}
	s := &e.stepper
	if s.watched && s.watchedSession == s.session {
		// There is something that no step has seen: it is looked at now and then.
		_ = wait.Sleep(lookLater)
		s.watched = false
		return
	}
	s.watched, s.watchedSession = e.provider.await(wait) == nil, s.session
}

// sleepWhileAbsent sleeps until the endpoint is another one, or wait ends.
func (e *Enricher[K, I]) sleepWhileAbsent(wait transport.Wait) {
	for e.stepper.failedMark == e.provider.mark() {
		look := lookLater
		if e.waiting() > 0 {
			look = lookSoon
		}
		if wait.Sleep(look) != nil {
			return
		}
	}
}

// isUrgent tells whether somebody waits for a key, for whom nothing was tried yet.
func (e *Enricher[K, I]) isUrgent() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.bypass
}

// RefreshNow asks for those of keys that are not known, before all others, and waits for them, no longer than
// timeout. It makes the steps itself, unless another goroutine does. It returns how many of keys have an item.
func (e *Enricher[K, I]) RefreshNow(keys []K, timeout time.Duration) int {
	wait := transport.Wait{Deadline: time.Now().Add(timeout), Abort: &e.provider.interrupted().abort}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	closings, waited := e.makeUrgent(keys)
	for changed := e.changes(closings, waited); changed != nil && wait.Check() == nil; changed = e.changes(closings, waited) {
		select {
		case e.turn <- struct{}{}:
			step := e.step(wait)
			mark := e.stepper.failedMark
			<-e.turn
			e.pause(step, mark, wait)
		case <-changed:
		case <-timer.C:
		}
	}
	return e.countKnown(keys)
}

// pause waits until another step may do more than the last one, whose failed attempt to connect saw mark.
func (e *Enricher[K, I]) pause(step EnricherStep, mark uint64, wait transport.Wait) {
	switch step.End {
	case StepFailed:
		_ = wait.Sleep(step.Next)
	case StepAbsent:
		pause := wait.AtMost(step.Next)
		for mark == e.provider.mark() && pause.Sleep(lookSoon/4) == nil {
		}
	}
}

// makeUrgent queues what is not known of keys before all others, and returns what was queued.
func (e *Enricher[K, I]) makeUrgent(keys []K) (closings uint64, waited []*enricherEntry[K, I]) {
	now := e.now()
	for _, key := range keys {
		if e.provider.checkKey(key) != nil {
			continue
		}
		e.mu.Lock()
		closings = e.closings
		entry := e.entryOf(key)
		kept := entry.kept.Load()
		isMissing := kept == nil || entry.world.Load() != e.world.Load() ||
			(kept.verdict == VerdictForNow || kept.verdict == VerdictProvisional) && now >= e.retryAt(entry)
		if isMissing {
			e.queueLocked(entry, queueUrgent, false)
			waited = append(waited, entry)
			e.bypass = true
		}
		e.mu.Unlock()
	}
	if len(waited) > 0 {
		e.wake(true)
	}
	return closings, waited
}

// changes returns what is closed when something has changed; nil where none of the entries waits any more.
func (e *Enricher[K, I]) changes(closings uint64, waited []*enricherEntry[K, I]) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closings != closings {
		return nil
	}
	for _, entry := range waited {
		if entry.phaseNow() != phaseResting {
			if e.changed == nil {
				e.changed = make(chan struct{})
			}
			return e.changed
		}
	}
	return nil
}

func (e *Enricher[K, I]) countKnown(keys []K) int {
	known := 0
	for _, key := range keys {
		if found := e.Peek(key); found.Outcome == OutcomeKnown {
			known++
		}
	}
	return known
}
