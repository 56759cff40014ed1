package service

import (
	"log/slog"
	"time"

	"github.com/netipc/netipc/go/protocol"
)

// EnricherConfig is how much an enricher keeps, and how often it asks. Zero is the default in every field.
type EnricherConfig struct {
	// Capacity is the most keys that it keeps an answer of, besides those that are pinned; 0 is 8,192.
	Capacity int
	// Intake is the most keys that wait to be asked; 0 is 16,384.
	Intake int
	// Batch is the most keys of one call; 0 is 256 where keys have texts, 8,192 where they have none.
	Batch int
	// Retry is how soon at the earliest a key is asked again that is not known for now; 0 is 1 s.
	Retry time.Duration
	// RetryMost is how late at the latest, although the provider's generation stays the same; 0 is 1 min.
	RetryMost time.Duration
	// MaxAge is how old an item gets before it is asked again, or goes where nobody has used it; 0 is 10 min.
	MaxAge time.Duration
	// BackoffFirst is how long a provider that is absent is left alone at first; 0 is 1 s. It doubles.
	BackoffFirst time.Duration
	// BackoffMost is how long at most; 0 is 30 s. A provider whose endpoint changes is tried at once.
	BackoffMost time.Duration
	// Logger is told what changes; nil is [slog.Default].
	Logger *slog.Logger
}

func (c EnricherConfig) withDefaults(batch int) EnricherConfig {
	orCount(&c.Capacity, 8192)
	orCount(&c.Intake, 16384)
	orCount(&c.Batch, batch)
	orDuration(&c.Retry, time.Second)
	orDuration(&c.RetryMost, time.Minute)
	orDuration(&c.MaxAge, 10*time.Minute)
	orDuration(&c.BackoffFirst, time.Second)
	orDuration(&c.BackoffMost, 30*time.Second)
	c.RetryMost = max(c.RetryMost, c.Retry)
	c.BackoffMost = max(c.BackoffMost, c.BackoffFirst)
	c.Logger = loggerOrDefault(c.Logger)
	return c
}

func orCount(configured *int, fallback int) {
	if *configured <= 0 {
		*configured = fallback
	}
}

func orDuration(configured *time.Duration, fallback time.Duration) {
	if *configured <= 0 {
		*configured = fallback
	}
}

// EnrichedItems is how an enricher names keys, and what items mean. Made code has one for every lookup.
type EnrichedItems[A any, K comparable, I any] struct {
	// Named returns the key as a client names it.
	Named func(key K) A
	// Read reads an item that was validated. What it returns may borrow the item's bytes.
	Read func(item protocol.Valid[I]) I
	// Parts calls its arguments with every text of an item and with its labels, which are all that it borrows, so that
	// copies share those that are the same. It is nil where items borrow nothing.
	Parts func(item *I, text func(*protocol.CStringView), labels func(*protocol.Labels))
	// Verdict tells what an item means for its key.
	Verdict func(item *I) Verdict
	// Identity tells one holder of a key from another, such as when a process began; 0 says nothing. It is nil
	// where items tell nothing of that kind.
	Identity func(item *I) uint64
	// Batch is the most keys of one call, unless configured.
	Batch int
}
