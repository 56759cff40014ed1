//go:build windows

package windows

import (
	"sync/atomic"

	win "golang.org/x/sys/windows"

	"github.com/netipc/netipc/go/transport"
)

// slot is the words of one direction of a region: how a message is published and taken.
//
// One publisher and one taker share its words. Every message moves the counter by one:
//
//	publisher                              taker (has taken n messages)
//	copy the message in                    load seq             n: nothing yet
//	len = size                                waiting = 1
//	seq = n + 1                               load seq          still n: wait for the event
//	waiting? set the event                    waiting = 0
//	                                       n + 1: load len, copy out, look at both again
//
// A wake is never lost: of the store to seq and the load of waiting on one side, and the store to waiting
// and the load of seq on the other, all in one order, at least one load sees the other side's store.
type slot struct {
	// Messages published so far.
	seq *uint64
	// Bytes of the last one.
	len *uint32
	// Whether the publisher is gone.
	closed *uint32
	// Whether the taker waits for the event.
	waiting *uint32
	// Set when the taker has something to look at; 0 where there is none.
	event win.Handle
	// Where the message is, of which only copies are looked at: it belongs to two processes.
	area []byte
}

var (
	errOverwritten   = &transport.ProtocolError{What: "a message was overwritten before it was taken"}
	errMessageLength = &transport.ProtocolError{What: "the length of a message is 0 or beyond its area"}
)

// publish publishes head and body, which the caller has found to fit, as message number.
func (s *slot) publish(number uint64, head, body []byte) {
	copied := copy(s.area, head)
	copied += copy(s.area[copied:], body)
	atomic.StoreUint32(s.len, uint32(copied))
	// Whoever loads this number also sees message and length. Only this side stores it.
	atomic.StoreUint64(s.seq, number)
	if atomic.LoadUint32(s.waiting) != 0 {
		s.wake()
	}
}

// close says that nothing more will be published.
func (s *slot) close() {
	atomic.StoreUint32(s.closed, 1)
	s.wake()
}

func (s *slot) wake() {
	if s.event != 0 {
		// Fails for a handle that is not ours only.
		_ = win.SetEvent(s.event)
	}
}

// setWaiting says whether the taker waits for the event.
func (s *slot) setWaiting(waits bool) {
	var word uint32
	if waits {
		word = 1
	}
	atomic.StoreUint32(s.waiting, word)
}

// published returns the messages published so far: where a taker starts.
func (s *slot) published() uint64 { return atomic.LoadUint64(s.seq) }

// isClosed tells whether the publisher is gone.
func (s *slot) isClosed() bool { return atomic.LoadUint32(s.closed) != 0 }

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
	length := atomic.LoadUint32(s.len)
	size := int64(length)
	if size == 0 || size > int64(len(s.area)) {
		return 0, errMessageLength
	}
	copy(packet, s.area[:size])
	// Orders the copy before the second load: a message published meanwhile may have mixed with it.
	loadFence()
	if atomic.LoadUint64(s.seq)-taken != 1 || atomic.LoadUint32(s.len) != length {
		return 0, errOverwritten
	}
	return int(size), nil
}
