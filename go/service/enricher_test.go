package service

import (
	"testing"
	"time"
)

func TestAnEnricherAsksOnceAndKnows(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.knows(1, 11)
	r.knows(2, 22)
	r.has(1, OutcomeQueued)
	r.has(1, OutcomeQueued)
	r.has(2, OutcomeQueued)
	r.has(0, OutcomeInvalid)
	step := r.steps("[[1 2]]")
	r.ends(step, StepIdle, 10*time.Minute)
	if step.Asked != 2 || step.Answered != 2 || step.Waiting != 0 {
		t.Fatalf("%+v", step)
	}
	r.holds(1, 11)
	r.holds(2, 22)
	r.clock += 7 * time.Second
	r.steps("[]")
	if found := r.has(1, OutcomeKnown); found.Age() != 7*time.Second || found.Stale || found.RetryIn() != 0 {
		t.Fatalf("%+v, %v", found, found.Age())
	}
	stats := r.Stats()
	if stats.Hits != 3 || stats.Misses[OutcomeQueued] != 3 || stats.Misses[OutcomeInvalid] != 1 || stats.Entries != 2 ||
		stats.Requested != 2 || stats.Answered != 2 || stats.Calls != 1 || stats.Connects != 1 || stats.World != 1 ||
		stats.Generation != 1 || stats.IntakeDepth != 0 || stats.Latency[0] != 1 {
		t.Fatalf("%+v", stats)
	}
}

func TestKeysThatAreBeingAskedArePending(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.has(1, OutcomeQueued)
	r.onAsk = func() {
		r.has(1, OutcomePending)
		r.has(2, OutcomeQueued)
		r.onAsk = nil
	}
	// What is queued meanwhile is asked in the same step.
	r.steps("[[1] [2]]")
}

func TestPeekChangesNothing(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.knows(1, 11)
	peek := func(key uint32, want Outcome) {
		t.Helper()
		if found := r.Peek(key); found.Outcome != want {
			t.Fatalf("%d is %v", key, found.Outcome)
		}
	}
	peek(1, OutcomeQueued)
	peek(0, OutcomeInvalid)
	r.steps("[]")
	r.has(1, OutcomeQueued)
	peek(1, OutcomeQueued)
	r.onAsk = func() { peek(1, OutcomePending) }
	r.steps("[[1]]")
	peek(1, OutcomeKnown)
	if stats := r.Stats(); stats.Hits != 0 || stats.Misses[OutcomeQueued] != 1 {
		t.Fatalf("%+v", stats)
	}
}

func TestWhatIsNotKnownForNowIsAskedAgainWhenTheGenerationIsAnother(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.has(1, OutcomeQueued)
	r.steps("[[1]]")
	r.clock += 300 * time.Millisecond
	if found := r.has(1, OutcomeForNow); found.RetryIn() != 700*time.Millisecond {
		t.Fatal(found.RetryIn())
	}
	r.steps("[]")
	// After a second it asks whether anything is new, once a second.
	r.clock += 700 * time.Millisecond
	r.has(1, OutcomeForNow)
	r.steps("[[]]")
	r.has(1, OutcomeForNow)
	r.steps("[]")
	r.clock += time.Second
	r.gen++
	r.knows(1, 11)
	r.has(1, OutcomeForNow)
	r.steps("[[] [1]]")
	r.holds(1, 11)
	if stats := r.Stats(); stats.Probes != 2 || stats.Calls != 4 {
		t.Fatalf("%+v", stats)
	}
}

func TestWhatIsNotKnownForNowIsAskedAgainAtTheLatestAfterAWhile(t *testing.T) {
	r := newSimRig(t, EnricherConfig{Retry: time.Second, RetryMost: 5 * time.Second})
	r.has(1, OutcomeQueued)
	r.steps("[[1]]")
	r.knows(1, 11)
	r.clock += 5 * time.Second
	r.has(1, OutcomeForNow)
	r.steps("[[1]]")
	r.holds(1, 11)
}

func TestAnotherKeyTellsTheGenerationToo(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.has(1, OutcomeQueued)
	r.steps("[[1]]")
	r.clock += time.Second
	r.gen++
	r.has(1, OutcomeForNow)
	r.has(2, OutcomeQueued)
	r.steps("[[2] [1]]")
}

func TestAProvisionalItemIsGivenAndAskedAgain(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.items[1] = simItem{verdict: VerdictProvisional, value: 5}
	r.has(1, OutcomeQueued)
	r.steps("[[1]]")
	r.holds(1, 5)
	r.clock += time.Second
	r.gen++
	r.knows(1, 6)
	r.holds(1, 5)
	r.steps("[[] [1]]")
	r.holds(1, 6)
}

func TestWhatIsNotKnownForGoodIsAskedAgainInAnotherWorldOnly(t *testing.T) {
	for name, change := range map[string]func(simRig){
		"another process": func(r simRig) { r.comes(200) },
		"a generation that went back": func(r simRig) {
			r.comes(100)
			r.gen = 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newSimRig(t, EnricherConfig{})
			r.gen = 7
			r.items[1] = simItem{verdict: VerdictForGood}
			r.items[2] = simItem{verdict: VerdictOversized}
			r.has(1, OutcomeQueued)
			r.has(2, OutcomeQueued)
			r.steps("[[1 2]]")
			r.has(1, OutcomeForGood)
			r.has(2, OutcomeOversized)
			r.clock += time.Hour
			r.gen++
			// The same provider again, on another session.
			r.comes(100)
			r.has(1, OutcomeForGood)
			r.has(9, OutcomeQueued)
			r.steps("[[9]]")
			r.has(1, OutcomeForGood)
			r.steps("[]")
			change(r)
			r.knows(1, 11)
			// Some key, whose answer may be the first that tells it.
			r.has(8, OutcomeQueued)
			r.steps("[[8]]")
			r.has(1, OutcomeForGood)
			r.has(2, OutcomeOversized)
			r.steps("[[1 2]]")
			r.holds(1, 11)
			r.has(2, OutcomeOversized)
			if world := r.Stats().World; world != 2 {
				t.Fatalf("world %d", world)
			}
		})
	}
}

func TestARestartRefreshesWhatIsUsed(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	for key := range uint32(3) {
		r.knows(key+1, 1)
		r.has(key+1, OutcomeQueued)
	}
	r.steps("[[1 2 3]]")
	r.clock += time.Second
	r.holds(1, 1)
	r.Pin(2)
	r.comes(200)
	for key := range uint32(3) {
		r.knows(key+1, 2)
	}
	r.steps("[[2]]")
	r.holds(2, 2)
	// They are from the world before, and asked because they are used.
	r.holds(1, 1)
	r.holds(3, 1)
	r.steps("[[1 3]]")
	r.holds(1, 2)
	r.holds(3, 2)
}

func TestAReusedKeyIsNotMixedUp(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.items[7] = simItem{identity: 1000, value: 1}
	r.has(7, OutcomeQueued)
	r.steps("[[7]]")
	get := func(identity uint64, want Outcome) Found[simItem] {
		t.Helper()
		found := r.GetAs(7, identity)
		if found.Outcome != want {
			t.Fatalf("%v", found.Outcome)
		}
		return found
	}
	get(1000, OutcomeKnown)
	get(0, OutcomeKnown)
	get(2000, OutcomeReused)
	r.steps("[]")
	r.clock += time.Second
	get(2000, OutcomeReused)
	r.items[7] = simItem{identity: 2000, value: 2}
	r.steps("[[7]]")
	found := get(2000, OutcomeKnown)
	if item, _ := found.Item(); item.value != 2 {
		t.Fatal(item)
	}
	get(1000, OutcomeReused)
	if stats := r.Stats(); stats.Reused != 1 || stats.Misses[OutcomeReused] != 3 {
		t.Fatalf("%+v", stats)
	}
}

func TestAnAbsentProviderIsLeftAloneAndEverythingIsKept(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.knows(1, 11)
	r.has(1, OutcomeQueued)
	r.steps("[[1]]")
	r.goes()
	r.ends(r.steps("[]"), StepAbsent, time.Second)
	r.has(2, OutcomeAbsent)
	// 1, 2, 4, 8, 16, 30, 30 .. seconds, for hours.
	wanted := time.Second
	attempts := r.attempts
	for began := r.clock; r.clock-began < 5*time.Hour; {
		r.clock += wanted - 1
		r.ends(r.steps("[]"), StepAbsent, 1)
		if r.attempts != attempts {
			t.Fatalf("an attempt before its time, %v", wanted)
		}
		r.clock++
		wanted = min(wanted*2, 30*time.Second)
		r.ends(r.steps("[]"), StepAbsent, wanted)
		if attempts++; r.attempts != attempts {
			t.Fatalf("no attempt in time, %v", wanted)
		}
		r.holds(1, 11)
	}
	found := r.has(1, OutcomeKnown)
	if !found.Stale || found.Age() < 5*time.Hour {
		t.Fatalf("%+v", found)
	}
	r.has(2, OutcomeAbsent)
	// When it comes it is noticed at once.
	r.knows(2, 22)
	r.knows(1, 12)
	r.comes(200)
	r.steps("[[2 1]]")
	r.holds(1, 12)
	r.holds(2, 22)
	if stats := r.Stats(); stats.Disconnects != 1 || stats.Connects != 2 || stats.Absent || stats.StaleHits == 0 {
		t.Fatalf("%+v", stats)
	}
}

func TestAFloodOfKeysIsBounded(t *testing.T) {
	r := newSimRig(t, EnricherConfig{Intake: 100, Batch: 30, Capacity: 1000})
	for key := uint32(1); key <= 10_000; key++ {
		r.has(key, OutcomeQueued)
		r.has(key, OutcomeQueued)
	}
	stats := r.Stats()
	if stats.IntakeDepth != 100 || stats.IntakeDropped != 9_900 {
		t.Fatalf("%+v", stats)
	}
	if entries := r.table.Load().entries; entries != 100 {
		t.Fatalf("%d entries for 100 keys", entries)
	}
	step := r.Step(time.Minute)
	if step.Asked != 100 || len(r.asked) != 4 || r.asked[0][0] != 9_901 || len(r.asked[0]) != 30 {
		t.Fatalf("%+v, %v", step, r.asked)
	}
	r.has(1, OutcomeQueued)
}

func TestCapacityOne(t *testing.T) {
	r := newSimRig(t, EnricherConfig{Capacity: 1})
	for key := uint32(1); key <= 3; key++ {
		r.knows(key, uint64(key))
		r.has(key, OutcomeQueued)
		r.Step(time.Minute)
		r.holds(key, uint64(key))
	}
	r.has(1, OutcomeQueued)
	if stats := r.Stats(); stats.Entries != 1 || stats.EvictedByCapacity != 2 {
		t.Fatalf("%+v", stats)
	}
}

func TestTheLeastRecentlyUsedGoesFirstAndPinsStay(t *testing.T) {
	r := newSimRig(t, EnricherConfig{Capacity: 3})
	for key := uint32(1); key <= 6; key++ {
		r.knows(key, 1)
	}
	for key := uint32(1); key <= 3; key++ {
		r.has(key, OutcomeQueued)
	}
	r.Pin(3)
	r.Step(time.Minute)
	r.holds(2, 1)
	r.Step(time.Minute)
	r.holds(1, 1)
	r.has(4, OutcomeQueued)
	r.has(5, OutcomeQueued)
	r.Step(time.Minute)
	r.has(2, OutcomeQueued)
	for _, key := range []uint32{1, 3, 4, 5} {
		if r.Peek(key).Outcome != OutcomeKnown {
			t.Errorf("%d is gone", key)
		}
	}
	// Pins take no room from others.
	for key := uint32(1); key <= 6; key++ {
		r.Pin(key)
	}
	r.Step(time.Minute)
	if stats := r.Stats(); stats.Entries != 6 || stats.Pinned != 6 {
		t.Fatalf("%+v", stats)
	}
	for key := uint32(1); key <= 6; key++ {
		if !r.Unpin(key) {
			t.Fatal(key)
		}
	}
	r.Unpin(3)
	if r.Unpin(3) || r.Unpin(77) || r.Pin(0) {
		t.Fatal("there was no pin")
	}
	r.Step(time.Minute)
	if stats := r.Stats(); stats.Entries != 3 || stats.Pinned != 0 {
		t.Fatalf("%+v", stats)
	}
}

func TestWhatIsOldIsAskedAgainOrGoes(t *testing.T) {
	r := newSimRig(t, EnricherConfig{MaxAge: time.Minute})
	for key := uint32(1); key <= 4; key++ {
		r.has(key, OutcomeQueued)
	}
	r.knows(1, 1)
	r.knows(2, 1)
	r.items[4] = simItem{verdict: VerdictForGood}
	r.Pin(2)
	r.steps("[[1 2 3 4]]")
	r.clock += time.Second
	r.holds(1, 1)
	r.clock += 59 * time.Second
	r.knows(1, 2)
	r.knows(2, 2)
	r.Step(time.Minute)
	r.holds(1, 2)
	r.holds(2, 2)
	if stats := r.Stats(); stats.Entries != 2 || stats.EvictedByAge != 2 {
		t.Fatalf("%+v", stats)
	}
	r.has(4, OutcomeQueued)
}

func TestAPinnedKeyIsAskedAlthoughNobodyGetsIt(t *testing.T) {
	r := newSimRig(t, EnricherConfig{})
	r.Pin(1)
	r.ends(r.steps("[[1]]"), StepIdle, time.Second)
	r.clock += time.Second
	r.ends(r.steps("[[]]"), StepIdle, time.Second)
	r.clock += time.Second
	r.gen++
	r.knows(1, 11)
	r.steps("[[] [1]]")
	r.holds(1, 11)
}

func TestAPinnedKeyThatWasDroppedIsAskedAnyway(t *testing.T) {
	r := newSimRig(t, EnricherConfig{Intake: 1})
	r.Pin(1)
	r.has(2, OutcomeQueued)
	r.steps("[[2 1]]")
}
