package transport

// PeerPolicy is who may connect: the owner of the server's process and the system, and nobody else. The
// system itself sees to it.
type PeerPolicy struct{}
