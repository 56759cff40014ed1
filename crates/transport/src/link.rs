//! The traits a transport backend implements.

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;

use crate::endpoint::Endpoint;
use crate::wait::Wait;

pub use crate::error::{AttachError, BindError, ConnectError, LinkError};

/// A connected channel between two peers that keeps packet boundaries.
///
/// The contract that every backend keeps, and that the conformance suite checks:
///
/// - **Whole packets.** What one `send` takes, one `receive` gives, in order, once.
/// - **Deadline and abort act everywhere.** `send` and `receive` return [`LinkError::Timeout`] or
///   [`LinkError::Aborted`] as soon as `wait` says so. A call whose deadline has already passed
///   still does what needs no waiting.
/// - **Last words count.** Packets that were sent before a hang-up are received before it is
///   reported.
/// - **An end is told apart.** An orderly close is [`LinkError::Disconnected`], a broken one
///   [`LinkError::Reset`].
/// - **An empty packet is a protocol error**, in both directions, unless the sender is gone by then.
/// - **An error other than `Timeout`, `Aborted`, `Busy` and `TooLarge` is final**: the link is of
///   no more use.
/// - **Dropping a link ends it** and removes whatever it owns in the file system.
/// - **One owner.** A link is `Send` and never shared.
pub trait Link: Send + fmt::Debug {
    /// Sends `head` followed by `body` as one packet.
    ///
    /// # Errors
    /// [`LinkError::TooLarge`] beyond [`LinkInfo::max_packet`], [`LinkError::Busy`] when
    /// [`LinkInfo::window`] messages are already under way, else why the link failed.
    fn send(&mut self, head: &[u8], body: &[u8], wait: &Wait<'_>) -> Result<(), LinkError>;

    /// Receives one packet into `packet`.
    ///
    /// Returns the packet's full length. What does not fit is dropped; a result above
    /// `packet.len()` says so.
    ///
    /// # Errors
    /// Why the link failed, or that `wait` ended.
    fn receive(&mut self, packet: &mut [u8], wait: &Wait<'_>) -> Result<usize, LinkError>;

    /// Looks whether the peer is still there, at once and without consuming data.
    ///
    /// # Errors
    /// Why the link is of no more use.
    fn check(&mut self) -> Result<(), LinkError>;

    /// Ends the sending side after a last packet and waits at most 100 ms for the peer to go, so
    /// that the packet arrives even where unread packets would turn a close into a reset.
    fn linger(&mut self);

    /// What this link is.
    fn info(&self) -> LinkInfo;

    /// The descriptor that an event loop can watch, where there is one. On a socket it is readable
    /// when a packet or a hang-up waits; on shared memory it tells hang-ups only.
    fn native(&self) -> Option<BorrowedFd<'_>>;
}

/// A fresh connection over the baseline, before the handshake has chosen a data plane.
///
/// The server calls [`offer`](Self::offer) before it accepts and [`switch`](Self::switch) once its
/// acceptance is sent; the client calls [`attach`](Self::attach) once it has been accepted.
pub trait Baseline: Link {
    /// Bytes of the largest packet to propose; both directions can carry it.
    fn packet_size(&self) -> u32;

    /// Whether the peer may talk to us by its identity alone, before any token is looked at.
    fn peer_allowed(&self) -> bool;

    /// Server: makes a shared region ready for the peer to attach, complete on return.
    ///
    /// A second offer replaces the first.
    ///
    /// # Errors
    /// Why there can be no such region; nothing is left behind, and the baseline still works.
    fn offer(&mut self, region: &RegionPlan) -> io::Result<()>;

    /// Server: gives the data plane of the region offered last, or the baseline itself when none is.
    fn switch(self: Box<Self>) -> Box<dyn Link>;

    /// Client: attaches the region that the server has offered.
    ///
    /// # Errors
    /// [`AttachError`]; the connection is closed then.
    fn attach(
        self: Box<Self>,
        region: &RegionPlan,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Link>, AttachError>;

    /// The baseline as the data plane.
    fn into_link(self: Box<Self>) -> Box<dyn Link>;
}

/// A bound endpoint that takes connections.
///
/// Dropping it gives the endpoint's name back, if it is still this listener's own.
pub trait Listener: Send + fmt::Debug {
    /// Waits for the next connection. Never waits for what the peer has to say.
    ///
    /// # Errors
    /// [`LinkError::Timeout`] and [`LinkError::Aborted`] as `wait` says; any other is about one
    /// connection or a passing shortage (descriptors), and the listener goes on working.
    fn accept(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError>;

    /// Where it listens.
    fn endpoint(&self) -> &Endpoint;

    /// The descriptor that is readable when a connection waits, where there is one.
    fn native(&self) -> Option<BorrowedFd<'_>>;
}

/// A way to reach endpoints: the platform's own, or one inside this process.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Connects to whoever serves `endpoint`.
    ///
    /// # Errors
    /// [`ConnectError`].
    fn connect(
        &self,
        endpoint: &Endpoint,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Baseline>, ConnectError>;

    /// Becomes the one owner of `endpoint`.
    ///
    /// # Errors
    /// [`BindError`].
    fn bind(
        &self,
        endpoint: &Endpoint,
        options: &BindOptions,
    ) -> Result<Box<dyn Listener>, BindError>;
}

/// The shape of a shared region, known to both sides after the negotiation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RegionPlan {
    /// Names the region, together with the endpoint.
    pub session_id: u64,
    /// How a receiver waits.
    pub mode: RegionMode,
    /// Bytes of the largest request message, its 32-byte header included.
    pub request_bytes: u64,
    /// Bytes of the largest response message, its 32-byte header included.
    pub response_bytes: u64,
}

/// How a receiver waits on shared memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RegionMode {
    /// Spins first, then waits in the kernel (profile 0x02).
    Hybrid,
    /// Waits in the kernel at once (profile 0x04).
    Kernel,
}

/// How a listener is set up.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BindOptions {
    /// Connections that may wait to be accepted; `None` is 16.
    pub backlog: Option<u16>,
    /// Peers to let in besides our own user and root.
    pub allow_uids: UidPolicy,
}

/// Which users may connect.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum UidPolicy {
    /// Our own user and root.
    #[default]
    OwnAndRoot,
    /// Our own user, root, and these.
    Also(Vec<u32>),
    /// Everybody who can reach the socket.
    Any,
}

/// What a link is, for status and for the session above it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LinkInfo {
    /// What carries the data.
    pub kind: LinkKind,
    /// Bytes of the largest packet that `send` takes.
    pub max_packet: usize,
    /// Messages that may be under way in one direction; `None` is as many as the peer lets wait.
    pub window: Option<u32>,
    /// Whether a packet is always a whole message.
    pub whole_messages: bool,
    /// Who is at the other end, where the platform tells.
    pub peer: Option<Peer>,
}

/// What carries a link's data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LinkKind {
    /// Queues in this process.
    Memory,
    /// The platform's packet socket or message pipe.
    Socket,
    /// A shared region, with the socket beside it.
    SharedMemory,
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Socket => "socket",
            Self::SharedMemory => "shm",
        })
    }
}

/// The process at the other end, as the kernel tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Its process id.
    pub pid: u32,
    /// Its user id.
    pub uid: u32,
}
