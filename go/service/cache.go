package service

import (
	"context"
	"iter"
	"sync/atomic"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// Cached is how the items of a reply are kept, and found again by a key.
type Cached[R any, K comparable, I any] struct {
	// Fetched returns what of a reply is kept.
	Fetched func(reply R) Fetched
	// Items is how the items of that are read and found.
	Items CachedItems[K, I]
}

// CachedItems is how items are read and found.
type CachedItems[K comparable, I any] struct {
	// Check validates an item that came.
	Check func(item []byte) error
	// View reads an item that was validated. It may borrow it.
	View func(item []byte) I
	// Key returns what an item is found by, once it was validated.
	Key func(item []byte) K
	// Hash returns a number that is the same for the same key. The cheaper, the faster is a lookup:
	// where it tells too few keys apart, the cache hashes them itself.
	Hash func(key K) uint32
	// Find returns the item, which was validated, and whether it is the one that key finds. It does
	// not allocate.
	Find func(item []byte, key K) (I, bool)
}

// Fetched is what a refresh got.
type Fetched struct {
	// Generation changes when the provider's data does.
	Generation uint64
	// SystemdEnabled tells whether systemd runs the host; 0 for services that do not say.
	SystemdEnabled uint32
	// List is the items.
	List protocol.Packed
}

// Cache is a client and the last good answer to what its owner asks again and again.
//
// Refresh does all the I/O there is, at the owner's pace; it and Close are the owner's. A failure of
// any kind keeps what is there. Everything else may be called by any goroutine, and never waits for a
// refresh.
type Cache[K comparable, I any] struct {
	core   *core
	fetch  func(transport.Wait) (Fetched, *Failure)
	items  CachedItems[K, I]
	table  atomic.Pointer[table[K, I]]
	closes func() error

	successes, failures atomic.Uint64
	// Milliseconds since start; 0 is never.
	lastSuccess atomic.Uint64
	lastError   atomic.Pointer[string]
}

// start is where the clock of caches begins. It never goes back.
var start = time.Now()

// NewCache returns a cache around client, which is the cache's own from now on, that asks for query.
// It connects to nothing yet.
func NewCache[Q, R any, K comparable, I any](client *Client[Q, R], query Q, cached Cached[R, K, I]) *Cache[K, I] {
	return &Cache[K, I]{
		core: client.core,
		fetch: func(wait transport.Wait) (Fetched, *Failure) {
			if f := client.ask(query, wait); f != nil {
				return Fetched{}, f
			}
			return cached.Fetched(client.reply), nil
		},
		items:  cached.Items,
		closes: client.Close,
	}
}

// Refresh connects where needed, asks once, and publishes what came. It tells whether the cache has a
// new answer; Status has the reason where it has not.
func (c *Cache[K, I]) Refresh() bool { return c.RefreshContext(context.Background()) == nil }

// RefreshContext is Refresh, called off at once when ctx is done, with the reason: it fails with a
// [*CallError], and the cache keeps what it has.
func (c *Cache[K, I]) RefreshContext(ctx context.Context) error {
	// One deadline covers connecting and asking.
	err := c.core.during(ctx, func(wait transport.Wait) *Failure {
		c.core.refresh(wait)
		if !c.core.Ready() {
			// Why there is no session says more than that there is none.
			if f := ended(wait); f != nil {
				return f
			}
		}
		fetched, f := c.fetch(wait)
		if f != nil {
			return f
		}
		built, err := buildTable(&c.items, fetched)
		if err != nil {
			return broken(err)
		}
		c.publish(built)
		return nil
	})
	if err != nil {
		c.failed(err)
	}
	return err
}

// Ready tells whether some refresh succeeded. No I/O, no lock.
func (c *Cache[K, I]) Ready() bool { return c.table.Load() != nil }

// ReadLock pins the answer of this moment. It locks nothing: no refresh waits for it.
func (c *Cache[K, I]) ReadLock() Guard[K, I] { return Guard[K, I]{table: c.table.Load()} }

// SetCallTimeout sets how long a whole refresh may take, in milliseconds; 0 is 30,000.
func (c *Cache[K, I]) SetCallTimeout(ms uint32) { c.core.SetCallTimeout(ms) }

// Abort calls off a refresh, at once, and everything that follows until ClearAbort or Close.
func (c *Cache[K, I]) Abort() { c.core.Abort() }

// ClearAbort lets the cache be refreshed again.
func (c *Cache[K, I]) ClearAbort() { c.core.ClearAbort() }

// ClientStatus tells everything there is to know of the client.
func (c *Cache[K, I]) ClientStatus() ClientStatus { return c.core.Status() }

// Status tells what the cache holds, and how its refreshes went. It never waits for one.
func (c *Cache[K, I]) Status() CacheStatus {
	status := CacheStatus{
		RefreshSuccessCount: c.successes.Load(),
		RefreshFailureCount: c.failures.Load(),
		ConnectionState:     c.core.State(),
		LastRefreshTs:       c.lastSuccess.Load(),
	}
	if status.LastRefreshTs > 0 {
		status.Age = time.Since(start) - time.Duration(status.LastRefreshTs)*time.Millisecond
	}
	if text := c.lastError.Load(); text != nil {
		status.LastError = *text
	}
	if table := c.table.Load(); table != nil {
		status.Populated = true
		status.ItemCount = clamp(table.length)
		status.Duplicates = table.duplicates
		status.SystemdEnabled = table.systemdEnabled
		status.Generation = table.generation
		status.Bytes = table.bytes()
	}
	return status
}

// Close releases everything; counters stay. The cache can be refreshed again, and is closed again
// after that. It returns nil.
func (c *Cache[K, I]) Close() error {
	c.table.Store(nil)
	return c.closes()
}

func (c *Cache[K, I]) publish(built *table[K, I]) {
	c.table.Store(built)
	add(&c.successes, 1)
	c.lastSuccess.Store(uint64(max(time.Since(start).Milliseconds(), 1)))
}

func (c *Cache[K, I]) failed(err error) {
	text := err.Error()
	// A client that is not connected says why it is not.
	if status := c.core.Status(); status.State != StateReady && status.LastError != "" {
		text = status.LastError
	}
	c.lastError.Store(&text)
	add(&c.failures, 1)
}

// Guard is the answer of one moment, pinned. The zero value has no items.
type Guard[K comparable, I any] struct{ table *table[K, I] }

// Get returns the first item with this key, in the order of the answer; false where there is none.
// Memory only. The item is good for as long as somebody holds it.
func (g *Guard[K, I]) Get(key K) (I, bool) {
	if g.table == nil {
		var none I
		return none, false
	}
	return g.table.get(key)
}

// All returns every item, duplicates included, in the order of the answer.
func (g *Guard[K, I]) All() iter.Seq[I] {
	table := g.table
	return func(yield func(I) bool) {
		if table == nil {
			return
		}
		place := uint32(1)
		for range table.length {
			item := table.item(place)
			if !yield(table.items.View(item)) {
				return
			}
			place = behind(place, item)
		}
	}
}

// Len returns the number of items.
func (g *Guard[K, I]) Len() int {
	if g.table == nil {
		return 0
	}
	return g.table.length
}

// Generation returns the generation of the data; 0 while there is none.
func (g *Guard[K, I]) Generation() uint64 {
	if g.table == nil {
		return 0
	}
	return g.table.generation
}

// SystemdEnabled tells whether systemd runs the host; 0 while that is not known.
func (g *Guard[K, I]) SystemdEnabled() uint32 {
	if g.table == nil {
		return 0
	}
	return g.table.systemdEnabled
}

// Unlock lets the answer go: the guard has no items any more.
func (g *Guard[K, I]) Unlock() { g.table = nil }

// CacheStatus is what a cache holds, and how its refreshes went.
type CacheStatus struct {
	// Populated tells whether some refresh succeeded.
	Populated bool
	// ItemCount is the items, duplicates included.
	ItemCount uint32
	// Duplicates is the items that another one before them hides.
	Duplicates uint32
	// SystemdEnabled tells whether systemd runs the host.
	SystemdEnabled uint32
	// Generation is that of the data.
	Generation uint64
	// Bytes is what the cache holds.
	Bytes int
	// RefreshSuccessCount counts refreshes that succeeded.
	RefreshSuccessCount uint64
	// RefreshFailureCount counts refreshes that failed.
	RefreshFailureCount uint64
	// ConnectionState is where the client stands.
	ConnectionState ClientState
	// LastRefreshTs is when a refresh succeeded last, in milliseconds of a clock of this process that
	// never goes back; 0 is never.
	LastRefreshTs uint64
	// Age is how long ago that was.
	Age time.Duration
	// LastError is why the last refresh that failed did.
	LastError string
}
