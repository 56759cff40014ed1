package service

import (
	"github.com/netipc/netipc/go/transport"
)

// What becomes of the provider: connecting, back-off, sessions, and failures of calls.

// reach sees to it that there is a session, unless the provider is to be left alone. It tells whether there is one.
func (e *Enricher[K, I]) reach(wait transport.Wait) bool {
	s := &e.stepper
	if wait.CheckAbort() != nil {
		s.done.End = StepAborted
		return false
	}
	e.mu.Lock()
	isAllowed := e.bypass
	e.bypass = false
	e.mu.Unlock()
	if !e.provider.ready() && !isAllowed && !e.mayAttempt() {
		s.done.End = StepAbsent
		return false
	}
	s.tried = true
	e.provider.refresh(wait)
	e.noteSession()
	switch {
	case e.provider.ready():
		return true
	case wait.CheckAbort() != nil:
		s.done.End = StepAborted
	default:
		e.counts.connectFailures.Add(1)
		e.backOff()
	}
	return false
}

// mayAttempt tells whether it is time to connect: for the first time, after the back-off, at once where the endpoint
// is another one. Who waits for a key has one attempt made, too.
func (e *Enricher[K, I]) mayAttempt() bool {
	s := &e.stepper
	if s.tried && e.provider.mark() != s.failedMark {
		s.delay = 0
		return true
	}
	return !s.tried || e.now() >= s.nextAttempt
}

// backOff leaves a provider that is absent alone for a while.
func (e *Enricher[K, I]) backOff() {
	s := &e.stepper
	s.done.End = StepAbsent
	s.delay = min(max(s.delay*2, e.config.BackoffFirst), e.config.BackoffMost)
	s.nextAttempt = e.now() + s.delay
	s.failedMark = e.provider.mark()
	if !e.absent.Swap(true) {
		e.config.Logger.Info("netipc: provider is absent", "service", e.provider.name(), "error", e.provider.status().LastError)
	}
}

// noteSession notices whether there is another session than before, and whether the provider at its end is another
// one: then the world is new, and nothing that was known for good is.
func (e *Enricher[K, I]) noteSession() {
	s := &e.stepper
	session, pid := e.provider.session()
	begun, was, is := session-s.session, s.connected, e.provider.ready()
	s.connected = is
	e.counts.connects.Add(begun)
	e.counts.disconnects.Add(begun + one(was) - one(is))
	if begun > 0 {
		switch {
		case s.world == 0:
			e.newWorld()
		case pid != 0 && s.pid != 0 && pid != s.pid:
			e.newWorld()
			s.newSession = false
		default:
			s.newSession = true
		}
		s.session = session
		if pid != 0 {
			s.pid = pid
		}
	}
	if is && (begun > 0 && !was || e.absent.Load()) {
		e.absent.Store(false)
		e.config.Logger.Info("netipc: provider is there", "service", e.provider.name())
	}
}

func one(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

func (e *Enricher[K, I]) newWorld() {
	e.stepper.world++
	e.world.Store(e.stepper.world)
}

// failed is for a call that failed: everything is kept, and its keys are asked again, unless it was about one that
// nobody can ask. It tells whether to go on at once, with fewer keys: the data changed during the call.
func (e *Enricher[K, I]) failed(failure *Failure) bool {
	s := &e.stepper
	keys := uint64(len(s.entries))
	isAborted := failure.Kind == FailureAborted
	s.done.End = StepFailed
	switch failure.Kind {
	case FailureTimeout:
		e.counts.timedOut.Add(keys)
	case FailureAborted:
		// They go on waiting, in front: nothing was asked in vain.
		s.done.End = StepAborted
	default:
		e.counts.failed.Add(keys)
	}
	if !isAborted && keys > 0 {
		if times, logged := s.failures.count(); logged {
			e.config.Logger.Warn("netipc: keys were not answered", "service", e.provider.name(), "error", failure, "count", times)
		}
	}
	if e.isAboutKeys(failure) {
		s.batch = max(s.batch/2, 1)
		if keys == 1 {
			e.giveUp()
		}
	}
	e.giveBack(isAborted)
	if !isAborted && !e.provider.ready() {
		e.backOff()
	}
	goesOn := failure.Kind == FailureGeneration && e.provider.ready()
	if goesOn {
		s.done.End = StepIdle
	}
	return goesOn
}

// isAboutKeys tells whether fewer keys may do where many fail: it is no matter of connecting or time.
func (e *Enricher[K, I]) isAboutKeys(failure *Failure) bool {
	switch failure.Kind {
	case FailureNotReady, FailureTimeout, FailureAborted, FailureLost, FailureReconnect:
		return false
	}
	return true
}

// giveUp drops the key that was asked alone.
func (e *Enricher[K, I]) giveUp() {
	s := &e.stepper
	e.mu.Lock()
	defer e.mu.Unlock()
	entry := s.entries[0]
	entry.setPhase(phaseResting)
	e.settleUnasked(entry)
	e.counts.givenUp.Add(1)
	s.entries = s.entries[:0]
}

// giveBack queues the keys again that were taken: behind all others, or in front of them.
func (e *Enricher[K, I]) giveBack(front bool) {
	s := &e.stepper
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range s.entries {
		entry := s.entries[i]
		if front {
			entry = s.entries[len(s.entries)-1-i]
		}
		entry.setPhase(phaseResting)
		e.queueLocked(entry, entry.queue, front)
	}
	clear(s.entries)
	s.entries = s.entries[:0]
}
