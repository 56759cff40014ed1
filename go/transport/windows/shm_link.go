//go:build windows

package windows

import (
	"runtime"
	"time"

	"github.com/netipc/netipc/go/transport"
)

const (
	// eventSlice is the longest wait for an event.
	eventSlice = 100 * time.Millisecond
	// busyLooks is how often a link without events looks for a message before it checks peer and wait.
	busyLooks = 64
	// busyPatience is how long a link without events looks without sleeping.
	busyPatience = 10 * time.Millisecond
	// busyPause is how long it sleeps between looks after that.
	busyPause = time.Millisecond
)

var errStrayData = &transport.ProtocolError{What: "data beside the shared region"}

// side is which end of a session we are.
type side uint8

const (
	clientSide side = iota
	serverSide
)

// shmLink is a link over shared memory, with the pipe that made it beside it.
//
// One message per direction at a time: after a client's request comes the server's response. The pipe
// carries nothing any more and tells when the peer is gone, at once.
type shmLink struct {
	pipe   *pipe
	region *region
	// What we send and what we receive; gone once the link is closed.
	outgoing, incoming *slot
	// Bytes of the largest message that the session has agreed on for our direction.
	limit int
	// Messages sent and messages received.
	sent, taken uint64
	// Whether it is our turn to send.
	maySend bool
	waiter  waiter
}

// newShmLink takes over the pipe and the region.
func newShmLink(pipe *pipe, region *region, side side) *shmLink {
	l := &shmLink{pipe: pipe, region: region}
	if side == serverSide {
		l.outgoing, l.incoming = &region.response, &region.request
		l.limit = int(region.plan.ResponseBytes)
	} else {
		l.outgoing, l.incoming = &region.request, &region.response
		l.limit = int(region.plan.RequestBytes)
		l.maySend = true
		// A server counts from 0, as its client may have sent a request before. A client counts on from
		// what the region says.
		l.sent, l.taken = l.outgoing.published(), l.incoming.published()
	}
	return l
}

func (l *shmLink) Send(head, body []byte, w transport.Wait) error {
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
	l.sent++
	l.outgoing.publish(l.sent, head, body)
	l.maySend = false
	return nil
}

func (l *shmLink) Receive(buf []byte, w transport.Wait) (int, error) {
	if l.incoming == nil {
		return 0, transport.ErrClosed
	}
	if err := w.CheckAbort(); err != nil {
		return 0, err
	}
	arrived, err := l.spin()
	if err == nil && !arrived {
		if l.incoming.event != 0 {
			err = l.sleep(w)
		} else {
			err = l.poll(w)
		}
	}
	if err != nil {
		return 0, err
	}
	size, err := l.incoming.take(l.taken, buf)
	if err != nil {
		return 0, err
	}
	l.taken++
	l.maySend = true
	return size, nil
}

// spin looks for a message as often as the region says.
func (l *shmLink) spin() (bool, error) {
	for range l.region.spinTries {
		if arrived, err := l.incoming.arrived(l.taken); arrived || err != nil {
			return arrived, err
		}
	}
	return l.incoming.arrived(l.taken)
}

// sleep waits for the event until something has arrived; it fails once the peer is gone or w ends.
func (l *shmLink) sleep(w transport.Wait) error {
	slot := l.incoming
	defer slot.setWaiting(false)
	for {
		slot.setWaiting(true)
		// Only now: what is published after setWaiting sets the event, what was published before is seen here.
		if arrived, err := slot.arrived(l.taken); arrived || err != nil {
			return err
		}
		if err := l.Check(); err != nil {
			return err
		}
		if err := l.waiter.await(w, eventSlice, slot.event, l.pipe.readEvent); err != nil {
			return l.messageOr(err)
		}
	}
}

// poll looks without an event, again and again, until something has arrived; it fails once the peer is gone or w ends.
func (l *shmLink) poll(w transport.Wait) error {
	begun := time.Now()
	for {
		for range busyLooks {
			if arrived, err := l.incoming.arrived(l.taken); arrived || err != nil {
				return err
			}
		}
		if err := l.Check(); err != nil {
			return err
		}
		if err := w.Check(); err != nil {
			return l.messageOr(err)
		}
		if time.Since(begun) < busyPatience {
			yield()
			runtime.Gosched()
		} else if err := w.Sleep(busyPause); err != nil {
			return l.messageOr(err)
		}
	}
}

// messageOr returns nil where a message arrived while the wait timed out, else why the wait ended.
func (l *shmLink) messageOr(ended error) error {
	if ended == transport.ErrTimeout {
		if arrived, err := l.incoming.arrived(l.taken); arrived || err != nil {
			return err
		}
	}
	return ended
}

func (l *shmLink) Check() error {
	if l.incoming == nil {
		return transport.ErrClosed
	}
	data, gone := l.pipe.seen()
	switch {
	case data:
		return errStrayData
	case gone == nil && !l.incoming.isClosed():
		return nil
	case gone != nil && gone != transport.ErrDisconnected:
		return gone
	}
	// What was published just before the end counts.
	if arrived, err := l.incoming.arrived(l.taken); arrived || err != nil {
		return err
	}
	return transport.ErrDisconnected
}

// Linger does nothing: what was published stays there for the peer, which has a mapping of its own.
func (l *shmLink) Linger() {}

func (l *shmLink) Info() transport.LinkInfo {
	return transport.LinkInfo{
		Kind:          transport.LinkSharedMemory,
		MaxPacket:     l.limit,
		Window:        1,
		WholeMessages: true,
		Peer:          l.pipe.peer,
	}
}

func (l *shmLink) WaitObject() transport.WaitObject { return l.pipe.waitObject() }

func (l *shmLink) Close() error {
	if l.incoming == nil {
		return nil
	}
	l.outgoing.close()
	l.outgoing, l.incoming = nil, nil
	l.region.close()
	l.pipe.close()
	return nil
}
