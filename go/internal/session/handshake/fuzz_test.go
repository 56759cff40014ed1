package handshake_test

import (
	"testing"

	"github.com/netipc/netipc/go/internal/fuzzing"
	"github.com/netipc/netipc/go/internal/session"
)

// FuzzHandshake gives both sides any packets: what a server accepts is within its policy, also after every fall back, and what a
// client accepts is within its proposal.
func FuzzHandshake(f *testing.F) {
	for _, seed := range handshakes() {
		f.Add(seed)
	}
	f.Fuzz(shakeWith)
}

func TestAnyHandshakeIsValidated(t *testing.T) { fuzzing.Feed(t, handshakes(), shakeWith) }

func handshakes() [][]byte {
	wide := policy()
	wide.Supported, wide.Preferred = 0x17, 0x04
	client := proposal()
	client.Supported = 0x17
	hello := client.Hello()
	offer, refusal := wide.Hello(hello[:], true)
	if refusal != nil {
		panic(refusal)
	}
	ack := offer.Accept(9)
	told, _ := refused()
	return [][]byte{hello[:], ack[:], told}
}

// refused is what a server tells a client with another token.
func refused() ([]byte, bool) {
	strict, client := policy(), proposal()
	client.AuthToken++
	hello := client.Hello()
	_, refusal := strict.Hello(hello[:], true)
	packet, told := refusal.Packet()
	return packet[:], told
}

func shakeWith(t *testing.T, packet []byte) {
	server := policy()
	server.Supported, server.Preferred = 0x17, 0x04
	server.Request = session.DirectionLimits{PayloadBytes: 1 << 16, BatchItems: 16}
	offer, refusal := server.Hello(packet, true)
	for refusal == nil {
		agreed := offer.Agreed(1)
		limits := agreed.Limits
		if profile := offer.Profile(); profile == 0 || profile&(profile-1) != 0 || profile&server.Supported == 0 {
			t.Fatalf("profile %#x", profile)
		}
		if limits.Request.PayloadBytes > 1<<16 || limits.Request.BatchItems > 16 ||
			limits.Response.PayloadBytes > server.MaxResponseBytes || limits.PacketSize < 33 || limits.PacketSize > server.PacketSize {
			t.Fatalf("%+v", limits)
		}
		offer, refusal = offer.WithoutProfile()
	}
	client := proposal()
	client.Supported = 0x17
	agreed, err := client.Ack(packet)
	if limits := agreed.Limits; err == nil && (limits.Request.PayloadBytes > client.Request.PayloadBytes ||
		limits.Response.PayloadBytes > client.ResponseCeiling || limits.PacketSize < 33 || limits.PacketSize > client.PacketSize) {
		t.Fatalf("%+v", limits)
	}
}
