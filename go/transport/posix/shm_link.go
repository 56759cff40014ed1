//go:build linux

package posix

import (
	"runtime/debug"
	"sync"
	"time"

	"github.com/netipc/netipc/go/transport"
)

const (
	// clientSlice is how long a client sleeps, which waits inside a call, before it looks at the socket. Much
	// shorter sleeps cost as much as all the rest of a call: their timer is the next one to expire, and has
	// to be set and reset.
	clientSlice = 20 * time.Millisecond
	// serverSlice is how long a server sleeps, which waits for the next request.
	serverSlice = 100 * time.Millisecond
	// shmLooks is the looks at the counter for each look at the clock, which takes about as long.
	shmLooks = 16
	// mostPrepared is the bytes of the next message whose place is prepared, at most: beyond that it costs
	// what it gains.
	mostPrepared = 1024
)

var errStrayData = &transport.ProtocolError{What: "data beside the shared region"}

// side is which end of a session we are.
type side uint8

const (
	clientSide side = iota
	serverSide
)

// shmLink is a link over shared memory, with the socket that made it beside it.
//
// One message per direction at a time: after a client's request comes the server's response. The
// socket carries nothing any more and tells when the peer is gone; a peer that dies without closing is
// noticed within 20 ms by a client and 100 ms by a server.
type shmLink struct {
	socket *socket
	region *region
	// What we send and what we receive; gone once the link is closed.
	outgoing, incoming *slot
	// Bytes of the largest message that the session has agreed on for our direction.
	limit int
	// Messages sent and messages received.
	sent, taken uint64
	// Bytes of the message sent last.
	lastSize int
	// Whether it is our turn to send.
	maySend bool
	// How long it sleeps before it looks at the socket.
	slice time.Duration
	// Looks at the counter before the first sleep.
	spin spin
	// Looks for a reply before the peer is woken.
	replyLook replyLook
	// Ends our own sleep.
	bell bell
}

// newShmLink takes over the socket and the region.
func newShmLink(socket *socket, region *region, side side, soon time.Duration) *shmLink {
	patience := forRequest
	l := &shmLink{socket: socket, region: region, slice: serverSlice}
	if side == serverSide {
		l.outgoing, l.incoming = &region.response, &region.request
		l.limit = int(region.plan.ResponseBytes)
	} else {
		l.outgoing, l.incoming = &region.request, &region.response
		l.limit = int(region.plan.RequestBytes)
		l.slice, l.maySend = clientSlice, true
		patience = forAnswer
		// A server counts from 0, as its client may have sent a request before. A client counts on from
		// what the region says.
		// Where that is gone already, the next touch says so.
		l.sent, l.taken, _ = region.published(l.outgoing, l.incoming)
	}
	if region.plan.Profile == profileFutex {
		soon = 0
	}
	l.spin = newSpin(soon, patience)
	l.bell.region, l.bell.slot = region, l.incoming
	return l
}

func (l *shmLink) Send(head, body []byte, w transport.Wait) (err error) {
	size := len(head) + len(body)
	switch {
	case l.outgoing == nil:
		return transport.ErrClosed
	case size == 0:
		return transport.ErrEmpty
	case size > l.limit:
		return &transport.TooLargeError{Size: size, Limit: l.limit}
	}
	if err := w.CheckAbort(); err != nil {
		return err
	}
	if !l.maySend {
		return transport.ErrBusy
	}
	defer l.region.caught(debug.SetPanicOnFault(true), &err)
	l.sent++
	l.lastSize = size
	looks := 0
	if l.spin.pays() {
		looks = l.replyLook.begin()
	}
	replied := l.outgoing.publish(l.sent, head, body, looks, l.incoming, l.taken)
	if looks > 0 {
		l.replyLook.end(replied)
	}
	l.maySend = false
	return nil
}

func (l *shmLink) Receive(buf []byte, w transport.Wait) (size int, err error) {
	if l.incoming == nil {
		return 0, transport.ErrClosed
	}
	if err := w.CheckAbort(); err != nil {
		return 0, err
	}
	defer l.region.caught(debug.SetPanicOnFault(true), &err)
	arrived, err := l.look(w)
	if err != nil {
		return 0, err
	}
	if !arrived {
		start := now()
		if err := l.sleep(w); err != nil {
			return 0, err
		}
		l.spin.slept(start)
	}
	size, err = l.incoming.take(l.taken, buf)
	if err != nil {
		return 0, err
	}
	l.taken++
	l.maySend = true
	l.outgoing.prepare(min(l.lastSize, mostPrepared))
	// The first message proves that the client has attached.
	l.region.removeName()
	return size, nil
}

// look polls for a message, for as long as [spin] allows; it tells whether one has arrived.
func (l *shmLink) look(w transport.Wait) (bool, error) {
	slot, taken := l.incoming, l.taken
	if arrived, err := slot.arrived(taken); arrived || err != nil {
		l.spin.atHand()
		return arrived, err
	}
	return l.spin.run(shmLooks, w, func() (bool, error) { return slot.arrived(taken) })
}

// sleep sleeps until something has arrived; it fails once the peer is gone or w ends.
func (l *shmLink) sleep(w transport.Wait) error {
	if w.Abort != nil {
		w.Abort.Register(&l.bell)
		defer w.Abort.Unregister(&l.bell)
	}
	slot := l.incoming
	for {
		// Before anything is looked at: what moves it later ends the sleep.
		signal := slot.signalled()
		if arrived, err := slot.arrived(l.taken); arrived || err != nil {
			return err
		}
		if ended := w.Check(); ended != nil {
			if err := l.Check(); err != nil {
				return err
			}
			return ended
		}
		limit := l.slice
		if left, ends := w.Remaining(); ends {
			limit = min(left, limit)
		}
		if err := futexWait(slot.signal, signal, limit); err != nil {
			return err
		}
		if arrived, err := slot.arrived(l.taken); arrived || err != nil {
			return err
		}
		if err := l.Check(); err != nil {
			return err
		}
	}
}

func (l *shmLink) Check() (err error) {
	if l.incoming == nil {
		return transport.ErrClosed
	}
	defer l.region.caught(debug.SetPanicOnFault(true), &err)
	what, err := l.socket.look()
	if err != nil {
		return err
	}
	switch what {
	case seenPacket:
		return errStrayData
	case seenGone:
		// What was published just before the hang-up counts.
		if arrived, err := l.incoming.arrived(l.taken); arrived || err != nil {
			return err
		}
		return transport.ErrDisconnected
	}
	return nil
}

func (l *shmLink) Linger() { l.socket.linger() }

func (l *shmLink) Info() transport.LinkInfo {
	return transport.LinkInfo{
		Kind:          transport.LinkSharedMemory,
		MaxPacket:     l.limit,
		Window:        1,
		WholeMessages: true,
		Peer:          l.socket.peer,
	}
}

func (l *shmLink) WaitObject() transport.WaitObject { return l.socket.waitObject() }

func (l *shmLink) Close() error {
	if l.incoming == nil {
		return nil
	}
	// In this order, so that a peer that is woken finds the hang-up.
	l.socket.hangUp()
	// Nobody sleeps on memory that is gone.
	_ = l.region.ring(&l.region.request)
	_ = l.region.ring(&l.region.response)
	l.outgoing, l.incoming = nil, nil
	l.bell.silence()
	l.region.close()
	l.socket.close()
	return nil
}

// bell wakes the owner of a link as a message would. A wake without a message is harmless: the owner looks,
// and sleeps again.
type bell struct {
	mu     sync.Mutex
	region *region
	slot   *slot
}

// Wake is the Wake of [transport.Waker].
func (b *bell) Wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.slot != nil {
		_ = b.region.ring(b.slot)
	}
}

// silence keeps the bell from touching memory that is unmapped next.
func (b *bell) silence() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slot = nil
}
