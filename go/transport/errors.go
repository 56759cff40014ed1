package transport

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// What can become of a link. errors.Is finds them behind whatever wraps them.
var (
	// ErrDisconnected: the peer closed the connection in order.
	ErrDisconnected = errors.New("the peer closed the connection")
	// ErrReset: the connection broke.
	ErrReset = errors.New("the connection broke")
	// ErrTimeout: the deadline passed.
	ErrTimeout = errors.New("the deadline passed")
	// ErrAborted: the owner called it off.
	ErrAborted = errors.New("aborted by the owner")
	// ErrProtocol: the peer broke the rules of the transport. It comes as a [*ProtocolError].
	ErrProtocol = errors.New("the peer broke the rules of the transport")
	// ErrTooLarge: the packet is larger than the link carries. It comes as a [*TooLargeError].
	ErrTooLarge = errors.New("the packet is larger than the link carries")
	// ErrEmpty: an empty packet cannot be sent.
	ErrEmpty = errors.New("a packet needs at least one byte")
	// ErrBusy: as many messages are under way as the link carries.
	ErrBusy = errors.New("the last message is still unanswered")
	// ErrEndpointLost: the endpoint of a listener was taken away, and cannot be had again.
	ErrEndpointLost = errors.New("the endpoint was taken away from its server")
	// ErrClosed: the link or the listener was closed by its owner.
	ErrClosed = errors.New("already closed")
)

// Why there is no connection, no endpoint or no region.
var (
	// ErrNotFound: nobody serves the endpoint.
	ErrNotFound = errors.New("no server there")
	// ErrDenied: the endpoint exists and we may not use it.
	ErrDenied = errors.New("no permission")
	// ErrUntrustedServer: the process that serves the endpoint is of a user whom we have no reason to trust
	// with a token.
	ErrUntrustedServer = errors.New("a server of a user who is not trusted")
	// ErrAddressInUse: somebody else serves the endpoint, or may: nothing was deleted.
	ErrAddressInUse = errors.New("in use by another server")
	// ErrInvalidName: the service name cannot be part of a file name.
	ErrInvalidName = errors.New("invalid service name")
	// ErrPathTooLong: what the platform makes of an endpoint is longer than it can be there.
	ErrPathTooLong = errors.New("the name of the endpoint is too long for the platform")
	// ErrHungUp: the server hung up before its region was attached. It says nothing about shared
	// memory.
	ErrHungUp = errors.New("the server hung up before its region was attached")
	// ErrUnusable: there is no usable region. Leave its profile out of the next proposal.
	ErrUnusable = errors.New("the region is not usable")
	// ErrUnsupported: the platform, or the transport, cannot do that.
	ErrUnsupported = errors.New("not supported here")
)

// ProtocolError says which rule of the transport the peer broke. It is an [ErrProtocol].
type ProtocolError struct {
	// What is the rule.
	What string
}

// Error names the rule.
func (e *ProtocolError) Error() string { return ErrProtocol.Error() + ": " + e.What }

// Unwrap returns [ErrProtocol].
func (e *ProtocolError) Unwrap() error { return ErrProtocol }

// TooLargeError says by how much a packet is too large. It is an [ErrTooLarge].
type TooLargeError struct {
	// Size is the bytes of the packet.
	Size int
	// Limit is the bytes that the link carries.
	Limit int
}

// Error tells both sizes.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("a packet of %d bytes exceeds the %d bytes that the link carries", e.Size, e.Limit)
}

// Unwrap returns [ErrTooLarge].
func (e *TooLargeError) Unwrap() error { return ErrTooLarge }

// ConnectError says why there is no connection.
type ConnectError struct {
	// Endpoint is where.
	Endpoint string
	// Kind is [ErrNotFound], [ErrDenied], [ErrUntrustedServer], [ErrTimeout], [ErrAborted], [ErrUnsupported], or nil where the
	// system failed.
	Kind error
	// Why is what there is none of where nobody serves, if not the socket or the pipe itself: a run directory, or a server that
	// listens at the socket.
	Why string
	// Cause is what the system said, if it did.
	Cause error
}

// Error names the endpoint, what became of it, and the cause.
func (e *ConnectError) Error() string {
	return describe("cannot connect to "+e.Endpoint, e.Kind, e.Why, e.Cause)
}

// Unwrap returns kind and cause.
func (e *ConnectError) Unwrap() []error { return present(e.Kind, e.Cause) }

// BindError says why an endpoint could not be bound.
type BindError struct {
	// Endpoint is where.
	Endpoint string
	// Kind is [ErrAddressInUse], [ErrUnsupported], or nil where the system failed.
	Kind error
	// Why is how an endpoint in use is known to be so.
	Why string
	// Holders are the processes that hold it then, as far as the system tells.
	Holders []int
	// Cause is what the system said, if it did.
	Cause error
}

// Error names the endpoint, what became of it, and the cause.
func (e *BindError) Error() string {
	what := "cannot listen at " + e.Endpoint
	if errors.Is(e.Cause, fs.ErrNotExist) {
		what += fmt.Sprintf(": the run directory %s does not exist: create it with mode 0700", filepath.Dir(e.Endpoint))
	}
	return describe(what, e.Kind, e.Why+heldBy(e.Holders), e.Cause)
}

// Unwrap returns kind and cause.
func (e *BindError) Unwrap() []error { return present(e.Kind, e.Cause) }

// AttachError says why the region that the server offered could not be used.
type AttachError struct {
	// Region is its name.
	Region string
	// Profile is the bit of the profile that was selected.
	Profile uint32
	// Kind is [ErrHungUp], [ErrUnusable], [ErrTimeout] or [ErrAborted].
	Kind error
	// Why is what is wrong with an unusable one.
	Why string
}

// Error names the region and what became of it.
func (e *AttachError) Error() string {
	return describe("cannot attach the region "+e.Region, e.Kind, e.Why, nil)
}

// Unwrap returns the kind.
func (e *AttachError) Unwrap() error { return e.Kind }

// EndpointError says why a name is no endpoint.
type EndpointError struct {
	// Kind is [ErrInvalidName] or [ErrPathTooLong].
	Kind error
	// Name is the service name, or what the platform has made of the endpoint.
	Name string
	// Limit is the bytes that a name may have that is too long.
	Limit int
}

// Error names what was given and what to do.
func (e *EndpointError) Error() string {
	if e.Kind == ErrPathTooLong {
		return fmt.Sprintf("the name %s has %d bytes and may have %d: shorten the run directory or the service name",
			e.Name, len(e.Name), e.Limit)
	}
	return fmt.Sprintf("invalid service name %q: use letters, digits, '.', '_' and '-', and neither '.' nor '..'", e.Name)
}

// Unwrap returns the kind.
func (e *EndpointError) Unwrap() error { return e.Kind }

func heldBy(holders []int) string {
	switch len(holders) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(" (process %d)", holders[0])
	}
	return " (processes " + strings.Trim(strings.ReplaceAll(fmt.Sprint(holders), " ", ", "), "[]") + ")"
}

func describe(what string, kind error, why string, cause error) string {
	if kind != nil {
		what += ": " + kind.Error()
	}
	if why != "" {
		what += ": " + why
	}
	if cause != nil {
		what += ": " + cause.Error()
	}
	return what
}

func present(errs ...error) []error {
	var found []error
	for _, err := range errs {
		if err != nil {
			found = append(found, err)
		}
	}
	return found
}
