package handshake_test

import (
	"testing"

	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
)

// shake runs both sides of a handshake that goes well.
func shake(t *testing.T, client handshake.Proposal, server handshake.Policy, id uint64) handshake.Agreed {
	t.Helper()
	hello := client.Hello()
	offer, refusal := server.Hello(hello[:], true)
	if refusal != nil {
		t.Fatal(refusal)
	}
	ack := offer.Accept(id)
	agreed, err := client.Ack(ack[:])
	if err != nil {
		t.Fatal(err)
	}
	if agreed != offer.Agreed(id) || agreed.Profile != offer.Profile() {
		t.Fatalf("the sides differ: %+v, %+v", agreed, offer.Agreed(id))
	}
	return agreed
}

func withProfiles(client, server [2]protocol.Profiles) (handshake.Proposal, handshake.Policy) {
	ours, theirs := proposal(), policy()
	ours.Supported, ours.Preferred = client[0], client[1]
	theirs.Supported, theirs.Preferred = server[0], server[1]
	return ours, theirs
}

type profiles = [2]protocol.Profiles

func TestSelectedProfile(t *testing.T) {
	// supported and preferred of the client, of the server -> selected
	for _, row := range []struct {
		client, server profiles
		want           protocol.Profiles
	}{
		{profiles{0x01, 0}, profiles{0x01, 0}, 0x01},
		{profiles{0x07, 0}, profiles{0x07, 0}, 0x04}, // no preference is not the baseline
		{profiles{0x07, 4}, profiles{0x07, 0}, 0x04},
		{profiles{0x07, 3}, profiles{0x07, 6}, 0x02},
		{profiles{0x07, 1}, profiles{0x07, 1}, 0x01},
		{profiles{0x07, 1}, profiles{0x07, 4}, 0x04}, // nothing both prefer
		{profiles{0x07, 8}, profiles{0x07, 8}, 0x04}, // what both prefer, neither has
		{profiles{0x03, 0xff}, profiles{0x07, 0xff}, 0x02},
		{profiles{0x01, 4}, profiles{0x07, 4}, 0x01},
		{profiles{0xffffffff, 0}, profiles{0x03, 0}, 0x02}, // bits that only the client knows
		{profiles{0x01, 0}, profiles{0xffffffff, 0}, 0x01},
		{profiles{0x11, 0}, profiles{0x11, 0}, 0x10}, // an extension of our own
	} {
		client, server := withProfiles(row.client, row.server)
		agreed := shake(t, client, server, 1)
		if agreed.Profile != row.want || agreed.ServerSupported != row.server[0] {
			t.Errorf("%x %x: %x, want %x", row.client, row.server, uint32(agreed.Profile), uint32(row.want))
		}
	}
}

func TestEveryChoiceOfFourProfiles(t *testing.T) {
	for bits := range protocol.Profiles(1 << 16) {
		cs, cp, ss, sp := bits&0xf, bits>>4&0xf, bits>>8&0xf, bits>>12&0xf
		from := cs & ss
		if from&cp&sp != 0 {
			from &= cp & sp
		}
		if from == 0 {
			continue
		}
		want := protocol.Profiles(8)
		for want&from == 0 {
			want >>= 1
		}
		client, server := withProfiles(profiles{cs, cp}, profiles{ss, sp})
		if got := shake(t, client, server, 1).Profile; got != want {
			t.Fatalf("%x: %v, want %v", uint32(bits), got, want)
		}
	}
}

func TestTheNextBestProfile(t *testing.T) {
	for _, row := range []struct {
		client, server profiles
		want           []protocol.Profiles
	}{
		{profiles{7, 0}, profiles{7, 0}, []protocol.Profiles{4, 2, 1}},
		{profiles{7, 3}, profiles{7, 3}, []protocol.Profiles{2, 1, 4}}, // what both prefer first
		{profiles{5, 0}, profiles{7, 0}, []protocol.Profiles{4, 1}},
		{profiles{1, 0}, profiles{1, 0}, []protocol.Profiles{1}},
	} {
		client, server := withProfiles(row.client, row.server)
		hello := client.Hello()
		offer, _ := server.Hello(hello[:], true)
		for i, want := range row.want {
			ack := offer.Accept(3)
			agreed, err := client.Ack(ack[:])
			if err != nil || offer.Profile() != want || agreed != offer.Agreed(3) {
				t.Fatalf("%v: %v, want %v; %v", row, offer.Profile(), want, err)
			}
			next, refusal := offer.WithoutProfile()
			if last := i == len(row.want)-1; last != (refusal != nil) {
				t.Fatalf("%v: after %d: %v", row, i, refusal)
			} else if last && told(t, refusal) != verdict(protocol.StatusUnsupported) {
				t.Fatal(refusal)
			}
			offer = next
		}
	}
}

func TestResponseBytesAreTheServersDecision(t *testing.T) {
	const mib = 1 << 20
	for _, row := range []struct{ hint, minimum, maximum, want uint32 }{
		{0, 1024, mib, 1024}, {1, 1024, mib, 1024}, {1024, 1024, mib, 1024}, {1025, 1024, mib, 1025},
		{65536, 1024, mib, 65536}, {1<<32 - 1, 1024, mib, mib}, {0, 1024, 100, 100}, {4096, 1024, 100, 100},
		{0, 65536, mib, 65536}, {1024, 65536, mib, 65536}, {65535, 65536, mib, 65536}, {65537, 65536, mib, 65537},
	} {
		client, server := proposal(), policy()
		client.Response.PayloadBytes = row.hint
		server.MinResponseBytes, server.MaxResponseBytes = row.minimum, row.maximum
		if got := shake(t, client, server, 1).Limits.Response.PayloadBytes; got != row.want {
			t.Errorf("%+v: %d", row, got)
		}
	}
}

func TestRequestLimitsAndPacketSize(t *testing.T) {
	client, server := proposal(), policy()
	server.Request.BatchItems = 100
	client.Response.BatchItems = 5
	for _, request := range []session.DirectionLimits{{PayloadBytes: 777, BatchItems: 9}, {}} {
		for _, row := range [][3]uint32{{4096, 8192, 4096}, {8192, 4096, 4096}, {33, 33, 33}} {
			client.Request = request
			client.PacketSize, server.PacketSize = row[0], row[1]
			limits := shake(t, client, server, 1).Limits
			if limits.PacketSize != row[2] || limits.Request != request || limits.Response.BatchItems != request.BatchItems {
				t.Errorf("%+v and %v: %+v", request, row, limits)
			}
		}
	}
	for _, id := range []uint64{0, 1, 77, 1<<64 - 1} {
		if got := shake(t, proposal(), policy(), id).SessionID; got != id {
			t.Errorf("session %d, want %d", got, id)
		}
	}
}
