package session

import (
	"errors"
	"fmt"

	"github.com/netipc/netipc/go/protocol"
)

// Why a message was not sent, or why what came ends the session. Each comes as an [*Error].
var (
	// ErrEnvelope: the packet does not start with an envelope.
	ErrEnvelope = errors.New("bad envelope")
	// ErrKind: a message that this role does not send, or does not receive.
	ErrKind = errors.New("wrong kind of message")
	// ErrLimitExceeded: more than was agreed.
	ErrLimitExceeded = errors.New("above the agreed limit")
	// ErrUnknownMessageID: an answer to nothing that was asked.
	ErrUnknownMessageID = errors.New("answers no request in flight")
	// ErrDuplicateMessageID: a request with the id of one that has no answer yet.
	ErrDuplicateMessageID = errors.New("already in flight")
	// ErrChunk: a packet that is no proper part of its message.
	ErrChunk = errors.New("bad packet")
	// ErrBatch: a batch whose directory points outside.
	ErrBatch = errors.New("bad batch")
	// ErrEnded: the session ended before.
	ErrEnded = errors.New("the session has ended")
)

// Error says which rule of the session was broken.
type Error struct {
	// Kind is one of the errors above.
	Kind error
	// Header is that of the message, where one was understood.
	Header protocol.Header
	// Field is what is above its limit, with Found and Limit.
	Field        string
	Found, Limit uint32
	// Expected is the kind of message that the role allows.
	Expected protocol.Kind
	// Cause is what is wrong with the bytes, where that is it.
	Cause error
}

var errEnded = &Error{Kind: ErrEnded}

// Error says what was broken, and by what.
func (e *Error) Error() string {
	switch e.Kind {
	case ErrKind:
		return fmt.Sprintf("expected a %v, found a %v", e.Expected, e.Header.Kind)
	case ErrLimitExceeded:
		return fmt.Sprintf("%s %d is above the agreed %d", e.Field, e.Found, e.Limit)
	case ErrUnknownMessageID, ErrDuplicateMessageID:
		return fmt.Sprintf("message_id %d %v", e.Header.MessageID, e.Kind)
	}
	if e.Cause != nil {
		return fmt.Sprintf("%v: %v", e.Kind, e.Cause)
	}
	return e.Kind.Error()
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// Answer returns what a server answers before it closes, where the error allows an answer.
func (e *Error) Answer() (protocol.Header, bool) {
	if e.Header.Kind != protocol.KindRequest {
		return protocol.Header{}, false
	}
	switch e.Kind {
	case ErrLimitExceeded:
		return e.Header.Answer(protocol.StatusLimitExceeded), true
	case ErrBatch:
		return e.Header.Answer(protocol.StatusBadEnvelope), true
	}
	return protocol.Header{}, false
}

func limitError(field string, found, limit uint32, header *protocol.Header) error {
	return &Error{Kind: ErrLimitExceeded, Field: field, Found: found, Limit: limit, Header: *header}
}

func kindError(expected protocol.Kind, header protocol.Header) error {
	return &Error{Kind: ErrKind, Expected: expected, Header: header}
}

func packetError(field string, expected, found uint64) error {
	cause := protocol.NewWireError(protocol.ErrBadLayout, field, expected, found)
	return &Error{Kind: ErrChunk, Cause: cause}
}
