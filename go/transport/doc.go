// Package transport says how NetIPC packets move: sockets, shared memory and an in-memory backend
// behind one small interface, and the deadlines and aborts that end every wait.
//
// It knows no message. A [Link] moves whole packets between two peers on one host and tells when a
// peer is gone; a [Listener] owns what an endpoint leaves in the file system. [NewMemory] is a
// backend inside this process; those of the platform are in the packages below this one.
package transport
