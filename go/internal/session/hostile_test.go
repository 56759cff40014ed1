package session_test

import (
	"slices"
	"testing"

	"github.com/netipc/netipc/go/internal/fuzzing"
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
)

// small is what a session may carry whose peer is hostile.
var small = limitsOf(300, 4, 64)

// hostile is one session that sends and takes back what it likes, and what its peer knows.
type hostile struct {
	t        *testing.T
	session  *session.Session
	role     session.Role
	inFlight map[uint64]bool
	ended    bool
	// What the peer's chunks belong to, and how many it has sent.
	coming protocol.Header
	parts  uint32
	input  []byte
}

func (h *hostile) byte() byte {
	if len(h.input) == 0 {
		return 0
	}
	b := h.input[0]
	h.input = h.input[1:]
	return b
}

func (h *hostile) number() uint32 {
	return uint32(h.byte()) | uint32(h.byte())<<8 | uint32(h.byte())<<16 | uint32(h.byte())<<24
}

// FuzzHostilePeer drives a session of either role by a list of operations, while its peer sends envelopes and chunks with fields that
// are nearly right, or bytes. The session agrees with a plain model, and takes no more memory than was agreed.
func FuzzHostilePeer(f *testing.F) {
	for _, seed := range hostileSeeds() {
		f.Add(seed)
	}
	f.Fuzz(againstHostilePeer)
}

func TestHostilePeers(t *testing.T) { fuzzing.Feed(t, hostileSeeds(), againstHostilePeer) }

func hostileSeeds() [][]byte {
	var seeds [][]byte
	for mode := range byte(4) {
		seeds = append(seeds,
			[]byte{mode, 0, 1, 40, 0, 3, 1, 40, 0, 0, 5, 0, 0},
			[]byte{mode, 0, 2, 200, 0, 3, 2, 200, 0, 0, 5, 0, 0, 5, 0, 0, 5, 0, 0, 5, 0, 0, 5, 0, 0, 5, 0, 0},
			[]byte{mode, 2, 3, 9, 0, 3, 3, 24, 0, 1, 1, 3, 1, 24, 0, 7, 2, 7, 10, 0, 1, 2, 3})
	}
	return seeds
}

func againstHostilePeer(t *testing.T, input []byte) {
	h := &hostile{t: t, inFlight: map[uint64]bool{}, input: input, coming: request(0)}
	mode := h.byte()
	h.role = session.Role(mode >> 1 & 1)
	h.session = session.New(h.role, small, session.Framing(mode&1))
	for range 300 {
		if len(h.input) == 0 {
			break
		}
		h.step()
		if h.session.InFlight() != len(h.inFlight) {
			t.Fatalf("%d in flight, not %d", h.session.InFlight(), len(h.inFlight))
		}
		if space := len(h.session.Space()); space > protocol.HeaderLen+300 {
			t.Fatalf("%d bytes of space", space)
		}
	}
	failed := h.session.Fail()
	slices.Sort(failed)
	if len(slices.Compact(failed)) != len(h.inFlight) {
		t.Fatalf("%v have no answer, not %v", failed, h.inFlight)
	}
}

func (h *hostile) step() {
	switch h.byte() % 8 {
	case 0, 1:
		h.send(false)
	case 2:
		h.send(true)
	case 3, 4:
		h.receive(h.envelope())
	case 5, 6:
		h.receive(h.chunk())
	default:
		size := min(int(h.byte()), len(h.input))
		packet := h.input[:size:size]
		h.input = h.input[size:]
		h.receive(packet)
	}
}

// send sends, and takes it back where the link refuses it.
func (h *hostile) send(refused bool) {
	id, size := uint64(h.byte()%8), int(h.byte())*2
	header := request(id)
	if h.role == session.RoleServer {
		header = header.Answer(protocol.StatusOK)
	}
	packets, err := h.session.Send(header, make([]byte, size))
	if err != nil {
		return
	}
	if h.ended || size > 300 || h.inFlight[id] {
		h.t.Fatalf("%d bytes for %d are sent", size, id)
	}
	var head [protocol.HeaderLen]byte
	sent := 0
	for body, more := packets.Next(&head); more; body, more = packets.Next(&head) {
		sent += len(body)
	}
	if sent != size {
		h.t.Fatalf("packets of %d bytes carry %d", sent, size)
	}
	if h.role == session.RoleClient {
		h.inFlight[id] = true
	}
	if refused {
		h.session.Retract(id)
		delete(h.inFlight, id)
	}
}

// envelope is a first packet that is right but for what the input says.
func (h *hostile) envelope() []byte {
	header := request(uint64(h.byte() % 8))
	if h.role == session.RoleClient {
		header = header.Answer(protocol.StatusOK)
	}
	size := (uint32(h.byte()) | uint32(h.byte())<<8) % 330
	header.PayloadLen = size
	what := h.byte()
	if what&1 != 0 {
		header.Flags, header.ItemCount = protocol.FlagBatch, uint32(h.byte()%6)
	}
	switch what >> 1 & 15 {
	case 1:
		header.Kind = protocol.Kind(h.byte() % 5)
	case 2:
		header.Status = protocol.Status(h.byte() % 8)
	case 3:
		header.PayloadLen = h.number()
	case 4:
		header.ItemCount = h.number()
	case 5:
		header.Flags = protocol.Flags(h.number())
	}
	h.coming, h.parts = header, 1
	packet := append(encoded(header), make([]byte, size)...)
	copy(packet[protocol.HeaderLen:], h.input[:min(16, len(h.input))])
	if what&0x20 == 0 {
		packet = packet[:min(len(packet), 64)]
	}
	return packet
}

// chunk is a continuation that is right but for what the input says.
func (h *hostile) chunk() []byte {
	const budget = 32
	payload := uint64(h.coming.PayloadLen)
	left := uint32(min(payload-min(uint64(h.parts)*budget, payload), budget))
	chunk := protocol.ChunkHeader{
		MessageID: h.coming.MessageID, TotalMessageLen: uint32(payload + 32), ChunkIndex: h.parts,
		ChunkCount: uint32((payload + budget - 1) / budget), ChunkPayloadLen: left,
	}
	switch h.byte() % 12 {
	case 1:
		chunk.MessageID++
	case 2:
		chunk.TotalMessageLen = h.number()
	case 3:
		chunk.ChunkIndex = h.number()
	case 4:
		chunk.ChunkCount = h.number()
	case 5:
		chunk.ChunkPayloadLen = h.number()
	}
	h.parts++
	var head [protocol.ChunkHeaderLen]byte
	chunk.Encode(&head)
	packet := append(head[:], make([]byte, left)...)
	if h.byte() == 1 {
		packet = packet[:min(len(packet), int(h.byte()))]
	}
	return packet
}

func (h *hostile) receive(packet []byte) {
	message, complete, err := deliver(h.session, packet)
	switch {
	case err != nil:
		h.ended = true
	case h.ended:
		h.t.Fatal("it goes on after the end")
	case complete:
		header := message.Header
		if len(message.Payload) > 300 || int(header.PayloadLen) != len(message.Payload) {
			h.t.Fatalf("%d bytes for %+v", len(message.Payload), header)
		}
		for i := range message.Batch.Len() {
			_ = message.Batch.Get(i)
		}
		if h.role == session.RoleClient {
			if !h.inFlight[header.MessageID] {
				h.t.Fatalf("nobody asked for %d", header.MessageID)
			}
			delete(h.inFlight, header.MessageID)
		}
	}
}
