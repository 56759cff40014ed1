// Package rundir gives tests a run directory of their own, on every platform.
package rundir

import "testing"

// New returns a run directory that nobody else has. Where it is a real one, it is removed when the
// test ends.
func New(t testing.TB) string {
	t.Helper()
	return newDir(t)
}
