// Package windows is the transport of Windows: named pipes, with shared memory as a data plane.
//
//	transport  connect and bind
//	listener   the pending instances of a pipe, and taking connections
//	link       the link over a pipe, and what becomes of it after the handshake
//	pipe       a connected pipe: overlapped reads and writes
//	shm_link   the link over a shared region, with the pipe beside it
//	region     the mapping and the events of a region: create, attach
//	layout     the header of a region: plan, encode, check
//	slot       publish and take one message
//	sys_*      the system calls
//
// Nothing polls, and nothing blocks for ever: connecting, reading and writing wait for the operation, the
// abort and the deadline together. Pipes and regions are open to the user of their owner and to the
// system, and to nobody over the network. Peers that share memory trust one another.
package windows
