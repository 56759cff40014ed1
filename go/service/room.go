package service

import (
	"math"
	"slices"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// agreed is what the session agreed on, or what it would propose.
func (c *core) agreed() capacity {
	if c.connection == nil {
		return c.capacity
	}
	return c.limits
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
		wider, found := c.wider(needed)
		if !found {
			break
		}
		c.capacity = wider
		if f := c.reconnect(wait); f != nil {
			return f
		}
		// A server that refused it has left us less, and may still take the next best.
		if c.capacity == wider {
			break
		}
	}
	switch agreed := c.agreed(); {
	case agreed.holds(needed):
		return nil
	case needed.requestBytes > agreed.requestBytes:
		return overflow("request bytes", uint64(needed.requestBytes), uint64(agreed.requestBytes))
	default:
		return overflow("batch items", uint64(needed.batchItems), uint64(agreed.batchItems))
	}
}

// aim makes a wider session for what is to come, where one can be had: many small requests cost more
// than one connect.
func (c *core) aim(wanted capacity, wait transport.Wait) *Failure {
	if f := c.checkReady(); f != nil {
		return f
	}
	if c.limits.holds(wanted) && c.limits.responseBytes >= wanted.responseBytes {
		return nil
	}
	before := c.capacity
	wider, more := grow(before, wanted, c.options.ceiling)
	if !more || c.wasRefused(wider) {
		return nil
	}
	c.capacity = wider
	f := c.reconnect(wait)
	if f != nil && f.Kind == FailureReconnect {
		// What was good enough before is worth a try of its own.
		c.capacity = before
		return c.reconnect(wait)
	}
	return f
}

// wider returns a proposal that carries needed, that the configuration allows, and that was not
// refused.
func (c *core) wider(needed capacity) (capacity, bool) {
	needed.responseBytes = 0
	if !c.options.ceiling.holds(needed) {
		return capacity{}, false
	}
	rounded, _ := grow(c.capacity, needed, c.options.ceiling)
	exact := c.capacity
	exact.requestBytes = max(needed.requestBytes, exact.requestBytes)
	exact.batchItems = max(needed.batchItems, exact.batchItems)
	for _, candidate := range [...]capacity{rounded, exact} {
		if !c.wasRefused(candidate) {
			return candidate, true
		}
	}
	return capacity{}, false
}

// widenResponse proposes twice the agreed response limit from now on; it tells whether that is any
// use.
func (c *core) widenResponse() bool {
	agreed, ceiling := c.agreed().responseBytes, c.options.ceiling
	needed := c.capacity
	needed.responseBytes = uint32(min(uint64(agreed)*2, math.MaxUint32))
	c.capacity, _ = grow(c.capacity, needed, ceiling)
	// Deployed servers ignore the hint and grow by themselves: a new session may help even when there
	// is nothing more to ask for.
	return agreed < ceiling.responseBytes
}

// lower proposes less from now on: the server has refused what was proposed.
func (c *core) lower() {
	if !c.wasRefused(c.capacity) {
		c.refused = append(c.refused, c.capacity)
	}
	c.capacity.requestBytes = min(c.capacity.requestBytes, protocol.MaxPayloadDefault)
	c.capacity.batchItems = 1
	for c.wasRefused(c.capacity) && c.capacity.requestBytes > 1 {
		c.capacity.requestBytes /= 2
	}
}

func (c *core) wasRefused(candidate capacity) bool {
	return slices.ContainsFunc(c.refused, func(refused capacity) bool {
		return candidate.requestBytes >= refused.requestBytes && candidate.batchItems >= refused.batchItems
	})
}

func (c *core) checkReady() *Failure {
	if state := c.State(); state != StateReady {
		return &Failure{Kind: FailureNotReady, State: state}
	}
	return nil
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
