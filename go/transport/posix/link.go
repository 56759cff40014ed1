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
	// profileRing is sealed memory that the server passes over the socket; deployed peers do not know it.
	profileRing = 0x10
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
	// What the server has made for this session.
	offered     *region
	offeredRing *ring
}

func (l *link) Receive(buf []byte, w transport.Wait) (int, error) { return l.socket.receive(buf, w) }

func (l *link) Send(head, body []byte, w transport.Wait) error { return l.socket.send(head, body, w) }

func (l *link) Check() error { return l.socket.check() }

// isSilent tells whether the peer has neither said anything nor hung up.
func (l *link) isSilent() bool {
	what, err := l.socket.look()
	return err == nil && what == seenNothing
}

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

// PeerWatch is the PeerWatch of [transport.PeerWatcher].
func (l *link) PeerWatch() func() bool { return l.socket.peerWatch() }

func (l *link) PacketSize() uint32 { return l.socket.packetSize }

func (l *link) PeerAllowed() bool { return l.peerAllowed }

func (l *link) Offer(plan transport.SessionPlan) error {
	// The old one goes first: it may have the same name.
	l.dropOffer()
	switch plan.Profile {
	case transport.ProfileBaseline:
		return nil
	case profileHybrid, profileFutex, profileRing:
	default:
		return transport.ErrUnsupported
	}
	err := l.offerMemory(plan)
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if err != nil {
		shmFailures.warn(l.log, "netipc: cannot prepare shared memory", "endpoint", l.endpoint.String(), "error", err)
	}
	return err
}

func (l *link) offerMemory(plan transport.SessionPlan) (err error) {
	if plan.Profile != profileRing {
		l.offered, err = createRegion(l.dir, l.endpoint, plan, l.log)
		return err
	}
	ring, fd, err := createRing(plan)
	if err == nil {
		l.offeredRing = ring
		l.socket.pass(fd)
	}
	return err
}

func (l *link) Switch() transport.Link {
	if l.offeredRing != nil {
		ring := l.offeredRing
		l.offeredRing = nil
		l.dropDir()
		return newRingLink(l.socket.handOver(), ring, serverSide, l.spin)
	}
	if l.offered == nil {
		return l
	}
	region := l.offered
	l.offered = nil
	l.dropDir()
	return newShmLink(l.socket.handOver(), region, serverSide, l.spin)
}

func (l *link) Attach(plan transport.SessionPlan, w transport.Wait) (transport.Link, error) {
	passed := l.socket.takePassed()
	defer closeFD(passed)
	switch plan.Profile {
	case transport.ProfileBaseline:
		return l, nil
	case profileRing:
		return l.attachRing(passed)
	}
	region, err := attachRegion(l.endpoint, plan, w, func() bool { return l.socket.check() != nil })
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return newShmLink(l.socket.handOver(), region, clientSide, l.spin), nil
}

func (l *link) attachRing(passed int) (transport.Link, error) {
	err := error(permanentFlaw("it was not passed"))
	var ring *ring
	if passed >= 0 {
		ring, err = attachRing(passed)
	}
	if err != nil {
		_ = l.Close()
		name := "the ring of " + l.endpoint.String()
		return nil, &transport.AttachError{Profile: profileRing, Region: name, Kind: transport.ErrUnusable, Why: err.Error()}
	}
	return newRingLink(l.socket.handOver(), ring, clientSide, l.spin), nil
}

func (l *link) dropDir() {
	if l.dir != nil {
		l.dir.release()
		l.dir = nil
	}
}

func (l *link) dropOffer() {
	l.socket.pass(-1)
	if l.offeredRing != nil {
		l.offeredRing.close()
		l.offeredRing = nil
	}
	if l.offered != nil {
		l.offered.close()
		l.offered = nil
	}
}
