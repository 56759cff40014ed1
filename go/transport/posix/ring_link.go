//go:build linux

package posix

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

const (
	// ringWake is what a side sends over the socket to wake the other.
	ringWake = 0
	// ringWakes is the packets taken from the socket at a time: a peer may send without end.
	ringWakes = 16
)

var errBesideRing = &transport.ProtocolError{What: "data beside the ring"}

// ringLink is a link over a ring, with the socket that passed it beside it.
//
// The socket carries wakes, one byte each, to whoever sleeps, and tells when the peer is gone.
type ringLink struct {
	socket *socket
	// Gone once the link is closed.
	ring *ring
	out  ringSender
	into ringReceiver
	// Looks for a packet before the first sleep.
	spin spin
	// For event loops, from the first time on that one asks.
	watch *ringWatch
}

// newRingLink takes over the socket and the ring.
func newRingLink(socket *socket, ring *ring, side side, soon time.Duration) *ringLink {
	out, into, patience := 0, 1, forAnswer
	if side == serverSide {
		out, into, patience = 1, 0, forRequest
	}
	return &ringLink{
		socket: socket,
		ring:   ring,
		out:    newRingSender(ring.shape.lane(ring.memory, out)),
		into:   ringReceiver{lane: ring.shape.lane(ring.memory, into)},
		spin:   newSpin(soon, patience),
	}
}

func (l *ringLink) Send(head, body []byte, w transport.Wait) error {
	if l.ring == nil {
		return transport.ErrClosed
	}
	size, limit := len(head)+len(body), l.ring.shape.maxPacket()
	switch {
	case size == 0:
		return transport.ErrEmpty
	case size > limit:
		return &transport.TooLargeError{Size: size, Limit: limit}
	}
	if err := w.CheckAbort(); err != nil {
		return err
	}
	place, err := l.room(size, w)
	if err != nil {
		// A wake for the event loop may have come while there was no room.
		_ = l.tellWatcher()
		return err
	}
	copied := copy(place, head)
	copy(place[copied:], body)
	if l.out.commit(size) {
		l.wake()
	}
	return l.tellWatcher()
}

func (l *ringLink) Receive(buf []byte, w transport.Wait) (int, error) {
	if l.ring == nil {
		return 0, transport.ErrClosed
	}
	if err := w.CheckAbort(); err != nil {
		return 0, err
	}
	size, err := l.look(w)
	if err != nil {
		return 0, err
	}
	if size == 0 {
		start := now()
		if size, err = l.waitForPacket(w); err != nil {
			return 0, err
		}
		l.spin.slept(start)
	}
	l.into.take(buf, size)
	if l.into.releaseSome() {
		l.wake()
	}
	return size, l.tellWatcher()
}

// look looks for a packet, for as long as [spin] allows; it returns its size, or 0.
func (l *ringLink) look(w transport.Wait) (int, error) {
	size, err := l.into.arrived()
	if size > 0 || err != nil {
		l.spin.atHand()
		return size, err
	}
	_, err = l.spin.run(shmLooks, w, func() (bool, error) {
		var err error
		size, err = l.into.arrived()
		return size > 0, err
	})
	return size, err
}

// waitForPacket sleeps until a packet has arrived, and returns its size.
func (l *ringLink) waitForPacket(w transport.Wait) (int, error) {
	l.releaseAll()
	// An event loop goes on waiting.
	if l.watch == nil {
		defer l.into.stopWaiting()
	}
	for {
		l.into.wait()
		if size, err := l.into.arrived(); size > 0 || err != nil {
			return size, err
		}
		slept := l.sleep(w)
		// What was sent just before a hang-up, or while the deadline passed, counts.
		if size, err := l.into.arrived(); size > 0 || err != nil {
			return size, err
		}
		if slept != nil {
			return 0, slept
		}
	}
}

// room returns where to put a packet of size bytes; it sleeps until there is room.
func (l *ringLink) room(size int, w transport.Wait) ([]byte, error) {
	if place, err := l.out.room(size); place != nil || err != nil {
		return place, err
	}
	l.releaseAll()
	defer l.out.stopWaiting()
	for {
		l.out.wait()
		if place, err := l.out.room(size); place != nil || err != nil {
			return place, err
		}
		if err := l.sleep(w); err != nil {
			return nil, err
		}
	}
}

// releaseAll gives all room back before a sleep: the peer may wait for it, and both of us would.
func (l *ringLink) releaseAll() {
	if l.into.release() {
		l.wake()
	}
}

// sleep sleeps until the peer wakes us or is gone, and takes what it has sent.
func (l *ringLink) sleep(w transport.Wait) error {
	if err := ready(l.socket.fd, unix.POLLIN, w); err != nil {
		return err
	}
	return l.takeWakes()
}

// takeWakes takes the wakes that lie in the socket.
func (l *ringLink) takeWakes() error {
	var word [2]byte
	for range ringWakes {
		size, err := l.socket.tryReceive(word[:])
		switch {
		case err == transport.ErrReset:
			// The wakes that the peer has not read are no loss.
			return transport.ErrDisconnected
		case err != nil:
			return err
		case size == 0:
			return nil
		case size != 1 || word[0] != ringWake:
			return errBesideRing
		}
	}
	return nil
}

// wake wakes the peer, which sleeps in front of its socket.
func (l *ringLink) wake() {
	switch sendOne(l.socket.fd, []byte{ringWake}) {
	case 0, unix.EAGAIN:
		// A full queue holds wakes enough.
	default:
		// Who is gone shows by the hang-up. A peer that nothing wakes, as where the system has no memory for it,
		// would sleep on: it is better off with the end, and looks for what was sent before.
		l.socket.hangUp()
	}
}

func (l *ringLink) Check() error {
	if l.ring == nil {
		return transport.ErrClosed
	}
	if err := l.takeWakes(); err != nil {
		if err != transport.ErrDisconnected {
			return err
		}
		// What was sent just before the hang-up counts.
		if size, broken := l.into.arrived(); size == 0 || broken != nil {
			if broken != nil {
				return broken
			}
			return err
		}
	}
	return l.tellWatcher()
}

func (l *ringLink) Linger() { l.socket.linger() }

func (l *ringLink) Info() transport.LinkInfo {
	info := transport.LinkInfo{Kind: transport.LinkSharedMemory, Peer: l.socket.peer}
	if l.ring != nil {
		info.MaxPacket = l.ring.shape.maxPacket()
	}
	return info
}

func (l *ringLink) Close() error {
	if l.ring == nil {
		return nil
	}
	l.socket.hangUp()
	// A socket that is closed with packets unread looks broken to the peer.
	for l.takeWakes() == nil {
		if what, err := l.socket.look(); err != nil || what != seenPacket {
			break
		}
	}
	l.watch.close()
	l.out, l.into = ringSender{}, ringReceiver{}
	l.ring.close()
	l.ring, l.watch = nil, nil
	l.socket.close()
	return nil
}

// wait says that the sender is about to sleep until there is room; look once more after it.
func (s *ringSender) wait() { storeWaits(s.senderWaits, 1) }

func (s *ringSender) stopWaiting() { storeWaits(s.senderWaits, 0) }

// wait says that the receiver is about to sleep until a packet comes; look once more after it.
func (r *ringReceiver) wait() { storeWaits(r.receiverWaits, 1) }

func (r *ringReceiver) stopWaiting() { storeWaits(r.receiverWaits, 0) }
