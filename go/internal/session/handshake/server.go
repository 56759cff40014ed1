package handshake

import (
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"github.com/netipc/netipc/go/protocol"
)

// Offer is the session that a server can accept after it has checked a HELLO.
//
// The caller prepares the data plane of [Offer.Profile]; where it cannot, it asks WithoutProfile for
// the next best. Then it sends the packet of Accept, or of [Refusal.Packet].
type Offer struct {
	ack protocol.HelloAck
	// The profiles in common that could still be prepared.
	candidates                       protocol.Profiles
	clientPreferred, serverPreferred protocol.Profiles
}

// Refusal says why a client gets no session.
type Refusal struct {
	// Silent tells that what came is no HELLO: it is closed without an answer.
	Silent bool
	// Status is that of the answer to the client.
	Status protocol.Status
	// Why is the reason, for the log.
	Why string
	// Cause is what is wrong with the bytes, where that is it.
	Cause error
}

// Busy is the refusal when the server has no session to give, as why says.
func Busy(why string) *Refusal { return refuse(protocol.StatusInternalError, why) }

// NoMemory is the answer when there is no memory for messages as long as proposed.
func NoMemory() *Refusal {
	return refuse(protocol.StatusLimitExceeded, "no memory for messages as long as proposed")
}

// Error says why.
func (r *Refusal) Error() string {
	if r.Silent {
		return fmt.Sprintf("not a HELLO: %v", r.Cause)
	}
	return fmt.Sprintf("refused with %v: %s", r.Status, r.Why)
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// Packet returns the packet to send before closing; false where none is to be sent.
func (r *Refusal) Packet() ([AckPacketLen]byte, bool) {
	if r.Silent {
		return [AckPacketLen]byte{}, false
	}
	return ackPacket(r.Status, protocol.HelloRefusal()), true
}

// Hello checks a client's first packet, check by check in the order of the contract. peerAllowed
// says whether the process at the other end may have a session at all.
func (p *Policy) Hello(packet []byte, peerAllowed bool) (Offer, *Refusal) {
	version, err := readVersion(packet)
	if err != nil {
		return Offer{}, &Refusal{Silent: true, Cause: err}
	}
	if version != protocol.HeaderVersion {
		return Offer{}, refuse(protocol.StatusIncompatible, "another version of the envelope")
	}
	hello, err := protocol.DecodeHello(packet[protocol.HeaderLen:])
	if err != nil {
		return Offer{}, &Refusal{Silent: true, Cause: err}
	}
	if refusal := p.validateHello(&hello, peerAllowed); refusal != nil {
		return Offer{}, refusal
	}
	return p.offer(&hello), nil
}

func (p *Policy) validateHello(hello *protocol.Hello, peerAllowed bool) *Refusal {
	switch {
	case hello.LayoutVersion != protocol.HelloLayout:
		return refuse(protocol.StatusIncompatible, "another layout of HELLO")
	case hello.Flags != 0 || hello.Padding != 0:
		return refuse(protocol.StatusBadEnvelope, "unknown flags or padding in HELLO")
	case !sameToken(hello.AuthToken, p.AuthToken):
		return refuse(protocol.StatusAuthFailed, "wrong auth token")
	case !peerAllowed:
		return refuse(protocol.StatusAuthFailed, "a user that is not allowed")
	case hello.Supported&p.Supported == 0:
		// Both lists, as the two sides are configured by different people.
		return refuse(protocol.StatusUnsupported,
			fmt.Sprintf("no profile in common: the client offers %v, this server takes %v", hello.Supported, p.Supported))
	case hello.MaxRequestPayloadBytes > p.Request.PayloadBytes,
		hello.MaxRequestBatchItems > p.Request.BatchItems:
		return refuse(protocol.StatusLimitExceeded, "a proposal above the request limits")
	case min(hello.PacketSize, p.PacketSize) <= protocol.HeaderLen:
		return refuse(protocol.StatusIncompatible, "packets without room for a payload")
	}
	return nil
}

func (p *Policy) offer(hello *protocol.Hello) Offer {
	intersection := hello.Supported & p.Supported
	return Offer{
		ack: protocol.HelloAck{
			LayoutVersion:           protocol.HelloLayout,
			Supported:               p.Supported,
			Intersection:            intersection,
			Selected:                SelectProfile(intersection, hello.Preferred, p.Preferred),
			MaxRequestPayloadBytes:  hello.MaxRequestPayloadBytes,
			MaxRequestBatchItems:    hello.MaxRequestBatchItems,
			MaxResponsePayloadBytes: ResponseBytes(hello.MaxResponsePayloadBytes, p.MinResponseBytes, p.MaxResponseBytes),
			MaxResponseBatchItems:   hello.MaxRequestBatchItems,
			PacketSize:              min(hello.PacketSize, p.PacketSize),
		},
		candidates:      intersection,
		clientPreferred: hello.Preferred,
		serverPreferred: p.Preferred,
	}
}

// Profile returns the profile whose data plane has to be ready before the acceptance leaves.
func (o *Offer) Profile() protocol.Profiles { return o.ack.Selected }

// Agreed returns what will be agreed, for session sessionID.
func (o *Offer) Agreed(sessionID uint64) Agreed {
	ack := o.ack
	ack.SessionID = sessionID
	return agreed(&ack)
}

// WithoutProfile returns the offer with the next best profile, where the selected one cannot be had.
// It refuses with [protocol.StatusUnsupported] when none is left.
func (o Offer) WithoutProfile() (Offer, *Refusal) {
	o.candidates &^= o.ack.Selected
	if o.candidates == 0 {
		return Offer{}, refuse(protocol.StatusUnsupported, "no profile left that the server can prepare")
	}
	o.ack.Selected = SelectProfile(o.candidates, o.clientPreferred, o.serverPreferred)
	return o, nil
}

// Accept returns the packet that accepts the session under sessionID.
func (o *Offer) Accept(sessionID uint64) [AckPacketLen]byte {
	ack := o.ack
	ack.SessionID = sessionID
	return ackPacket(protocol.StatusOK, ack)
}

// readVersion returns the version of a HELLO. It checks only the fields that are the same in every
// version, and fails for what is no HELLO of any.
func readVersion(packet []byte) (uint16, error) {
	bad := func(field string, expected, found uint64) (uint16, error) {
		return 0, protocol.NewWireError(protocol.ErrBadLayout, field, expected, found)
	}
	if len(packet) > MaxHelloLen {
		return bad("hello length", MaxHelloLen, uint64(len(packet)))
	}
	if len(packet) < protocol.HeaderLen {
		return 0, protocol.NewWireError(protocol.ErrTruncated, "hello", protocol.HeaderLen, uint64(len(packet)))
	}
	le := binary.LittleEndian
	if magic := le.Uint32(packet); magic != protocol.HeaderMagic {
		return bad("hello magic", uint64(protocol.HeaderMagic), uint64(magic))
	}
	if length := le.Uint16(packet[6:]); length != protocol.HeaderLen {
		return bad("hello header_len", protocol.HeaderLen, uint64(length))
	}
	if kind := le.Uint16(packet[8:]); kind != uint16(protocol.KindControl) {
		return bad("hello kind", uint64(protocol.KindControl), uint64(kind))
	}
	if opcode := le.Uint16(packet[12:]); opcode != uint16(protocol.OpcodeHello) {
		return bad("hello opcode", uint64(protocol.OpcodeHello), uint64(opcode))
	}
	return le.Uint16(packet[4:]), nil
}

// sameToken takes the same time whatever the tokens are.
func sameToken(a, b uint64) bool {
	left, right := binary.LittleEndian.AppendUint64(nil, a), binary.LittleEndian.AppendUint64(nil, b)
	return subtle.ConstantTimeCompare(left, right) == 1
}

func refuse(status protocol.Status, why string) *Refusal {
	return &Refusal{Status: status, Why: why}
}
