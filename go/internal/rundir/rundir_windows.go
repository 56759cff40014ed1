package rundir

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// IsDirectory tells whether a run directory is a directory of the file system.
const IsDirectory = false

// SessionsKeepTheName tells whether an endpoint is in use until the last of its sessions has ended, also
// where its listener is closed.
const SessionsKeepTheName = true

var count atomic.Uint64

// newDir returns a name that no other test of any process has: on Windows it is nothing more.
func newDir(testing.TB) string {
	return fmt.Sprintf(`C:\run\netipc-test-%d-%d-%d`, os.Getpid(), time.Now().UnixNano(), count.Add(1))
}

// Names returns the names in the directory: none.
func Names(string) ([]string, error) { return nil, nil }
