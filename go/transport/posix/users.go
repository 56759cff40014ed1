//go:build linux

package posix

import (
	"slices"

	"github.com/netipc/netipc/go/transport"
)

// Users are which users may connect. The zero value lets in our own user and root.
type Users struct {
	// Any lets in everybody who can reach the socket.
	Any bool
	// Also are users to let in besides our own and root.
	Also []uint32
}

// allow tells whether a peer may connect to a process of user own. One that the kernel cannot name is
// nobody's user.
func (u Users) allow(peer transport.Peer, own uint32) bool {
	uid, known := peer.UID()
	return u.Any || known && (uid == own || uid == 0 || slices.Contains(u.Also, uid))
}
