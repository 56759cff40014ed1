// Package handshake is one HELLO of the client and one HELLO_ACK of the server: who talks, over which
// profile, within which limits.
//
// Both sides are values that take the peer's packet and say what to send; package connection sends it. The pure
// rules of the negotiation are [SelectProfile] and [ResponseBytes].
package handshake

import (
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
)

const (
	// HelloPacketLen is the bytes of a HELLO packet.
	HelloPacketLen = protocol.HeaderLen + protocol.HelloLen
	// AckPacketLen is the bytes of a HELLO_ACK packet.
	AckPacketLen = protocol.HeaderLen + protocol.HelloAckLen
	// MaxHelloLen is the bytes of the longest first packet that a server looks at.
	MaxHelloLen = 128
)

// Proposal is what a client proposes. Every value is final: defaults are filled in before.
type Proposal struct {
	// Supported are the profiles that the client can use.
	Supported protocol.Profiles
	// Preferred are the profiles that it would rather use.
	Preferred protocol.Profiles
	// Request is the limits of requests.
	Request session.DirectionLimits
	// Response is the wishes for responses.
	Response session.DirectionLimits
	// AuthToken is the shared secret of the endpoint.
	AuthToken uint64
	// PacketSize is the bytes of the largest packet.
	PacketSize uint32
	// ResponseCeiling is the largest response limit, in bytes, that the client lets a server decide
	// on.
	ResponseCeiling uint32
}

// Policy is what a server decides by. Every value is final: defaults are filled in before.
type Policy struct {
	// Supported are the profiles that the server can use.
	Supported protocol.Profiles
	// Preferred are the profiles that it would rather use.
	Preferred protocol.Profiles
	// Request is the most that a request may be.
	Request session.DirectionLimits
	// MinResponseBytes is the bytes of a response payload that every client is granted, where the
	// maximum allows it.
	MinResponseBytes uint32
	// MaxResponseBytes is the bytes of the largest response payload.
	MaxResponseBytes uint32
	// AuthToken is the shared secret of the endpoint.
	AuthToken uint64
	// PacketSize is the bytes of the largest packet.
	PacketSize uint32
}

// Agreed is what both sides know when the handshake is over.
type Agreed struct {
	// Profile is the one profile of the session.
	Profile protocol.Profiles
	// Limits is the limits of the session.
	Limits session.Limits
	// SessionID is the server's number for the session.
	SessionID uint64
	// ServerSupported are the profiles that the server can use.
	ServerSupported protocol.Profiles
}

// MinResponseBytes is the least that a configured server agrees on for responses, in bytes, where its
// own maximum allows it.
const MinResponseBytes = 1024

// SelectProfile returns the profile of a session, or none where the sides have none in common.
//
// It is the highest that both prefer; the highest that both support when they prefer nothing in
// common. A side that prefers nothing does not mean the baseline by it.
func SelectProfile(intersection, clientPreferred, serverPreferred protocol.Profiles) protocol.Profiles {
	if wanted := intersection & clientPreferred & serverPreferred; wanted != 0 {
		return wanted.Highest()
	}
	return intersection.Highest()
}

// ResponseBytes returns the response limit that a server with minimum and maximum answers to hint, all
// in bytes. A maximum below the minimum counts.
func ResponseBytes(hint, minimum, maximum uint32) uint32 {
	return min(max(hint, minimum), maximum)
}

// agreed is what an accepted HELLO_ACK says.
func agreed(ack *protocol.HelloAck) Agreed {
	return Agreed{
		Profile: ack.Selected,
		Limits: session.Limits{
			Request: session.DirectionLimits{
				PayloadBytes: ack.MaxRequestPayloadBytes,
				BatchItems:   ack.MaxRequestBatchItems,
			},
			Response: session.DirectionLimits{
				PayloadBytes: ack.MaxResponsePayloadBytes,
				BatchItems:   ack.MaxResponseBatchItems,
			},
			PacketSize: ack.PacketSize,
		},
		SessionID:       ack.SessionID,
		ServerSupported: ack.Supported,
	}
}

// envelope is the header of a handshake packet.
func envelope(opcode protocol.Opcode, status protocol.Status, payload uint32) protocol.Header {
	return protocol.Header{
		Kind:       protocol.KindControl,
		Code:       uint16(opcode),
		Status:     status,
		PayloadLen: payload,
		ItemCount:  1,
	}
}

func ackPacket(status protocol.Status, ack protocol.HelloAck) [AckPacketLen]byte {
	var packet [AckPacketLen]byte
	header := envelope(protocol.OpcodeHelloAck, status, protocol.HelloAckLen)
	header.Encode((*[protocol.HeaderLen]byte)(packet[:]))
	ack.Encode((*[protocol.HelloAckLen]byte)(packet[protocol.HeaderLen:]))
	return packet
}
