// Package rundir gives tests a run directory of their own, on every platform.
package rundir

import (
	"os"
	"testing"
)

// New returns a run directory that nobody else has. Where it is a real one, it is removed when the
// test ends.
func New(t testing.TB) string {
	t.Helper()
	return newDir(t)
}

// Files returns a directory for files of a test, which is removed when it ends. Wine cannot do that, and
// may leave it.
func Files(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
