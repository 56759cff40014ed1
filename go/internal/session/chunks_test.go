package session_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
)

// narrow are 64-byte packets: 32 bytes of data each.
var narrow = limitsOf(1000, 1, 64)

// fourPackets is a message of 100 bytes in four packets.
func fourPackets(t testing.TB) [][]byte { return send(t, client(narrow), request(7), pattern(7, 100)) }

// cutInto returns the same message in packets that carry sizes bytes, with the count that the first
// implies.
func cutInto(sizes ...int) ([][]byte, []byte) {
	total := 0
	for _, size := range sizes {
		total += size
	}
	payload := pattern(7, total)
	rest := payload
	var packets [][]byte
	for index, size := range sizes {
		var head [protocol.HeaderLen]byte
		if index == 0 {
			header := request(7)
			header.PayloadLen = uint32(total)
			header.Encode(&head)
		} else {
			chunk := protocol.ChunkHeader{
				MessageID:       7,
				TotalMessageLen: uint32(total) + 32,
				ChunkIndex:      uint32(index),
				ChunkCount:      uint32(1 + (total-sizes[0]+31)/32),
				ChunkPayloadLen: uint32(size),
			}
			chunk.Encode(&head)
		}
		packets = append(packets, slices.Concat(head[:], rest[:size]))
		rest = rest[size:]
	}
	return packets, payload
}

// broken returns the field that packets break, at the last of them.
func broken(t *testing.T, packets ...[]byte) string {
	t.Helper()
	s := server(narrow)
	for i, packet := range packets {
		_, complete, err := deliver(s, packet)
		if i < len(packets)-1 {
			if complete || err != nil {
				t.Fatalf("packet %d: %t, %v", i, complete, err)
			}
			continue
		}
		is(t, err, session.ErrChunk)
		if _, _, ended := deliver(s, encoded(request(9))); !errors.Is(ended, session.ErrEnded) {
			t.Fatalf("it goes on: %v", ended)
		}
		var wire *protocol.WireError
		if !errors.As(err, &wire) {
			t.Fatal(err)
		}
		return wire.Field
	}
	t.Fatal("nothing is broken")
	return ""
}

// Rules W6, W7, W8, W10.
func TestChunkVectors(t *testing.T) {
	var vectors []struct {
		Name       string
		PacketSize uint32 `json:"agreed_packet_size"`
		MessageID  uint64 `json:"message_id"`
		Kind       protocol.Kind
		Code       protocol.MethodCode
		Payload    string
		Packets    []string
	}
	text, err := os.ReadFile("../../../vectors/chunks.json")
	if err == nil {
		err = json.Unmarshal(text, &vectors)
	}
	if err != nil || len(vectors) == 0 {
		t.Fatal(err)
	}
	for _, vector := range vectors {
		payload, err := hex.DecodeString(vector.Payload)
		if err != nil {
			t.Fatal(err)
		}
		limits := limitsOf(1000, 1, vector.PacketSize)
		header := protocol.RequestHeader(vector.Code, vector.MessageID)
		header.Kind = vector.Kind
		packets := send(t, client(limits), header, payload)
		for i, packet := range packets {
			if got := hex.EncodeToString(packet); got != vector.Packets[i] {
				t.Errorf("%s: packet %d is %s, want %s", vector.Name, i, got, vector.Packets[i])
			}
		}
		if message := deliverAll(t, server(limits), packets); !bytes.Equal(message.Payload, payload) {
			t.Errorf("%s: another payload comes out", vector.Name)
		}
	}
}

func TestPacketsAreCutAtTheAgreedSize(t *testing.T) {
	for size, count := range map[int]int{0: 1, 1: 1, 32: 1, 33: 2, 64: 2, 65: 3, 96: 3, 97: 4} {
		packets := send(t, client(narrow), request(1), pattern(1, size))
		if len(packets) != count {
			t.Errorf("%d bytes are %d packets, want %d", size, len(packets), count)
		}
		for _, packet := range packets[:len(packets)-1] {
			if len(packet) != 64 {
				t.Errorf("a packet has %d bytes", len(packet))
			}
		}
	}
}

func TestSessionGoesOnAfterChunks(t *testing.T) {
	c, s := client(narrow), server(narrow)
	for id, size := range []int{100, 0, 1000, 33, 1, 64} {
		asked := deliverAll(t, s, send(t, c, request(uint64(id)), pattern(id, size)))
		if !bytes.Equal(asked.Payload, pattern(id, size)) {
			t.Fatalf("%d bytes: another request", size)
		}
		reply := send(t, s, asked.Header.Answer(protocol.StatusOK), pattern(id+9, size))
		if answered := deliverAll(t, c, reply); !bytes.Equal(answered.Payload, pattern(id+9, size)) {
			t.Fatalf("%d bytes: another answer", size)
		}
	}
	if c.InFlight() != 0 {
		t.Fatal("requests are in flight")
	}
}

func TestShortPacketsWithAnExactCount(t *testing.T) {
	for _, sizes := range [][]int{
		{32, 32, 32, 4}, {32, 4, 32, 32}, {32, 32, 20, 16}, {4, 32, 32, 32}, {10, 32, 32, 26},
		{0, 32, 32, 32, 4}, {0, 1}, {31, 1},
	} {
		packets, payload := cutInto(sizes...)
		if message := deliverAll(t, server(narrow), packets); !bytes.Equal(message.Payload, payload) {
			t.Errorf("%v: another payload", sizes)
		}
	}
	// Four packets are announced, and are not enough for what is left.
	for _, sizes := range [][]int{{32, 32, 32, 3, 1}, {32, 1, 1, 1, 65}} {
		packets, _ := cutInto(sizes...)
		if field := broken(t, packets[:4]...); field != "chunk data" {
			t.Errorf("%v: %s", sizes, field)
		}
	}
}

// Rules W8, W9.
func TestEveryFieldOfAChunkIsChecked(t *testing.T) {
	for at, want := range map[int]string{
		0: "chunk magic", 4: "chunk version", 6: "chunk flags", 8: "chunk message_id", 15: "chunk message_id",
		16: "chunk total_message_len", 20: "chunk_index", 24: "chunk_count", 28: "chunk_payload_len",
		31: "chunk_payload_len",
	} {
		for packet := 1; packet < 4; packet++ {
			for _, change := range []byte{1, 0x80, 0xff} {
				packets := fourPackets(t)[:packet+1]
				packets[packet][at] ^= change
				if field := broken(t, packets...); field != want {
					t.Errorf("byte %d of packet %d: %s, want %s", at, packet, field, want)
				}
			}
		}
	}
}

func TestBrokenChunks(t *testing.T) {
	p := fourPackets(t)
	other := send(t, client(narrow), request(8), pattern(8, 100))
	with := func(packet []byte, size int, payloadLen byte) []byte {
		changed := append(slices.Clone(packet), make([]byte, 64)...)[:size]
		if size > 28 {
			changed[28] = payloadLen
		}
		return changed
	}
	small := request(1)
	small.PayloadLen = 3
	for _, row := range []struct {
		name, want string
		packets    [][]byte
	}{
		{"a first packet above the agreed size", "packet size", [][]byte{append(slices.Clone(p[0]), 0)}},
		{"a continuation above it", "packet size", [][]byte{p[0], with(p[1], 65, 33)}},
		{"shorter than it says", "chunk_payload_len", [][]byte{p[0], p[1], p[2], with(p[3], 35, 4)}},
		{"longer than it says", "chunk_payload_len", [][]byte{p[0], p[1], p[2], with(p[3], 37, 4)}},
		{"cut in its header", "chunk header", [][]byte{p[0], p[1], p[2], with(p[3], 31, 4)}},
		{"no bytes", "chunk header", [][]byte{p[0], with(p[1], 0, 0)}},
		{"overshooting", "chunk data", [][]byte{p[0], p[1], p[2], with(p[3], 37, 5)}},
		{"a single packet overshooting", "packet data", [][]byte{append(encoded(small), 0, 0, 0, 0)}},
		{"without data", "chunk data", [][]byte{p[0], with(p[1], 32, 0)}},
		{"another message starts in between", "chunk magic", [][]byte{p[0], other[0]}},
		{"another message goes on in between", "chunk message_id", [][]byte{p[0], other[1]}},
		{"one is left out", "chunk_index", [][]byte{p[0], p[2]}},
		{"one comes twice", "chunk_index", [][]byte{p[0], p[1], p[1]}},
	} {
		if field := broken(t, row.packets...); field != row.want {
			t.Errorf("%s: %s, want %s", row.name, field, row.want)
		}
	}
	_, _, err := deliver(server(narrow), p[1])
	is(t, err, protocol.ErrBadMagic)
}

func TestTheFirstPacketFixesTheBuffer(t *testing.T) {
	s := server(narrow)
	if size := len(s.Space()); size != 32+32 {
		t.Fatalf("%d bytes before a message needs them", size)
	}
	if _, complete, err := deliver(s, fourPackets(t)[0]); complete || err != nil {
		t.Fatal(complete, err)
	}
	if size := len(s.Space()); size != 32+68 {
		t.Fatalf("%d bytes: a header, and what is left of the payload, is wanted", size)
	}
	s = server(narrow)
	over := request(1)
	over.PayloadLen = 1001
	_, _, err := deliver(s, encoded(over))
	is(t, err, session.ErrLimitExceeded)
	if size := len(s.Space()); size != 32+32 {
		t.Fatalf("%d bytes for what is refused", size)
	}
}

func TestThePayloadIsNotCopied(t *testing.T) {
	payload := pattern(1, 100)
	packets, err := client(narrow).Send(request(1), payload)
	if err != nil {
		t.Fatal(err)
	}
	var head [protocol.HeaderLen]byte
	for at := 0; at < 100; at += 32 {
		if body, _ := packets.Next(&head); &body[0] != &payload[at] {
			t.Fatalf("the part at %d is a copy", at)
		}
	}
}
