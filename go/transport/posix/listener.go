//go:build linux

package posix

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// lookEvery is how often a listener looks whether its name still leads to it: at least every 5 s, as clients
// wait for it meanwhile.
const lookEvery = 2 * time.Second

// listener is the owner of an endpoint.
//
// A shortage of descriptors while accepting is reported at once and leaves the connection waiting:
// the caller pauses before it tries again.
//
// While somebody accepts, it looks every 2 s whether its socket is still where clients look for it. Where it,
// or the run directory, was removed or replaced by what serves nobody, it binds again; where another server
// has the name by now, Accept fails with [transport.ErrEndpointLost].
type listener struct {
	held     *claimed
	endpoint transport.Endpoint
	backlog  int
	peers    transport.PeerPolicy
	spin     time.Duration
	log      *slog.Logger
	nextLook time.Time
	halfOpen halfOpen
	// What is waited for, kept to be used again.
	fds []unix.PollFd
}

func (l *listener) Accept(w transport.Wait) (transport.Baseline, error) {
	if err := l.mayAccept(w); err != nil {
		return nil, err
	}
	for {
		link, err := l.acceptNow()
		if err != nil {
			return nil, err
		}
		if link != nil {
			return link, nil
		}
		if err := l.awaitClient(w); err != nil {
			return nil, err
		}
	}
}

// AcceptReady is the AcceptReady of [transport.ReadyListener].
func (l *listener) AcceptReady(w transport.Wait) (transport.Baseline, error) {
	if err := l.mayAccept(w); err != nil {
		return nil, err
	}
	for {
		l.halfOpen.closeLate(time.Now())
		if link := l.halfOpen.takeReady(); link != nil {
			return link, nil
		}
		connects, err := l.awaitAnybody(w)
		if err != nil {
			return nil, err
		}
		if connects && l.halfOpen.makeRoom() {
			if err := l.acceptSilent(); err != nil {
				return nil, err
			}
		}
	}
}

func (l *listener) mayAccept(w transport.Wait) error {
	if l.held == nil {
		return transport.ErrClosed
	}
	return w.CheckAbort()
}

// acceptNow takes a connection; it returns nil where none waits.
func (l *listener) acceptNow() (*link, error) {
	for {
		fd, err := acceptSocket(l.held.fd)
		switch err {
		case nil:
			if !l.held.isOwn {
				// It may have come before the socket was ours, when others let it pass descriptors.
				refuseDescriptors(fd)
			}
			return l.accepted(fd), nil
		case unix.EAGAIN:
			return nil, nil
		case unix.ECONNABORTED:
			// That client hung up before it was accepted: on to the next.
		default:
			return nil, err
		}
	}
}

// acceptSilent takes a connection to those that have said nothing yet. Where no descriptor is left for it, one
// of them makes way.
func (l *listener) acceptSilent() error {
	for {
		link, err := l.acceptNow()
		if isExhausted(err) && l.halfOpen.closeOne() {
			continue
		}
		if link != nil {
			l.halfOpen.push(link)
		}
		return err
	}
}

func (l *listener) accepted(fd int) *link {
	socket := takeSocket(fd, newSpin(l.spin, forRequest))
	return &link{
		socket:      socket,
		endpoint:    l.endpoint,
		dir:         l.held.dir.use(),
		peerAllowed: l.peers.Allows(socket.peer, uint32(unix.Geteuid())),
		spin:        l.spin,
		log:         l.log,
	}
}

// awaitClient waits until somebody connects, or until it is time to look after the name.
func (l *listener) awaitClient(w transport.Wait) error {
	untilLook, err := l.lookAfterNameInTime(w)
	if err != nil {
		return err
	}
	err = ready(l.held.fd, unix.POLLIN, untilLook)
	if errors.Is(err, transport.ErrTimeout) {
		return w.Check()
	}
	return err
}

// awaitAnybody waits until somebody connects, says something, or has been silent for too long, or until it is
// time to look after the name. It tells whether somebody connects.
func (l *listener) awaitAnybody(w transport.Wait) (connects bool, err error) {
	limit, err := l.lookAfterNameInTime(w)
	if err != nil {
		return false, err
	}
	if links := l.halfOpen.links; len(links) > 0 && links[0].until.Before(limit.Deadline) {
		limit.Deadline = links[0].until
	}
	l.fds = l.halfOpen.poll(append(l.fds[:0], unix.PollFd{Fd: int32(l.held.fd), Events: unix.POLLIN}))
	err = readyAny(l.fds, limit)
	if errors.Is(err, transport.ErrTimeout) {
		return false, w.Check()
	}
	if err != nil {
		return false, err
	}
	l.halfOpen.looked(l.fds[1:])
	return l.fds[0].Revents != 0, nil
}

// lookAfterNameInTime looks after the name where it is time to; it returns w until the next look.
func (l *listener) lookAfterNameInTime(w transport.Wait) (transport.Wait, error) {
	now := time.Now()
	if !now.Before(l.nextLook) {
		l.nextLook = now.Add(lookEvery)
		if err := l.lookAfterName(); err != nil {
			return w, err
		}
	}
	if w.Deadline.IsZero() || l.nextLook.Before(w.Deadline) {
		w.Deadline = l.nextLook
	}
	return w, nil
}

// lookAfterName binds again where clients do not find the socket any more. Nobody waits in the old one then.
func (l *listener) lookAfterName() error {
	inPlace, err := l.isInPlace()
	if err != nil {
		l.log.Debug("netipc: cannot look at our name", "endpoint", l.endpoint.String(), "error", err)
		return nil
	}
	if inPlace {
		return nil
	}
	return l.bindAgain(unix.Mkdir(l.endpoint.Place(), 0o700))
}

// bindAgain binds again, unless the run directory could not be made again for what passes.
func (l *listener) bindAgain(made error) error {
	if passes(made) {
		l.log.Warn("netipc: the run directory is gone, and cannot be made again yet", "endpoint", l.endpoint.String(), "error", made)
		return nil
	}
	if made != nil && made != unix.EEXIST {
		l.log.Debug("netipc: cannot make the run directory again", "endpoint", l.endpoint.String(), "error", made)
	}
	held, err := claim(l.endpoint, l.backlog, l.log)
	if isPassing(err) {
		l.log.Warn("netipc: the socket is gone, and cannot be bound again yet", "endpoint", l.endpoint.String(), "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", transport.ErrEndpointLost, err)
	}
	l.log.Warn("netipc: the socket was removed or replaced by others: bound again", "endpoint", l.endpoint.String())
	_ = l.letGo()
	l.held = held
	return nil
}

// isInPlace tells whether clients still find the socket. An error is ignorance.
func (l *listener) isInPlace() (bool, error) {
	inPlace, err := l.held.dir.isInPlace(l.endpoint)
	if err != nil || !inPlace {
		return false, err
	}
	seen, err := lookAt(l.held.dir.fd, socketName(l.endpoint))
	if err == unix.ENOENT {
		return false, nil
	}
	return seen.id == l.held.id, err
}

// isPassing tells whether the next try may find it otherwise.
func isPassing(err error) bool {
	var failed *transport.BindError
	if !errors.As(err, &failed) {
		return false
	}
	return slices.Contains([]string{lostRace, lockedLong, noneToAsk}, failed.Why) || passes(failed.Cause)
}

// passes tells whether there is no room in the file system, no memory, or no descriptor now.
func passes(err error) bool {
	errno, _ := err.(unix.Errno)
	return isExhausted(err) || slices.Contains([]unix.Errno{unix.ENOSPC, unix.EDQUOT, unix.ENOMEM, unix.ENOBUFS}, errno)
}

func (l *listener) Endpoint() transport.Endpoint { return l.endpoint }

func (l *listener) WaitObject() transport.WaitObject {
	if l.held == nil {
		return transport.NoWaitObject
	}
	return transport.WaitObject(l.held.fd)
}

func (l *listener) Close() error {
	if l.held == nil {
		return nil
	}
	l.halfOpen.close()
	err := l.letGo()
	l.held = nil
	return err
}

// letGo removes the name of the socket, if it is ours, and closes it.
func (l *listener) letGo() (err error) {
	if l.held.isOwn {
		// While it still listens, so that no other server takes the name over before that.
		_, err = removeIf(l.held.dir.fd, socketName(l.endpoint), l.held.id)
	}
	if err != nil {
		l.log.Warn("netipc: cannot remove the socket", "endpoint", l.endpoint.String(), "error", err)
	}
	closeFD(l.held.fd)
	l.held.dir.release()
	return err
}
