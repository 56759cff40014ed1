package service

import "github.com/netipc/netipc/go/protocol"

// Cached is how the items of a reply are kept, and found again by a key.
type Cached[R any, K comparable, I any] struct {
	// Fetched returns what of a reply is kept.
	Fetched func(reply R) Fetched
	// Items is how the items of that are read and found.
	Items CachedItems[K, I]
}

// CachedItems is how items are read and found.
type CachedItems[K comparable, I any] struct {
	// Decode validates an item that came, and reads it.
	Decode func(item []byte) (I, error)
	// View reads an item that Decode has accepted. What it returns may borrow the item's bytes.
	View func(item protocol.Valid[I]) I
	// Key returns what an item is found by.
	Key func(item I) K
	// Hash returns the hash of a key: the cheaper, the faster is a lookup. Where too many keys have the
	// same, the cache hashes them itself.
	Hash func(key K) uint32
	// Match reads an item, and tells whether key is its key. It does not allocate.
	Match func(item protocol.Valid[I], key K) (I, bool)
}

// Fetched is what a refresh got.
type Fetched struct {
	// Generation changes when the provider's data does.
	Generation uint64
	// Extra is what a reply says besides its items, if it says anything; see [Guard.Extra].
	Extra any
	// List is the items.
	List protocol.Packed
}
