package service

import (
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// AnyClient calls any method at one endpoint, with payloads as bytes: for bindings, tools, and schemas
// that are known at run time only. [Client] and [LookupClient] are the same with types.
//
// Every operation that may wait takes a [transport.Wait], which says until when and who may call it
// off; there is no timeout and no abort of its own. All else that [Client] says of clients is true of
// it.
type AnyClient struct{ core *core }

// NewAnyClient returns a client of the endpoint name in runDir, as [NewClient] does.
func NewAnyClient(runDir, name string, config ClientConfig) *AnyClient {
	return &AnyClient{newCore(runDir, name, &config)}
}

// Refresh connects where there is no session, and looks whether there still is one. It tells whether
// something changed.
func (c *AnyClient) Refresh(wait transport.Wait) bool { return c.core.refresh(wait) }

// Call asks and waits for the payload of the reply, which is good until the next call. It fails with a
// [*CallError]. What the payload means is for check to say, which may be nil: a reply that it refuses
// counts as one of a server that broke the protocol, and is asked for once more.
func (c *AnyClient) Call(method protocol.MethodCode, payload []byte, wait transport.Wait, check func(reply []byte) error) ([]byte, error) {
	c.core.startClock()
	if check == nil {
		check = accept
	}
	f := c.core.perform(outgoing{method: method, payload: payload}, wait, check)
	if err := c.core.finish(f); err != nil {
		return nil, err
	}
	return c.core.payload, nil
}

// CallBatch asks many requests in one message, and returns the replies in their order. It fails as Call
// does; one request that fails fails the batch. No requests need no I/O.
func (c *AnyClient) CallBatch(method protocol.MethodCode, requests [][]byte, wait transport.Wait) (protocol.Packed, error) {
	if len(requests) == 0 {
		return protocol.Packed{}, nil
	}
	c.core.startClock()
	out, f := c.core.packBatch(method, requests)
	if f == nil {
		f = c.core.perform(out, wait, accept)
	}
	if err := c.core.finish(f); err != nil {
		return protocol.Packed{}, err
	}
	return c.core.batch, nil
}

// Ready tells whether calls can be made. Any goroutine may ask; no I/O.
func (c *AnyClient) Ready() bool { return c.core.Ready() }

// State tells where the client stands. Any goroutine may ask; no I/O.
func (c *AnyClient) State() ClientState { return c.core.State() }

// Counters tells what happened so far. Any goroutine may ask; no I/O.
func (c *AnyClient) Counters() Counters { return c.core.Counters() }

// Status tells everything there is to know of the client. Any goroutine may ask; no I/O, and it never
// waits for a call.
func (c *AnyClient) Status() ClientStatus { return c.core.Status() }

// OpenError returns why the last refresh that had to connect gave no session, or nil.
func (c *AnyClient) OpenError() error { return c.core.OpenError() }

// WaitObject returns what an event loop of the platform can watch while there is a session, or
// [transport.NoWaitObject].
func (c *AnyClient) WaitObject() transport.WaitObject { return c.core.WaitObject() }

// Close releases everything; counters stay. The client can be refreshed again, and is closed again
// after that. It returns nil.
func (c *AnyClient) Close() error { return c.core.Close() }

// accept takes any payload for a reply.
func accept([]byte) error { return nil }

// packBatch writes requests as one batch.
func (c *core) packBatch(method protocol.MethodCode, requests [][]byte) (outgoing, *Failure) {
	buf := c.requestBuffer(protocol.BatchLen(requests))
	size, err := protocol.EncodeBatch(buf, requests)
	if err != nil {
		return outgoing{}, invalid(err)
	}
	return outgoing{method: method, items: clamp(len(requests)), payload: buf[:size]}, nil
}
