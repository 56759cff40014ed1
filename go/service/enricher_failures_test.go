package service

import (
	"testing"
	"time"
)

func TestAFailureKeepsEverything(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.knows(1, 11)
	r.has(1, OutcomeQueued)
	r.steps("[[1]]")
	r.has(2, OutcomeQueued)
	r.failures = []*Failure{{Kind: FailureTimeout}}
	r.ends(r.steps("[]"), StepAbsent, time.Second)
	r.holds(1, 11)
	r.has(2, OutcomeAbsent)
	r.clock += time.Second
	r.steps("[[2]]")
	if stats := r.Stats(); stats.TimedOut != 1 || stats.Failed != 0 || stats.Requested != 3 || stats.Answered != 2 {
		t.Fatalf("%+v", stats)
	}
}

func TestFewerKeysAreAskedWhereManyFail(t *testing.T) {
	r := newSimRig(t, EnricherConfig{Batch: 4})
	for key := uint32(1); key <= 5; key++ {
		r.has(key, OutcomeQueued)
	}
	broken := &Failure{Kind: FailureGeneration}
	r.failures = []*Failure{broken, broken, broken}
	// Four, two, and one, which nobody can ask: the others are asked, more and more at a time.
	r.ends(r.steps("[[3] [4 5] [1]]"), StepIdle, 10*time.Minute)
	if stats := r.Stats(); stats.GivenUp != 1 || stats.Failed != 7 {
		t.Fatalf("%+v", stats)
	}
	r.has(2, OutcomeQueued)
	// A provider that is there and fails is left alone for a while.
	r.failures = []*Failure{{Kind: FailureUnsupported}}
	r.ends(r.steps("[]"), StepFailed, time.Second)
}

func TestAbortAndClose(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.knows(1, 11)
	r.has(1, OutcomeQueued)
	r.has(2, OutcomeQueued)
	r.onAsk = r.Abort
	if step := r.steps("[]"); step.End != StepAborted || step.Waiting != 2 {
		t.Fatalf("%+v", step)
	}
	if step := r.steps("[]"); step.End != StepAborted {
		t.Fatalf("%+v", step)
	}
	r.onAsk = nil
	r.ClearAbort()
	r.steps("[[1 2]]")
	r.Pin(1)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if stats := r.Stats(); stats.Entries != 0 || stats.Pinned != 0 || stats.Hits != 0 || stats.Answered != 2 || stats.Failed != 0 {
		t.Fatalf("%+v", stats)
	}
	r.has(1, OutcomeQueued)
	r.steps("[[1]]")
	r.holds(1, 11)
}

func TestAStepEndsWithItsBudget(t *testing.T) {
	r := newSimRig(t, EnricherConfig{Batch: 1})
	r.has(1, OutcomeQueued)
	r.has(2, OutcomeQueued)
	if step := r.Step(0); step.End != StepMoreToDo || step.Waiting != 2 || step.Next != 0 {
		t.Fatalf("%+v", step)
	}
	r.steps("[[1] [2]]")
}

func TestRefreshNowAsksWhatIsMissingBeforeAllElse(t *testing.T) {
	r := newSimRig(t, EnricherConfig{Batch: 2})
	for key := uint32(1); key <= 6; key++ {
		r.knows(key, uint64(key))
		r.has(key, OutcomeQueued)
	}
	delete(r.items, 6)
	if known := r.RefreshNow([]uint32{5, 6, 0}, time.Minute); known != 1 {
		t.Fatal(known)
	}
	if asked := r.calls(); asked != "[[5 6] [1 2] [3 4]]" {
		t.Fatal(asked)
	}
	// It is not asked again so soon.
	if known := r.RefreshNow([]uint32{5, 6}, time.Minute); known != 1 {
		t.Fatal(known)
	}
	if asked := r.calls(); asked != "[]" {
		t.Fatal(asked)
	}
	r.clock += time.Second
	r.knows(6, 6)
	if known := r.RefreshNow([]uint32{6}, time.Minute); known != 1 {
		t.Fatal(known)
	}
}

func TestRefreshNowTriesAnAbsentProviderOnce(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.goes()
	r.steps("[]")
	attempts := r.attempts
	if known := r.RefreshNow([]uint32{1}, time.Millisecond); known != 0 || r.attempts != attempts+1 {
		t.Fatal(known, r.attempts)
	}
}
