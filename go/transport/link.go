package transport

import (
	"fmt"
	"strings"
)

// Link is a connected channel between two peers that keeps packet boundaries.
//
// The contract that every backend keeps, and that the conformance suite checks:
//
//   - Whole packets: what one Send takes, one Receive gives, in order, once.
//   - Deadline and abort act everywhere: Send and Receive fail with [ErrTimeout] or [ErrAborted] as
//     soon as the wait says so. A call whose deadline has already passed still does what needs no
//     waiting.
//   - Packets come first: those that were sent before a hang-up are received before it is reported.
//   - Two kinds of end: an orderly close is [ErrDisconnected], a broken one [ErrReset].
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
	// [LinkInfo].MaxPacket and with [ErrBusy] when [LinkInfo].Window messages are in flight.
	Send(head, body []byte, w Wait) error
	// Check looks whether the peer is still there, at once and without consuming data.
	Check() error
	// Linger ends the sending side after a last packet and waits at most 100 ms for the peer to go,
	// so that the packet arrives even where unread packets would turn a close into a reset.
	Linger()
	// Info tells what this link is.
	Info() LinkInfo
	// WaitObject returns what an event loop can watch, or [NoWaitObject] where there is nothing. It is ready
	// when a packet or a hang-up waits; on shared memory that is no ring it tells hang-ups only. A ring has nothing
	// while no descriptors are left to make it of.
	WaitObject() WaitObject
	// Close ends the link. Closing again does nothing.
	Close() error
}

// Baseline is a fresh connection, before the handshake has chosen a data plane.
//
// The server calls Offer before it accepts and Switch once its acceptance is sent; the client calls
// Attach once it has been accepted. Both do so whatever the profile is: what a profile means is the
// transport's to know.
type Baseline interface {
	Link
	// PacketSize returns the bytes of the largest packet to propose; both directions can carry it.
	PacketSize() uint32
	// PeerAllowed tells whether the peer may talk to us by its identity alone, before any token is
	// looked at.
	PeerAllowed() bool
	// Offer makes the data plane of plan ready for the peer to attach, complete on return. A second
	// offer replaces the first. Where it fails nothing is left behind, and the baseline still works; it
	// fails with [ErrUnsupported] for a profile that is none of the transport's, and with [fs.ErrExist]
	// where another live session has the names of this one: another session number may do.
	Offer(plan SessionPlan) error
	// Switch gives the data plane that was offered last, which is the baseline itself where none was.
	// It takes over the connection: the baseline is of no more use.
	Switch() Link
	// Attach attaches the data plane that the server has offered, and takes over the connection. It
	// fails with an [*AttachError]; the connection is closed then.
	Attach(plan SessionPlan, w Wait) (Link, error)
}

// PeerWatcher is a [Baseline] of a server that can be watched from outside.
type PeerWatcher interface {
	// PeerWatch returns what tells any goroutine, without waiting, whether the peer has hung up, whatever the
	// connection's owner does with it meanwhile. It tells so, too, once the connection is closed.
	PeerWatch() func() bool
}

// Listener is a bound endpoint that takes connections.
//
// Closing it gives the endpoint's name back, if it is still this listener's own.
type Listener interface {
	// Accept waits for the next connection, never for what the peer has to say. It fails with
	// [ErrTimeout] and [ErrAborted] as w says, and with [ErrEndpointLost] where clients reach somebody
	// else, or nobody, from now on; any other error is about one connection or a passing shortage, and
	// the listener goes on working.
	Accept(w Wait) (Baseline, error)
	// Endpoint returns where it listens.
	Endpoint() Endpoint
	// WaitObject returns what is ready when a connection waits, or [NoWaitObject].
	WaitObject() WaitObject
	// Close ends listening. Closing again does nothing.
	Close() error
}

// ReadyListener is a [Listener] that can wait until a client has said something.
type ReadyListener interface {
	Listener
	// AcceptReady waits for the next connection whose client has said something, for those who take care of
	// one client at a time. Clients that say nothing meanwhile cost what the platform needs for a connection,
	// are bounded in time and number, and hold up nobody. It fails as Accept does.
	AcceptReady(w Wait) (Baseline, error)
}

// Transport is a way to reach endpoints: the platform's own, or one inside this process. It may be
// used by any number of goroutines.
type Transport interface {
	// Profiles returns the profiles it has: nothing else is offered to a peer.
	Profiles() []Profile
	// Connect connects to whoever serves endpoint. It fails with a [*ConnectError].
	Connect(endpoint Endpoint, w Wait) (Baseline, error)
	// Bind becomes the one owner of endpoint. It fails with a [*BindError].
	Bind(endpoint Endpoint, options BindOptions) (Listener, error)
}

// Profile is a data plane that a transport has.
type Profile struct {
	// Bit is its bit in the handshake.
	Bit uint32
	// Name is what people call it.
	Name string
	// Kind is what carries the data.
	Kind LinkKind
	// OnRequest tells that it is offered only to those who ask for exactly this bit, as it is costly.
	OnRequest bool
}

// ProfileBaseline is the bit of the profile that every transport has: packets over the connection
// itself.
const ProfileBaseline = 0x01

// SessionPlan is the data plane of a session, known to both sides after the negotiation.
type SessionPlan struct {
	// Profile is the bit of the profile that was negotiated.
	Profile uint32
	// SessionID names what is shared, together with the endpoint.
	SessionID uint64
	// AuthToken is the secret of the endpoint, for platforms where names depend on it.
	AuthToken uint64
	// RequestBytes is the bytes of the largest request message, its 32-byte header included.
	RequestBytes uint64
	// ResponseBytes is the bytes of the largest response message, its 32-byte header included.
	ResponseBytes uint64
}

// DefaultBacklog is how many connections may wait to be accepted, unless configured.
const DefaultBacklog = 16

// BindOptions are how a listener is set up. The zero value is the default.
type BindOptions struct {
	// Backlog is how many connections may wait to be accepted; 0 is [DefaultBacklog].
	Backlog int
	// Peers are who may connect, as far as the platform can tell.
	Peers PeerPolicy
	// Inherited are sockets that a service manager has opened.
	Inherited Inherited
}

// LinkInfo is what a link is, for status and for the session above it.
type LinkInfo struct {
	// Kind is what carries the data.
	Kind LinkKind
	// MaxPacket is the bytes of the largest packet that Send takes.
	MaxPacket int
	// Window is the messages that may be in flight in one direction; 0 is as many as the system
	// holds for the peer.
	Window int
	// WholeMessages tells whether a packet is always a whole message.
	WholeMessages bool
	// Peer is who is at the other end, as far as the platform tells.
	Peer Peer
}

// LinkKind is what carries a link's data.
type LinkKind uint8

const (
	// LinkMemory is queues in this process.
	LinkMemory LinkKind = iota
	// LinkSocket is a packet socket.
	LinkSocket
	// LinkSharedMemory is a shared region, with a socket or a pipe beside it.
	LinkSharedMemory
	// LinkPipe is a named pipe.
	LinkPipe
)

var linkKinds = [...]string{"memory", "socket", "shm", "pipe"}

// String returns "memory", "socket", "shm" or "pipe".
func (k LinkKind) String() string {
	if int(k) < len(linkKinds) {
		return linkKinds[k]
	}
	return "unknown"
}

// Peer is the process at the other end. What the platform cannot tell is absent, and not 0. Of the zero
// value nothing is known.
type Peer struct {
	pid, uid           uint32
	pidKnown, uidKnown bool
}

// WithPID returns the peer with this process id.
func (p Peer) WithPID(pid uint32) Peer {
	p.pid, p.pidKnown = pid, true
	return p
}

// WithUID returns the peer with this user id.
func (p Peer) WithUID(uid uint32) Peer {
	p.uid, p.uidKnown = uid, true
	return p
}

// PID returns its process id, where the platform tells one that means something here.
func (p Peer) PID() (uint32, bool) { return p.pid, p.pidKnown }

// UID returns its user id, where the platform has such.
func (p Peer) UID() (uint32, bool) { return p.uid, p.uidKnown }

// String returns what is known, as in "pid 7, uid 1000".
func (p Peer) String() string {
	var known []string
	if p.pidKnown {
		known = append(known, fmt.Sprintf("pid %d", p.pid))
	}
	if p.uidKnown {
		known = append(known, fmt.Sprintf("uid %d", p.uid))
	}
	if len(known) == 0 {
		return "unknown"
	}
	return strings.Join(known, ", ")
}

// Describe returns what is known, with the name of the command where the system tells that, as in "pid 7, uid
// 1000, command "cat"". It looks at the system now: a process that has ended meanwhile has no name.
func (p Peer) Describe() string {
	if !p.pidKnown {
		return p.String()
	}
	name := commandOf(p.pid)
	if name == "" {
		return p.String()
	}
	// The process has chosen it: it may try to look like a line of the log.
	return fmt.Sprintf("%v, command %q", p, name)
}
