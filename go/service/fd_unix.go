//go:build unix

package service

import "github.com/netipc/netipc/go/transport"

// FD returns the descriptor that an event loop can watch while there is a session, or -1: it is
// readable when the provider has hung up. It is WaitObject as Unix systems have it.
func (c *core) FD() int {
	native := c.WaitObject()
	if native == transport.NoWaitObject {
		return -1
	}
	return int(native)
}
