//go:build linux

package posix

import (
	"encoding/binary"

	"github.com/netipc/netipc/go/transport"
)

// Where everything is in a ring, of s slots and b bytes in each direction:
//
//	0                  header: magic, version, s, b
//	128, 256           request:  the receiver's words, the sender's words
//	384, 512           response: the receiver's words, the sender's words
//	4096               request:  a line of 64 bytes for each slot
//	4096 + 64 s        response: likewise
//	4096 + 128 s       request:  room for bytes
//	4096 + 128 s + b   response: likewise
//
// Words that one side writes and the other reads are 128 bytes apart from all others: processors fetch
// lines in pairs.
const (
	ringLine    = 64
	ringInline  = ringLine - 8
	ringControl = 4096
	ringApart   = 128
	ringHeader  = 32
	// "NIPR", in memory order.
	ringMagic   = 0x5250494e
	ringVersion = 1
	// ringSlots is the packets that may be under way in a direction.
	ringSlots = 256
	// Room for bytes of a direction: less makes large messages wait for one another, more leaves the caches
	// of the processor.
	fewestRingBytes = 256 << 10
	mostRingBytes   = 1 << 20
	// What a ring of a peer may have: more than any sensible one, and little enough to count.
	fewestPeerSlots, mostPeerSlots = 2, 1 << 16
	fewestPeerBytes, mostPeerBytes = 1 << 12, 1 << 30
)

// ringShape is the slots and bytes of each direction, both powers of two.
type ringShape struct {
	slots, bytes uint64
}

// planRing returns a ring for a session: a message of the agreed size is one packet where that is not too
// large.
func planRing(plan transport.SessionPlan) ringShape {
	message := min(max(plan.RequestBytes, plan.ResponseBytes), mostRingBytes)
	bytes := uint64(fewestRingBytes)
	for bytes < mostRingBytes && bytes < message*4 {
		bytes *= 2
	}
	return ringShape{slots: ringSlots, bytes: bytes}
}

// maxPacket returns the bytes of the largest packet: four of them are under way at once, so that one is
// copied in while another is copied out.
func (s ringShape) maxPacket() int { return int(s.bytes / 4) }

// size returns the bytes of the whole ring.
func (s ringShape) size() int64 { return ringControl + 2*int64(s.slots*ringLine+s.bytes) }

func (s ringShape) encode() [ringHeader]byte {
	var header [ringHeader]byte
	for i, field := range [...]uint64{ringMagic, ringVersion, s.slots, s.bytes} {
		binary.LittleEndian.PutUint64(header[i*8:], field)
	}
	return header
}

// decodeRing returns the shape that header tells, for a ring of size bytes.
func decodeRing(header *[ringHeader]byte, size int64) (ringShape, error) {
	field := func(i int) uint64 { return binary.LittleEndian.Uint64(header[i*8:]) }
	shape := ringShape{slots: field(2), bytes: field(3)}
	switch {
	case field(0) != ringMagic:
		return shape, permanentFlaw("it is no ring")
	case field(1) != ringVersion:
		return shape, permanentFlaw("it is a ring of another version")
	case !isPowerWithin(shape.slots, fewestPeerSlots, mostPeerSlots):
		return shape, permanentFlaw("its slots are no power of two in bounds")
	case !isPowerWithin(shape.bytes, fewestPeerBytes, mostPeerBytes):
		return shape, permanentFlaw("its bytes are no power of two in bounds")
	case shape.size() != size:
		return shape, permanentFlaw("its size is not that of its parts")
	}
	return shape, nil
}

func isPowerWithin(number, fewest, most uint64) bool {
	return number >= fewest && number <= most && number&(number-1) == 0
}

// lane returns one direction of a mapped ring; index is 0 for requests and 1 for responses.
func (s ringShape) lane(memory mapping, index int) lane {
	slots, bytes := int(s.slots), int(s.bytes)
	lines := ringControl + index*slots*ringLine
	start := ringControl + 2*slots*ringLine + index*bytes
	receiver, sender := ringApart*(1+2*index), ringApart*(2+2*index)
	return lane{
		shape:         s,
		memory:        memory,
		lines:         lines,
		bytes:         memory.bytes[start : start+bytes : start+bytes],
		consumed:      memory.long(receiver),
		receiverWaits: memory.word(receiver + 8),
		senderWaits:   memory.word(sender),
	}
}
