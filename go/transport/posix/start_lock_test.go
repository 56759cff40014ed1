//go:build linux

package posix

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/transport"
)

func no(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Rule L18.
func TestALockOfAnotherUserIsBusyAndHadOnceHeHasGone(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be another user")
	}
	const name = "svc.lock"
	top := rundir.New(t)
	endpoint, err := transport.NewEndpoint(top, "svc")
	no(t, err)
	dir, err := openRunDir(endpoint)
	no(t, err)
	defer dir.release()
	theirs, err := os.Create(top + "/" + name)
	no(t, err)
	defer theirs.Close()
	no(t, theirs.Chown(7, -1))
	no(t, unix.Flock(int(theirs.Fd()), unix.LOCK_EX))
	if _, _, err := tryLockStart(dir, name); err != errForeignLock {
		t.Error(err)
	}
	no(t, os.Remove(theirs.Name()))
	fd, id, err := tryLockStart(dir, name)
	no(t, err)
	defer closeFD(fd)
	removed, err := removeIf(dir.fd, name, id)
	if err != nil || !removed {
		t.Error(removed, err)
	}
}

// Rule L18. It may go before anybody has looked whether it is there, and that is no reason to fail.
func TestALockThatCannotBeOpenedIsForeignWhetherOrNotItIsThereStill(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	top := rundir.New(t)
	no(t, os.Chmod(top, 0o777))
	no(t, os.WriteFile(top+"/svc.lock", nil, 0o600))
	endpoint, err := transport.NewEndpoint(top, "svc")
	no(t, err)
	dir, err := openRunDir(endpoint)
	no(t, err)
	defer dir.release()
	ended := make(chan error, 1)
	go func() {
		// Never unlocked: the thread ends with its goroutine, and with it another user.
		runtime.LockOSThread()
		const nobody = 65534
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
			ended <- errno
			return
		}
		_, _, err := tryLockStart(dir, "svc.lock")
		ended <- err
	}()
	if err := <-ended; err != errForeignLock {
		t.Error(err)
	}
}
