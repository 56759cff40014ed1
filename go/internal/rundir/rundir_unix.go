//go:build !windows

package rundir

import (
	"os"
	"testing"
)

// IsDirectory tells whether a run directory is a directory of the file system.
const IsDirectory = true

// SessionsKeepTheName tells whether an endpoint is in use until the last of its sessions has ended, also
// where its listener is closed.
const SessionsKeepTheName = false

func newDir(t testing.TB) string {
	t.Helper()
	// Not t.TempDir: its name is that of the test, and too long for a socket.
	return Files(t)
}

// Names returns the names in the directory.
func Names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, err
}
