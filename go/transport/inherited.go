package transport

// Inherited are listening packet sockets that this process did not open itself. The zero value has none.
//
// A listener whose endpoint is one of them takes that one, and leaves its name in the file system when it
// closes: it is the service manager's. One whose endpoint is none of them binds as usual, and so does one
// whose name leads to something else by now. The sockets stay open as long as the process lives.
type Inherited struct {
	sockets []int
}

// InheritedFromEnvironment returns the sockets that systemd, or whoever else set LISTEN_FDS and LISTEN_PID, has
// passed to this process. They are given once: later calls give none.
func InheritedFromEnvironment() Inherited { return Inherited{sockets: takeInherited()} }

// IsEmpty tells whether there is none.
func (i Inherited) IsEmpty() bool { return len(i.sockets) == 0 }

// Sockets returns the descriptors, for transports. They are not to be closed.
func (i Inherited) Sockets() []int { return i.sockets }
