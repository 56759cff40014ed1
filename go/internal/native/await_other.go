//go:build !linux && !windows

package native

import "github.com/netipc/netipc/go/transport"

// Await waits until w ends, and fails as it does: no link of this platform has anything to watch.
func Await(_ transport.WaitObject, w transport.Wait) error { return sleep(w) }

// Mark tells one owner of an endpoint from the next. There are none: it is 0.
func Mark(transport.Endpoint) uint64 { return 0 }
