package service

import (
	"context"
	"math"
	"slices"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// Lookup is a request kind of the shape "keys in, one item for each key out". A caller names a key by
// an A, on the wire it is a K, and an I is found for it. The keys and items there are stand in package
// protocol: their codecs are written for speed, and closed.
type Lookup[A any, K protocol.LookupKey[K], I protocol.LookupItem[K, I]] struct {
	Method
	// Key returns the key that a caller's names. It fails for one that cannot be.
	Key func(A) (K, error)
}

// LookupClient looks up any number of keys in one call, in as many requests as the limits want. All
// that [Client] says of clients is true of it.
type LookupClient[A any, K protocol.LookupKey[K], I protocol.LookupItem[K, I]] struct {
	*core
	lookup   *Lookup[A, K, I]
	keys     []K
	stitcher protocol.LookupStitcher
	progress progress
	reply    protocol.LookupResponse[K, I]
}

// progress is how far a lookup has come.
type progress struct {
	// Keys that have their item.
	done int
	// Of the first response, if there was one.
	generation uint64
	begun      bool
	// Requests sent.
	subcalls int
	// Most keys of the next request, and what that does not grow beyond.
	most, ceiling int
	// Bytes of an item, as the last response had them.
	item int
	// Whether the next key is asked for alone: beside others it was judged too large.
	alone bool
}

// NewLookupClient returns a client of the endpoint name in runDir, as [NewClient] does.
func NewLookupClient[A any, K protocol.LookupKey[K], I protocol.LookupItem[K, I]](lookup *Lookup[A, K, I], runDir, name string, config ClientConfig) *LookupClient[A, K, I] {
	return &LookupClient[A, K, I]{core: newCore(runDir, name, &config), lookup: lookup}
}

// Call looks up any number of keys. Items come in the order of the keys, as one reply, whatever it
// took on the wire. No keys ask for the generation only. It fails with a [*CallError]; for a key that
// cannot be, before anything is sent.
func (c *LookupClient[A, K, I]) Call(keys []A) (*protocol.LookupResponse[K, I], error) {
	return c.CallWithTimeout(keys, 0)
}

// CallWithTimeout is Call within ms milliseconds; 0 is the client's own timeout.
func (c *LookupClient[A, K, I]) CallWithTimeout(keys []A, ms uint32) (*protocol.LookupResponse[K, I], error) {
	return c.take(c.finish(c.run(keys, c.begin(ms))))
}

// CallContext is Call, called off at once when ctx is done; the client's own timeout stays. The error
// has the context's as its cause, too.
func (c *LookupClient[A, K, I]) CallContext(ctx context.Context, keys []A) (*protocol.LookupResponse[K, I], error) {
	return c.take(c.during(ctx, func(wait transport.Wait) *Failure { return c.run(keys, wait) }))
}

// Close releases everything; counters stay. The client can be refreshed again, and is closed again
// after that. It returns nil.
func (c *LookupClient[A, K, I]) Close() error {
	c.keys, c.stitcher, c.reply = nil, protocol.LookupStitcher{}, protocol.LookupResponse[K, I]{}
	return c.core.Close()
}

func (c *LookupClient[A, K, I]) take(err error) (*protocol.LookupResponse[K, I], error) {
	if err != nil {
		return nil, err
	}
	return &c.reply, nil
}

// run makes one logical lookup; it leaves what was found in c.reply.
func (c *LookupClient[A, K, I]) run(named []A, wait transport.Wait) *Failure {
	wanted, f := c.readKeys(named)
	if f != nil {
		return f
	}
	if f := c.aim(wanted, wait); f != nil {
		return f
	}
	c.restart(0)
	var tried attempts
	for c.progress.done < len(c.keys) || !c.progress.begun {
		window := c.nextWindow()
		if window.Keys == 0 && c.progress.done < len(c.keys) {
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
		case failure.Kind == FailureLimitExceeded && window.Keys > 1:
			if f := c.narrow(window, wait); f != nil {
				return f
			}
		default:
			// A provider that came back may have other data: what it said before counts no more.
			again := decide(failure, tried) == reconnectAndRetry
			if tried, failure = c.retry(failure, tried, wait); failure != nil {
				return failure
			}
			if again {
				c.restart(c.progress.subcalls)
			}
		}
	}
	return c.read(c.stitcher.Finish(c.progress.generation))
}

// readKeys refuses what cannot be asked, before anything is sent. It returns what one request for all
// the keys and its likely reply would take.
func (c *LookupClient[A, K, I]) readKeys(named []A) (capacity, *Failure) {
	limits := c.options.lookup
	if len(named) > limits.keys {
		return capacity{}, overflow("lookup keys", uint64(len(named)), uint64(limits.keys))
	}
	c.keys = slices.Grow(c.keys[:0], len(named))
	front := protocol.LookupHeaderLen + len(named)*protocol.EntryLen
	request, least, likely := front, front, front
	var item I
	for _, name := range named {
		key, err := c.lookup.Key(name)
		if err != nil {
			return capacity{}, invalid(err)
		}
		c.keys = append(c.keys, key)
		request = align8(request) + key.Size()
		least = align8(least) + item.BareSize(key)
		likely = align8(likely) + item.ReplyEstimate(key)
	}
	if least > limits.bytes {
		return capacity{}, tooManyBytes(least, limits.bytes)
	}
	wanted := ofRequest(request, 1)
	wanted.responseBytes = clamp(protocol.LookupReplyWithSlack(likely))
	return wanted, nil
}

// restart begins with the first key, after so many requests.
func (c *LookupClient[A, K, I]) restart(subcalls int) {
	c.progress = progress{subcalls: subcalls, most: math.MaxInt, ceiling: math.MaxInt}
	c.stitcher.Start(len(c.keys))
}

// rest is the keys that have no item yet.
func (c *LookupClient[A, K, I]) rest() []K { return c.keys[c.progress.done:] }

func (c *LookupClient[A, K, I]) nextWindow() protocol.LookupWindow {
	agreed := c.agreed()
	limits := protocol.LookupWindowLimits{
		Keys:    c.progress.most,
		Request: int(agreed.requestBytes),
		Reply:   int(agreed.responseBytes),
		Item:    c.progress.item,
	}
	if c.progress.alone {
		limits.Keys = 1
	}
	return protocol.FillLookupWindow[K, I](c.rest(), limits)
}

// widenOrGiveUpKey makes room for the next key, which fits no request, or answers it here where no
// room can be had.
func (c *LookupClient[A, K, I]) widenOrGiveUpKey(wait transport.Wait) *Failure {
	key := c.rest()[0]
	bytes := protocol.LookupHeaderLen + protocol.EntryLen + key.Size()
	f := c.makeRoom(ofRequest(bytes, 1), wait)
	if f == nil || f.Kind != FailureOverflow {
		return f
	}
	var item I
	if err := protocol.StitchItem(&c.stitcher, item.Bare(key, item.Oversized())); err != nil {
		return invalid(err)
	}
	c.progress.done++
	return nil
}

// askWindow asks for the keys of window and takes what comes. It tells whether this response is all
// of the reply.
func (c *LookupClient[A, K, I]) askWindow(window protocol.LookupWindow, wait transport.Wait) (bool, *Failure) {
	p, limits := &c.progress, c.options.lookup
	p.subcalls++
	if p.subcalls > limits.subcalls {
		return false, overflow("requests of a lookup", uint64(p.subcalls), uint64(limits.subcalls))
	}
	if _, err := protocol.EncodeLookupRequest(c.space(window.Bytes), c.rest()[:window.Keys]); err != nil {
		return false, invalid(err)
	}
	if f := c.exchange(outgoing{method: c.lookup.Code}, wait); f != nil {
		return false, f
	}
	reply, err := protocol.DecodeLookupResponse[K, I](c.payload)
	if err != nil {
		return false, broken(err)
	}
	taken, f := c.judge(&reply, window.Keys)
	if f != nil {
		return false, f
	}
	if taken == window.Keys && taken == len(c.keys) {
		if len(c.payload) > limits.bytes {
			return false, tooManyBytes(len(c.payload), limits.bytes)
		}
		c.reply = reply
		return true, nil
	}
	return false, c.stitch(&reply, taken, window.Keys)
}

// stitch keeps the first taken items of a response to asked keys.
func (c *LookupClient[A, K, I]) stitch(reply *protocol.LookupResponse[K, I], taken, asked int) *Failure {
	p, before := &c.progress, c.stitcher.Bytes()
	list := reply.List()
	for i := range taken {
		if err := c.stitcher.PushRaw(list.Get(i)); err != nil {
			return invalid(err)
		}
	}
	if bytes, limit := c.stitcher.Bytes(), c.options.lookup.bytes; bytes > limit {
		return tooManyBytes(bytes, limit)
	}
	if taken > 0 {
		p.item = (c.stitcher.Bytes() - before) / taken
	}
	p.done += taken
	p.generation, p.begun = reply.Generation, true
	p.alone = taken == 0 && asked > 1
	if p.most > p.ceiling/2 {
		p.most = p.ceiling
	} else {
		p.most *= 2
	}
	return nil
}

// narrow asks for half as many keys, because the response did not fit. The server has closed the
// session, so that the new one may as well have room for more.
func (c *LookupClient[A, K, I]) narrow(window protocol.LookupWindow, wait transport.Wait) *Failure {
	before := c.agreed().responseBytes
	c.widenResponse()
	if f := c.reconnect(wait); f != nil {
		return f
	}
	c.progress.most = window.Keys / 2
	// What did not fit once will not fit again, unless there is more room.
	c.progress.ceiling = window.Keys - 1
	if c.limits.responseBytes > before {
		c.progress.ceiling = math.MaxInt
	}
	return nil
}

// judge checks a response against what was asked; it returns how many of its items count.
func (c *LookupClient[A, K, I]) judge(reply *protocol.LookupResponse[K, I], asked int) (int, *Failure) {
	p := &c.progress
	if p.begun && p.generation != reply.Generation {
		return 0, &Failure{Kind: FailureGeneration, First: p.generation, Then: reply.Generation}
	}
	if reply.Len() != asked {
		return 0, mismatch("item_count", uint64(asked), uint64(reply.Len()))
	}
	taken, firstOversized := asked, false
	list, rest := reply.List(), c.rest()
	var none I
	for i := range asked {
		item := none.View(list.Get(i))
		status, index := item.StatusCode(), uint64(i)
		exceeded := status == none.Exceeded()
		switch {
		case !item.Key().Same(rest[i]):
			return 0, mismatch("echoed key", index, index)
		case exceeded && i == 0:
			return 0, mismatch("status of the first item", 0, uint64(status))
		case exceeded:
			taken = min(taken, i)
		case taken < i:
			return 0, mismatch("item behind a full answer", uint64(taken), index)
		case i == 0:
			firstOversized = status == none.Oversized()
		}
	}
	if firstOversized && asked > 1 {
		return 0, nil
	}
	return taken, nil
}

// read takes payload, whose items were validated when they came, for the reply.
func (c *LookupClient[A, K, I]) read(payload []byte) *Failure {
	reply, err := protocol.TrustedLookupResponse[K, I](payload)
	if err != nil {
		return broken(err)
	}
	c.reply = reply
	return nil
}

func tooManyBytes(needed, limit int) *Failure {
	return overflow("bytes of a lookup reply", uint64(needed), uint64(limit))
}
