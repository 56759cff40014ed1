package service

import (
	"errors"
	"math"
	"slices"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// agreed is what the session agreed on; without a session, what the next one proposes.
func (c *core) agreed() capacity {
	if c.connection == nil {
		return c.proposed
	}
	return c.limits
}

// carries tells whether there is a session that carries requests of needed, and responses.
func (c *core) carries(needed capacity) bool {
	return c.State() == StateReady && c.limits.holds(needed) && c.limits.responseBytes >= needed.responseBytes
}

// makeRoom makes sure that the session carries requests of needed, with a new one where it must.
func (c *core) makeRoom(needed capacity, wait transport.Wait) *Failure {
	if f := c.checkReady(); f != nil {
		return f
	}
	if c.limits.holds(needed) {
		return nil
	}
	for {
		wider, found := c.widerProposal(needed)
		if !found {
			break
		}
		c.proposed = wider
		if f := c.reconnect(wait); f != nil {
			return f
		}
		// Where the server refused it, less was proposed: the next best may still be accepted.
		if c.proposed == wider {
			break
		}
	}
	agreed, ceiling := c.agreed(), c.options.ceiling
	switch {
	case agreed.holds(needed):
		return nil
	case needed.requestBytes > agreed.requestBytes:
		return tooMuch("request bytes", needed.requestBytes, agreed.requestBytes, ceiling.requestBytes,
			"MaxRequestPayloadBytes")
	default:
		return tooMuch("batch items", needed.batchItems, agreed.batchItems, ceiling.batchItems, "MaxRequestBatchItems")
	}
}

// tooMuch is the failure of a request that the session does not carry: by our own ceiling where that is too
// low, else by the server's limit.
func tooMuch(what string, needed, agreed, ceiling uint32, option string) *Failure {
	if needed > ceiling {
		return overflow(what, uint64(needed), uint64(ceiling), option+" of the client")
	}
	return overflow(what, uint64(needed), uint64(agreed), option+" of the server")
}

// limitExceeded is the failure of an answer above the agreed response limit, and says whose that is.
func (c *core) limitExceeded() *Failure {
	agreed, option := c.agreed().responseBytes, "MaxResponsePayloadBytes of the client"
	if agreed < c.options.ceiling.responseBytes {
		option = "MaxResponsePayloadBytes of the server"
	}
	return &Failure{Kind: FailureLimitExceeded, Limit: uint64(agreed), Option: option}
}

// tryWiden makes a session with the wanted limits where one can be had, and keeps narrower ones where
// not: many small requests cost more than one connect.
func (c *core) tryWiden(wanted capacity, wait transport.Wait) *Failure {
	if f := c.checkReady(); f != nil {
		return f
	}
	if c.limits.holds(wanted) && c.limits.responseBytes >= wanted.responseBytes {
		return nil
	}
	before := c.proposed
	wider, more := grow(before, wanted, c.options.ceiling)
	if !more || c.wasRefused(wider) {
		return nil
	}
	c.proposed = wider
	f := c.reconnect(wait)
	if f != nil && f.Kind == FailureReconnect {
		// No session with more: one as before may still be had.
		c.proposed = before
		return c.reconnect(wait)
	}
	return f
}

// widerProposal returns a proposal that carries needed, that the configuration allows, and that was not
// refused.
func (c *core) widerProposal(needed capacity) (capacity, bool) {
	needed.responseBytes = 0
	if !c.options.ceiling.holds(needed) {
		return capacity{}, false
	}
	rounded, _ := grow(c.proposed, needed, c.options.ceiling)
	exact := c.proposed
	exact.requestBytes = max(needed.requestBytes, exact.requestBytes)
	exact.batchItems = max(needed.batchItems, exact.batchItems)
	for _, candidate := range [...]capacity{rounded, exact} {
		if !c.wasRefused(candidate) {
			return candidate, true
		}
	}
	return capacity{}, false
}

// widenResponse proposes twice the agreed response limit from now on; it tells whether a
// new session can have more.
func (c *core) widenResponse() bool {
	agreed, ceiling := c.agreed().responseBytes, c.options.ceiling
	needed := c.proposed
	needed.responseBytes = uint32(min(uint64(agreed)*2, math.MaxUint32))
	c.proposed, _ = grow(c.proposed, needed, ceiling)
	// Some servers ignore the proposed response limit and raise their own after an overflow: a new
	// session may have more even where the proposal stays the same.
	return agreed < ceiling.responseBytes
}

// proposeLess proposes less from now on: the server has refused what was proposed.
func (c *core) proposeLess() {
	if !c.wasRefused(c.proposed) {
		c.refused = append(c.refused, c.proposed)
	}
	c.proposed.requestBytes = min(c.proposed.requestBytes, protocol.MaxPayloadDefault)
	c.proposed.batchItems = 1
	for c.wasRefused(c.proposed) && c.proposed.requestBytes > 1 {
		c.proposed.requestBytes /= 2
	}
}

// wasRefused tells whether the provider refused this, or less of all that a request needs.
func (c *core) wasRefused(candidate capacity) bool {
	return slices.ContainsFunc(c.refused, func(refused capacity) bool {
		return candidate.requestBytes >= refused.requestBytes && candidate.batchItems >= refused.batchItems
	})
}

func (c *core) checkReady() *Failure {
	if state := c.State(); state != StateReady {
		return &Failure{Kind: FailureNotReady, State: state, Cause: whyNotReady(c.openErr)}
	}
	return nil
}

// whyNotReady is why the last refresh gave no session, or nil. The context that ended that refresh is not that of
// the call which fails now: it stays in the text alone.
func whyNotReady(openErr error) error {
	var interrupted *interruptedError
	if errors.As(openErr, &interrupted) {
		return errors.New(interrupted.Error())
	}
	return openErr
}

// window returns how many messages may be in flight, and the bytes of one that is a single packet.
func (c *core) window() (messages, packet int) {
	if c.connection == nil {
		return 1, 0
	}
	info := c.connection.Info()
	messages = info.Window
	if messages == 0 {
		messages = math.MaxInt
	}
	return messages, min(int(c.connection.Limits().PacketSize), info.MaxPacket)
}
