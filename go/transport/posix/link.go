//go:build linux

package posix

import (
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/netipc/netipc/go/transport"
)

// What the profiles of shared memory mean here: how a receiver waits.
const (
	// profileHybrid polls for a short time first, and sleeps in the kernel then.
	profileHybrid = 0x02
	// profileFutex sleeps in the kernel at once, without polling.
	profileFutex = 0x04
)

// link is a connection over a packet socket.
type link struct {
	socket   *socket
	endpoint transport.Endpoint
	// The server's: where its regions are.
	dir         *runDir
	peerAllowed bool
	spin        time.Duration
	log         *slog.Logger
	// The region that the server has made for this session.
	offered *region
}

func (l *link) Receive(buf []byte, w transport.Wait) (int, error) { return l.socket.receive(buf, w) }

func (l *link) Send(head, body []byte, w transport.Wait) error { return l.socket.send(head, body, w) }

func (l *link) Check() error { return l.socket.check() }

func (l *link) Linger() { l.socket.linger() }

func (l *link) Info() transport.LinkInfo {
	return transport.LinkInfo{
		Kind:      transport.LinkSocket,
		MaxPacket: int(l.socket.packetSize),
		Peer:      l.socket.peer,
	}
}

func (l *link) WaitObject() transport.WaitObject { return l.socket.waitObject() }

func (l *link) Close() error {
	l.dropOffer()
	l.dropDir()
	l.socket.close()
	return nil
}

func (l *link) PacketSize() uint32 { return l.socket.packetSize }

func (l *link) PeerAllowed() bool { return l.peerAllowed }

func (l *link) Offer(plan transport.SessionPlan) error {
	// The old one goes first: it may have the same name.
	l.dropOffer()
	switch plan.Profile {
	case transport.ProfileBaseline:
		return nil
	case profileHybrid, profileFutex:
	default:
		return transport.ErrUnsupported
	}
	offered, err := createRegion(l.dir, l.endpoint, plan, l.log)
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if err != nil {
		shmFailures.warn(l.log, "cannot prepare shared memory", "endpoint", l.endpoint.String(), "error", err)
		return err
	}
	l.offered = offered
	return nil
}

func (l *link) Switch() transport.Link {
	if l.offered == nil {
		return l
	}
	region := l.offered
	l.offered = nil
	l.dropDir()
	return newShmLink(l.socket.handOver(), region, serverSide, l.spin)
}

func (l *link) Attach(plan transport.SessionPlan, w transport.Wait) (transport.Link, error) {
	if plan.Profile == transport.ProfileBaseline {
		return l, nil
	}
	region, err := attachRegion(l.endpoint, plan, w, func() bool { return l.socket.check() != nil })
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return newShmLink(l.socket.handOver(), region, clientSide, l.spin), nil
}

func (l *link) dropDir() {
	if l.dir != nil {
		l.dir.release()
		l.dir = nil
	}
}

func (l *link) dropOffer() {
	if l.offered != nil {
		l.offered.close()
		l.offered = nil
	}
}
