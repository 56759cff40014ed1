//go:build linux

package posix

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/transport"
)

// Rule L18.
func TestALockOfAnotherUserIsBusyAndHadOnceHeHasGone(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be another user")
	}
	no := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const name = "svc.lock"
	top := rundir.New(t)
	endpoint, err := transport.NewEndpoint(top, "svc")
	no(err)
	dir, err := openRunDir(endpoint)
	no(err)
	defer dir.release()
	theirs, err := os.Create(top + "/" + name)
	no(err)
	defer theirs.Close()
	no(theirs.Chown(7, -1))
	no(unix.Flock(int(theirs.Fd()), unix.LOCK_EX))
	if _, _, err := tryLockStart(dir, name); err != errForeignLock {
		t.Error(err)
	}
	no(os.Remove(theirs.Name()))
	fd, id, err := tryLockStart(dir, name)
	no(err)
	defer closeFD(fd)
	removed, err := removeIf(dir.fd, name, id)
	if err != nil || !removed {
		t.Error(removed, err)
	}
}
