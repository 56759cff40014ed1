package service

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// Enricher knows, for keys that callers come across, what a provider says of them: a container of every process,
// a network of every address. It is a lookup client and what it has learned.
//
//	Get(key) ──▶ known: an item, its age            no I/O, no lock
//	         └─▶ not known: why; the key is queued
//	Step, or Run: asks for what is queued, in calls of many keys, and keeps what comes
//
// A caller uses what Get has now, and comes again: the item is there once a step has asked for it. A failure of any
// kind keeps what is there. What is not used goes, when there is no room or it is old, unless it is pinned.
//
// Any goroutine may call any method. Nothing happens behind the callers' backs: I/O is done in Step, Run and
// RefreshNow, by one goroutine at a time. [EnricherConfig] and go/README.md have the rules.
type Enricher[K comparable, I any] struct {
	config   EnricherConfig
	provider enrichedProvider[K]
	reading  enricherReading[I]
	verdict  func(*I) Verdict
	identity func(*I) uint64
	table    atomic.Pointer[enricherTable[K, I]]

	// What readers look at: the round, the world, whether the provider is absent, and when it may be asked at the
	// earliest whether its generation has changed.
	round, world atomic.Uint64
	absent       atomic.Bool
	nextProbe    atomic.Int64
	counts       enricherCounts

	// Taken by who does the I/O.
	turn chan struct{}
	// Wakes a loop that sleeps.
	waker    transport.Abort
	sleeping atomic.Bool

	// Held for a moment, and never during I/O.
	mu     sync.Mutex
	intake intake[K, I]
	// Keys that have an answer, how many had their first, what they take, and how many are pinned.
	answered, pinned int
	order            uint64
	bytes            int
	// What is kept of items, and of all keys without one.
	texts   textKeeper[I]
	without [VerdictOversized + 1]*keptAnswer[I]
	// Pinned entries that are to be asked again.
	unsettled []*enricherEntry[K, I]
	// Whether the next attempt to connect may be made at once.
	bypass bool
	// How often it was closed, and what is closed when something has changed; nil while nobody waits.
	closings uint64
	changed  chan struct{}

	// What belongs to who has the turn, and an item that is read.
	stepper enricherStepper[K, I]
	scratch I
}

// NewEnricher returns an enricher around client, which is the enricher's own from now on. It connects to nothing yet.
// Made packages have a NewEnricher of their own, which needs less.
func NewEnricher[A any, W protocol.LookupKey[W], R any, P protocol.LookupReply[W, R], K comparable, I any](client *LookupClient[A, W, R, P], items EnrichedItems[A, K, I], config EnricherConfig) *Enricher[K, I] {
	provider := &lookupProvider[A, W, R, P, K]{client: client, named: items.Named}
	e := newEnricher(provider, items.Read, items.Verdict, items.Identity, config.withDefaults(items.Batch))
	e.texts.begin(items.Parts)
	return e
}

// Get returns what is known of key now. A key that is not known is queued, once, for the next step. No I/O; no lock
// where there is an answer, and nothing is allocated.
func (e *Enricher[K, I]) Get(key K) Found[I] { return e.GetAs(key, 0) }

// GetAs is Get for the holder of key with this identity, such as the start time of a process: an item of another
// holder is not given, and asked again. 0 is any holder.
func (e *Enricher[K, I]) GetAs(key K, identity uint64) Found[I] {
	entry := e.table.Load().find(key)
	if entry == nil {
		return e.missing(e.want(key))
	}
	kept := entry.kept.Load()
	if kept == nil {
		return e.missing(e.unanswered(entry))
	}
	entry.mark(e.round.Load())
	if !kept.verdict.hasItem() {
		return e.missing(e.withoutItem(entry, kept))
	}
	if identity != 0 && kept.identity != 0 && identity != kept.identity {
		return e.missing(e.reused(entry))
	}
	if kept.verdict == VerdictProvisional {
		e.askAgainIfDue(entry)
	} else if entry.world.Load() != e.world.Load() {
		e.queue(entry, queueWanted)
	}
	found := e.known(entry, kept)
	e.counts.hit(entry.hash, found.Stale)
	return found
}

// GetMany is Get for each of keys, in order: each is called with the place of a key and what is known of it.
func (e *Enricher[K, I]) GetMany(keys []K, each func(i int, found Found[I])) {
	for i, key := range keys {
		each(i, e.Get(key))
	}
}

// Peek returns what Get would, and changes nothing: no key is queued, and nothing counts as used.
func (e *Enricher[K, I]) Peek(key K) Found[I] {
	entry := e.table.Load().find(key)
	if entry == nil {
		if e.provider.checkKey(key) != nil {
			return Found[I]{Outcome: OutcomeInvalid}
		}
		return Found[I]{Outcome: e.queuedOrAbsent()}
	}
	kept := entry.kept.Load()
	switch {
	case kept == nil && entry.phaseNow() == phaseAsked:
		return Found[I]{Outcome: OutcomePending}
	case kept == nil:
		return Found[I]{Outcome: e.queuedOrAbsent()}
	case kept.verdict.hasItem():
		return e.known(entry, kept)
	}
	return Found[I]{Outcome: outcomeOf(kept.verdict), retry: e.retryAt(entry), of: &e.reading}
}

// Pin keeps key, whatever else there is no room for, and asks for it again when that is due, until Unpin has been
// called as often. It is for what lives, such as a process. It tells whether this can be a key.
func (e *Enricher[K, I]) Pin(key K) bool {
	if e.provider.checkKey(key) != nil {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	entry := e.entryOf(key)
	if entry.pins++; entry.pins > 1 {
		return true
	}
	e.pinned++
	if kept := entry.kept.Load(); kept == nil {
		e.queueLocked(entry, queueWanted, false)
	} else if kept.verdict == VerdictForNow || kept.verdict == VerdictProvisional {
		e.listUnsettled(entry)
	}
	e.wake(false)
	return true
}

// Unpin takes back one Pin of key. It tells whether there was one.
func (e *Enricher[K, I]) Unpin(key K) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	entry := e.table.Load().find(key)
	if entry == nil || entry.pins == 0 {
		return false
	}
	if entry.pins--; entry.pins == 0 {
		e.pinned--
		e.dropIfEmpty(entry)
	}
	return true
}

// Abort calls off what runs, in any phase and at once, and everything that follows until ClearAbort or Close.
func (e *Enricher[K, I]) Abort() {
	e.provider.abort()
	e.waker.Raise()
}

// ClearAbort lets steps be made again.
func (e *Enricher[K, I]) ClearAbort() { e.provider.clearAbort() }

// ClientStatus tells everything there is to know of the client.
func (e *Enricher[K, I]) ClientStatus() ClientStatus { return e.provider.status() }

// Close ends what runs, in any phase, and releases everything; counters stay. The enricher knows nothing then, and can
// be used again. It returns nil.
func (e *Enricher[K, I]) Close() error {
	e.Abort()
	e.turn <- struct{}{}
	defer func() { <-e.turn }()
	e.mu.Lock()
	e.table.Store(newEnricherTable[K, I]())
	e.intake, e.unsettled = intake[K, I]{}, nil
	e.texts.forgetAll()
	e.answered, e.pinned, e.bytes, e.bypass = 0, 0, 0, false
	e.closings++
	e.tellChange()
	e.mu.Unlock()
	e.counts.disconnects.Add(one(e.stepper.connected))
	e.stepper = enricherStepper[K, I]{world: e.stepper.world, session: e.stepper.session, nextScan: never}
	e.absent.Store(false)
	err := e.provider.close()
	e.waker.Clear()
	e.waker.Close()
	return err
}

func newEnricher[K comparable, I any](provider enrichedProvider[K], read func(protocol.Valid[I]) I, verdict func(*I) Verdict, identity func(*I) uint64, config EnricherConfig) *Enricher[K, I] {
	began := time.Now()
	e := &Enricher[K, I]{
		config:   config,
		provider: provider,
		verdict:  verdict,
		identity: identity,
		turn:     make(chan struct{}, 1),
	}
	e.reading = enricherReading[I]{read: read, now: func() time.Duration { return time.Since(began) }}
	e.texts.begin(nil)
	for _, verdict := range []Verdict{VerdictForNow, VerdictForGood, VerdictOversized} {
		e.without[verdict] = &keptAnswer[I]{verdict: verdict}
	}
	e.stepper.nextScan = never
	e.table.Store(newEnricherTable[K, I]())
	return e
}

func (e *Enricher[K, I]) now() time.Duration { return e.reading.now() }
