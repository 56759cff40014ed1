package service

import (
	"math"
	"sync/atomic"
	"testing"

	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/transport"
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

// Rule W16.
func TestAnyNumberOfBatchItemsIsEchoed(t *testing.T) {
	t.Parallel()
	config := ServerConfig{}
	policy := config.policy(transport.NewMemory())
	policy.PacketSize = 4096
	for _, items := range []uint32{0, 1, 65_536, 65_537, math.MaxUint32} {
		proposal := handshake.Proposal{Supported: 1, PacketSize: 4096}
		proposal.Request.BatchItems = items
		hello := proposal.Hello()
		offer, refusal := policy.Hello(hello[:], true)
		if refusal != nil {
			t.Fatal(items, refusal)
		}
		if got := offer.Agreed(1).Limits; got.Request.BatchItems != items || got.Response.BatchItems != items {
			t.Fatalf("%d: %+v", items, got)
		}
	}
}
