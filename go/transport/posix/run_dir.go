//go:build linux

package posix

import (
	"fmt"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// runDir is the run directory, held by a descriptor: names in it mean the same wherever the process goes,
// and whatever becomes of the directory. Who uses it releases it.
type runDir struct {
	fd int
	id fileID
	// What "/" was: paths say nothing any more to a process that has another root by now.
	root  fileID
	users atomic.Int32
}

func openRunDir(endpoint transport.Endpoint) (*runDir, error) {
	fd, err := pinDir(endpoint.Place())
	if err != nil {
		return nil, err
	}
	seen, err := lookInto(fd)
	if err != nil {
		closeFD(fd)
		return nil, err
	}
	dir := &runDir{fd: fd, id: seen.id}
	dir.root, _ = leadsTo("/")
	dir.users.Store(1)
	return dir, nil
}

// use is for one more who releases it.
func (d *runDir) use() *runDir {
	d.users.Add(1)
	return d
}

func (d *runDir) release() {
	if d.users.Add(-1) == 0 {
		closeFD(d.fd)
	}
}

// isInPlace tells whether the place of endpoint still leads to it; an error is ignorance.
func (d *runDir) isInPlace(endpoint transport.Endpoint) (bool, error) {
	id, err := leadsTo(endpoint.Place())
	if err == nil && id == d.id {
		return true, nil
	}
	if err == nil || err == unix.ENOENT || err == unix.ENOTDIR {
		root, _ := leadsTo("/")
		return root != d.root, nil
	}
	return false, err
}

// socketPath returns a path under which its sockets can be bound and reached: as given, where that leads
// here.
func (d *runDir) socketPath(endpoint transport.Endpoint) string {
	given := endpoint.SocketPath()
	if filepath.IsAbs(given) {
		return given
	}
	if id, err := leadsTo(filepath.Dir(given)); err == nil && id == d.id {
		return given
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.fd, socketName(endpoint))
}

// reach returns what leads to the socket of endpoint, also from another working directory than that of the
// endpoint's making, and what to call once it has been used.
func reach(endpoint transport.Endpoint) (path string, done func(), err error) {
	if path = endpoint.SocketPath(); filepath.IsAbs(path) {
		return path, func() {}, nil
	}
	if path = endpoint.Place() + "/" + socketName(endpoint); len(path) <= transport.MaxSocketPath {
		return path, func() {}, nil
	}
	dir, err := openRunDir(endpoint)
	if err != nil {
		return "", nil, err
	}
	return dir.socketPath(endpoint), dir.release, nil
}

// socketName is the socket in the run directory.
func socketName(endpoint transport.Endpoint) string { return endpoint.Service() + ".sock" }

// regionName is the region of a session in the run directory.
func regionName(endpoint transport.Endpoint, sessionID uint64) string {
	return fmt.Sprintf("%s-%016x.ipcshm", endpoint.Service(), sessionID)
}
