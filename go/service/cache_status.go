package service

import "time"

// CacheStatus is what a cache holds, and how its refreshes went.
type CacheStatus struct {
	// Populated tells whether some refresh succeeded.
	Populated bool
	// ItemCount is the items, duplicates included.
	ItemCount uint32
	// Duplicates is the items that another one before them hides.
	Duplicates uint32
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
