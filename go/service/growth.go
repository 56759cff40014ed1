package service

import (
	"math"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// responseRoom is what decides whether the responses of a server can have more room, when an item does
// not fit even alone.
//
// Servers of ours give as much as a client proposes, up to their maximum. Deployed ones that nobody
// configured start with 1024 bytes whatever is proposed, and double after each request whose response
// does not fit: where the requests of a client always fit, they never grow.
type responseRoom struct {
	// What the session carries.
	agreed capacity
	// Bytes of a response that were proposed for it, and that are never exceeded.
	proposed, ceiling uint32
	// Whether the server is known not to grow.
	isFixed bool
	// How often this call has grown.
	grown int
}

// growth is how to get more room.
type growth struct {
	// Whether by a new session, with a larger proposal.
	propose bool
	// Else: by a request for a key so many times that not even placeholders fit its response.
	keys int
}

// mayGrow tells whether there may be more room.
func (r responseRoom) mayGrow() bool {
	return !r.isFixed && r.grown < growthRounds && r.agreed.responseBytes < r.ceiling
}

// growth tells how to get more room, where a key of key bytes has a placeholder of placeholder bytes;
// false where there is no way.
func (r responseRoom) growth(key, placeholder int) (growth, bool) {
	if !r.mayGrow() {
		return growth{}, false
	}
	// A server that gives less than was proposed does not grow by proposals.
	if r.agreed.responseBytes >= r.proposed {
		return growth{propose: true}, true
	}
	keys := int(r.agreed.responseBytes)/(protocol.EntryLen+align8(placeholder)) + 1
	request := protocol.LookupHeaderLen + keys*(protocol.EntryLen+align8(key))
	return growth{keys: keys}, request <= int(r.agreed.requestBytes)
}

func (c *core) responseRoom(tried attempts) responseRoom {
	return responseRoom{
		agreed:   c.agreed(),
		proposed: c.proposed.responseBytes,
		ceiling:  c.options.ceiling.responseBytes,
		isFixed:  c.responseIsFixed,
		grown:    tried.grown,
	}
}

// growth tells how to get more room for the response to one key. There is no way where the requests that
// are left do not do to get it and to ask again.
func (c *LookupClient[A, K, R, P]) growth() (growth, bool) {
	if c.options.lookup.subcalls-c.progress.requests < 2 {
		return growth{}, false
	}
	size := c.keys.At(c.shortestKey()).Size()
	return c.responseRoom(c.progress.tried).growth(size, c.rules.Bare.For(size))
}

// shortestKey is the number of the shortest key: more of it fit a request than of others.
func (c *LookupClient[A, K, R, P]) shortestKey() int {
	shortest, least := 0, math.MaxInt
	for i := range c.keys.Len() {
		if size := c.keys.At(i).Size(); size < least {
			shortest, least = i, size
		}
	}
	return shortest
}

// askForMore gets more room for the item of the next key, which does not fit even alone, where there is
// more, and has it asked for again. Whatever the server makes of a request for more, the lookup goes on.
func (c *LookupClient[A, K, R, P]) askForMore(g growth, wait transport.Wait) *Failure {
	c.progress.alone = true
	c.progress.tried.grown++
	if g.propose {
		return c.proposeMore(wait)
	}
	c.progress.requests++
	payload, err := c.repeated(g.keys)
	if err != nil {
		return invalid(err)
	}
	f := c.exchange(&outgoing{method: c.lookup.Code, payload: payload}, wait)
	switch {
	case f == nil:
		c.responseIsFixed = true
		return nil
	case f.Kind == FailureTimeout || f.Kind == FailureAborted:
		return f
	case f.Kind == FailureLimitExceeded:
		hasGrown, f := c.reopenWider(wait)
		c.responseIsFixed = !hasGrown
		return f
	}
	if f := c.reconnect(wait); f != nil {
		return f
	}
	c.responseIsFixed = true
	c.restart(c.progress.requests)
	return nil
}

// proposeMore proposes twice as much room for responses as there is.
func (c *core) proposeMore(wait transport.Wait) *Failure {
	wanted, before := c.agreed(), c.proposed.responseBytes
	wanted.responseBytes = uint32(min(uint64(wanted.responseBytes)*2, math.MaxUint32))
	if f := c.tryWiden(wanted, wait); f != nil {
		return f
	}
	// No session could be had with more.
	c.responseIsFixed = c.proposed.responseBytes == before
	return nil
}

// repeated returns a request for the shortest key, count times.
func (c *LookupClient[A, K, R, P]) repeated(count int) ([]byte, error) {
	key := c.keys.At(c.shortestKey())
	var keys protocol.LookupKeys[K]
	keys.Start(count)
	for range count {
		if err := keys.Add(key); err != nil {
			return nil, err
		}
	}
	return keys.Request(0, count), nil
}

// reopenWider makes a new session, with more room for responses where the server gives it; it tells
// whether the server does.
func (c *core) reopenWider(wait transport.Wait) (bool, *Failure) {
	before := c.agreed().responseBytes
	c.widenResponse()
	if f := c.reconnect(wait); f != nil {
		return false, f
	}
	return c.limits.responseBytes > before, nil
}

// forgetProvider forgets what is known of this provider: what is to come may be another one.
func (c *core) forgetProvider() {
	c.refused = nil
	c.responseIsFixed = false
}
