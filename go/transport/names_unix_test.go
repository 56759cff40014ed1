//go:build !windows

package transport_test

import (
	"strings"
	"testing"

	"github.com/netipc/netipc/go/transport"
)

// Rule L3.
func TestEndpointPathsAreUsedAsGivenAndNeverCut(t *testing.T) {
	endpoint, err := transport.NewEndpoint("/run//x/.", "svc")
	is(t, err, nil)
	if endpoint.SocketPath() != "/run//x/./svc.sock" || endpoint.String() != endpoint.SocketPath() {
		t.Error(endpoint)
	}
	if path := endpoint.RegionPath(0xab); path != "/run//x/./svc-00000000000000ab.ipcshm" {
		t.Error(path)
	}
	dir := strings.Repeat("/", transport.MaxSocketPath-len("/svc.sock"))
	_, err = transport.NewEndpoint(dir, "svc")
	is(t, err, nil)
	_, err = transport.NewEndpoint(dir+"/", "svc")
	is(t, err, transport.ErrPathTooLong)
}

// Rule L8.
func TestUsersAreLetInByPolicy(t *testing.T) {
	also := transport.PeerPolicy{Also: []uint32{7}}
	for _, row := range []struct {
		peers transport.PeerPolicy
		uid   uint32
		known bool
		want  bool
	}{
		{transport.PeerPolicy{}, 1000, true, true},
		{transport.PeerPolicy{}, 0, true, true},
		{transport.PeerPolicy{}, 7, true, false},
		{transport.PeerPolicy{}, 0, false, false},
		{also, 1000, true, true},
		{also, 0, true, true},
		{also, 7, true, true},
		{also, 8, true, false},
		{also, 7, false, false},
		{transport.PeerPolicy{Any: true}, 8, true, true},
		{transport.PeerPolicy{Any: true}, 0, false, true},
	} {
		var peer transport.Peer
		if row.known {
			peer = peer.WithUID(row.uid)
		}
		if got := row.peers.Allows(peer, 1000); got != row.want {
			t.Errorf("%+v: %t", row, got)
		}
	}
}
