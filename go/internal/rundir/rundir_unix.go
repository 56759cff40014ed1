//go:build !windows

package rundir

import (
	"os"
	"testing"
)

// IsDirectory tells whether a run directory is a directory of the file system.
const IsDirectory = true

func newDir(t testing.TB) string {
	t.Helper()
	// Not t.TempDir: its name is that of the test, and too long for a socket.
	dir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
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
