//go:build linux

package posix

import (
	"errors"
	"testing"
	"time"

	"github.com/netipc/netipc/go/transport"
)

const (
	soonEnough = DefaultSpin
	aLook      = 5 * soonEnough
)

// spinFor looks wherever the test runs.
func spinFor(patience patience) spin {
	return spin{soon: soonEnough, patience: patience, enough: fewestBrief}
}

func expectLook(t *testing.T, s *spin, want time.Duration) {
	t.Helper()
	if got := s.begin(); got != want {
		t.Fatalf("it looks for %v, want %v", got, want)
	}
}

func TestVainLooksAreLeftOutMoreAndMoreOften(t *testing.T) {
	s := spinFor(forRequest)
	for _, left := range []int{1, 3, 7, 15, 31, 63, 63} {
		expectLook(t, &s, aLook)
		s.missed()
		for range left {
			expectLook(t, &s, 0)
		}
	}
	// A find makes it look every time.
	expectLook(t, &s, aLook)
	s.found(soonEnough, false)
	expectLook(t, &s, aLook)
	s.missed()
	expectLook(t, &s, 0)
	expectLook(t, &s, aLook)
}

func TestLateFindsAreBorneWithOnlyForAWhile(t *testing.T) {
	s := spinFor(forRequest)
	for range mostLate + 1 {
		expectLook(t, &s, aLook)
		s.found(2*soonEnough, false)
	}
	expectLook(t, &s, 0)
	expectLook(t, &s, aLook)
	s.found(soonEnough, false)
	if s.late != 0 || s.misses != 0 {
		t.Errorf("%d late, %d misses", s.late, s.misses)
	}
}

func TestPeersThatDoNothingElseMayTakeLonger(t *testing.T) {
	start := now()
	after := func(n int) instant { return start + instant(n)*instant(soonEnough) }
	for _, peer := range []struct {
		patience patience
		waits    [4][2]int
		late     [4]int
	}{
		// Nothing is known of the first wait, and before the third a client did something else.
		{forAnswer, [4][2]int{{0, 2}, {3, 5}, {7, 9}, {10, 13}}, [4]int{1, 0, 1, 0}},
		// What a server does is the client's doing.
		{forRequest, [4][2]int{{0, 2}, {3, 5}, {7, 9}, {10, 13}}, [4]int{1, 0, 0, 1}},
		{forAnswer, [4][2]int{{0, 1}, {1, 13}, {14, 26}, {26, 41}}, [4]int{}},
	} {
		s := spinFor(peer.patience)
		for i, wait := range peer.waits {
			s.foundBetween(after(wait[0]), after(wait[1]))
			if s.late != peer.late[i] {
				t.Errorf("%+v: wait %d: %d late, want %d", peer.patience, i, s.late, peer.late[i])
			}
		}
	}
}

func TestWhoNeedsOurProcessorIsLeftAloneForLonger(t *testing.T) {
	s := spinFor(forRequest)
	expectMiss := func(took time.Duration, want int) {
		t.Helper()
		waits := 0
		for s.begin() == 0 {
			waits++
		}
		s.missed()
		s.vain = true
		s.sleptUntil(1, 1+instant(took))
		if waits != want {
			t.Errorf("%d waits were left out, want %d", waits, want)
		}
	}
	for _, want := range []int{0, 127, 255, 511, 1023, 1023} {
		expectMiss(soonEnough, want)
	}
	expectMiss(2*soonEnough, 1023)
	expectMiss(2*soonEnough, 1023)
	for s.begin() == 0 {
	}
	s.found(soonEnough, true)
	expectMiss(2*soonEnough, 0)
	expectMiss(2*soonEnough, 1)
}

func TestLongWaitsAreSleptThroughUntilTheyGetShorter(t *testing.T) {
	s := spinFor(forRequest)
	s.sleptUntil(1, 1+instant(time.Hour))
	for range 1000 {
		expectLook(t, &s, 0)
	}
	s.sleptUntil(1, 1+instant(soonEnough))
	expectLook(t, &s, aLook)
}

func TestAfterManyBriefSleepsOneLookIsPatient(t *testing.T) {
	s := spinFor(forRequest)
	sleeps := func(expected int) {
		t.Helper()
		for slept := 1; slept <= expected; slept++ {
			s.brief++
			if patient := s.begin() == patientLook; patient != (slept == expected) {
				t.Fatalf("after %d of %d sleeps: %t", slept, expected, patient)
			}
		}
	}
	sleeps(fewestBrief)
	s.missed()
	sleeps(2 * fewestBrief)
	s.found(soonEnough, false)
	s.found(soonEnough, false)
	sleeps(fewestBrief)
	s.sleptUntil(1, 1+instant(time.Second))
	if s.brief != 0 {
		t.Error("a long sleep is not brief")
	}
	s.lastSleep = 0
	for range 20 {
		s.brief = mostBrief
		expectLook(t, &s, patientLook)
	}
	if s.enough != mostBrief {
		t.Errorf("%d are enough", s.enough)
	}
}

func TestLookingEndsWithAFindAFailureOrTheTime(t *testing.T) {
	run := func(s spin, stride int, look func() (bool, error)) (bool, error) {
		return s.run(stride, transport.Wait{}, look)
	}
	looks := 0
	found, err := run(spinFor(forRequest), 4, func() (bool, error) {
		looks++
		return looks == 7, nil
	})
	if !found || err != nil || looks != 7 {
		t.Errorf("%t, %v after %d", found, err, looks)
	}
	gone := errors.New("gone")
	if _, err := run(spinFor(forRequest), 4, func() (bool, error) { return false, gone }); err != gone {
		t.Error(err)
	}
	if found, err := run(spinFor(forRequest), 4, func() (bool, error) { return false, nil }); found || err != nil {
		t.Errorf("%t, %v", found, err)
	}
	off := newSpin(0, forAnswer)
	if found, err := run(off, 4, func() (bool, error) { return true, nil }); found || err != nil {
		t.Error("it looks although it is switched off")
	}
}

func TestRareQuestionsDoNotLookForTheirAnswer(t *testing.T) {
	for _, row := range []struct {
		patience patience
		atHand   bool
		found    bool
	}{{forAnswer, false, false}, {forAnswer, true, true}, {forRequest, false, true}} {
		s := spinFor(row.patience)
		// So long that other work of the machine makes no difference.
		s.soon = time.Second
		s.ended = now() - instant(6*s.soon)
		s.wasAtHand = row.atHand
		looks := 0
		found, _ := s.run(1, transport.Wait{}, func() (bool, error) {
			looks++
			return looks == 3, nil
		})
		if found != row.found || s.misses != 0 {
			t.Errorf("%+v: %t after %d looks", row, found, looks)
		}
	}
}

func TestPatienceEndsWithTheWait(t *testing.T) {
	var abort transport.Abort
	abort.Raise()
	for _, w := range []transport.Wait{transport.Timeout(0), {Abort: &abort}} {
		s := spinFor(forRequest)
		s.brief = s.enough
		looks := 0
		found, err := s.run(4, w, func() (bool, error) {
			looks++
			return false, nil
		})
		if found || err != nil || looks != 4 {
			t.Errorf("%t, %v after %d looks", found, err, looks)
		}
	}
}
