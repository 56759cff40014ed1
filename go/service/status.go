package service

import (
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// ClientState is where a client stands. The numbers are those of every language's API.
type ClientState uint32

const (
	// StateDisconnected: not connected yet, or closed.
	StateDisconnected ClientState = iota
	// StateConnecting: in the middle of a connect.
	StateConnecting
	// StateReady: calls can be made.
	StateReady
	// StateNotFound: nobody serves the endpoint, which is normal. Try again later.
	StateNotFound
	// StateAuthFailed: the token or the user is not accepted.
	StateAuthFailed
	// StateIncompatible: the versions or the profiles do not match.
	StateIncompatible
	// StateBroken: the session was lost. The next refresh makes a new one.
	StateBroken
)

var stateNames = [...]string{
	"disconnected", "connecting", "ready", "not found", "auth failed", "incompatible", "broken",
}

// String returns the name.
func (s ClientState) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// MarshalText returns what [ClientState.String] does, for logs and JSON.
func (s ClientState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Counters is how often what happened, since the client was made.
type Counters struct {
	// Connects counts sessions made from scratch.
	Connects uint64
	// Reconnects counts sessions made after one was lost, or to have room for more.
	Reconnects uint64
	// Calls counts requests that were answered.
	Calls uint64
	// Errors counts calls that returned an error.
	Errors uint64
	// Retries counts requests that were sent again after a failure.
	Retries uint64
	// Timeouts counts calls that ran out of time.
	Timeouts uint64
	// Aborts counts calls that were called off.
	Aborts uint64
	// BytesSent is the bytes of requests, headers included.
	BytesSent uint64
	// BytesReceived is the bytes of answers, headers included.
	BytesReceived uint64
}

// Limits is what both sides of a session keep to.
type Limits = protocol.Limits

// DirectionLimits is what requests, or responses, may be.
type DirectionLimits = protocol.DirectionLimits

// SessionStatus is the session that a client has, and the proof of what carries it.
type SessionStatus struct {
	// Profile is the profile that was negotiated.
	Profile protocol.Profiles
	// Transport is what the data really goes over.
	Transport transport.LinkKind
	// SessionID is the server's number for the session.
	SessionID uint64
	// Limits is what both sides keep to.
	Limits Limits
	// Peer is the server's process, as far as the platform tells.
	Peer transport.Peer
	// ServerProfiles is what the server said that it can use: where shared memory is not among it, the server is not
	// configured for it, or could make no region.
	ServerProfiles protocol.Profiles
}

// ClientStatus is a client's state, what it did, and what went wrong last.
type ClientStatus struct {
	// State is where it stands.
	State ClientState
	// Counters is what happened so far.
	Counters Counters
	// Session is the session, while there is one.
	Session *SessionStatus
	// LastError is the last failure with its causes. It stays after a success.
	LastError string
	// LastSuccess is when the last call that succeeded began; zero is never.
	LastSuccess time.Time
}
