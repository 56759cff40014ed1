package service

import (
	"time"

	"github.com/netipc/netipc/go/transport"
)

// EnricherStep is what a step has done, and what is left to do.
type EnricherStep struct {
	// Asked is the keys that were asked, and Answered those that got an answer.
	Asked, Answered int
	// Waiting is the keys that wait to be asked.
	Waiting int
	// Next is how long it takes until there is something to do by itself; below 0 that is only when a key comes.
	Next time.Duration
	// End is why the step has ended.
	End StepEnd
}

// StepEnd is why a step has ended.
type StepEnd uint8

const (
	// StepIdle: everything is done.
	StepIdle StepEnd = iota
	// StepMoreToDo: its time is over.
	StepMoreToDo
	// StepAbsent: the provider is absent.
	StepAbsent
	// StepFailed: a call failed, and the provider is there.
	StepFailed
	// StepAborted: it was called off.
	StepAborted
)

var stepEnds = [...]string{"idle", "more to do", "absent", "failed", "aborted"}

// String returns the name.
func (e StepEnd) String() string {
	if int(e) < len(stepEnds) {
		return stepEnds[e]
	}
	return "unknown"
}

// enricherStepper is what the one who does the I/O knows.
type enricherStepper[K comparable, I any] struct {
	// Whether an attempt to connect was made, when the next one is, how much later that one after it, and how the
	// endpoint was when the last one failed.
	tried       bool
	nextAttempt time.Duration
	delay       time.Duration
	failedMark  uint64
	// The last session, the process at its other end, and whether it has not answered yet.
	session    uint64
	pid        uint32
	newSession bool
	// Whether there is a session, as was told last.
	connected  bool
	world      uint64
	generation uint64
	// Keys of the next call, at most.
	batch int
	// When to look at ages, and the world of the last look.
	nextScan     time.Duration
	scannedWorld uint64
	answeredOnce bool
	failures     logLimiter
	// Whether the session could be watched and told something, and which session that was.
	watched        bool
	watchedSession uint64
	// Of this step: keys that wait for another generation, and what was done.
	patient []*enricherEntry[K, I]
	probed  bool
	done    EnricherStep

	// The keys of the call that is made.
	entries []*enricherEntry[K, I]
	keys    []K
	// What was not used for the longest time, and more of that.
	oldest, candidates []agedEntry[K, I]
}

// Step does the I/O of one round, within budget: it connects where that is due, asks for what is queued or is to be asked
// again, and keeps what comes. Where another goroutine does so it waits for its turn.
func (e *Enricher[K, I]) Step(budget time.Duration) EnricherStep {
	wait := transport.Wait{Deadline: time.Now().Add(budget), Abort: &e.provider.interrupted().abort}
	select {
	case e.turn <- struct{}{}:
	default:
		timer := time.NewTimer(budget)
		defer timer.Stop()
		select {
		case e.turn <- struct{}{}:
		case <-timer.C:
			return EnricherStep{Waiting: e.waiting(), End: StepMoreToDo}
		}
	}
	defer func() { <-e.turn }()
	return e.step(wait)
}

// step is Step, for whoever has the turn.
func (e *Enricher[K, I]) step(wait transport.Wait) EnricherStep {
	s := &e.stepper
	s.done, s.probed = EnricherStep{}, false
	e.round.Add(1)
	if e.reach(wait) {
		e.askAll(wait)
	}
	clear(s.patient)
	s.patient = s.patient[:0]
	e.mu.Lock()
	e.evict()
	s.done.Waiting = e.intake.depth
	e.tellChange()
	e.mu.Unlock()
	s.done.Next = e.untilNext()
	return s.done
}

// waiting is how many keys wait to be asked.
func (e *Enricher[K, I]) waiting() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.intake.depth
}

// askAll asks until there is nothing left to ask, or no more time.
func (e *Enricher[K, I]) askAll(wait transport.Wait) {
	s := &e.stepper
	e.askPinned()
	for {
		e.take()
		if len(s.entries) == 0 && !e.mayProbe() {
			return
		}
		if err := wait.Check(); err != nil {
			e.giveBack(true)
			s.done.End = StepMoreToDo
			if err == transport.ErrAborted {
				s.done.End = StepAborted
			}
			return
		}
		if failure := e.ask(wait); failure != nil && !e.failed(failure) {
			return
		}
	}
}

// take takes the keys of the next call out of the intake.
func (e *Enricher[K, I]) take() {
	s := &e.stepper
	now := e.now()
	s.entries, s.keys = s.entries[:0], s.keys[:0]
	if s.batch == 0 {
		s.batch = e.config.Batch
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if now >= s.nextScan || s.scannedWorld != s.world {
		e.scan(now)
	}
	for len(s.entries) < s.batch {
		entry := e.intake.popFirst()
		if entry == nil {
			return
		}
		switch isDue, isPatient := e.isDue(entry, now); {
		case isDue:
			entry.setPhase(phaseAsked)
			s.entries = append(s.entries, entry)
			s.keys = append(s.keys, entry.key)
		case isPatient:
			s.patient = append(s.patient, entry)
			e.settleUnasked(entry)
		default:
			e.settleUnasked(entry)
		}
	}
}

// isDue tells whether an entry is to be asked now, or once the generation is another.
func (e *Enricher[K, I]) isDue(entry *enricherEntry[K, I], now time.Duration) (due, patient bool) {
	kept := entry.kept.Load()
	if kept == nil || entry.world.Load() != e.stepper.world {
		return true, false
	}
	age := now - time.Duration(entry.answered.Load())
	switch kept.verdict {
	case VerdictKnown:
		return age >= e.config.Retry, false
	case VerdictProvisional, VerdictForNow:
		switch {
		case age < e.config.Retry:
			return false, false
		case entry.queue == queueUrgent, entry.generation != e.stepper.generation, age >= e.config.RetryMost:
			return true, false
		case kept.verdict == VerdictProvisional && age >= e.config.MaxAge:
			return true, false
		}
		return false, true
	}
	return false, false
}

// mayProbe tells whether to ask for the generation alone: keys wait for another one, and nothing else was asked that
// would have told it.
func (e *Enricher[K, I]) mayProbe() bool {
	s := &e.stepper
	return len(s.patient) > 0 && s.done.Asked == 0 && !s.probed && e.now() >= time.Duration(e.nextProbe.Load())
}

// ask makes a call for the entries that were taken, or for the generation, and keeps what came.
func (e *Enricher[K, I]) ask(wait transport.Wait) *Failure {
	s := &e.stepper
	began := e.now()
	s.probed = s.probed || len(s.keys) == 0
	s.done.Asked += len(s.keys)
	e.counts.requested.Add(uint64(len(s.keys)))
	failure := e.provider.ask(s.keys, wait)
	now := e.now()
	e.noteSession()
	if failure != nil {
		return failure
	}
	e.counts.called(now - began)
	e.counts.probes.Add(one(len(s.keys) == 0))
	e.learnGeneration(now)
	e.keepAnswers(now)
	s.delay = 0
	s.batch = min(s.batch*2, e.config.Batch)
	if !s.answeredOnce && len(s.keys) > 0 {
		s.answeredOnce = true
		e.config.Logger.Info("netipc: first answer", "service", e.provider.name(), "keys", len(s.keys))
	}
	return nil
}

// learnGeneration is for an answer that has come: who waits for another generation is asked, where it is one.
func (e *Enricher[K, I]) learnGeneration(now time.Duration) {
	s := &e.stepper
	generation := e.provider.generation()
	if s.newSession && generation < s.generation {
		e.newWorld()
	}
	s.newSession = false
	isOther := generation != s.generation
	s.generation = generation
	e.counts.generation.Store(generation)
	e.nextProbe.Store(int64(now + e.config.Retry))
	if !isOther {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, entry := range s.patient {
		e.queueLocked(entry, queueAgain, false)
	}
	clear(s.patient)
	s.patient = s.patient[:0]
}

// keepAtOnce is how many answers are kept while the lock is held, so that nobody waits long for it.
const keepAtOnce = 64

// keepAnswers keeps what has come for the entries that were asked.
func (e *Enricher[K, I]) keepAnswers(now time.Duration) {
	s := &e.stepper
	for first := 0; first < len(s.entries); first += keepAtOnce {
		e.mu.Lock()
		for i := first; i < min(first+keepAtOnce, len(s.entries)); i++ {
			e.keepAnswer(s.entries[i], e.provider.item(i), now)
		}
		e.mu.Unlock()
	}
	s.done.Answered += len(s.entries)
	e.counts.answered.Add(uint64(len(s.entries)))
	clear(s.entries)
	clear(s.keys)
}
