package cli

import (
	"errors"

	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/transport"
)

// OfOpen is the exit for a connection that gave no session.
func OfOpen(cause error) Exit {
	var invalid *transport.EndpointError
	switch {
	case errors.As(cause, &invalid):
		return Usage
	case errors.Is(cause, transport.ErrNotFound):
		return NotFound
	case errors.Is(cause, transport.ErrDenied), errors.Is(cause, handshake.ErrAuthFailed):
		return AuthFailed
	case errors.Is(cause, handshake.ErrNoProfile), errors.Is(cause, handshake.ErrIncompatible):
		return Incompatible
	case errors.Is(cause, transport.ErrTimeout), errors.Is(cause, transport.ErrAborted):
		return Timeout
	case errors.Is(cause, handshake.ErrRejected), errors.Is(cause, handshake.ErrLimitExceeded):
		return NoSession
	}
	var broken *handshake.Error
	if errors.As(cause, &broken) {
		return Protocol
	}
	return NoSession
}

// OfCall is the exit for a call that gave no reply.
func OfCall(cause error) Exit {
	var failure *service.Failure
	if !errors.As(cause, &failure) {
		return Failed
	}
	switch failure.Kind {
	case service.FailureNotReady:
		return ofState(failure.State)
	case service.FailureTimeout, service.FailureAborted:
		return Timeout
	case service.FailureLost:
		return NoSession
	case service.FailureReconnect:
		return OfOpen(failure.Cause)
	case service.FailureProtocol:
		return Protocol
	case service.FailureUnsupported:
		return Incompatible
	case service.FailureLimitExceeded, service.FailureOverflow:
		return TooLarge
	case service.FailureInvalidRequest:
		return Usage
	}
	return Failed
}

// OfServe is the exit for a provider that does not start.
func OfServe(cause error) Exit {
	switch {
	case errors.Is(cause, service.ErrInvalidRequest):
		return Usage
	case errors.Is(cause, service.ErrAddressInUse):
		return AddressInUse
	}
	return Failed
}

// ofState is the exit for a client that could not get ready.
func ofState(state service.ClientState) Exit {
	switch state {
	case service.StateNotFound:
		return NotFound
	case service.StateAuthFailed:
		return AuthFailed
	case service.StateIncompatible:
		return Incompatible
	}
	return NoSession
}
