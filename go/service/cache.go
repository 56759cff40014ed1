package service

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// Cache is a client and the last good answer to what its owner asks again and again.
//
// Refresh does all the I/O there is, at the owner's pace; it and Close are the owner's. A failure of
// any kind keeps what is there. Everything else may be called by any goroutine, and never waits for a
// refresh.
type Cache[K comparable, I any] struct {
	core *core
	// Makes one logical call and returns what of its reply is kept.
	fetch func(transport.Wait) (Fetched, *Failure)
	items CachedItems[K, I]
	// The answer that readers see: a refresh builds a new table and swaps it in.
	table       atomic.Pointer[table[K, I]]
	closeClient func() error

	successes, failures atomic.Uint64
	// Milliseconds since cacheEpoch; 0 is never.
	lastSuccess atomic.Uint64
	lastError   atomic.Pointer[string]
}

// cacheEpoch is when the clock of caches starts, which never goes back.
var cacheEpoch = time.Now()

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
		items:       cached.Items,
		closeClient: client.Close,
	}
}

// NewLookupCache returns a cache around client, which is the cache's own from now on, that looks up
// keys. It connects to nothing yet.
func NewLookupCache[A any, W protocol.LookupKey[W], R any, P protocol.LookupReply[W, R], K comparable, I any](client *LookupClient[A, W, R, P], keys []A, items CachedItems[K, I]) *Cache[K, I] {
	return &Cache[K, I]{
		core: client.core,
		fetch: func(wait transport.Wait) (Fetched, *Failure) {
			if f := client.lookUp(keys, wait); f != nil {
				return Fetched{}, f
			}
			reply := client.replyPointer()
			return Fetched{Generation: reply.DataGeneration(), List: reply.List()}, nil
		},
		items:       items,
		closeClient: client.Close,
	}
}

// Refresh connects where needed, asks once, and publishes what came. It tells whether the cache has a
// new answer; Status has the reason where it has not.
func (c *Cache[K, I]) Refresh() bool { return c.RefreshContext(context.Background()) == nil }

// RefreshContext is Refresh, called off at once when ctx is done, with the reason: it fails with a
// [*CallError], and the cache keeps what it has.
func (c *Cache[K, I]) RefreshContext(ctx context.Context) error {
	return c.countFailure(c.core.callWithContext(ctx, c.renew))
}

// RefreshWithin is RefreshContext, within limit instead of a context, whatever the cache's own timeout
// is.
func (c *Cache[K, I]) RefreshWithin(limit time.Duration) error {
	return c.countFailure(c.core.finish(c.renew(c.core.beginWithin(limit))))
}

// renew connects, asks, builds the table and publishes it, all within one wait.
func (c *Cache[K, I]) renew(wait transport.Wait) *Failure {
	c.core.refresh(wait)
	if !c.core.Ready() {
		// Why there is no session says more than that there is none.
		if f := waitFailure(wait); f != nil {
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
}

// countFailure counts a refresh that failed with err, unless there is none, and returns err.
func (c *Cache[K, I]) countFailure(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	// A client that is not connected says why it is not.
	if status := c.core.Status(); status.State != StateReady && status.LastError != "" {
		text = status.LastError
	}
	c.lastError.Store(&text)
	add(&c.failures, 1)
	return err
}

// Ready tells whether some refresh succeeded. No I/O, no lock.
func (c *Cache[K, I]) Ready() bool { return c.table.Load() != nil }

// ReadLock returns a guard of the answer that the cache has now. It locks nothing: no refresh waits for
// it.
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
		status.Age = time.Since(cacheEpoch) - time.Duration(status.LastRefreshTs)*time.Millisecond
	}
	if text := c.lastError.Load(); text != nil {
		status.LastError = *text
	}
	if table := c.table.Load(); table != nil {
		status.Populated = true
		status.ItemCount = clamp(table.length)
		status.Duplicates = table.duplicates
		status.Generation = table.generation
		status.Bytes = table.bytes()
	}
	return status
}

// Close releases everything; counters stay. The cache can be refreshed again, and is closed again
// after that. It returns nil.
func (c *Cache[K, I]) Close() error {
	c.table.Store(nil)
	return c.closeClient()
}

// publish lets readers see the table, and counts the success: who sees that it was counted sees the table.
func (c *Cache[K, I]) publish(built *table[K, I]) {
	c.table.Store(built)
	c.lastSuccess.Store(uint64(max(time.Since(cacheEpoch).Milliseconds(), 1)))
	add(&c.successes, 1)
}
