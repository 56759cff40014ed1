package service

import (
	"math"
	"testing"
	"time"
)

func TestEachFailureLeadsWhereTheContractSays(t *testing.T) {
	t.Parallel()
	// What follows at first, and what follows after a retry.
	table := map[FailureKind][2]decision{
		FailureNotReady:       {giveUp, giveUp},
		FailureTimeout:        {dropAndGiveUp, dropAndGiveUp},
		FailureAborted:        {dropAndGiveUp, dropAndGiveUp},
		FailureLost:           {reconnectAndRetry, dropAndGiveUp},
		FailureReconnect:      {dropAndGiveUp, dropAndGiveUp},
		FailureProtocol:       {reconnectAndRetry, dropAndGiveUp},
		FailureHandler:        {reconnectAndRetry, dropAndGiveUp},
		FailureUnsupported:    {giveUp, giveUp},
		FailureRejected:       {dropAndGiveUp, dropAndGiveUp},
		FailureStatus:         {reconnectAndRetry, dropAndGiveUp},
		FailureLimitExceeded:  {growAndRetry, growAndRetry},
		FailureOverflow:       {giveUp, giveUp},
		FailureGeneration:     {giveUp, giveUp},
		FailureInvalidRequest: {giveUp, giveUp},
	}
	if len(table) != int(FailureInvalidRequest)+1 {
		t.Fatalf("%d kinds of failures", len(table))
	}
	for kind, want := range table {
		failure := &Failure{Kind: kind}
		for i, tried := range []attempts{{}, {retried: true}} {
			if got := decide(failure, tried); got != want[i] {
				t.Errorf("%v, %+v: %v, want %v", failure, tried, got, want[i])
			}
		}
	}
}

func TestGrowthEndsAfterEightRounds(t *testing.T) {
	t.Parallel()
	for grown := range 10 {
		got := decide(&Failure{Kind: FailureLimitExceeded}, attempts{retried: true, grown: grown})
		if (got == growAndRetry) != (grown < 8) {
			t.Errorf("round %d: %v", grown, got)
		}
	}
}

func TestProposalsGrowToPowersOfTwoBelowTheCeiling(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	fields := map[string]func(uint32) capacity{
		"request":  func(n uint32) capacity { return capacity{n, 7, 7} },
		"items":    func(n uint32) capacity { return capacity{7, n, 7} },
		"response": func(n uint32) capacity { return capacity{7, 7, n} },
	}
	for _, row := range []struct{ now, needed, ceiling, then uint32 }{
		{1024, 1025, mib, 2048},
		{1024, 2048, mib, 2048},
		{1024, 2049, mib, 4096},
		{1024, 700_000, mib, mib},
		{1024, math.MaxUint32, mib, mib},
		{1000, 1001, 1500, 1024},
		{1000, 1100, 1500, 1500},
		{1000, 1100, 500, 1000},
		{1024, 1024, mib, 1024},
		{1024, 0, mib, 1024},
		{1, math.MaxUint32, math.MaxUint32, math.MaxUint32},
	} {
		for name, of := range fields {
			grown, more := grow(of(row.now), of(row.needed), of(row.ceiling))
			if grown != of(row.then) || more != (row.then != row.now) {
				t.Errorf("%s %+v: %+v, %v", name, row, grown, more)
			}
		}
	}
}

func TestBackoffDoublesUpToItsEndAndStartsOver(t *testing.T) {
	t.Parallel()
	for _, most := range []time.Duration{60 * time.Second, 300 * time.Second} {
		b, now, pause := newBackoff(time.Second, most), time.Now(), time.Second
		if !b.allows(now) {
			t.Fatal("nothing has failed")
		}
		for range 12 {
			b.failed(now)
			if b.allows(now) || b.allows(now.Add(pause-1)) {
				t.Fatalf("before %v", pause)
			}
			now = now.Add(pause)
			if !b.allows(now) {
				t.Fatalf("after %v", pause)
			}
			pause = min(pause*2, most)
		}
		b.succeeded()
		if !b.allows(now) {
			t.Fatal("after a success")
		}
		b.failed(now)
		if !b.allows(now.Add(time.Second)) {
			t.Fatal("from the start again")
		}
	}
}

func TestTheFirstEventIsLoggedAndThenOneInAHundred(t *testing.T) {
	t.Parallel()
	var limiter logLimiter
	var numbers []uint64
	for range 250 {
		if number, logged := limiter.count(); logged {
			numbers = append(numbers, number)
		}
	}
	if len(numbers) != 3 || numbers[0] != 1 || numbers[1] != 101 || numbers[2] != 201 {
		t.Fatal(numbers)
	}
}

func TestADurationIsInTheFirstBucketThatDoesNotEndBeforeIt(t *testing.T) {
	t.Parallel()
	cases := []uint64{0, math.MaxInt64}
	for _, end := range bucketEnds {
		cases = append(cases, end-1, end, end+1)
	}
	for bit := range 63 {
		cases = append(cases, 1<<bit)
	}
	for _, nanos := range cases {
		want := 0
		for want < len(bucketEnds) && bucketEnds[want] < nanos {
			want++
		}
		if got := bucketOf(nanos); got != want {
			t.Errorf("%d ns in bucket %d, want %d", nanos, got, want)
		}
	}
	if last := bucketEnds[len(bucketEnds)-1]; last != 10_000_000_000 {
		t.Errorf("the last bucket ends at %d", last)
	}
}

func TestQuantilesAreEndsOfBuckets(t *testing.T) {
	t.Parallel()
	var live histogram
	var shown Histogram
	if _, known := shown.Quantile(0.5); known {
		t.Fatal("of nothing")
	}
	for ms := range 100 {
		live.record(time.Duration(ms+1) * time.Millisecond)
	}
	shown.add(&live)
	median, _ := shown.Quantile(0.5)
	longest, _ := shown.Quantile(1)
	if shown.Count() != 100 || median != 50*time.Millisecond || longest != 100*time.Millisecond {
		t.Fatal(shown.Count(), median, longest)
	}
	for limit, want := range map[time.Duration]uint64{1: 1, 5: 5, 10: 10, 50: 50, 100: 100, 500: 100, 1000: 100} {
		if got := shown.AtMost(limit * time.Millisecond); got != want {
			t.Errorf("%d are at most %d ms", got, limit)
		}
	}
	if shown.Sum() != 5050*time.Millisecond {
		t.Fatal(shown.Sum())
	}
}

func TestASemaphoreGivesAPermitWhileOneIsFree(t *testing.T) {
	t.Parallel()
	s, closed := newSemaphore(1), make(chan struct{})
	if !s.acquire(nil, closed) {
		t.Fatal("the permit is free")
	}
	passed := make(chan time.Time)
	close(passed)
	if s.acquire(passed, closed) || s.waitAllFree(passed) {
		t.Fatal("the permit is held")
	}
	acquired := make(chan bool)
	go func() { acquired <- s.acquire(nil, closed) }()
	s.release()
	if !<-acquired {
		t.Fatal("the permit was released")
	}
	allFree := make(chan bool)
	go func() { allFree <- s.waitAllFree(nil) }()
	s.release()
	if !<-allFree {
		t.Fatal("the permit was released")
	}
	close(closed)
	if s.acquire(nil, closed) {
		t.Fatal("the semaphore is closed")
	}
}
