package service

import (
	"iter"
	"sync"
	"sync/atomic"
	"time"
)

// Published is what a provider answers with: data that is replaced as a whole, and never changed. Who publishes copies
// what it needs under its own lock and builds the data after it, so that handlers, which read it, hold up nobody.
//
// Any goroutine may call any method.
type Published[M any] struct {
	current atomic.Pointer[publication[M]]
	// Held by who publishes.
	mu sync.Mutex

	requests, keys, failed atomic.Uint64
	nanos                  atomic.Int64
}

type publication[M any] struct {
	data       M
	generation uint64
}

// NewPublished publishes data, as generation 1.
func NewPublished[M any](data M) *Published[M] {
	p := &Published[M]{}
	p.current.Store(&publication[M]{data, 1})
	return p
}

// Publish replaces what is published; it returns the generation of data, one above the last. Who reads what was
// published before keeps it.
func (p *Published[M]) Publish(data M) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.publish(data)
}

// PublishIfChanged is Publish unless same says that data is what is published already: the generation stays then.
func (p *Published[M]) PublishIfChanged(data M, same func(published, data M) bool) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if current := p.current.Load(); same(current.data, data) {
		return current.generation
	}
	return p.publish(data)
}

func (p *Published[M]) publish(data M) uint64 {
	generation := p.current.Load().generation + 1
	p.current.Store(&publication[M]{data, generation})
	return generation
}

// Read returns what is published, which nobody changes, and its generation.
func (p *Published[M]) Read() (data M, generation uint64) {
	current := p.current.Load()
	return current.data, current.generation
}

// PublishedStats is what was answered with what was published.
type PublishedStats struct {
	// Generation is that of what is published.
	Generation uint64
	// Requests counts requests, and Failed those of them that could not be answered.
	Requests, Failed uint64
	// Keys counts the keys of requests that were answered.
	Keys uint64
	// Time is what answering took.
	Time time.Duration
}

// Stats returns what was answered so far.
func (p *Published[M]) Stats() PublishedStats {
	return PublishedStats{
		Generation: p.current.Load().generation,
		Requests:   p.requests.Load(), Failed: p.failed.Load(),
		Keys: p.keys.Load(), Time: time.Duration(p.nanos.Load()),
	}
}

// LookupAnswer is the builder of a lookup's answer, as [AnswerPublished] uses it.
type LookupAnswer interface{ SetGeneration(generation uint64) }

// AnswerPublished answers keys with what is published: answer adds the item of each to the builder. It fails as answer
// does. The PublishedHandler of a made package needs less.
func AnswerPublished[M, W any](published *Published[M], builder LookupAnswer, keys iter.Seq2[int, W], answer func(data M, key W) error) error {
	began := time.Now()
	data, generation := published.Read()
	builder.SetGeneration(generation)
	var err error
	count := 0
	for _, key := range keys {
		count++
		if err = answer(data, key); err != nil {
			published.failed.Add(1)
			break
		}
	}
	published.requests.Add(1)
	published.keys.Add(uint64(count))
	published.nanos.Add(int64(time.Since(began)))
	return err
}
