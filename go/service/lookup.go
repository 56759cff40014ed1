package service

import (
	"context"
	"math"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// Lookup is a request kind of the shape "keys in, one item for each key out". A caller names a key by
// an A, on the wire it is a K, and what is found comes as an R: a [protocol.LookupResponse], or what
// embeds one.
type Lookup[A any, K protocol.LookupKey[K], R any, P protocol.LookupReply[K, R]] struct {
	Method
	// Key returns the key that a caller's names. It fails for one that cannot be, unless the key's
	// encoder does.
	Key func(A) (K, error)
}

// LookupClient looks up any number of keys in one call, in as many requests as the limits want. All
// that [Client] says of clients is true of it.
type LookupClient[A any, K protocol.LookupKey[K], R any, P protocol.LookupReply[K, R]] struct {
	*core
	lookup   *Lookup[A, K, R, P]
	keys     protocol.LookupKeys[K]
	rules    protocol.LookupRules
	progress progress
	reply    R
}

// progress is how far a lookup has come.
type progress struct {
	// Keys that have their item.
	done int
	// Of the first response, once there was one.
	generation    uint64
	hasGeneration bool
	// Whether the reply is made of several responses.
	merging bool
	// Requests sent.
	requests int
	// Most keys of the next request, and what that does not grow beyond.
	maxKeys, ceiling int
	// Average bytes of an item in the last response.
	itemBytes int
	// Whether the next key is asked for alone: its item was too large beside others.
	alone bool
	// What the lookup has tried so far.
	tried attempts
}

// NewLookupClient returns a client of the endpoint name in runDir, as [NewClient] does.
func NewLookupClient[A any, K protocol.LookupKey[K], R any, P protocol.LookupReply[K, R]](lookup *Lookup[A, K, R, P], runDir, name string, config ClientConfig) *LookupClient[A, K, R, P] {
	return &LookupClient[A, K, R, P]{
		core:   newCore(runDir, name, &config),
		lookup: lookup,
		rules:  P(new(R)).Rules(),
	}
}

// Lookup looks up any number of keys. Items come in the order of the keys, as one reply, whatever it
// took on the wire. No keys ask for the generation only. It fails with a [*CallError]; for a key that
// cannot be, before anything is sent.
func (c *LookupClient[A, K, R, P]) Lookup(keys []A) (P, error) {
	return c.result(c.finish(c.lookUp(keys, c.begin(0))))
}

// LookupWithin is Lookup within limit, whatever the client's own timeout is.
func (c *LookupClient[A, K, R, P]) LookupWithin(limit time.Duration, keys []A) (P, error) {
	return c.result(c.finish(c.lookUp(keys, c.beginWithin(limit))))
}

// LookupContext is Lookup, called off at once when ctx is done; the client's own timeout stays. The
// error has the context's as its cause, too.
func (c *LookupClient[A, K, R, P]) LookupContext(ctx context.Context, keys []A) (P, error) {
	return c.result(c.callWithContext(ctx, func(wait transport.Wait) *Failure { return c.lookUp(keys, wait) }))
}

// Call is Lookup, by the name that integrations know.
func (c *LookupClient[A, K, R, P]) Call(keys []A) (P, error) { return c.Lookup(keys) }

// CallWithTimeout is Lookup within ms milliseconds; 0 is the client's own timeout.
func (c *LookupClient[A, K, R, P]) CallWithTimeout(keys []A, ms uint32) (P, error) {
	return c.result(c.finish(c.lookUp(keys, c.begin(ms))))
}

// CallContext is LookupContext, by the name that integrations know.
func (c *LookupClient[A, K, R, P]) CallContext(ctx context.Context, keys []A) (P, error) {
	return c.LookupContext(ctx, keys)
}

// Close releases everything; counters stay. The client can be refreshed again, and is closed again
// after that. It returns nil.
func (c *LookupClient[A, K, R, P]) Close() error {
	var none R
	c.keys, c.reply = protocol.LookupKeys[K]{}, none
	return c.core.Close()
}

// replyPointer is the address of the reply, whose type has the methods to decode and merge.
func (c *LookupClient[A, K, R, P]) replyPointer() P { return P(&c.reply) }

func (c *LookupClient[A, K, R, P]) result(err error) (P, error) {
	if err != nil {
		return nil, err
	}
	return c.replyPointer(), nil
}

// lookUp makes one logical lookup; it leaves what was found in c.reply.
//
// It asks for one window of keys after another. Where one response has it all, that is the reply; else
// the items of several responses are merged into one.
func (c *LookupClient[A, K, R, P]) lookUp(keys []A, wait transport.Wait) *Failure {
	wanted, f := c.encodeKeys(keys)
	if f != nil {
		return f
	}
	if f := c.tryWiden(wanted, wait); f != nil {
		return f
	}
	c.progress = progress{}
	c.restart(0)
	for c.progress.done < c.keys.Len() || !c.progress.hasGeneration {
		window := c.nextWindow()
		if window.Keys == 0 && c.progress.done < c.keys.Len() {
			if f := c.widenOrGiveUpKey(wait); f != nil {
				return f
			}
			continue
		}
		whole, failure := c.askWindow(window, wait)
		switch {
		case failure == nil && whole:
			return nil
		case failure == nil:
			// Other keys are left to ask for.
		case failure.Kind == FailureLimitExceeded && window.Keys > 1:
			if f := c.narrow(window, wait); f != nil {
				return f
			}
		default:
			// A provider that restarted may have other data: items from before must not be mixed with its.
			startOver := decide(failure, c.progress.tried) == reconnectAndRetry
			if c.progress.tried, failure = c.retry(failure, c.progress.tried, wait); failure != nil {
				return failure
			}
			if startOver {
				c.restart(c.progress.requests)
			}
		}
	}
	if err := c.replyPointer().FinishMerge(c.progress.generation); err != nil {
		return invalid(err)
	}
	return nil
}

// encodeKeys encodes all keys, so that one that cannot be fails the lookup before anything is sent. It
// returns what one request for them and its likely reply would take.
func (c *LookupClient[A, K, R, P]) encodeKeys(keys []A) (capacity, *Failure) {
	limits := c.options.lookup
	if len(keys) > limits.keys {
		return capacity{}, overflow("lookup keys", uint64(len(keys)), uint64(limits.keys),
			"MaxLogicalLookupItems of the client")
	}
	c.keys.Start(len(keys))
	for _, name := range keys {
		key, err := c.lookup.Key(name)
		if err == nil {
			err = c.keys.Add(key)
		}
		if err != nil {
			return capacity{}, invalid(err)
		}
	}
	if least := c.keys.ReplyBytes(c.rules.Bare); least > limits.bytes {
		return capacity{}, tooManyBytes(least, limits.bytes)
	}
	wanted := ofRequest(c.keys.RequestBytes(), 1)
	wanted.responseBytes = clamp(protocol.LookupReplyWithSlack(c.keys.ReplyBytes(c.rules.Likely)))
	return wanted, nil
}

// restart begins with the first key, after so many requests of this lookup.
func (c *LookupClient[A, K, R, P]) restart(requests int) {
	c.progress = progress{requests: requests, maxKeys: math.MaxInt, ceiling: math.MaxInt, tried: c.progress.tried}
}

// nextWindow is the keys of the next request: as many as it and its likely response hold. Where that
// makes too many requests, as many as it holds itself: the response then has as many items as fit, or
// the server refuses it, which makes those grow that only do so when they must.
func (c *LookupClient[A, K, R, P]) nextWindow() protocol.LookupWindow {
	agreed := c.agreed()
	limits := protocol.LookupWindowLimits{
		Keys:    c.progress.maxKeys,
		Request: int(agreed.requestBytes),
		Reply:   int(agreed.responseBytes),
		Item:    c.progress.itemBytes,
	}
	if c.progress.alone {
		limits.Keys = 1
	}
	window := c.keys.Window(c.progress.done, limits, c.rules.Likely)
	if window.Keys == 0 || c.isEnough(window.Keys) || !c.responseRoom(c.progress.tried).mayGrow() {
		return window
	}
	limits.Reply, limits.Item = math.MaxInt, 0
	return c.keys.Window(c.progress.done, limits, c.rules.Likely)
}

// isEnough tells whether the requests that are left do, with so many keys in each.
func (c *LookupClient[A, K, R, P]) isEnough(keys int) bool {
	rest := c.keys.Len() - c.progress.done
	return (rest+keys-1)/keys <= c.options.lookup.subcalls-c.progress.requests
}

// widenOrGiveUpKey makes a session with requests large enough for the next key, or gives it an item that
// says it is too large, where no such session can be had.
func (c *LookupClient[A, K, R, P]) widenOrGiveUpKey(wait transport.Wait) *Failure {
	key := c.keys.At(c.progress.done)
	bytes := protocol.LookupHeaderLen + protocol.EntryLen + key.Size()
	f := c.makeRoom(ofRequest(bytes, 1), wait)
	if f == nil || f.Kind != FailureOverflow {
		return f
	}
	c.startMerge()
	if err := c.replyPointer().MergeBare(key, c.rules.Oversized); err != nil {
		return invalid(err)
	}
	c.progress.done++
	return nil
}

// askWindow asks for the keys of window and keeps the items that come. It tells whether this response
// is all of the reply.
func (c *LookupClient[A, K, R, P]) askWindow(window protocol.LookupWindow, wait transport.Wait) (bool, *Failure) {
	p, limits, reply := &c.progress, c.options.lookup, c.replyPointer()
	p.requests++
	if p.requests > limits.subcalls {
		return false, overflow("requests of a lookup", uint64(p.requests), uint64(limits.subcalls),
			"MaxLogicalLookupSubcalls of the client")
	}
	out := outgoing{method: c.lookup.Code, payload: c.keys.Request(p.done, window.Keys)}
	if f := c.exchange(&out, wait); f != nil {
		return false, f
	}
	if err := reply.Decode(c.payload); err != nil {
		return false, broken(err)
	}
	answered, oversized, f := c.validateResponse(window.Keys)
	if f != nil {
		return false, f
	}
	if oversized < answered {
		// An item that was too large beside others may fit when its key is asked alone.
		g, grows := c.growth()
		switch {
		case grows && window.Keys == 1:
			return false, c.askForMore(g, wait)
		case grows, oversized == 0 && window.Keys > 1:
			answered = oversized
		}
	}
	if answered == window.Keys && answered == c.keys.Len() {
		if len(c.payload) > limits.bytes {
			return false, tooManyBytes(len(c.payload), limits.bytes)
		}
		return true, nil
	}
	f = c.merge(answered)
	p.alone = answered == oversized && answered < window.Keys
	return false, f
}

// startMerge begins a reply of several responses with the first of them.
func (c *LookupClient[A, K, R, P]) startMerge() {
	if !c.progress.merging {
		c.progress.merging = true
		c.replyPointer().StartMerge(c.keys.Len())
	}
}

// merge appends the first answered items of a response to the merged reply.
func (c *LookupClient[A, K, R, P]) merge(answered int) *Failure {
	p, reply := &c.progress, c.replyPointer()
	c.startMerge()
	// Appends nothing, and returns the bytes so far.
	before, _ := reply.Merge(0)
	bytes, err := reply.Merge(answered)
	if err != nil {
		return invalid(err)
	}
	if limit := c.options.lookup.bytes; bytes > limit {
		return tooManyBytes(bytes, limit)
	}
	if answered > 0 {
		p.itemBytes = (bytes - before) / answered
	}
	p.done += answered
	p.generation, p.hasGeneration = reply.DataGeneration(), true
	if p.maxKeys > p.ceiling/2 {
		p.maxKeys = p.ceiling
	} else {
		p.maxKeys *= 2
	}
	return nil
}

// narrow makes the next request ask for half as many keys, because the response did not fit. The server
// has closed the session; the new one proposes a larger response limit.
func (c *LookupClient[A, K, R, P]) narrow(window protocol.LookupWindow, wait transport.Wait) *Failure {
	hasGrown, f := c.reopenWider(wait)
	if f != nil {
		return f
	}
	c.responseIsFixed = !hasGrown
	c.progress.maxKeys = window.Keys / 2
	// What did not fit once will not fit again, unless there is more room.
	c.progress.ceiling = window.Keys - 1
	if hasGrown {
		c.progress.ceiling = math.MaxInt
	}
	return nil
}

// validateResponse checks a response against what was asked; it returns how many of its first items are
// answers, and the first of those that says that no response can hold its item, or asked where there is
// none. Items behind the answers were left out for size.
func (c *LookupClient[A, K, R, P]) validateResponse(asked int) (answered, oversized int, f *Failure) {
	p, reply := &c.progress, c.replyPointer()
	if generation := reply.DataGeneration(); p.hasGeneration && p.generation != generation {
		return 0, 0, &Failure{Kind: FailureGeneration, First: p.generation, Then: generation}
	}
	if reply.Len() != asked {
		return 0, 0, mismatch("item_count", uint64(asked), uint64(reply.Len()))
	}
	answered, oversized = asked, asked
	for i := range asked {
		status, same := reply.Answers(i, c.keys.At(p.done+i))
		exceeded := status == c.rules.Exceeded
		switch {
		case !same:
			return 0, 0, broken(&EchoedKeyError{Index: i})
		case exceeded && i == 0:
			return 0, 0, mismatch("status of the first item", 0, uint64(status))
		case exceeded:
			answered = min(answered, i)
		case answered < i:
			return 0, 0, mismatch("item behind a full answer", uint64(answered), uint64(i))
		case status == c.rules.Oversized:
			oversized = min(oversized, i)
		}
	}
	return answered, oversized, nil
}

func tooManyBytes(needed, limit int) *Failure {
	return overflow("bytes of a lookup reply", uint64(needed), uint64(limit), "MaxLogicalLookupResponseBytes of the client")
}
