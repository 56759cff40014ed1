package handshake_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
)

func twoProfiles() *handshake.Proposal {
	p := proposal()
	p.Supported = 3
	return &p
}

func ack(t *testing.T) []byte {
	t.Helper()
	hello, server := twoProfiles().Hello(), policy()
	offer, refusal := server.Hello(hello[:], true)
	if refusal != nil {
		t.Fatal(refusal)
	}
	packet := offer.Accept(1)
	return packet[:]
}

// clientRows are what the client checks, in order, and what it then says: the kind, and the field or
// the limit.
var clientRows = []struct {
	name  string
	spoil func([]byte) []byte
	want  error
	what  string
}{
	{"no bytes", cut(0), handshake.ErrProtocol, "header"},
	{"31 bytes", cut(31), handshake.ErrProtocol, "header"},
	{"magic", put(0, "\x00"), handshake.ErrProtocol, "header magic"},
	{"version", put(4, "\x02"), handshake.ErrIncompatible, "header version"},
	{"header_len", put(6, "\x28"), handshake.ErrProtocol, "header length"},
	{"unknown kind", put(8, "\x04"), handshake.ErrProtocol, "message kind"},
	{"kind", put(8, "\x02"), handshake.ErrProtocol, "hello_ack kind"},
	{"code", put(12, "\x01"), handshake.ErrProtocol, "hello_ack opcode"},
	{"auth failed", put(14, "\x02\x00"), handshake.ErrAuthFailed, ""},
	{"unsupported", put(14, "\x04\x00"), handshake.ErrNoProfile, ""},
	{"incompatible", put(14, "\x03\x00"), handshake.ErrIncompatible, ""},
	{"limit exceeded", put(14, "\x05\x00"), handshake.ErrLimitExceeded, ""},
	{"bad envelope", put(14, "\x01\x00"), handshake.ErrRejected, ""},
	{"internal error", put(14, "\x06\x00"), handshake.ErrRejected, ""},
	{"unknown status", put(14, "\x00\x09"), handshake.ErrRejected, ""},
	{"79 bytes", cut(79), handshake.ErrProtocol, "hello_ack length"},
	{"81 bytes", grow(81), handshake.ErrProtocol, "hello_ack length"},
	{"layout", put(32, "\x02"), handshake.ErrIncompatible, "hello_ack layout_version"},
	{"flags", put(34, "\x01"), handshake.ErrProtocol, "hello_ack flags"},
	{"no profile", put(44, "\x00"), handshake.ErrProfile, ""},
	{"two profiles", put(44, "\x03"), handshake.ErrProfile, ""},
	{"not offered", put(44, "\x04"), handshake.ErrProfile, ""},
	{"packet size 32", put(64, "\x20\x00\x00\x00"), handshake.ErrPacketSize, "bytes of a packet"},
	{"packet size", put(64, "\x01\x00\x09\x00"), handshake.ErrPacketSize, "bytes of a packet"},
	{"request bytes", put(48, "\x01\x04"), handshake.ErrLimit, "request payload bytes"},
	{"request items", put(52, "\x02"), handshake.ErrLimit, "request batch items"},
	{"response bytes", put(56, "\x01\x00\x00\x04"), handshake.ErrLimit, "response payload bytes"},
}

// judgedBy returns the error of the client, and the field or the limit in it.
func judgedBy(t *testing.T, packet []byte) (*handshake.Error, string) {
	t.Helper()
	_, err := twoProfiles().Ack(packet)
	var failed *handshake.Error
	if !errors.As(err, &failed) {
		t.Fatalf("got %v", err)
	}
	var wire *protocol.WireError
	if errors.As(err, &wire) {
		return failed, wire.Field
	}
	return failed, failed.What
}

// Rule W17.
func TestClientRefusesByRowAndTheFirstDecides(t *testing.T) {
	if _, err := twoProfiles().Ack(ack(t)); err != nil {
		t.Fatal(err)
	}
	for i, row := range clientRows {
		first, what := judgedBy(t, row.spoil(ack(t)))
		if first.Kind != row.want || what != row.what || !errors.Is(first, row.want) {
			t.Errorf("%s: %v", row.name, first)
		}
		for _, later := range clientRows[i+1:] {
			both, _ := judgedBy(t, row.spoil(later.spoil(ack(t))))
			if both.Error() != first.Error() {
				t.Errorf("%s and %s: %v, want %v", row.name, later.name, both, first)
			}
		}
	}
}

func TestAnAckIs80Bytes(t *testing.T) {
	for size := 32; size <= 128; size++ {
		if size == handshake.AckPacketLen {
			continue
		}
		if _, what := judgedBy(t, grow(size)(cut(size)(ack(t)))); what != "hello_ack length" {
			t.Errorf("%d bytes: %s", size, what)
		}
	}
	refused := put(14, "\x02\x00")(ack(t))[:32]
	if failed, _ := judgedBy(t, refused); failed.Kind != handshake.ErrAuthFailed {
		t.Errorf("a refusal without its payload: %v", failed)
	}
}

// Rule W17.
func TestTheClientTakesWhatItDoesNotCheck(t *testing.T) {
	// A response limit beside the hint, up to the ceiling; smaller request limits; unknown profiles.
	for at, values := range map[int][]uint32{36: {1<<32 - 1}, 56: {0, 1, 64 << 20}, 48: {3}} {
		for _, value := range values {
			packet := ack(t)
			le.PutUint32(packet[at:], value)
			agreed, err := twoProfiles().Ack(packet)
			if err != nil {
				t.Errorf("%d at %d: %v", value, at, err)
			}
			if at == 56 && agreed.Limits.Response.PayloadBytes != value {
				t.Errorf("%d bytes of response, want %d", agreed.Limits.Response.PayloadBytes, value)
			}
		}
	}
	packet := ack(t)
	// The padding at 36; flags of the envelope; payload_len, item_count and message_id.
	for _, part := range [][2]int{{68, 72}, {10, 12}, {16, 32}} {
		for i := part[0]; i < part[1]; i++ {
			packet[i] = 0xff
		}
	}
	if _, err := twoProfiles().Ack(packet); err != nil {
		t.Error(err)
	}
}

func TestVectors(t *testing.T) {
	var vectors []struct{ Name, Hex string }
	text, err := os.ReadFile("../../../../vectors/handshake.json")
	if err == nil {
		err = json.Unmarshal(text, &vectors)
	}
	if err != nil {
		t.Fatal(err)
	}
	client, server := proposal(), policy()
	hello := client.Hello()
	client.PacketSize = 4096
	smaller := client.Hello()
	offer, refusal := server.Hello(smaller[:], true)
	if refusal != nil {
		t.Fatal(refusal)
	}
	accepted := offer.Accept(7)
	refused, _ := (&handshake.Refusal{Status: protocol.StatusAuthFailed}).Packet()
	ours := map[string][]byte{
		"hello_packet":           hello[:],
		"ack_packet":             accepted[:],
		"ack_auth_failed_packet": refused[:],
	}
	if len(vectors) != len(ours) {
		t.Fatalf("%d vectors", len(vectors))
	}
	for _, vector := range vectors {
		if got := hex.EncodeToString(ours[vector.Name]); got != vector.Hex {
			t.Errorf("%s: %s, want %s", vector.Name, got, vector.Hex)
		}
	}
}
