package native

import (
	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

// Await waits until object, if it is one, tells that something has come or that the peer has hung up. It fails as w
// ends.
func Await(object transport.WaitObject, w transport.Wait) error {
	if object == transport.NoWaitObject {
		return sleep(w)
	}
	return posix.Await(object, w)
}

// Mark tells one owner of an endpoint from the next, and from none: it changes when the socket does.
func Mark(endpoint transport.Endpoint) uint64 {
	var socket unix.Stat_t
	if unix.Stat(endpoint.SocketPath(), &socket) != nil {
		return 0
	}
	mark := uint64(0)
	for _, part := range [...]uint64{uint64(socket.Dev), socket.Ino, uint64(socket.Ctim.Nano())} {
		mark = (mark ^ part) * 0x9e37_79b9_7f4a_7c15
	}
	return mark | 1
}
