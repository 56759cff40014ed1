//go:build linux

package posix

import "testing"

// Rule L7.
func TestServersAreTrustedByUserAndByRunDirectory(t *testing.T) {
	const own = 1000
	for _, c := range []struct {
		uid, owner uint32
		closed     bool
		trusted    []uint32
		want       bool
	}{
		{uid: own, want: true},
		{uid: 0, owner: 8, want: true},
		{uid: 8, owner: 8, closed: true, want: true},
		{uid: 8, owner: 8},
		{uid: 8, owner: 9, closed: true},
		{uid: 8, owner: own, closed: true},
		{uid: 7, owner: own, trusted: []uint32{7}, want: true},
	} {
		runDir := func() (uint32, bool) { return c.owner, c.closed }
		if got := trustsServer(c.trusted, c.uid, own, runDir); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
