//go:build windows

package windows

import (
	"log/slog"

	"github.com/netipc/netipc/go/transport"
)

// What the profiles of shared memory mean here.
const (
	// profileHybrid polls for a short time first, and waits for an event then.
	profileHybrid = 0x02
	// profileBusyWait polls all the time, and has no events.
	profileBusyWait = 0x04
)

// link is a connection over a named pipe.
type link struct {
	pipe     *pipe
	endpoint transport.Endpoint
	log      *slog.Logger
	// The region that the server has made for this session.
	offered *region
}

func (l *link) Receive(buf []byte, w transport.Wait) (int, error) { return l.pipe.receive(buf, w) }

func (l *link) Send(head, body []byte, w transport.Wait) error { return l.pipe.send(head, body, w) }

func (l *link) Check() error { return l.pipe.check() }

// Linger does nothing: what was sent stays there for the peer to read when our end is closed.
func (l *link) Linger() {}

func (l *link) Info() transport.LinkInfo {
	return transport.LinkInfo{Kind: transport.LinkPipe, MaxPacket: packetSize, Peer: l.pipe.peer}
}

func (l *link) WaitObject() transport.WaitObject { return l.pipe.waitObject() }

func (l *link) Close() error {
	l.dropOffer()
	l.pipe.close()
	return nil
}

func (l *link) PacketSize() uint32 { return packetSize }

// PeerAllowed says yes: the system lets in nobody else.
func (l *link) PeerAllowed() bool { return true }

// PeerWatch is the PeerWatch of [transport.PeerWatcher].
func (l *link) PeerWatch() func() bool { return l.pipe.peerWatch() }

func (l *link) Offer(plan transport.SessionPlan) error {
	// The old one goes first: it may have the same name.
	l.dropOffer()
	switch plan.Profile {
	case transport.ProfileBaseline:
		return nil
	case profileHybrid, profileBusyWait:
	default:
		return transport.ErrUnsupported
	}
	offered, err := createRegion(l.endpoint, plan)
	if err != nil {
		l.log.Warn("netipc: cannot prepare shared memory", "endpoint", l.endpoint.String(), "error", err)
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
	return newShmLink(l.handOver(), region, serverSide)
}

func (l *link) Attach(plan transport.SessionPlan, w transport.Wait) (transport.Link, error) {
	if plan.Profile == transport.ProfileBaseline {
		return l, nil
	}
	region, err := attachRegion(l.endpoint, plan, w, func() bool { return l.pipe.check() != nil })
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return newShmLink(l.handOver(), region, clientSide), nil
}

func (l *link) dropOffer() {
	if l.offered != nil {
		l.offered.close()
		l.offered = nil
	}
}
