package connection

import (
	driver "github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/internal/session/handshake"
)

// Why a message was not sent, or why what came has ended the session. Each comes as a [*SessionError];
// what becomes of the link below has its errors in package transport.
var (
	// ErrEnvelope: the packet does not start with an envelope. The cause is a [protocol.WireError].
	ErrEnvelope = session.ErrEnvelope
	// ErrKind: a message that this side does not send, or does not receive.
	ErrKind = session.ErrKind
	// ErrLimitExceeded: more than was agreed.
	ErrLimitExceeded = session.ErrLimitExceeded
	// ErrUnknownMessageID: an answer to nothing that was asked.
	ErrUnknownMessageID = session.ErrUnknownMessageID
	// ErrDuplicateMessageID: a request with the id of one that has no answer yet.
	ErrDuplicateMessageID = session.ErrDuplicateMessageID
	// ErrChunk: a packet that is no proper part of its message.
	ErrChunk = session.ErrChunk
	// ErrBatch: a batch whose directory points outside.
	ErrBatch = session.ErrBatch
	// ErrEnded: the session ended before.
	ErrEnded = session.ErrEnded
)

// SessionError says which rule of the session was broken: Kind is one of the errors above, Header is
// that of the message where one was understood, and Field, Found and Limit say what is above its limit.
type SessionError = session.Error

// Why a client got no session. Each comes as a [*HandshakeError].
var (
	// ErrNoHelloAck: the answer is no HELLO_ACK.
	ErrNoHelloAck = handshake.ErrProtocol
	// ErrIncompatible: the server speaks another version.
	ErrIncompatible = handshake.ErrIncompatible
	// ErrAuthFailed: the server does not accept the token, or this user.
	ErrAuthFailed = handshake.ErrAuthFailed
	// ErrNoProfile: the sides have no profile in common.
	ErrNoProfile = handshake.ErrNoProfile
	// ErrLimitsRefused: the server takes no requests as large as proposed.
	ErrLimitsRefused = handshake.ErrLimitExceeded
	// ErrRejected: the server is full, or failed.
	ErrRejected = handshake.ErrRejected
	// ErrImpossible: the server agreed on a profile, a packet size or limits that it may not.
	ErrImpossibleProfile    = handshake.ErrProfile
	ErrImpossiblePacketSize = handshake.ErrPacketSize
	ErrImpossibleLimit      = handshake.ErrLimit
)

// HandshakeError says why a client got no session: Kind is one of the errors above, Status is what the
// server said where it refused.
type HandshakeError = handshake.Error

// Refusal says why a server gave a client no session. It was answered with its Status, unless it is
// Silent, because what came was no HELLO.
type Refusal = handshake.Refusal

// IsRefusal tells whether a message was refused for what it is before anything of it was sent, so that
// the session goes on.
func IsRefusal(err error) bool { return driver.IsRefusal(err) }
