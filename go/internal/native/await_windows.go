package native

import (
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/windows"
)

// Await waits until object, if it is one, tells that something has come or that the peer has hung up. It fails as w
// ends.
func Await(object transport.WaitObject, w transport.Wait) error {
	if object == transport.NoWaitObject {
		return sleep(w)
	}
	return windows.Await(object, w)
}

// Mark tells one owner of an endpoint from the next. Nothing tells that of a pipe: it is 0.
func Mark(transport.Endpoint) uint64 { return 0 }
