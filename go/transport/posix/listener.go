//go:build linux

package posix

import (
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// listener is the owner of an endpoint.
//
// A shortage of descriptors while accepting is reported at once and leaves the connection waiting:
// the caller pauses before it tries again.
type listener struct {
	fd       int
	id       fileID
	endpoint transport.Endpoint
	peers    transport.PeerPolicy
	spin     time.Duration
	log      *slog.Logger
}

func (l *listener) Accept(w transport.Wait) (transport.Baseline, error) {
	if l.fd < 0 {
		return nil, transport.ErrClosed
	}
	if err := w.CheckAbort(); err != nil {
		return nil, err
	}
	for {
		fd, err := acceptSocket(l.fd)
		switch err {
		case nil:
			return l.accepted(fd), nil
		case unix.EAGAIN:
			if err := ready(l.fd, unix.POLLIN, w); err != nil {
				return nil, err
			}
		case unix.ECONNABORTED:
			// That client hung up before it was accepted: on to the next.
		default:
			return nil, err
		}
	}
}

func (l *listener) accepted(fd int) *link {
	socket := takeSocket(fd, newSpin(l.spin, forRequest))
	return &link{
		socket:      socket,
		endpoint:    l.endpoint,
		peerAllowed: l.peers.Allows(socket.peer, uint32(unix.Geteuid())),
		spin:        l.spin,
		log:         l.log,
	}
}

func (l *listener) Endpoint() transport.Endpoint { return l.endpoint }

func (l *listener) WaitObject() transport.WaitObject { return transport.WaitObject(l.fd) }

func (l *listener) Close() error {
	if l.fd < 0 {
		return nil
	}
	// Removed while it still listens, so that no other server takes the name over before that.
	_, err := removeIf(l.endpoint.SocketPath(), l.id)
	if err != nil {
		l.log.Warn("cannot remove the socket", "endpoint", l.endpoint.String(), "error", err)
	}
	closeFD(l.fd)
	l.fd = -1
	return err
}
