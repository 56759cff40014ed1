package handshake_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
)

const (
	token      = 0x1122334455667788
	maxRequest = 0x10000
)

var le = binary.LittleEndian

// proposal is what a client proposes that was told nothing but a token.
func proposal() handshake.Proposal {
	limits := session.DirectionLimits{PayloadBytes: 1024, BatchItems: 1}
	return handshake.Proposal{
		Supported:       protocol.ProfileBaseline,
		Request:         limits,
		Response:        limits,
		AuthToken:       token,
		PacketSize:      212_992,
		ResponseCeiling: 64 << 20,
	}
}

// policy is what a server decides by that was told nothing but a token.
func policy() handshake.Policy {
	return handshake.Policy{
		Supported:        protocol.ProfileBaseline,
		Request:          session.DirectionLimits{PayloadBytes: 1 << 20, BatchItems: 1},
		MinResponseBytes: handshake.MinResponseBytes,
		MaxResponseBytes: 1 << 20,
		AuthToken:        token,
		PacketSize:       212_960,
	}
}

func hello() []byte {
	p := proposal()
	packet := p.Hello()
	return packet[:]
}

// verdict is what a client sees of the server's judgement: a status, or one of these.
type verdict int

const (
	accepted verdict = 0
	closed   verdict = -1
)

func judged(t *testing.T, packet []byte, peerAllowed bool) verdict {
	t.Helper()
	strict := policy()
	strict.Request = session.DirectionLimits{PayloadBytes: maxRequest, BatchItems: 16}
	_, refusal := strict.Hello(packet, peerAllowed)
	if refusal == nil {
		return accepted
	}
	return told(t, refusal)
}

// told returns the status of a refusal, whose every other byte is given.
func told(t *testing.T, refusal *handshake.Refusal) verdict {
	t.Helper()
	packet, answers := refusal.Packet()
	if !answers {
		return closed
	}
	header, err := protocol.DecodeHeader(packet[:])
	if err != nil || header.Status == protocol.StatusOK {
		t.Fatalf("%+v, %v", header, err)
	}
	want := protocol.Header{Kind: protocol.KindControl, Code: 2, Status: header.Status, PayloadLen: 48, ItemCount: 1}
	if header != want || [48]byte(packet[32:]) != [48]byte{1} {
		t.Fatalf("% x", packet)
	}
	return verdict(header.Status)
}

// serverRows are what the server checks, in order.
var serverRows = []struct {
	name  string
	spoil func(p []byte) []byte
	want  verdict
}{
	{"31 bytes", cut(31), closed},
	{"129 bytes", grow(129), closed},
	{"magic", put(0, "NIPC"), closed},
	{"header_len", put(6, "!"), closed},
	{"kind", put(8, "\x01"), closed},
	{"unknown kind", put(8, "\x09"), closed},
	{"code", put(12, "\x02"), closed},
	{"version", put(4, "\x02"), verdict(protocol.StatusIncompatible)},
	{"75 bytes", cut(75), closed},
	{"32 bytes", cut(32), closed},
	{"layout", put(32, "\x02"), verdict(protocol.StatusIncompatible)},
	{"flags", put(34, "\x01"), verdict(protocol.StatusBadEnvelope)},
	{"padding", put(60, "\x01"), verdict(protocol.StatusBadEnvelope)},
	{"token", put(71, "\xff"), verdict(protocol.StatusAuthFailed)},
	{"no profile", put(36, "\x00"), verdict(protocol.StatusUnsupported)},
	{"foreign profile", put(36, "\x70"), verdict(protocol.StatusUnsupported)},
	{"request bytes", put(44, "\x01\x00\x01\x00"), verdict(protocol.StatusLimitExceeded)},
	{"request items", put(48, "\x11"), verdict(protocol.StatusLimitExceeded)},
	{"packet size", put(72, "\x20\x00\x00\x00"), verdict(protocol.StatusIncompatible)},
}

func put(at int, value string) func([]byte) []byte {
	return func(p []byte) []byte {
		if at < len(p) {
			copy(p[at:], value)
		}
		return p
	}
}

func cut(size int) func([]byte) []byte {
	return func(p []byte) []byte { return p[:min(size, len(p))] }
}

func grow(size int) func([]byte) []byte {
	return func(p []byte) []byte {
		if len(p) < size {
			p = append(p, make([]byte, size-len(p))...)
		}
		return p
	}
}

func TestServerRefusesByRowAndTheFirstDecides(t *testing.T) {
	if got := judged(t, hello(), true); got != accepted {
		t.Fatalf("a HELLO that is fine: %d", got)
	}
	for i, row := range serverRows {
		if got := judged(t, row.spoil(hello()), true); got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
		for _, later := range serverRows[i+1:] {
			if got := judged(t, row.spoil(later.spoil(hello())), true); got != row.want {
				t.Errorf("%s and %s: %d, want %d", row.name, later.name, got, row.want)
			}
		}
	}
}

func TestPeerThatIsNotAllowedIsToldWhereTheTokenIsJudged(t *testing.T) {
	auth := verdict(protocol.StatusAuthFailed)
	if got := judged(t, hello(), false); got != auth {
		t.Fatal(got)
	}
	before := true
	for _, row := range serverRows {
		before = before && row.name != "token"
		want := auth
		if before {
			want = row.want
		}
		if got := judged(t, row.spoil(hello()), false); got != want {
			t.Errorf("%s: %d, want %d", row.name, got, want)
		}
	}
}

func TestEveryBitOfTheTokenCounts(t *testing.T) {
	for bit := range 64 {
		packet := hello()
		le.PutUint64(packet[64:], token^1<<bit)
		if got := judged(t, packet, true); got != verdict(protocol.StatusAuthFailed) {
			t.Errorf("bit %d: %d", bit, got)
		}
	}
}

func TestServerWithoutAFreeSlotSaysSo(t *testing.T) {
	if got := told(t, handshake.Busy("full")); got != verdict(protocol.StatusInternalError) {
		t.Fatal(got)
	}
	packet, _ := handshake.Busy("full").Packet()
	p := proposal()
	_, err := p.Ack(packet[:])
	if !errors.Is(err, handshake.ErrRejected) {
		t.Fatal(err)
	}
}

func TestWhatTheServerDoesNotLookAt(t *testing.T) {
	for size := range 141 {
		want := closed
		if size >= 76 && size <= 128 {
			want = accepted
		}
		if got := judged(t, grow(size)(cut(size)(hello())), true); got != want {
			t.Errorf("%d bytes: %d, want %d", size, got, want)
		}
	}
	// flags, transport_status, payload_len, item_count and message_id
	for _, part := range [][2]int{{10, 12}, {14, 16}, {16, 20}, {20, 24}, {24, 32}} {
		packet := hello()
		for i := part[0]; i < part[1]; i++ {
			packet[i] = 0xff
		}
		if got := judged(t, packet, true); got != accepted {
			t.Errorf("bytes %v: %d", part, got)
		}
	}
}

func TestProposalsAreNeverClamped(t *testing.T) {
	for at, value := range map[int]uint32{44: maxRequest, 48: 16, 72: 33} {
		packet := hello()
		le.PutUint32(packet[at:], value)
		if got := judged(t, packet, true); got != accepted {
			t.Errorf("%d at %d: %d", value, at, got)
		}
	}
	narrow := policy()
	narrow.PacketSize = 32
	_, refusal := narrow.Hello(hello(), true)
	if refusal == nil || told(t, refusal) != verdict(protocol.StatusIncompatible) {
		t.Fatal(refusal)
	}
}
