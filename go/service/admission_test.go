package service

import (
	"sync/atomic"
	"testing"
)

// Rule S25.
func TestAClientWaitsForAsManySessionsAsAreEnding(t *testing.T) {
	t.Parallel()
	a := newAdmission(3)
	var gone atomic.Bool
	stays := func() bool { return false }
	first, _, third := a.acquire(gone.Load, nil), a.acquire(stays, nil), a.acquire(stays, nil)
	if first.waited || a.acquire(stays, nil) != nil || a.beginWait() != 0 {
		t.Fatal("nothing to wait for")
	}
	a.waiting = 0
	gone.Store(true)
	if a.beginWait() != endingWait || a.beginWait() != 0 {
		t.Fatal("one is ending")
	}
	a.release(third)
	unseen := a.acquire(nil, nil)
	if a.beginWait() != unseenWait {
		t.Fatal("nobody knows")
	}
	a.waiting = 0
	a.release(unseen)
	if a.acquire(stays, nil).waited {
		t.Fatal("there is one")
	}
	next := make(chan *sessionPermit)
	go func() { next <- a.acquire(stays, nil) }()
	a.release(first)
	if got := <-next; got == nil {
		t.Fatal("the ending session's permit")
	}
}
