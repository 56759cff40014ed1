package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// ErrorCode is the number of an error, the same in every language's API. It is an error itself, so that
// errors.Is finds it in what a client or a server returned.
type ErrorCode uint32

const (
	// ErrTruncated: the bytes end too early.
	ErrTruncated ErrorCode = 1
	// ErrBadMagic: not an envelope.
	ErrBadMagic ErrorCode = 2
	// ErrBadVersion: another version of the envelope.
	ErrBadVersion ErrorCode = 3
	// ErrBadHeaderLen: an envelope of another length.
	ErrBadHeaderLen ErrorCode = 4
	// ErrBadKind: neither request, response nor control.
	ErrBadKind ErrorCode = 5
	// ErrBadLayout: a value that the layout does not allow.
	ErrBadLayout ErrorCode = 6
	// ErrOutOfBounds: an offset that points outside.
	ErrOutOfBounds ErrorCode = 7
	// ErrMissingNul: a string without its NUL.
	ErrMissingNul ErrorCode = 8
	// ErrBadAlignment: an item that is not aligned.
	ErrBadAlignment ErrorCode = 9
	// ErrBadItemCount: another number of items.
	ErrBadItemCount ErrorCode = 10
	// ErrOverflow: more than the limits hold.
	ErrOverflow ErrorCode = 11
	// ErrHandlerFailed: the server's handler failed.
	ErrHandlerFailed ErrorCode = 12
	// ErrNotReady: there is no session. Refresh the client.
	ErrNotReady ErrorCode = 13
	// ErrTimeout: the deadline passed.
	ErrTimeout ErrorCode = 14
	// ErrAborted: the caller called it off.
	ErrAborted ErrorCode = 15
	// ErrDisconnected: the peer is gone.
	ErrDisconnected ErrorCode = 32
	// ErrUnsupported: the endpoint serves another method, or there is no common profile.
	ErrUnsupported ErrorCode = 33
	// ErrRejected: the server could not understand the request, or turned the session down.
	ErrRejected ErrorCode = 34
	// ErrProtocol: the peer broke the protocol.
	ErrProtocol ErrorCode = 35
	// ErrGenerationMismatch: the data changed during a lookup. Ask again.
	ErrGenerationMismatch ErrorCode = 36
	// ErrBusy: the server runs already.
	ErrBusy ErrorCode = 37
	// ErrInvalidRequest: the caller passed something that cannot be sent.
	ErrInvalidRequest ErrorCode = 38
	// ErrAddressInUse: another server owns the endpoint.
	ErrAddressInUse ErrorCode = 39
	// ErrIO: the system failed.
	ErrIO ErrorCode = 40
	// ErrInternal: the library itself failed, which is a defect.
	ErrInternal ErrorCode = 41
	// ErrForked: a context of the C library that was made in the process from which this one was forked.
	// Nothing in Go fails with it.
	ErrForked ErrorCode = 42
)

var codeNames = map[ErrorCode]string{
	ErrTruncated:          "truncated",
	ErrBadMagic:           "bad magic",
	ErrBadVersion:         "bad version",
	ErrBadHeaderLen:       "bad header length",
	ErrBadKind:            "bad kind",
	ErrBadLayout:          "bad layout",
	ErrOutOfBounds:        "out of bounds",
	ErrMissingNul:         "missing NUL",
	ErrBadAlignment:       "bad alignment",
	ErrBadItemCount:       "bad item count",
	ErrOverflow:           "overflow",
	ErrHandlerFailed:      "handler failed",
	ErrNotReady:           "not ready",
	ErrTimeout:            "timeout",
	ErrAborted:            "aborted",
	ErrDisconnected:       "disconnected",
	ErrUnsupported:        "unsupported",
	ErrRejected:           "rejected",
	ErrProtocol:           "protocol error",
	ErrGenerationMismatch: "generation mismatch",
	ErrBusy:               "busy",
	ErrInvalidRequest:     "invalid argument",
	ErrAddressInUse:       "address in use",
	ErrIO:                 "input/output error",
	ErrInternal:           "internal error",
	ErrForked:             "made before a fork",
}

// Error returns the name.
func (c ErrorCode) Error() string {
	if name, known := codeNames[c]; known {
		return name
	}
	return fmt.Sprintf("error %d", uint32(c))
}

// CallError says which endpoint was called, what failed, and why.
type CallError struct {
	// Endpoint is what was called.
	Endpoint string
	// Failure is what failed.
	Failure *Failure
}

// Code returns the number of the failure.
func (e *CallError) Code() ErrorCode { return e.Failure.Code() }

// Error names the endpoint, what failed and why.
func (e *CallError) Error() string { return "call to " + e.Endpoint + ": " + e.Failure.Error() }

// Unwrap returns the failure.
func (e *CallError) Unwrap() error { return e.Failure }

// FailureKind is what can go wrong with a call.
type FailureKind uint8

const (
	// FailureNotReady: there is no session. Failure.State tells where the client stands, and Cause why the last
	// refresh gave none.
	FailureNotReady FailureKind = iota
	// FailureTimeout: the deadline passed.
	FailureTimeout
	// FailureAborted: the caller called it off.
	FailureAborted
	// FailureLost: the connection was lost.
	FailureLost
	// FailureReconnect: there is no new connection after the old one was lost, or was given up for
	// one with more room.
	FailureReconnect
	// FailureProtocol: the server broke the protocol.
	FailureProtocol
	// FailureHandler: the server's handler failed.
	FailureHandler
	// FailureUnsupported: the endpoint serves another method.
	FailureUnsupported
	// FailureRejected: the server could not understand the request.
	FailureRejected
	// FailureStatus: the server answered with a status that means nothing here, Failure.Status.
	FailureStatus
	// FailureLimitExceeded: the server says that the request or its answer is larger than agreed, and
	// there is no room for more. Failure.Limit is the bytes of a response payload, as agreed, and
	// Failure.Option tells whose limit that is.
	FailureLimitExceeded
	// FailureOverflow: more than our own limits hold. Failure.What, Needed, Limit and Option tell more.
	FailureOverflow
	// FailureGeneration: the server's data changed between the parts of a lookup, from Failure.First
	// to Failure.Then.
	FailureGeneration
	// FailureInvalidRequest: the request cannot be sent.
	FailureInvalidRequest
)

// Failure says what went wrong with a call.
type Failure struct {
	// Kind is what failed.
	Kind FailureKind
	// State is the client's, where it is not ready.
	State ClientState
	// Status is the server's, where it means nothing here.
	Status protocol.Status
	// What there is too much of, how much, and the limit.
	What          string
	Needed, Limit uint64
	// Option is the option that holds the limit, and of which side.
	Option string
	// First and Then are the generations of the first and a later part of a lookup.
	First, Then uint64
	// Cause is why, where there is more to say.
	Cause error
}

// Code returns the number of the failure.
func (f *Failure) Code() ErrorCode {
	switch f.Kind {
	case FailureNotReady:
		return ErrNotReady
	case FailureTimeout:
		return ErrTimeout
	case FailureAborted:
		return ErrAborted
	case FailureLost:
		return ErrDisconnected
	case FailureReconnect:
		return openCode(f.Cause)
	case FailureProtocol:
		return wireCode(f.Cause)
	case FailureHandler:
		return ErrHandlerFailed
	case FailureUnsupported:
		return ErrUnsupported
	case FailureRejected, FailureStatus:
		return ErrRejected
	case FailureLimitExceeded, FailureOverflow:
		return ErrOverflow
	case FailureGeneration:
		return ErrGenerationMismatch
	case FailureInvalidRequest:
		return ErrInvalidRequest
	}
	return ErrInternal
}

// Error says what failed, why, and what to do.
func (f *Failure) Error() string {
	text := f.describe()
	if f.Cause != nil {
		text += ": " + f.Cause.Error()
	}
	return text
}

// Is tells whether target is the failure's number. Whatever a server does wrong is an [ErrProtocol],
// too.
func (f *Failure) Is(target error) bool {
	code, ok := target.(ErrorCode)
	return ok && (code == f.Code() || code == ErrProtocol && f.Kind == FailureProtocol)
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

func (f *Failure) describe() string {
	switch f.Kind {
	case FailureNotReady:
		if f.Cause != nil {
			return fmt.Sprintf("not connected (%v)", f.State)
		}
		return fmt.Sprintf("not connected (%v): refresh the client first", f.State)
	case FailureTimeout:
		return "no answer within the time allowed"
	case FailureAborted:
		return "aborted by the caller"
	case FailureLost:
		return "the connection was lost"
	case FailureReconnect:
		return "could not connect again"
	case FailureProtocol:
		return "the server broke the protocol"
	case FailureHandler:
		return "the server's handler failed"
	case FailureUnsupported:
		return "the server does not serve this method"
	case FailureRejected:
		return "the server rejected the request as malformed: perhaps its schema has another layout: compare them"
	case FailureStatus:
		return fmt.Sprintf("the server answered with %v", f.Status)
	case FailureLimitExceeded:
		return fmt.Sprintf("the answer does not fit the agreed %d bytes: raise %s", f.Limit, f.Option)
	case FailureOverflow:
		return fmt.Sprintf("%d %s exceed the limit of %d: raise %s", f.Needed, f.What, f.Limit, f.Option)
	case FailureGeneration:
		return fmt.Sprintf("the server's data changed during the lookup, from generation %d to %d", f.First, f.Then)
	default:
		return "the request is not valid"
	}
}

// AnswerError says that an answer does not fit its request. It is the cause of a [FailureProtocol].
type AnswerError struct {
	// Field is what does not fit.
	Field string
	// Expected is what the request implies.
	Expected uint64
	// Found is what came.
	Found uint64
}

// Error names the field, what the request implies and what came.
func (e *AnswerError) Error() string {
	return fmt.Sprintf("%s of the answer is %d, expected %d", e.Field, e.Found, e.Expected)
}

// EchoedKeyError says that an item of an answer has another key than was asked for at its place. It is the cause
// of a [FailureProtocol].
type EchoedKeyError struct {
	// Index is which item, from 0.
	Index int
}

// Error names the item.
func (e *EchoedKeyError) Error() string {
	return fmt.Sprintf("item %d of the answer has another key than was asked for at that place", e.Index)
}

// HandshakeTimeoutError says that a server did not finish the handshake in the time that one may take, although
// the caller has more.
type HandshakeTimeoutError struct {
	// Limit is the time that one may take.
	Limit time.Duration
	// Cause is where it ended; it is [transport.ErrTimeout], too.
	Cause error
}

// Error tells the limit, and what may be wrong with the server.
func (e *HandshakeTimeoutError) Error() string {
	return fmt.Sprintf("no handshake within %v: the server is stopped, or overloaded", e.Limit)
}

// Unwrap returns the cause.
func (e *HandshakeTimeoutError) Unwrap() error { return e.Cause }

// interruptedError says that the context of a refresh ended it.
type interruptedError struct{ context, cause error }

func (e *interruptedError) Error() string {
	return "connecting took longer than its context allows: " + e.context.Error()
}

func (e *interruptedError) Unwrap() []error { return []error{e.context, e.cause} }

// ServeError says why a server does not run.
type ServeError struct {
	// Endpoint is where.
	Endpoint string
	// Code is the number: [ErrInvalidRequest] for a run directory, a name or a handler that cannot
	// be, [ErrAddressInUse], [ErrBusy] for a server that runs already, [ErrAborted] for one that was
	// stopped before, or [ErrIO].
	Code ErrorCode
	// Cause is why, where there is more to say.
	Cause error
}

// Error names the endpoint, what is wrong and why.
func (e *ServeError) Error() string {
	text := "cannot serve " + e.Endpoint + ": "
	switch {
	case e.Cause != nil:
		return text + e.Cause.Error()
	case e.Code == ErrBusy:
		return text + "the server is running already"
	case e.Code == ErrAborted:
		return text + "the server was stopped: make a new one"
	}
	return text + e.Code.Error()
}

// Is tells whether target is the error's number.
func (e *ServeError) Is(target error) bool { return target == error(e.Code) }

// Unwrap returns the cause.
func (e *ServeError) Unwrap() error { return e.Cause }

var wireCodes = map[error]ErrorCode{
	protocol.ErrTruncated:    ErrTruncated,
	protocol.ErrBadMagic:     ErrBadMagic,
	protocol.ErrBadVersion:   ErrBadVersion,
	protocol.ErrBadHeaderLen: ErrBadHeaderLen,
	protocol.ErrBadKind:      ErrBadKind,
	protocol.ErrBadLayout:    ErrBadLayout,
	protocol.ErrOutOfBounds:  ErrOutOfBounds,
	protocol.ErrMissingNul:   ErrMissingNul,
	protocol.ErrBadAlignment: ErrBadAlignment,
	protocol.ErrBadItemCount: ErrBadItemCount,
	protocol.ErrOverflow:     ErrOverflow,
}

// wireCode is the number of malformed bytes in a payload, or [ErrProtocol] for any other fault.
func wireCode(cause error) ErrorCode {
	wire, ok := cause.(*protocol.WireError)
	if !ok {
		return ErrProtocol
	}
	if code, known := wireCodes[wire.Kind]; known {
		return code
	}
	return ErrProtocol
}

// openCode is the number of the error for which a client got no session.
func openCode(cause error) ErrorCode {
	var invalid *transport.EndpointError
	if errors.As(cause, &invalid) {
		return ErrInvalidRequest
	}
	for _, known := range [...]struct {
		cause error
		code  ErrorCode
	}{
		{context.DeadlineExceeded, ErrTimeout},
		{transport.ErrTimeout, ErrTimeout},
		{transport.ErrAborted, ErrAborted},
		{transport.ErrProtocol, ErrProtocol},
		{transport.ErrNotFound, ErrDisconnected},
		{transport.ErrHungUp, ErrDisconnected},
		{transport.ErrDisconnected, ErrDisconnected},
		{transport.ErrReset, ErrDisconnected},
		{handshake.ErrNoProfile, ErrUnsupported},
		{handshake.ErrIncompatible, ErrUnsupported},
		{handshake.ErrAuthFailed, ErrRejected},
		{handshake.ErrRejected, ErrRejected},
		{transport.ErrUntrustedServer, ErrRejected},
		{handshake.ErrLimitExceeded, ErrOverflow},
	} {
		if errors.Is(cause, known.cause) {
			return known.code
		}
	}
	var handshake *handshake.Error
	if errors.As(cause, &handshake) {
		return ErrProtocol
	}
	return ErrIO
}

// openState is the state of a client that got no session because of an error.
func openState(cause error) ClientState {
	switch {
	case errors.Is(cause, transport.ErrNotFound):
		return StateNotFound
	case errors.Is(cause, handshake.ErrAuthFailed), errors.Is(cause, transport.ErrUntrustedServer):
		return StateAuthFailed
	case errors.Is(cause, handshake.ErrNoProfile), errors.Is(cause, handshake.ErrIncompatible):
		return StateIncompatible
	}
	return StateDisconnected
}

// overflow is more than limit, which option holds.
func overflow(what string, needed, limit uint64, option string) *Failure {
	return &Failure{Kind: FailureOverflow, What: what, Needed: needed, Limit: limit, Option: option}
}

func broken(cause error) *Failure { return &Failure{Kind: FailureProtocol, Cause: cause} }

func invalid(cause error) *Failure { return &Failure{Kind: FailureInvalidRequest, Cause: cause} }
