package service

import (
	"context"
	"time"

	"github.com/netipc/netipc/go/transport"
)

// Client calls one service at one endpoint: requests Q, replies R.
//
// Nothing happens behind the caller's back: Refresh connects, the calls call, and neither needs the
// provider to exist. A call that loses its session makes a new one and asks once more, within the one
// deadline of the call.
//
// A client is used by one goroutine at a time; Abort, ClearAbort, Ready, State, Counters, Status and
// SetCallTimeout may be called by any. Replies may borrow the client's buffer: they are good until
// the next call. Close releases what a client holds.
type Client[Q, R any] struct {
	*core
	service *Service[Q, R]
	reply   R
	// The replies to the last batch.
	replies []R
	// Decode a payload into reply, and a batch into replies, for core.perform. Made once, so that a call does not
	// allocate them.
	check, checkBatch func(payload []byte) error
	pipelineState     pipelineState
}

// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet, and never
// fails: a name that cannot be shows as the error of the first refresh.
func NewClient[Q, R any](service *Service[Q, R], runDir, name string, config ClientConfig) *Client[Q, R] {
	c := &Client[Q, R]{core: newCore(runDir, name, &config), service: service}
	c.check = func(payload []byte) (err error) {
		c.reply, err = service.Reply.Decode(payload)
		return err
	}
	c.checkBatch = func([]byte) error { return c.decodeBatch() }
	return c
}

// Call asks and waits for the reply. It fails with a [*CallError].
func (c *Client[Q, R]) Call(request Q) (R, error) { return c.CallWithTimeout(request, 0) }

// CallWithin is Call within limit, whatever the client's own timeout is.
func (c *Client[Q, R]) CallWithin(limit time.Duration, request Q) (R, error) {
	return c.result(c.finish(c.ask(request, c.beginWithin(limit))))
}

// CallWithTimeout is Call within ms milliseconds; 0 is the client's own timeout.
func (c *Client[Q, R]) CallWithTimeout(request Q, ms uint32) (R, error) {
	return c.result(c.finish(c.ask(request, c.begin(ms))))
}

// CallContext is Call, called off at once when ctx is done; the client's own timeout stays. The error
// has the context's as its cause, too.
func (c *Client[Q, R]) CallContext(ctx context.Context, request Q) (R, error) {
	return c.result(c.callWithContext(ctx, func(wait transport.Wait) *Failure { return c.ask(request, wait) }))
}

// Close releases everything; counters stay. The client can be refreshed again, and is closed again
// after that. It returns nil.
func (c *Client[Q, R]) Close() error {
	var none R
	c.reply, c.replies, c.pipelineState = none, nil, pipelineState{}
	return c.core.Close()
}

// ask makes one logical call; it leaves the reply in c.reply.
func (c *Client[Q, R]) ask(request Q, wait transport.Wait) *Failure {
	out, f := c.encode(request)
	if f != nil {
		return f
	}
	return c.perform(out, wait, c.check)
}

// result returns the reply of a call that succeeded, or err.
func (c *Client[Q, R]) result(err error) (R, error) {
	if err != nil {
		var none R
		return none, err
	}
	return c.reply, nil
}

// encode writes request to the buffer of requests.
func (c *Client[Q, R]) encode(request Q) (outgoing, *Failure) {
	buf := c.requestBuffer(c.service.Request.Size(request))
	n, err := c.service.Request.Encode(buf, request)
	if err != nil {
		return outgoing{}, invalid(err)
	}
	return outgoing{method: c.service.Code, payload: buf[:n]}, nil
}
