package service

import (
	"errors"
	"fmt"
	"slices"

	"github.com/netipc/netipc/go/protocol"
)

// Handler answers the requests of a server. [ValueHandler], [BuilderHandler] and [AnyHandler] make one.
//
// Different sessions run it at the same time, one session strictly in order. Requests may come twice.
// Copy what you need under your lock and build the answer after it, so that a slow client never holds
// your data. A panic costs the request and its session, nothing else.
type Handler struct {
	method Method
	// Whether it answers any method.
	any bool
	// Makes the responder of a new session.
	newResponder func() responder
	// Makes what answers the batches of a new session at once; nil where nothing does.
	newBatchResponder func() batchResponder
}

// responder answers the requests of one session, one after another: it writes the answer to the request
// of method into answer, which is as long as an answer may be, and returns its length.
type responder func(method protocol.MethodCode, request, answer []byte) (int, error)

// batchResponder does with all requests of a batch at once what a responder does with each, and what makes one answer of
// them. It tells whether it did: where not, no handler has run, and a responder has to.
type batchResponder func(batch protocol.Packed, answer []byte) (length int, done bool, err error)

// HandlerError is a failure of a handler that means another status than INTERNAL_ERROR.
type HandlerError struct {
	// Status is that of the answer: after UNSUPPORTED the session goes on, after BAD_ENVELOPE
	// and LIMIT_EXCEEDED it ends. Every other status is INTERNAL_ERROR.
	Status protocol.Status
	// Reason is why, for the log of the server.
	Reason string
}

// Error tells the status and the reason.
func (e *HandlerError) Error() string { return fmt.Sprintf("%v: %s", e.Status, e.Reason) }

// errNoHandler is the failure of a handler that was not filled in.
var errNoHandler = errors.New("the server has no handler")

// unanswered is the handler of a server that was given no function: it starts, and answers
// INTERNAL_ERROR.
func unanswered(method Method, any bool) Handler {
	respond := func(protocol.MethodCode, []byte, []byte) (int, error) { return 0, &handlerError{errNoHandler} }
	return Handler{method: method, any: any, newResponder: func() responder { return respond }}
}

// errRefused is the failure of a handler that returned false.
var errRefused = errors.New("the handler returned false")

// Checked makes a handler for [ValueHandler] of one that tells failure as false.
func Checked[Q, R any](handle func(Q) (R, bool)) func(Q) (R, error) {
	if handle == nil {
		return nil
	}
	return func(request Q) (R, error) {
		reply, ok := handle(request)
		if !ok {
			return reply, errRefused
		}
		return reply, nil
	}
}

// Filled makes a handler for [BuilderHandler] of one that tells failure as false.
func Filled[Q, B any](handle func(*Q, *B) bool) func(*Q, *B) error {
	if handle == nil {
		return nil
	}
	return func(request *Q, answer *B) error {
		if !handle(request, answer) {
			return errRefused
		}
		return nil
	}
}

// ValueHandler is the handler of a service whose reply is one value. Where handle fails, the client
// gets INTERNAL_ERROR and no reason; see [HandlerError] for another status. Where it is nil the server
// starts, and every client gets that.
func ValueHandler[Q, R any](service *Service[Q, R], handle func(Q) (R, error)) Handler {
	if handle == nil {
		return unanswered(service.Method, false)
	}
	respond := func(_ protocol.MethodCode, payload, answer []byte) (int, error) {
		request, err := service.Request.Decode(payload)
		if err != nil {
			return 0, &requestError{err}
		}
		reply, err := handle(request)
		if err != nil {
			return 0, &handlerError{err}
		}
		return service.Reply.Encode(answer, reply)
	}
	made := Handler{method: service.Method, newResponder: func() responder { return respond }}
	if service.Request.DecodeBatch != nil && service.Reply.EncodeBatch != nil && service.Reply.FixedSize > 0 {
		made.newBatchResponder = func() batchResponder { return newValueBatch(service, handle) }
	}
	return made
}

// newValueBatch answers the batches of one session by handle. It leaves to others what has a request that cannot be
// decoded, or an answer that does not fit: what has been handled by then is their part to know.
func newValueBatch[Q, R any](service *Service[Q, R], handle func(Q) (R, error)) batchResponder {
	// For as many as there were at once, so that answering allocates nothing.
	var requests []Q
	var replies []R
	return func(batch protocol.Packed, answer []byte) (int, bool, error) {
		count := batch.Len()
		requests = slices.Grow(requests[:0], count)[:count]
		replies = slices.Grow(replies[:0], count)[:count]
		if service.Reply.sizeOfAll(replies) > len(answer) || service.Request.DecodeBatch(requests, batch) != nil {
			return 0, false, nil
		}
		for i, request := range requests {
			reply, err := handle(request)
			if err != nil {
				return 0, true, &handlerError{err}
			}
			replies[i] = reply
		}
		length, err := service.Reply.EncodeBatch(answer, replies)
		return length, true, err
	}
}

// Builder is how a reply is built: Start begins the answer to a request in a buffer that is as long as
// an answer may be, and Finish returns the answer's length.
type Builder[Q, B any] struct {
	// Start begins the answer to request in buf, and forgets what was there before.
	Start func(builder *B, request *Q, buf []byte) error
	// Finish ends the answer.
	Finish func(builder *B) (int, error)
}

// BuilderHandler is the handler of a service whose reply is built piece by piece. Where the answer
// did not fit, the client gets LIMIT_EXCEEDED, whatever handle returned; else a failure of handle is
// answered as that of [ValueHandler], and so is a handle that is nil.
// Request and builder are good until handle returns.
func BuilderHandler[Q, B any](method Method, decode func([]byte) (Q, error), builder Builder[Q, B], handle func(*Q, *B) error) Handler {
	if handle == nil {
		return unanswered(method, false)
	}
	return Handler{method: method, newResponder: func() responder {
		// One of each for a session, so that answering allocates nothing.
		var request Q
		var answer B
		return func(_ protocol.MethodCode, payload, buf []byte) (int, error) {
			var err error
			if request, err = decode(payload); err != nil {
				return 0, &requestError{err}
			}
			if err := builder.Start(&answer, &request, buf); err != nil {
				return 0, err
			}
			failed := handle(&request, &answer)
			n, err := builder.Finish(&answer)
			if failed != nil && !errors.Is(err, protocol.ErrOverflow) {
				return 0, &handlerError{withReason(failed, err)}
			}
			return n, err
		}
	}}
}

// withReason adds what the builder refused to the failure of a handler that tells failure as false.
func withReason(failed, refused error) error {
	// That items are missing follows from the failure.
	if failed != errRefused || refused == nil || errors.Is(refused, protocol.ErrBadItemCount) {
		return failed
	}
	return fmt.Errorf("%w: %w", failed, refused)
}

// requestError says that a request could not be decoded.
type requestError struct{ cause error }

func (e *requestError) Error() string { return "a request could not be decoded: " + e.cause.Error() }
func (e *requestError) Unwrap() error { return e.cause }

// handlerError says that the handler did not answer.
type handlerError struct{ cause error }

func (e *handlerError) Error() string { return "the handler failed: " + e.cause.Error() }
func (e *handlerError) Unwrap() error { return e.cause }

// status is that of the answer.
func (e *handlerError) status() protocol.Status {
	var chosen *HandlerError
	if errors.As(e.cause, &chosen) {
		switch chosen.Status {
		case protocol.StatusUnsupported, protocol.StatusBadEnvelope, protocol.StatusLimitExceeded:
			return chosen.Status
		}
	}
	return protocol.StatusInternalError
}
