package transport

// Link is a connected channel between two peers that keeps packet boundaries.
//
// The contract that every backend keeps, and that the conformance suite checks:
//
//   - Whole packets: what one Send takes, one Receive gives, in order, once.
//   - Deadline and abort act everywhere: Send and Receive fail with [ErrTimeout] or [ErrAborted] as
//     soon as the wait says so. A call whose deadline has already passed still does what needs no
//     waiting.
//   - Last words count: packets that were sent before a hang-up are received before it is reported.
//   - An end is told apart: an orderly close is [ErrDisconnected], a broken one [ErrReset].
//   - An empty packet is a protocol error, in both directions, unless the sender is gone by then.
//   - An error other than [ErrTimeout], [ErrAborted], [ErrBusy] and [ErrTooLarge] is final: the link
//     is of no more use.
//   - Close ends a link and removes whatever it owns in the file system.
//   - One owner: a link is used by one goroutine at a time, Close included. What has to end a wait
//     from outside is an [Abort].
type Link interface {
	// Receive takes one packet into buf and returns the packet's full length. What does not fit is
	// dropped; a result above len(buf) says so.
	Receive(buf []byte, w Wait) (int, error)
	// Send sends head followed by body as one packet. It fails with [ErrTooLarge] beyond
	// [LinkInfo].MaxPacket and with [ErrBusy] when [LinkInfo].Window messages are under way.
	Send(head, body []byte, w Wait) error
	// Check looks whether the peer is still there, at once and without consuming data.
	Check() error
	// Linger ends the sending side after a last packet and waits at most 100 ms for the peer to go,
	// so that the packet arrives even where unread packets would turn a close into a reset.
	Linger()
	// Info tells what this link is.
	Info() LinkInfo
	// FD returns the descriptor that an event loop can watch, or -1 where there is none. On a socket
	// it is readable when a packet or a hang-up waits; on shared memory it tells hang-ups only. It
	// stays the link's own.
	FD() int
	// Close ends the link. Closing again does nothing.
	Close() error
}

// Baseline is a fresh connection, before the handshake has chosen a data plane.
//
// The server calls Offer before it accepts and Switch once its acceptance is sent; the client calls
// Attach once it has been accepted. Where the handshake chose the baseline, it is the link.
type Baseline interface {
	Link
	// PacketSize returns the bytes of the largest packet to propose; both directions can carry it.
	PacketSize() uint32
	// PeerAllowed tells whether the peer may talk to us by its identity alone, before any token is
	// looked at.
	PeerAllowed() bool
	// Offer makes a shared region ready for the peer to attach, complete on return. A second offer
	// replaces the first. Where it fails nothing is left behind, and the baseline still works.
	Offer(plan RegionPlan) error
	// Switch gives the data plane of the region offered last, or the baseline itself when none is.
	// It takes over the connection: the baseline is of no more use.
	Switch() Link
	// Attach attaches the region that the server has offered, and takes over the connection. It
	// fails with an [*AttachError]; the connection is closed then.
	Attach(plan RegionPlan, w Wait) (Link, error)
}

// Listener is a bound endpoint that takes connections.
//
// Closing it gives the endpoint's name back, if it is still this listener's own.
type Listener interface {
	// Accept waits for the next connection, never for what the peer has to say. It fails with
	// [ErrTimeout] and [ErrAborted] as w says; any other error is about one connection or a passing
	// shortage, and the listener goes on working.
	Accept(w Wait) (Baseline, error)
	// Endpoint returns where it listens.
	Endpoint() Endpoint
	// FD returns the descriptor that is readable when a connection waits, or -1.
	FD() int
	// Close ends listening. Closing again does nothing.
	Close() error
}

// Transport is a way to reach endpoints: the platform's own, or one inside this process. It may be
// used by any number of goroutines.
type Transport interface {
	// Connect connects to whoever serves endpoint. It fails with a [*ConnectError].
	Connect(endpoint Endpoint, w Wait) (Baseline, error)
	// Bind becomes the one owner of endpoint. It fails with a [*BindError].
	Bind(endpoint Endpoint, options BindOptions) (Listener, error)
}

// RegionPlan is the shape of a shared region, known to both sides after the negotiation.
type RegionPlan struct {
	// SessionID names the region, together with the endpoint.
	SessionID uint64
	// Mode is how a receiver waits.
	Mode RegionMode
	// RequestBytes is the bytes of the largest request message, its 32-byte header included.
	RequestBytes uint64
	// ResponseBytes is the bytes of the largest response message, its 32-byte header included.
	ResponseBytes uint64
}

// RegionMode is how a receiver waits on shared memory.
type RegionMode uint8

const (
	// RegionHybrid spins first, then waits in the kernel (profile 0x02).
	RegionHybrid RegionMode = iota
	// RegionKernel waits in the kernel at once (profile 0x04).
	RegionKernel
)

// DefaultBacklog is how many connections may wait to be accepted, unless configured.
const DefaultBacklog = 16

// BindOptions are how a listener is set up. The zero value is the default.
type BindOptions struct {
	// Backlog is how many connections may wait to be accepted; 0 is [DefaultBacklog].
	Backlog int
	// AllowUIDs are the users to let in.
	AllowUIDs UIDPolicy
}

// UIDPolicy is which users may connect. The zero value lets in our own user and root.
type UIDPolicy struct {
	// Any lets in everybody who can reach the socket.
	Any bool
	// Also are users to let in besides our own and root.
	Also []uint32
}

// LinkInfo is what a link is, for status and for the session above it.
type LinkInfo struct {
	// Kind is what carries the data.
	Kind LinkKind
	// MaxPacket is the bytes of the largest packet that Send takes.
	MaxPacket int
	// Window is the messages that may be under way in one direction; 0 is as many as the peer lets
	// wait.
	Window int
	// WholeMessages tells whether a packet is always a whole message.
	WholeMessages bool
	// Peer is who is at the other end, where PeerKnown.
	Peer Peer
	// PeerKnown tells whether the platform knows the peer.
	PeerKnown bool
}

// LinkKind is what carries a link's data.
type LinkKind uint8

const (
	// LinkMemory is queues in this process.
	LinkMemory LinkKind = iota
	// LinkSocket is the platform's packet socket.
	LinkSocket
	// LinkSharedMemory is a shared region, with the socket beside it.
	LinkSharedMemory
)

// String returns "memory", "socket" or "shm".
func (k LinkKind) String() string {
	switch k {
	case LinkMemory:
		return "memory"
	case LinkSocket:
		return "socket"
	default:
		return "shm"
	}
}

// Peer is the process at the other end, as the kernel tells.
type Peer struct {
	// PID is its process id; 0 when it has none in our pid namespace.
	PID uint32
	// UID is its user id.
	UID uint32
}
