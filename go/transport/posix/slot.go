//go:build linux

package posix

import (
	"sync/atomic"

	"github.com/netipc/netipc/go/transport"
)

// slot is the words of one direction of a region: how a message is published and taken.
//
// One publisher and one taker share three words. Every message moves the counter by one:
//
//	publisher                              taker (has taken n messages)
//	copy the message in                    load signal          s
//	len    = size                          load seq             n: nothing yet, sleep while signal is s
//	seq    = n + 1                                              n + 1: load len once, copy out, look at seq again
//	signal = s + 1, wake                                        else: overwritten unread
//
// A wake is never lost: whoever loaded signal before it moved does not fall asleep on the moved word,
// and whoever loaded it after sees the new counter.
type slot struct {
	// Messages published so far.
	seq *uint64
	// Bytes of the last one.
	len *uint32
	// Moves whenever the taker has something to look at.
	signal *uint32
	// Where the message is, of which only copies are looked at: it belongs to two processes.
	area []byte
}

// cacheLine is the bytes of a cache line; areas have a multiple of them.
const cacheLine = 64

var (
	errOverwritten   = &transport.ProtocolError{What: "a message was overwritten before it was taken"}
	errMessageLength = &transport.ProtocolError{What: "the length of a message is 0 or beyond its area"}
)

// publish publishes head and body, which the caller has found to fit, as message number. Before it wakes the
// taker it looks up to looks times whether the message after the taken ones is among the replies, which a
// sleeping taker would not have sent; it tells whether it was.
func (s *slot) publish(number uint64, head, body []byte, looks int, replies *slot, taken uint64) bool {
	copied := copy(s.area, head)
	copied += copy(s.area[copied:], body)
	atomic.StoreUint32(s.len, uint32(copied))
	// Whoever loads this number also sees message and length. Only this side stores it.
	atomic.StoreUint64(s.seq, number)
	atomic.AddUint32(s.signal, 1)
	for range looks {
		if atomic.LoadUint64(replies.seq)-taken == 1 {
			return true
		}
	}
	futexWake(s.signal)
	return false
}

// prepare writes a little to each line of where the next message goes, of size bytes, of which the peer has taken
// the last. The peer's processor has the lines: so they are fetched while the message is made, and not when it
// is copied in.
func (s *slot) prepare(size int) {
	for line := 0; line < size; line += cacheLine {
		clear(s.area[line : line+8])
	}
}

// ring makes the taker look, whether or not there is a message.
func (s *slot) ring() {
	atomic.AddUint32(s.signal, 1)
	futexWake(s.signal)
}

// signalled returns the value to sleep on, loaded before looking whether anything arrived.
func (s *slot) signalled() uint32 { return atomic.LoadUint32(s.signal) }

// published returns the messages published so far: where a taker starts.
func (s *slot) published() uint64 { return atomic.LoadUint64(s.seq) }

// arrived tells whether there is a message after the taken ones.
func (s *slot) arrived(taken uint64) (bool, error) {
	switch atomic.LoadUint64(s.seq) - taken {
	case 0:
		return false, nil
	case 1:
		return true, nil
	}
	return false, errOverwritten
}

// take copies the message that has arrived after the taken ones; it returns its full length.
func (s *slot) take(taken uint64, packet []byte) (int, error) {
	// Loaded once: the peer may change it at any time.
	size := int64(atomic.LoadUint32(s.len))
	if size == 0 || size > int64(len(s.area)) {
		return 0, errMessageLength
	}
	copy(packet, s.area[:size])
	// Orders the copy before the second load: a message published meanwhile may have mixed with it.
	loadFence()
	if atomic.LoadUint64(s.seq)-taken != 1 {
		return 0, errOverwritten
	}
	return int(size), nil
}
