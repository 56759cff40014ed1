package session

import "github.com/netipc/netipc/go/protocol"

// Packets is a message as packets, in order:
//
//	message   header | payload ................................................
//	packet 0  header | first B bytes
//	packet 1  chunk header, index 1 | next B bytes
//	packet 2  chunk header, index 2 | rest
//
// The two parts of a packet are sent as one, and the payload is never copied.
type Packets struct {
	header protocol.Header
	rest   []byte
	budget int
	next   uint32
	count  uint32
}

// newPackets cuts payload into pieces of at most budget bytes.
func newPackets(header protocol.Header, payload []byte, budget int) Packets {
	count := uint32(1)
	if len(payload) > budget {
		count = chunkCount(uint64(len(payload)-budget), uint64(budget))
	}
	return Packets{header: header, rest: payload, budget: budget, count: count}
}

// Len returns how many packets are left.
func (p *Packets) Len() int { return int(p.count - p.next) }

// Next writes the head of the next packet and returns its body; false when there is none left.
func (p *Packets) Next(head *[protocol.HeaderLen]byte) ([]byte, bool) {
	if p.next == p.count {
		return nil, false
	}
	size := min(len(p.rest), p.budget)
	body := p.rest[:size]
	p.rest = p.rest[size:]
	if p.next == 0 {
		p.header.Encode(head)
	} else {
		header := chunkHeader(&p.header, p.next, p.count, uint32(size))
		header.Encode(head)
	}
	p.next++
	return body, true
}

// reassembly is a message of which some packets have come.
type reassembly struct {
	header protocol.Header
	// Bytes of the payload that have come.
	filled uint64
	// The bytes of the buffer that the next chunk header overwrites, to be put back.
	overwritten [protocol.ChunkHeaderLen]byte
	// Index of the next packet.
	next uint32
	// Packets of the message, fixed by the first.
	count uint32
}

// addChunk adds a packet of size bytes, whose data already lies behind what has come, as
// [Session.Space] has laid it; it tells whether the message is complete.
func (r *reassembly) addChunk(buffer []byte, size int) (bool, error) {
	if size < protocol.ChunkHeaderLen {
		short := protocol.NewWireError(protocol.ErrTruncated, "chunk header", protocol.ChunkHeaderLen, uint64(size))
		return false, &Error{Kind: ErrChunk, Cause: short}
	}
	header := buffer[r.filled : r.filled+protocol.ChunkHeaderLen]
	found, err := protocol.DecodeChunkHeader(header)
	copy(header, r.overwritten[:])
	if err != nil {
		return false, &Error{Kind: ErrChunk, Cause: err}
	}
	data := uint64(size - protocol.ChunkHeaderLen)
	if err := found.Expect(chunkHeader(&r.header, r.next, r.count, uint32(data))); err != nil {
		return false, &Error{Kind: ErrChunk, Cause: err}
	}
	left := uint64(r.header.PayloadLen) - r.filled
	if data == 0 || data > left {
		return false, packetError("chunk data", left, data)
	}
	r.filled += data
	r.next++
	// Packets need not be full, as long as their number is the one that the first fixed.
	complete := data == left
	if complete != (r.next == r.count) {
		return false, packetError("chunk data", left, data)
	}
	r.saveOverwritten(buffer)
	return complete, nil
}

// saveOverwritten keeps the bytes that the header of the next chunk will overwrite: those in front of its
// data. There are as many, as the header of the message, of the same length, comes in front of its payload.
func (r *reassembly) saveOverwritten(buffer []byte) { copy(r.overwritten[:], buffer[r.filled:]) }

// chunkCount returns the packets of a message with rest bytes left after the first.
func chunkCount(rest, budget uint64) uint32 {
	return 1 + uint32((rest+budget-1)/budget)
}

// chunkHeader is the header of chunk index of a message, with so many bytes of data.
func chunkHeader(header *protocol.Header, index, count, data uint32) protocol.ChunkHeader {
	total := uint64(header.PayloadLen) + protocol.HeaderLen
	return protocol.ChunkHeader{
		MessageID:       header.MessageID,
		TotalMessageLen: uint32(min(total, 1<<32-1)),
		ChunkIndex:      index,
		ChunkCount:      count,
		ChunkPayloadLen: data,
	}
}
