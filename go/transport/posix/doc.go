// Package posix is the transport of Linux: packet sockets in the run directory, with shared memory
// as a data plane.
//
//	transport  connect and bind
//	claim      becoming the one owner of an endpoint
//	listener   taking connections, and who may connect
//	link       the link over a socket, and what becomes of it after the handshake
//	socket     a connected packet socket
//	shm_link   the link over a shared region, with the socket beside it
//	region     the file of a region: create, attach, remove; stale: what a dead server left behind
//	layout     the header of a region: plan, encode, check
//	slot       publish and take one message
//	spin       looking before sleeping
//	sys_*      the system calls
//
// Peers that share memory trust one another: one that truncates the file of a region ends the process
// that touches it next. Who cannot trust its peers to be sound leaves out the profiles of shared memory.
package posix
