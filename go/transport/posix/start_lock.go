//go:build linux

package posix

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

const (
	// lockPatience is how long another starter may hold the lock; its work takes well below a
	// millisecond.
	lockPatience = 2 * time.Second
	lockRetry    = time.Millisecond
)

// lockStart waits until nobody else starts at this endpoint, and keeps others away until what it returns is
// called.
//
// The lock is on a file of its own, which only our user can open: a lock on the directory could be held for
// ever by whoever may read it. The kernel takes it back from a process that dies, and whoever has it removes
// the file. Where the file belongs to another user, whose start is over, or was cut off, where what has its name is no
// file, and at once where a sandbox refuses locks, there is no lock: the other defences have to do then.
func lockStart(dir *runDir, endpoint transport.Endpoint, log *slog.Logger) (unlock func(), err error) {
	name := endpoint.Service() + ".lock"
	patience := transport.Timeout(lockPatience)
	for {
		fd, id, err := tryLockStart(dir, name)
		foreign := false
		switch {
		case err == errForeignLock:
			foreign = true
		case errors.Is(err, errLocksRefused):
			log.Info("netipc: starting without a lock", "endpoint", endpoint.String(), "error", err)
			return func() {}, nil
		case err == nil && fd >= 0:
			return func() {
				// While it is locked: who waits for it finds out that it is another file by then.
				_, _ = removeIf(dir.fd, name, id)
				closeFD(fd)
			}, nil
		case err == unix.EACCES || err == unix.EPERM:
			// Nothing can be made in the directory, unless it was there already.
			if _, missing := lookAt(dir.fd, name); missing != nil {
				return nil, bindError(endpoint, err)
			}
			foreign = true
		case err == unix.EISDIR || err == unix.ELOOP || err == unix.ENXIO:
			// A directory, a link, or a socket: none of which any starter makes.
			log.Warn("netipc: starting without a lock: no file has its name", "endpoint", endpoint.String(), "lock", name)
			return func() {}, nil
		case err != nil:
			return nil, unasked(endpoint, err)
		}
		if patience.Sleep(lockRetry) == nil {
			continue
		}
		if !foreign {
			return nil, inUse(endpoint, lockedLong, nil)
		}
		log.Info("netipc: starting beside the lock of another user", "endpoint", endpoint.String())
		return func() {}, nil
	}
}

var (
	// errLocksRefused says that nothing can be locked here, as in a sandbox: a wait would change nothing.
	errLocksRefused = errors.New("the system refuses locks")
	// errForeignLock says that another user has the lock, who may never let go of a file of his own, whatever its mode.
	errForeignLock = errors.New("another user has the lock")
)

// tryLockStart returns the locked file, or -1 while somebody else of our user has it; it fails with errForeignLock while
// another user has.
func tryLockStart(dir *runDir, name string) (int, fileID, error) {
	fd, made, err := openLock(dir.fd, name)
	if err == unix.EAGAIN {
		// Who had it has removed it just now.
		return -1, fileID{}, nil
	}
	if err != nil {
		return -1, fileID{}, err
	}
	id, err := lockOpened(dir, name, fd, made)
	if err != nil || id == (fileID{}) {
		closeFD(fd)
		return -1, fileID{}, err
	}
	return fd, id, nil
}

// lockOpened locks the file, which was just made or was there, and returns what it is; nothing while somebody else of
// our user has it. It fails as tryLockStart does.
func lockOpened(dir *runDir, name string, fd int, made bool) (fileID, error) {
	locked, refused := tryLock(fd)
	seen, err := lookInto(fd)
	if refused != nil && made && err == nil {
		// Nobody would remove it. Where it was there, somebody who may lock may have it.
		_, _ = removeIf(dir.fd, name, seen.id)
	}
	switch {
	case refused == unix.EACCES || refused == unix.EPERM || refused == unix.ENOSYS:
		// The file is ours to write, so that this is said of locks.
		return fileID{}, fmt.Errorf("%w: %w", errLocksRefused, refused)
	case refused != nil:
		return fileID{}, refused
	case err != nil:
		return fileID{}, err
	case !locked && seen.uid != uint32(unix.Geteuid()):
		return fileID{}, errForeignLock
	case !locked:
		return fileID{}, nil
	}
	// Whoever had it before may have removed its name since it was opened.
	named, err := lookAt(dir.fd, name)
	if err == nil && named.id == seen.id {
		return seen.id, nil
	}
	if err == unix.ENOENT {
		err = nil
	}
	return fileID{}, err
}
