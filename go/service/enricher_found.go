package service

import (
	"fmt"
	"time"

	"github.com/netipc/netipc/go/protocol"
)

// Outcome is what an enricher has for a key. The numbers are those of every language's API.
type Outcome uint8

const (
	// OutcomeKnown: there is an item.
	OutcomeKnown Outcome = iota
	// OutcomeQueued: it was never asked, and waits to be.
	OutcomeQueued
	// OutcomePending: it is being asked.
	OutcomePending
	// OutcomeForNow: the provider does not know it for now; see [Found.RetryIn].
	OutcomeForNow
	// OutcomeForGood: the provider will not know it.
	OutcomeForGood
	// OutcomeAbsent: it was never asked, and the provider is absent. It waits to be.
	OutcomeAbsent
	// OutcomeOversized: no answer can hold its item.
	OutcomeOversized
	// OutcomeReused: what is known is about another holder of the key. It waits to be asked.
	OutcomeReused
	// OutcomeInvalid: this cannot be a key.
	OutcomeInvalid

	outcomes = iota
)

var outcomeNames = [outcomes]string{
	"known", "queued", "pending", "for_now", "for_good", "absent", "oversized", "reused", "invalid",
}

// String returns the name, as metrics have it.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// Found is what an enricher has for one key. It stays as it is, and what it holds with it, whatever the enricher
// learns.
type Found[I any] struct {
	// Outcome is whether there is an item, or why not.
	Outcome Outcome
	// Stale tells of an item that the provider is absent now: nobody knows whether it is still true.
	Stale bool

	kept *keptAnswer[I]
	// When it was answered, and when it may be asked again.
	answered, retry time.Duration
	of              *enricherReading[I]
}

// enricherReading is how what was kept is read.
type enricherReading[I any] struct {
	read func(protocol.Valid[I]) I
	// The clock of the enricher.
	now func() time.Duration
}

// Item returns the item; false where there is none. It borrows nothing that anybody changes, and may be kept.
func (f *Found[I]) Item() (item I, known bool) {
	if f.Outcome != OutcomeKnown {
		return item, false
	}
	return f.kept.item, true
}

// Age returns how long ago the item was answered; 0 where there is none. It looks at the clock.
func (f *Found[I]) Age() time.Duration {
	if f.Outcome != OutcomeKnown {
		return 0
	}
	return max(f.of.now()-f.answered, 0)
}

// RetryIn returns how long it takes at least until a key of [OutcomeForNow] is asked again; else 0.
func (f *Found[I]) RetryIn() time.Duration {
	if f.Outcome != OutcomeForNow {
		return 0
	}
	return max(f.retry-f.of.now(), 0)
}
