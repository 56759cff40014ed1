//go:build !windows

package transport

import "slices"

// PeerPolicy is which users may connect. The zero value lets in our own user and root.
type PeerPolicy struct {
	// Any lets in everybody who can reach the socket.
	Any bool
	// Also are users to let in besides our own and root.
	Also []uint32
}

// Allows tells whether a peer may connect to a process of user own. One that the kernel cannot name is
// nobody's user.
func (p PeerPolicy) Allows(peer Peer, own uint32) bool {
	uid, known := peer.UID()
	return p.Any || known && (uid == own || uid == 0 || slices.Contains(p.Also, uid))
}
