//go:build linux

package posix

import (
	"log/slog"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// Becoming the one owner of an endpoint:
//
//	           starter A                                   starter B
//	 lock ─────────┐                             lock … waits
//	 probe: dead   │  ╲ one at a time: nobody        ┊
//	 sweep regions │   ╲ of ours sees a socket       ┊
//	 unlink dead   │   ╱ that is bound and           ┊
//	 bind, listen  │  ╱  does not listen yet         ┊
//	 same inode?   │                                 ┊
//	 unlock ───────┘                             locked: probe: somebody listens → ErrAddressInUse
//
// Starters of another make do not know the lock. Against those stand the comparison of inodes before a
// removal, bind, which never replaces, and the last look at the name once we listen.

// Why an endpoint is known to be in use.
const (
	lostRace   = "it started at the same moment"
	noneToAsk  = "no descriptor is left to ask whether it is alive"
	lockedLong = "another one keeps its start locked"
)

// occupant is what stands at a path: nothing, or something that is in use or may be, or something that
// serves nobody.
type occupant struct {
	inUse   string
	holders []int
	dead    bool
	id      fileID
}

// claimed is a socket that listens at its endpoint.
type claimed struct {
	fd  int
	id  fileID
	dir *runDir
	// Whether its name goes with it: not that of a socket which others have opened.
	isOwn bool
}

// claim binds and listens, after removing what serves nobody.
func claim(endpoint transport.Endpoint, backlog int, log *slog.Logger) (*claimed, error) {
	dir, err := openRunDir(endpoint)
	if err != nil {
		return nil, unasked(endpoint, err)
	}
	held, err := claimIn(dir, endpoint, backlog, log)
	if err != nil {
		dir.release()
	}
	return held, err
}

func claimIn(dir *runDir, endpoint transport.Endpoint, backlog int, log *slog.Logger) (*claimed, error) {
	unlock, err := lockStart(dir, endpoint, log)
	if err != nil {
		return nil, err
	}
	defer unlock()
	found, err := probe(dir, endpoint)
	if err != nil {
		return nil, bindError(endpoint, err)
	}
	if found.inUse != "" {
		return nil, inUse(endpoint, found.inUse, found.holders)
	}
	if found.dead {
		removed, err := removeIf(dir.fd, socketName(endpoint), found.id)
		if err != nil {
			return nil, bindError(endpoint, err)
		}
		if removed {
			log.Info("netipc: reclaimed an endpoint that nobody served", "endpoint", endpoint.String())
		}
	}
	sweep(dir, endpoint, log)
	fd, err := newSocket()
	if err != nil {
		return nil, bindError(endpoint, err)
	}
	id, err := bindAndListen(fd, dir, endpoint, backlog)
	if err != nil {
		closeFD(fd)
		return nil, err
	}
	return &claimed{fd: fd, id: id, dir: dir, isOwn: true}, nil
}

func bindAndListen(fd int, dir *runDir, endpoint transport.Endpoint, backlog int) (fileID, error) {
	name := socketName(endpoint)
	if err := bindPrivate(fd, dir.socketPath(endpoint)); err == unix.EADDRINUSE {
		return fileID{}, inUse(endpoint, lostRace, nil)
	} else if err != nil {
		return fileID{}, bindError(endpoint, err)
	}
	bound, err := lookAt(dir.fd, name)
	if err != nil {
		return fileID{}, bindError(endpoint, err)
	}
	// A umask that takes from the owner itself, or a system that ignores the mode of the socket.
	if !bound.isPrivate() {
		err = makePathPrivate(dir.fd, name, bound.id)
	}
	if err == nil {
		refuseDescriptors(fd)
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		_, _ = removeIf(dir.fd, name, bound.id)
		return fileID{}, bindError(endpoint, err)
	}
	if seen, err := lookAt(dir.fd, name); err != nil || seen.id != bound.id {
		return fileID{}, inUse(endpoint, lostRace, nil)
	}
	return bound.id, nil
}

// probe looks who serves the endpoint. It never waits.
func probe(dir *runDir, endpoint transport.Endpoint) (occupant, error) {
	seen, err := lookAt(dir.fd, socketName(endpoint))
	if err == unix.ENOENT {
		return occupant{}, nil
	}
	if err != nil {
		return occupant{}, err
	}
	dead := occupant{dead: true, id: seen.id}
	// A link may lead to a live socket.
	if !seen.isSocket() && !seen.isSymlink() {
		return dead, nil
	}
	listened, err := tryConnect(dir.socketPath(endpoint))
	switch {
	case err == nil:
		return held("it answers", endpoint, listened), nil
	case err == unix.ECONNREFUSED:
		return dead, nil
	case err == unix.ENOENT:
		// A link to nothing, or it was removed just now: then removing it does nothing.
		return dead, nil
	case seen.isSymlink() && (err == unix.ELOOP || err == unix.ENOTDIR || err == unix.ENAMETOOLONG):
		// A link that cannot lead anywhere.
		return dead, nil
	case err == unix.EAGAIN:
		return held("its backlog is full", endpoint, transport.Peer{}), nil
	case err == unix.EACCES, err == unix.EPERM:
		return occupant{inUse: "it belongs to somebody else"}, nil
	case err == unix.EPROTOTYPE:
		return held("it is a socket of another type", endpoint, transport.Peer{}), nil
	case isExhausted(err):
		return occupant{inUse: noneToAsk}, nil
	}
	return occupant{inUse: "whether it is alive cannot be told"}, nil
}

// held is a socket that is in use, by the processes that hold it open, as far as we may know: one that was
// forked by a server that is gone looks alive, and answers nothing.
func held(why string, endpoint transport.Endpoint, listened transport.Peer) occupant {
	holders := holdersOf(endpoint.SocketPath(), endpoint.Place()+"/"+socketName(endpoint))
	if len(holders) > 1 {
		// We may hold one that has lost its name.
		holders = slices.DeleteFunc(holders, func(pid int) bool { return pid == unix.Getpid() })
	}
	if pid, known := listened.PID(); known && len(holders) == 0 {
		holders = []int{int(pid)}
	}
	return occupant{inUse: why, holders: holders}
}

// tryConnect connects and hangs up; it returns who listens.
func tryConnect(path string) (transport.Peer, error) {
	fd, err := newSocket()
	if err != nil {
		return transport.Peer{}, err
	}
	defer closeFD(fd)
	if err := connectSocket(fd, path); err != nil {
		return transport.Peer{}, err
	}
	return peerOf(fd), nil
}

// unasked is why nobody could be asked. Where no descriptor is left for that, somebody may serve there.
func unasked(endpoint transport.Endpoint, err error) error {
	if isExhausted(err) {
		if _, missing := lookAt(unix.AT_FDCWD, endpoint.Place()+"/"+socketName(endpoint)); missing == nil {
			return inUse(endpoint, noneToAsk, nil)
		}
	}
	return bindError(endpoint, err)
}

func inUse(endpoint transport.Endpoint, why string, holders []int) error {
	return &transport.BindError{
		Endpoint: endpoint.String(), Kind: transport.ErrAddressInUse, Why: why, Holders: holders,
	}
}

func bindError(endpoint transport.Endpoint, err error) error {
	return &transport.BindError{Endpoint: endpoint.String(), Cause: err}
}
