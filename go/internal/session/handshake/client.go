package handshake

import (
	"errors"
	"fmt"

	"github.com/netipc/netipc/go/protocol"
)

// Why a handshake gave the client no session. Each comes as an [*Error].
var (
	// ErrProtocol: the answer is no HELLO_ACK.
	ErrProtocol = errors.New("the answer is not a HELLO_ACK")
	// ErrIncompatible: the server speaks another version.
	ErrIncompatible = errors.New("the server speaks another version of the protocol: upgrade the older side")
	// ErrAuthFailed: the server does not accept the token, or this user.
	ErrAuthFailed = errors.New("the server refused the auth token: use the token the server was started with")
	// ErrNoProfile: the sides have no profile in common.
	ErrNoProfile = errors.New("no transport profile in common with the server")
	// ErrLimitExceeded: the server takes no requests as large as proposed.
	ErrLimitExceeded = errors.New("the proposed request limits are above the server's")
	// ErrRejected: the server is full, or failed.
	ErrRejected = errors.New("the server turned the session down")
	// ErrProfile: the server selected a profile that it may not.
	ErrProfile = errors.New("the server selected a profile that was not offered")
	// ErrPacketSize: the server agreed on a packet size that cannot be.
	ErrPacketSize = errors.New("the server agreed on an impossible packet size")
	// ErrLimit: the server agreed on more than it may.
	ErrLimit = errors.New("the server agreed on more than the limit")
)

// Error says why a handshake gave the client no session.
type Error struct {
	// Kind is one of the errors above.
	Kind error
	// Status is what the server said, where it refused.
	Status protocol.Status
	// What, Found and Allowed are what the server agreed on and may not: profiles are numbers here. Of
	// [ErrNoProfile], Allowed is what was offered.
	What           string
	Found, Allowed uint32
	// Cause is what is wrong with the bytes, where that is it.
	Cause error
}

// Error tells what the server said, and what to do where that is known.
func (e *Error) Error() string {
	switch {
	case e.Cause != nil:
		return fmt.Sprintf("%v: %v", e.Kind, e.Cause)
	case e.Kind == ErrRejected:
		text := fmt.Sprintf("%v with %v", e.Kind, e.Status)
		if e.Status == protocol.StatusInternalError {
			text += ": all its sessions are taken (raise its workers), or it stops"
		}
		return text
	case e.Kind == ErrNoProfile:
		// The server does not tell its client what it takes.
		return fmt.Sprintf("%v: offered was %v, the server's log names both lists", e.Kind, protocol.Profiles(e.Allowed))
	case e.Kind == ErrProfile:
		return fmt.Sprintf("%v: %v of %v", e.Kind, protocol.Profiles(e.Found), protocol.Profiles(e.Allowed))
	case e.What != "":
		return fmt.Sprintf("%v: %d %s, at most %d are allowed", e.Kind, e.Found, e.What, e.Allowed)
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

// Hello returns the packet that a client sends first.
func (p *Proposal) Hello() [HelloPacketLen]byte {
	hello := protocol.Hello{
		LayoutVersion:           protocol.HelloLayout,
		Supported:               p.Supported,
		Preferred:               p.Preferred,
		MaxRequestPayloadBytes:  p.Request.PayloadBytes,
		MaxRequestBatchItems:    p.Request.BatchItems,
		MaxResponsePayloadBytes: p.Response.PayloadBytes,
		MaxResponseBatchItems:   p.Response.BatchItems,
		AuthToken:               p.AuthToken,
		PacketSize:              p.PacketSize,
	}
	var packet [HelloPacketLen]byte
	header := envelope(protocol.OpcodeHello, protocol.StatusOK, protocol.HelloLen)
	header.Encode((*[protocol.HeaderLen]byte)(packet[:]))
	hello.Encode((*[protocol.HelloLen]byte)(packet[protocol.HeaderLen:]))
	return packet
}

// Ack checks the server's answer, check by check in the order of the contract. It fails with an
// [*Error].
func (p *Proposal) Ack(packet []byte) (Agreed, error) {
	header, err := protocol.DecodeHeader(packet)
	if errors.Is(err, protocol.ErrBadVersion) {
		return Agreed{}, &Error{Kind: ErrIncompatible, Cause: err}
	}
	if err != nil {
		return Agreed{}, &Error{Kind: ErrProtocol, Cause: err}
	}
	if err := expect("hello_ack kind", uint64(protocol.KindControl), uint64(header.Kind)); err != nil {
		return Agreed{}, err
	}
	if err := expect("hello_ack opcode", uint64(protocol.OpcodeHelloAck), uint64(header.Code)); err != nil {
		return Agreed{}, err
	}
	if header.Status != protocol.StatusOK {
		return Agreed{}, p.refused(header.Status)
	}
	if err := expect("hello_ack length", AckPacketLen, uint64(len(packet))); err != nil {
		return Agreed{}, err
	}
	ack, err := protocol.DecodeHelloAck(packet[protocol.HeaderLen:])
	if err != nil {
		return Agreed{}, &Error{Kind: ErrProtocol, Cause: err}
	}
	if err := p.validateAck(&ack); err != nil {
		return Agreed{}, err
	}
	return agreed(&ack), nil
}

func (p *Proposal) validateAck(ack *protocol.HelloAck) error {
	if ack.LayoutVersion != protocol.HelloLayout {
		cause := protocol.NewWireError(protocol.ErrBadLayout, "hello_ack layout_version",
			uint64(protocol.HelloLayout), uint64(ack.LayoutVersion))
		return &Error{Kind: ErrIncompatible, Cause: cause}
	}
	if err := expect("hello_ack flags", 0, uint64(ack.Flags)); err != nil {
		return err
	}
	if !ack.Selected.IsOne() || ack.Selected&p.Supported == 0 {
		return &Error{Kind: ErrProfile, Found: uint32(ack.Selected), Allowed: uint32(p.Supported)}
	}
	if ack.PacketSize <= protocol.HeaderLen || ack.PacketSize > p.PacketSize {
		return &Error{Kind: ErrPacketSize, What: "bytes of a packet", Found: ack.PacketSize, Allowed: p.PacketSize}
	}
	limits := [...]struct {
		what           string
		found, allowed uint32
	}{
		{"request payload bytes", ack.MaxRequestPayloadBytes, p.Request.PayloadBytes},
		{"request batch items", ack.MaxRequestBatchItems, p.Request.BatchItems},
		{"response payload bytes", ack.MaxResponsePayloadBytes, p.ResponseCeiling},
	}
	for _, limit := range limits {
		if limit.found > limit.allowed {
			return &Error{Kind: ErrLimit, What: limit.what, Found: limit.found, Allowed: limit.allowed}
		}
	}
	return nil
}

// refused is what the server means by a status other than OK.
func (p *Proposal) refused(status protocol.Status) error {
	refused := &Error{Kind: refusalKind(status), Status: status}
	if refused.Kind == ErrNoProfile {
		refused.Allowed = uint32(p.Supported)
	}
	return refused
}

func refusalKind(status protocol.Status) error {
	switch status {
	case protocol.StatusAuthFailed:
		return ErrAuthFailed
	case protocol.StatusUnsupported:
		return ErrNoProfile
	case protocol.StatusIncompatible:
		return ErrIncompatible
	case protocol.StatusLimitExceeded:
		return ErrLimitExceeded
	}
	return ErrRejected
}

func expect(field string, want, found uint64) error {
	if found == want {
		return nil
	}
	cause := protocol.NewWireError(protocol.ErrBadLayout, field, want, found)
	return &Error{Kind: ErrProtocol, Cause: cause}
}
