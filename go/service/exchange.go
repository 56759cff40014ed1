package service

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// outgoing is a request to be sent.
type outgoing struct {
	method protocol.MethodCode
	// Items of a batch; 0 for a single request.
	items   uint32
	payload []byte
}

func (o *outgoing) header(id uint64) protocol.Header {
	if o.items == 0 {
		return protocol.RequestHeader(o.method, id)
	}
	return protocol.BatchHeader(o.method, id, o.items)
}

// begin starts a logical call that may take ms milliseconds; 0 is the client's own timeout.
func (c *core) begin(ms uint32) transport.Wait {
	if ms != 0 {
		return c.beginWithin(callTimeout(ms))
	}
	return c.beginWithin(time.Duration(c.timeout.Load()))
}

// beginWithin starts a logical call that may take timeout.
func (c *core) beginWithin(timeout time.Duration) transport.Wait {
	c.startClock()
	return transport.Wait{Deadline: c.created.Add(c.began + timeout), Abort: &c.interrupt.abort}
}

// beginAtMost starts a logical call that may take as long as wait, and no longer than the client's own timeout.
//
//lint:ignore U1000 It is used by a generic type that the check takes for unused.
func (c *core) beginAtMost(wait transport.Wait) transport.Wait {
	own := c.begin(0)
	if !wait.Deadline.IsZero() && wait.Deadline.Before(own.Deadline) {
		own.Deadline = wait.Deadline
	}
	return own
}

// startClock starts a logical call whose wait is the caller's.
func (c *core) startClock() { c.began = time.Since(c.created) }

// callWithContext runs a logical call that ctx may call off, and finishes it.
func (c *core) callWithContext(ctx context.Context, run func(transport.Wait) *Failure) error {
	wait := c.begin(0)
	if ctx.Err() != nil {
		return c.finish(contextFailure(ctx.Err()))
	}
	deadline, ends := ctx.Deadline()
	if ends = ends && deadline.Before(wait.Deadline); ends {
		wait.Deadline = deadline
	}
	release := c.interrupt.follow(ctx)
	// Deferred, as a caller's function may panic: this context must not end the next call.
	defer release()
	failure := run(wait)
	if failure != nil && (failure.Kind == FailureAborted || failure.Kind == FailureTimeout) {
		if err := ctx.Err(); err != nil {
			failure = contextFailure(err)
		} else if ends && failure.Kind == FailureTimeout {
			// Its deadline has passed here a moment before ctx says so.
			failure.Cause = context.DeadlineExceeded
		}
	}
	return c.finish(failure)
}

// finish ends a logical call: it counts how it ended, and makes the error of a failure.
func (c *core) finish(failure *Failure) error {
	if failure == nil {
		c.succeeded(c.began)
		return nil
	}
	add(&c.counters.errors, 1)
	switch failure.Kind {
	case FailureTimeout:
		add(&c.counters.timeouts, 1)
	case FailureAborted:
		add(&c.counters.aborts, 1)
	}
	// Why a client is not ready was recorded before, and says more.
	if failure.Kind != FailureNotReady {
		c.recordError(failure)
	}
	return &CallError{Endpoint: c.name(), Failure: failure}
}

// requestBuffer returns a buffer of size bytes for the payload of the next request.
func (c *core) requestBuffer(size int) []byte {
	c.request = slices.Grow(c.request[:0], size)[:size]
	return c.request
}

// perform sends the request and receives its answer, as often as the retry table allows. check
// decodes the answer's payload, so that a malformed one counts as a failure.
func (c *core) perform(out outgoing, wait transport.Wait, check func(payload []byte) error) *Failure {
	needed := ofRequest(len(out.payload), max(out.items, 1))
	// An answer is likely to be as large as its request, and one that does not fit costs the request.
	wanted := needed
	wanted.responseBytes = needed.requestBytes
	if !c.carries(wanted) {
		if f := c.tryWiden(wanted, wait); f != nil {
			return f
		}
	}
	var tried attempts
	for {
		if !c.carries(needed) {
			if f := c.makeRoom(needed, wait); f != nil {
				return f
			}
		}
		failure := c.exchange(&out, wait)
		if failure == nil {
			err := check(c.payload)
			if err == nil {
				return nil
			}
			failure = broken(err)
		}
		var f *Failure
		if tried, f = c.retry(failure, tried, wait); f != nil {
			return f
		}
	}
}

// exchange is one request and its answer over the session there is.
func (c *core) exchange(out *outgoing, wait transport.Wait) *Failure {
	header := out.header(c.nextID)
	if failure := c.send(&header, out.payload, wait); failure != nil {
		return failure
	}
	reply, failure := c.receive(wait)
	if failure != nil {
		return failure
	}
	if failure := c.checkAnswer(&header, reply); failure != nil {
		return failure
	}
	c.countReply(reply)
	return nil
}

// send sends the request with this header, whose id is the next one.
func (c *core) send(header *protocol.Header, payload []byte, wait transport.Wait) *Failure {
	if c.State() != StateReady {
		return c.checkReady()
	}
	err := c.connection.SendMessage(header, payload, wait)
	// A server may answer and then close: where it hung up, its answer may still be there to receive.
	if err != nil && !errors.Is(err, transport.ErrReset) && !errors.Is(err, transport.ErrDisconnected) {
		return connectionFailure(err)
	}
	c.nextID++
	add(&c.counters.sent, messageBytes(len(payload)))
	return nil
}

// receive receives the next answer; its header is good until the next one.
func (c *core) receive(wait transport.Wait) (*protocol.Header, *Failure) {
	message, err := c.connection.ReceiveMessage(wait)
	if err != nil {
		return nil, connectionFailure(err)
	}
	c.payload, c.batch = message.Payload, message.Batch
	return &message.Header, nil
}

func (c *core) countReply(reply *protocol.Header) {
	add(&c.counters.calls, 1)
	add(&c.counters.received, messageBytes(int(reply.PayloadLen)))
}

// retry does what the retry table says of a failure. Where it returns none, the request is to be sent
// again; the attempts are those so far.
func (c *core) retry(failure *Failure, tried attempts, wait transport.Wait) (attempts, *Failure) {
	switch decide(failure, tried) {
	case dropAndGiveUp:
		c.dropSession(StateBroken)
		return tried, failure
	case reconnectAndRetry:
		c.log.Debug("netipc: call failed, trying once more", "endpoint", c.name(), "error", failure)
		c.recordError(failure)
		c.forgetProvider()
		if f := c.reconnect(wait); f != nil {
			return tried, f
		}
		add(&c.counters.retries, 1)
		tried.retried = true
		return tried, nil
	case growAndRetry:
		before := c.agreed().responseBytes
		if !c.widenResponse() {
			c.dropSession(StateBroken)
			return tried, failure
		}
		if f := c.reconnect(wait); f != nil {
			return tried, f
		}
		if c.limits.responseBytes <= before {
			return tried, failure
		}
		tried.grown++
		return tried, nil
	}
	return tried, failure
}

// checkAnswer checks what an answer must say of its request, and what it says of how it went.
func (c *core) checkAnswer(request, reply *protocol.Header) *Failure {
	if request.Code != reply.Code {
		return mismatch("code", uint64(request.Code), uint64(reply.Code))
	}
	if request.MessageID != reply.MessageID {
		return mismatch("message_id", request.MessageID, reply.MessageID)
	}
	switch reply.Status {
	case protocol.StatusOK:
		return checkBatch(request, reply)
	case protocol.StatusUnsupported:
		return &Failure{Kind: FailureUnsupported}
	case protocol.StatusBadEnvelope:
		return &Failure{Kind: FailureRejected}
	case protocol.StatusInternalError:
		return &Failure{Kind: FailureHandler}
	case protocol.StatusLimitExceeded:
		return c.limitExceeded()
	}
	return &Failure{Kind: FailureStatus, Status: reply.Status}
}

func checkBatch(request, reply *protocol.Header) *Failure {
	batch, found := request.Flags.IsBatch(), reply.Flags.IsBatch()
	if batch != found {
		return mismatch("BATCH flag", bit(batch), bit(found))
	}
	if batch && request.ItemCount != reply.ItemCount {
		return mismatch("item_count", uint64(request.ItemCount), uint64(reply.ItemCount))
	}
	return nil
}

func mismatch(field string, expected, found uint64) *Failure {
	return broken(&AnswerError{Field: field, Expected: expected, Found: found})
}

// connectionFailure is the failure of a call whose connection failed with err.
func connectionFailure(err error) *Failure {
	var violation *session.Error
	switch {
	case errors.Is(err, transport.ErrTimeout):
		return &Failure{Kind: FailureTimeout}
	case errors.Is(err, transport.ErrAborted):
		return &Failure{Kind: FailureAborted}
	case errors.As(err, &violation):
		if violation.Kind == session.ErrLimitExceeded && violation.Header.Kind == protocol.KindRequest {
			return overflow(violation.Field, uint64(violation.Found), uint64(violation.Limit),
				"the request limits of the smaller side")
		}
		return broken(err)
	case errors.Is(err, transport.ErrProtocol):
		return broken(err)
	}
	return &Failure{Kind: FailureLost, Cause: err}
}

// waitFailure is the failure of a call whose wait is over; nil where it is not.
func waitFailure(wait transport.Wait) *Failure {
	if err := wait.Check(); err != nil {
		return connectionFailure(err)
	}
	return nil
}

// contextFailure is the failure of a call that its context has ended.
func contextFailure(err error) *Failure {
	if errors.Is(err, context.DeadlineExceeded) {
		return &Failure{Kind: FailureTimeout, Cause: err}
	}
	return &Failure{Kind: FailureAborted, Cause: err}
}

func messageBytes(payload int) uint64 { return uint64(protocol.HeaderLen + payload) }

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
