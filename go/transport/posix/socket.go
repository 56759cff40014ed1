//go:build linux

package posix

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

const (
	// lingerTime is how long a last packet may take to be read.
	lingerTime = 100 * time.Millisecond
	// packetOverhead is what the kernel keeps of the send buffer for itself.
	packetOverhead = 32
	// fallbackPacket is the packet size if the buffer's size cannot be read.
	fallbackPacket = 65536 - packetOverhead
	// socketLooks is the looks at a socket for each look at the clock.
	socketLooks = 4
	// smallPacket is the bytes of a packet whose parts are put together before they are sent.
	smallPacket = 4096
)

var errEmptyPacket = &transport.ProtocolError{What: "an empty packet"}

// seen is what look found to receive.
type seen uint8

const (
	seenNothing seen = iota
	seenPacket
	seenGone
)

// socket is a connected packet socket, as the baseline uses it and shared memory watches it. It owns
// its descriptor.
type socket struct {
	fd         int
	packetSize uint32
	peer       transport.Peer
	// Whether the kernel reported a reset. It does so once, before packets that are still queued; we
	// report it after them.
	reset bool
	// Looks for a packet before the first sleep.
	spin spin
	// Where the parts of a small packet are put together.
	joined []byte
	parts  partsSender
	// The descriptor that travels with a packet, -1 where none does: what leaves with the next one, or,
	// while one is expected, the last that has come.
	leaving, passed int
	expected        bool
	// What other goroutines look at.
	watch *peerWatch
}

// peerWatch is a descriptor that others look at while its owner uses it.
type peerWatch struct {
	mu sync.Mutex
	// -1 once it is closed.
	fd int
}

// hasHungUp tells whether the peer sends no more, or our end is closed.
func (w *peerWatch) hasHungUp() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fd < 0 {
		return true
	}
	// An error says nothing about the peer.
	ended, errno := hasEnded(w.fd)
	return ended && errno == 0
}

func (w *peerWatch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fd = -1
}

// takeSocket takes over a connected, non-blocking descriptor.
func takeSocket(fd int, spin spin) *socket {
	s := &socket{fd: fd, packetSize: fallbackPacket, spin: spin, leaving: -1, passed: -1}
	if size, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF); err == nil && size > packetOverhead {
		s.packetSize = uint32(size - packetOverhead)
	}
	s.peer = peerOf(fd)
	return s
}

// expectPassed takes a descriptor, too, where one comes with a packet, until takePassed. All others are
// closed by the kernel.
func (s *socket) expectPassed() { s.expected = true }

// takePassed returns the descriptor that came with a packet, or -1. No other one may come from now on.
func (s *socket) takePassed() int {
	if s.expected {
		refuseDescriptors(s.fd)
	}
	passed := s.passed
	s.passed, s.expected = -1, false
	return passed
}

// pass has fd leave with the next packet, in the place of what was to leave before; -1 is nothing. It takes
// over fd.
func (s *socket) pass(fd int) {
	closeFD(s.leaving)
	s.leaving = fd
}

// peerWatch returns what tells other goroutines whether the peer has hung up.
func (s *socket) peerWatch() func() bool {
	if s.watch == nil {
		s.watch = &peerWatch{fd: s.fd}
	}
	return s.watch.hasHungUp
}

// waitObject returns what is readable when a packet or a hang-up waits. A closed socket, which is -1, has
// nothing to watch.
func (s *socket) waitObject() transport.WaitObject { return transport.WaitObject(s.fd) }

func (s *socket) send(head, body []byte, w transport.Wait) error {
	size, limit := len(head)+len(body), int(s.packetSize)
	switch {
	case s.fd < 0:
		return transport.ErrClosed
	case size == 0:
		return transport.ErrEmpty
	case size > limit:
		return &transport.TooLargeError{Size: size, Limit: limit}
	}
	if err := w.CheckAbort(); err != nil {
		return err
	}
	for {
		switch errno := s.sendNow(head, body); errno {
		case 0:
			return nil
		case unix.EAGAIN:
			if err := ready(s.fd, unix.POLLOUT, w); err != nil {
				return err
			}
		case unix.EMSGSIZE:
			return &transport.TooLargeError{Size: size, Limit: limit}
		case unix.EPIPE:
			return s.gone()
		case unix.ECONNRESET:
			s.reset = true
			return s.gone()
		default:
			return errno
		}
	}
}

// sendNow puts the parts together where that costs less than the kernel's way to take several.
func (s *socket) sendNow(head, body []byte) unix.Errno {
	if s.leaving >= 0 {
		errno := sendWith(s.fd, append(append(s.joined[:0], head...), body...), s.leaving)
		if errno == 0 {
			s.pass(-1)
		}
		return errno
	}
	if len(head)+len(body) > smallPacket && len(head) > 0 && len(body) > 0 {
		return s.parts.send(s.fd, head, body)
	}
	if len(body) == 0 {
		return sendOne(s.fd, head)
	}
	if len(head) == 0 {
		return sendOne(s.fd, body)
	}
	s.joined = append(append(s.joined[:0], head...), body...)
	return sendOne(s.fd, s.joined)
}

func (s *socket) receive(packet []byte, w transport.Wait) (int, error) {
	if s.fd < 0 {
		return 0, transport.ErrClosed
	}
	if err := w.CheckAbort(); err != nil {
		return 0, err
	}
	size, err := s.tryReceive(packet)
	if size > 0 || err != nil {
		s.spin.atHand()
		return size, err
	}
	found, err := s.spin.run(socketLooks, w, func() (bool, error) {
		var err error
		size, err = s.tryReceive(packet)
		return size > 0, err
	})
	if found || err != nil {
		return size, err
	}
	start := now()
	for {
		if err := ready(s.fd, unix.POLLIN, w); err != nil {
			return 0, err
		}
		size, err := s.tryReceive(packet)
		if err != nil {
			return 0, err
		}
		if size > 0 {
			s.spin.slept(start)
			return size, nil
		}
	}
}

// tryReceive takes a packet if one waits; it returns 0 where none does.
func (s *socket) tryReceive(packet []byte) (int, error) {
	for {
		size, ended, errno := s.receiveNow(packet)
		switch {
		case errno == unix.EAGAIN:
			return 0, nil
		case errno == unix.ECONNRESET:
			s.reset = true
		case errno != 0:
			return 0, errno
		case ended:
			return 0, s.gone()
		case size == 0:
			return 0, errEmptyPacket
		default:
			return size, nil
		}
	}
}

func (s *socket) receiveNow(packet []byte) (size int, ended bool, errno unix.Errno) {
	if !s.expected {
		return receiveOne(s.fd, packet, false)
	}
	size, passed, errno := receiveWith(s.fd, packet)
	if passed >= 0 {
		closeFD(s.passed)
		s.passed = passed
	}
	if errno != 0 || size > 0 {
		return size, false, errno
	}
	// As receiveOne does.
	if ended, errno = hasEnded(s.fd); errno != 0 || !ended {
		return 0, false, errno
	}
	return receiveOne(s.fd, packet, false)
}

// look tells what there is to receive, without taking it.
func (s *socket) look() (seen, error) {
	for {
		_, ended, errno := receiveOne(s.fd, nil, true)
		switch {
		case errno == unix.EAGAIN:
			return seenNothing, nil
		case errno == unix.ECONNRESET:
			s.reset = true
		case errno != 0:
			return seenNothing, errno
		case ended:
			return seenGone, nil
		default:
			return seenPacket, nil
		}
	}
}

// check tells whether anything can still come.
func (s *socket) check() error {
	if s.fd < 0 {
		return transport.ErrClosed
	}
	what, err := s.look()
	if err == nil && what == seenGone {
		err = s.gone()
	}
	return err
}

// linger lets a last packet arrive: closing with unread packets in the queue would be a reset.
func (s *socket) linger() {
	if s.fd < 0 {
		return
	}
	// A socket that is gone already has no side left to end.
	_ = unix.Shutdown(s.fd, unix.SHUT_WR)
	w := transport.Timeout(lingerTime)
	// The clock is asked every time: a peer may talk without end.
	for w.Check() == nil {
		if _, err := s.receive(nil, w); err != nil && err != error(errEmptyPacket) {
			return
		}
	}
}

// hangUp ends the connection at once, for everybody who shares the descriptor.
func (s *socket) hangUp() {
	if s.fd >= 0 {
		_ = unix.Shutdown(s.fd, unix.SHUT_RDWR)
	}
}

// handOver returns a socket that owns the descriptor from now on, and leaves a closed one.
func (s *socket) handOver() *socket {
	moved := *s
	*s = socket{fd: -1, leaving: -1, passed: -1}
	return &moved
}

func (s *socket) close() {
	s.pass(-1)
	closeFD(s.takePassed())
	if s.watch != nil {
		s.watch.close()
	}
	if s.fd >= 0 {
		closeFD(s.fd)
		s.fd = -1
	}
}

// gone is the error of a connection that the peer has ended.
func (s *socket) gone() error {
	if s.reset {
		return transport.ErrReset
	}
	return transport.ErrDisconnected
}
