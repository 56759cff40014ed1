package session_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
)

// FuzzSession has packets come that were made of data: lengths and bytes, over messages of a real
// client that are spoilt on the way. Whatever comes, a session completes messages within its limits
// or ends, and never takes more memory than they allow.
func FuzzSession(f *testing.F) {
	f.Add(byte(0), uint16(100), []byte{})
	f.Add(byte(1), uint16(1000), []byte{20, 0, 1})
	f.Add(byte(2), uint16(64), []byte{40, 0, 0xff, 3, 1, 2})
	f.Add(byte(7), uint16(300), bytes.Repeat([]byte{33, 0, 1}, 20))
	f.Fuzz(func(t *testing.T, mode byte, size uint16, changes []byte) {
		framing := session.Framing(mode & 1)
		role := session.Role(mode >> 1 & 1)
		payload := pattern(int(mode), int(size)%1001)
		c := session.New(session.RoleClient, narrow, framing)
		s := session.New(session.RoleServer, narrow, framing)
		asked := send(t, c, request(7), payload)
		to, packets := s, asked
		if role == session.RoleClient {
			to, packets = c, send(t, s, request(7).Answer(protocol.StatusOK), payload)
		}
		spoilt := spoil(packets, changes, mode&4 != 0)
		var came *session.Message
		for _, packet := range packets {
			message, complete, err := deliver(to, packet)
			if space := len(to.Space()); space < protocol.HeaderLen || space > protocol.HeaderLen+1000 {
				t.Fatalf("%d bytes of space", space)
			}
			if err != nil {
				if !spoilt {
					t.Fatal(err)
				}
				if _, _, again := deliver(to, packet); again == nil {
					t.Fatal("it goes on after an error")
				}
				return
			}
			if complete {
				came = &message
				if int(message.Header.PayloadLen) != len(message.Payload) || len(message.Payload) > 1000 {
					t.Fatalf("%d bytes for %+v", len(message.Payload), message.Header)
				}
			}
		}
		if !spoilt && (came == nil || !bytes.Equal(came.Payload, payload)) {
			t.Fatalf("another message: %+v", came)
		}
	})
}

// spoil changes packets by three bytes each: where, and what is added there; with cuts, where a packet
// ends. It tells whether it did.
func spoil(packets [][]byte, changes []byte, cuts bool) bool {
	spoilt := false
	for i := 0; len(changes) >= 3; i, changes = i+1, changes[3:] {
		packet := packets[i%len(packets)]
		at := int(binary.LittleEndian.Uint16(changes)) % (len(packet) + 1)
		if cuts && changes[2] == 0 {
			packets[i%len(packets)], spoilt = packet[:at:at], true
		} else if at < len(packet) && changes[2] != 0 {
			packet[at] += changes[2]
			spoilt = true
		}
	}
	return spoilt
}
