//go:build linux

package posix

import (
	"sync/atomic"

	"github.com/netipc/netipc/go/transport"
)

// lane is one direction of a mapped ring: how a packet moves.
//
// Packet number n has line n modulo the slots. A line starts with its commit word, the lap in its upper
// and the length in its lower half; every line is used exactly once in a lap, so a word of the lap before
// means "nothing yet" and no content can look like a word.
//
//	sender                                      receiver (has taken n packets)
//	room? else waits = 1, look again            load commit word of line n   lap before: nothing yet
//	copy the packet in                                                       this lap: copy out, n + 1
//	store commit word                                                        else: broken
//	does the receiver wait? wake it             about to sleep: waits = 1, look again
//	                                            now and then: store consumed; does the sender wait? wake it
//
// A wake is never lost: of two sides that each store their own word and load the other's, at least one sees
// what the other has stored. The atomics of Go have one order for all, which is what this needs.
type lane struct {
	shape  ringShape
	memory mapping
	// Where the lines are, and the room for bytes.
	lines int
	bytes []byte
	// Packets whose room is free again.
	consumed *uint64
	// Whether the receiver sleeps until a packet comes, and the sender until there is room.
	receiverWaits, senderWaits *uint32
}

var (
	errRingLap      = &transport.ProtocolError{What: "a packet of a ring is neither new nor of the lap before"}
	errRingLength   = &transport.ProtocolError{What: "the length of a packet in a ring is 0 or beyond the largest"}
	errRingConsumed = &transport.ProtocolError{What: "more of a ring is said to be read than was written"}
)

func (l *lane) slot(number uint64) int { return int(number & (l.shape.slots - 1)) }

// lap returns which lap a packet is of, from 1 on: a fresh line reads as lap 0. It has the bits of half a
// word: only the lap before has to be told apart.
func (l *lane) lap(number uint64) uint32 { return uint32(number/l.shape.slots) + 1 }

func (l *lane) commitWord(slot int) *uint64 { return l.memory.long(l.lines + slot*ringLine) }

// place returns where a packet of size bytes is whose line and cursor these are, and the cursor behind it.
// Packets that do not fit in their line lie one behind the other; none wraps.
func (l *lane) place(slot int, cursor uint64, size int) ([]byte, uint64) {
	if size <= ringInline {
		start := l.lines + slot*ringLine + ringLine - ringInline
		return l.memory.bytes[start : start+size : start+size], cursor
	}
	room := (uint64(size) + ringLine - 1) &^ (ringLine - 1)
	at := cursor & (l.shape.bytes - 1)
	if at+room > l.shape.bytes {
		cursor += l.shape.bytes - at
		at = 0
	}
	return l.bytes[at : at+uint64(size) : at+uint64(size)], cursor + room
}

// mustWake tells whether the other side has said that it sleeps; it is woken once.
func mustWake(waits *uint32) bool {
	return atomic.LoadUint32(waits) != 0 && atomic.SwapUint32(waits, 0) != 0
}

// storeWaits says whether a side sleeps.
func storeWaits(waits *uint32, value uint32) { atomic.StoreUint32(waits, value) }

// ringSender is the sending side of a direction.
type ringSender struct {
	lane
	sent uint64
	// Packets whose room is known to be free.
	freed uint64
	// The cursor behind the last packet, and behind the last one that is free.
	cursor, freeCursor uint64
	// The cursor behind each packet under way.
	ends []uint64
}

func newRingSender(lane lane) ringSender {
	return ringSender{lane: lane, ends: make([]uint64, lane.shape.slots)}
}

// room returns where to copy a packet of size bytes, 1 to the largest packet; nothing where there is no room.
func (s *ringSender) room(size int) ([]byte, error) {
	place, end := s.place(s.slot(s.sent), s.cursor, size)
	if s.fits(end) {
		return place, nil
	}
	if err := s.look(); err != nil || !s.fits(end) {
		return nil, err
	}
	return place, nil
}

func (s *ringSender) fits(end uint64) bool {
	return s.sent-s.freed < s.shape.slots && end-s.freeCursor <= s.shape.bytes
}

// look learns what was consumed meanwhile.
func (s *ringSender) look() error {
	consumed := atomic.LoadUint64(s.consumed)
	if consumed < s.freed || consumed > s.sent {
		return errRingConsumed
	}
	if consumed > s.freed {
		s.freeCursor = s.ends[s.slot(consumed-1)]
		s.freed = consumed
	}
	return nil
}

// commit publishes the packet that was copied to the place that room gave; it tells whether the receiver has
// to be woken.
func (s *ringSender) commit(size int) bool {
	slot := s.slot(s.sent)
	_, s.cursor = s.place(slot, s.cursor, size)
	s.ends[slot] = s.cursor
	atomic.StoreUint64(s.commitWord(slot), uint64(s.lap(s.sent))<<32|uint64(size))
	s.sent++
	return mustWake(s.receiverWaits)
}

// ringReceiver is the receiving side of a direction.
type ringReceiver struct {
	lane
	taken, cursor uint64
	// What the sender was told of.
	released, releasedCursor uint64
}

// arrived returns the length of the next packet; 0 where there is none.
func (r *ringReceiver) arrived() (int, error) {
	// Loaded once: the peer may change it at any time.
	word := atomic.LoadUint64(r.commitWord(r.slot(r.taken)))
	found, lap := uint32(word>>32), r.lap(r.taken)
	size := uint64(uint32(word))
	switch {
	case found == lap-1:
		return 0, nil
	case found != lap:
		return 0, errRingLap
	case size == 0 || size > uint64(r.shape.maxPacket()):
		return 0, errRingLength
	}
	return int(size), nil
}

// take copies the packet that has arrived, of size bytes, and goes on to the next.
func (r *ringReceiver) take(packet []byte, size int) {
	place, cursor := r.place(r.slot(r.taken), r.cursor, size)
	copy(packet, place)
	r.cursor = cursor
	r.taken++
}

// releaseSome gives room back where enough has gathered, or the sender waits for it: the line with that
// counter would otherwise move with every packet. It tells whether the sender has to be woken.
func (r *ringReceiver) releaseSome() bool {
	enough := r.taken-r.released >= r.shape.slots/4 ||
		r.cursor-r.releasedCursor >= r.shape.bytes/4 ||
		atomic.LoadUint32(r.senderWaits) != 0
	return enough && r.release()
}

// release gives all room back; to be done before sleeping. It tells whether the sender has to be woken.
func (r *ringReceiver) release() bool {
	r.released, r.releasedCursor = r.taken, r.cursor
	atomic.StoreUint64(r.consumed, r.taken)
	return mustWake(r.senderWaits)
}
