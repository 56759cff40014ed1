//go:build linux

package posix

import (
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// Becoming the one owner of an endpoint:
//
//	           starter A                                   starter B
//	 lock run_dir ─┐                             lock run_dir … waits
//	 probe: dead   │  ╲ one at a time: nobody        ┊
//	 sweep regions │   ╲ of ours sees a socket       ┊
//	 unlink dead   │   ╱ that is bound and           ┊
//	 bind, listen  │  ╱  does not listen yet         ┊
//	 same inode?   │                                 ┊
//	 unlock ───────┘                             locked: probe: somebody listens → ErrAddressInUse
//
// The lock is a flock on the directory itself: it needs no file, and the kernel takes it back from a
// process that dies. Starters of another make do not know it. Against those stand the comparison of
// inodes before a removal, bind, which never replaces, and the last look at the name once we listen.

const (
	// lockPatience is how long another starter may hold the lock; its work takes well below a
	// millisecond.
	lockPatience = 2 * time.Second
	lockRetry    = time.Millisecond
)

// Why an endpoint is known to be in use.
const (
	lostRace   = "it started at the same moment"
	noneToAsk  = "no descriptor is left to ask whether it is alive"
	lockedLong = "another one keeps the run directory locked"
)

// occupant is what stands at a path: nothing, or something that is in use or may be, or something that
// serves nobody.
type occupant struct {
	inUse string
	dead  bool
	id    fileID
}

// claim binds and listens, after removing what serves nobody. It returns the socket and its file.
func claim(endpoint transport.Endpoint, backlog int, log *slog.Logger) (int, fileID, error) {
	lock, err := lockRunDir(endpoint)
	if err != nil {
		return -1, fileID{}, err
	}
	defer closeFD(lock)
	path := endpoint.SocketPath()
	found, err := probe(path)
	if err != nil {
		return -1, fileID{}, bindError(endpoint, err)
	}
	if found.inUse != "" {
		return -1, fileID{}, inUse(endpoint, found.inUse)
	}
	if found.dead {
		removed, err := removeIf(path, found.id)
		if err != nil {
			return -1, fileID{}, bindError(endpoint, err)
		}
		if removed {
			log.Info("reclaimed an endpoint that nobody served", "endpoint", endpoint.String())
		}
	}
	sweep(endpoint, log)
	fd, err := newSocket()
	if err != nil {
		return -1, fileID{}, bindError(endpoint, err)
	}
	id, err := bindAndListen(fd, endpoint, backlog)
	if err != nil {
		closeFD(fd)
		return -1, fileID{}, err
	}
	return fd, id, nil
}

func bindAndListen(fd int, endpoint transport.Endpoint, backlog int) (fileID, error) {
	path := endpoint.SocketPath()
	if err := bindPrivate(fd, path); err == unix.EADDRINUSE {
		return fileID{}, inUse(endpoint, lostRace)
	} else if err != nil {
		return fileID{}, bindError(endpoint, err)
	}
	bound, err := lookAt(path)
	if err != nil {
		return fileID{}, bindError(endpoint, err)
	}
	// A umask that takes from the owner itself, or a system that ignores the mode of the socket.
	if !bound.isPrivate() {
		err = makePathPrivate(path, bound.id)
	}
	if err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		_, _ = removeIf(path, bound.id)
		return fileID{}, bindError(endpoint, err)
	}
	if seen, err := lookAt(path); err != nil || seen.id != bound.id {
		return fileID{}, inUse(endpoint, lostRace)
	}
	return bound.id, nil
}

// probe looks who serves path. It never waits.
func probe(path string) (occupant, error) {
	seen, err := lookAt(path)
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
	switch err := tryConnect(path); {
	case err == nil:
		return occupant{inUse: "it answers"}, nil
	case err == unix.ECONNREFUSED:
		return dead, nil
	case err == unix.ENOENT:
		// A link to nothing, or it was removed just now: then removing it does nothing.
		return dead, nil
	case err == unix.EAGAIN:
		return occupant{inUse: "its backlog is full"}, nil
	case err == unix.EACCES, err == unix.EPERM:
		return occupant{inUse: "it belongs to somebody else"}, nil
	case err == unix.EPROTOTYPE:
		return occupant{inUse: "it is a socket of another type"}, nil
	case isExhausted(err):
		return occupant{inUse: noneToAsk}, nil
	}
	return occupant{inUse: "whether it is alive cannot be told"}, nil
}

func tryConnect(path string) error {
	fd, err := newSocket()
	if err != nil {
		return err
	}
	defer closeFD(fd)
	return connectSocket(fd, path)
}

// lockRunDir keeps other starters in the same directory away until what it returns is closed.
func lockRunDir(endpoint transport.Endpoint) (int, error) {
	fd, err := openDir(endpoint.RunDir())
	if err != nil {
		if isExhausted(err) {
			if _, missing := lookAt(endpoint.SocketPath()); missing == nil {
				return -1, inUse(endpoint, noneToAsk)
			}
		}
		return -1, bindError(endpoint, err)
	}
	w := transport.Timeout(lockPatience)
	for {
		locked, err := tryLock(fd)
		if locked {
			return fd, nil
		}
		if err != nil {
			err = bindError(endpoint, err)
		} else if w.Sleep(lockRetry) != nil {
			err = inUse(endpoint, lockedLong)
		}
		if err != nil {
			closeFD(fd)
			return -1, err
		}
	}
}

func inUse(endpoint transport.Endpoint, why string) error {
	return &transport.BindError{Endpoint: endpoint.String(), Kind: transport.ErrAddressInUse, Why: why}
}

func bindError(endpoint transport.Endpoint, err error) error {
	return &transport.BindError{Endpoint: endpoint.String(), Cause: err}
}
