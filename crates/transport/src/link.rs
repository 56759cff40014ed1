//! The traits a transport backend implements.

use std::fmt;
use std::io;
use std::time::Instant;

use crate::endpoint::Endpoint;
use crate::sys;
use crate::wait::Wait;

pub use crate::error::{AttachError, BindError, ConnectError, LinkError, Missing};
pub use crate::platform::{Inherited, PeerPolicy};
pub use crate::sys::WaitObject;

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

    /// When the wait for the packet that [`receive`](Self::receive) gave last was over, as far as that is known
    /// without a look at the clock, which takes a good part of a short call: nothing where the packet was
    /// there at once, or so soon that nobody had looked yet.
    ///
    /// For a link that cannot tell, the time of this call is as good.
    fn waited_until(&self) -> Option<Instant>;

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

    /// What an event loop can watch, where there is something. On a socket, pipe or ring it is ready when a
    /// packet or a hang-up waits; on other shared memory it tells hang-ups only. A ring has nothing while no
    /// descriptors are left to make it of.
    fn wait_object(&self) -> Option<WaitObject<'_>>;
}

/// A fresh connection over the baseline, before the handshake has chosen a data plane.
///
/// The server calls [`offer`](Self::offer) before it accepts and [`switch`](Self::switch) once its
/// acceptance is sent; the client calls [`attach`](Self::attach) once it has been accepted: what was
/// offered may travel with the next packet that the server sends. What a profile means is known here
/// alone.
pub trait Baseline: Link {
    /// The profiles that this connection can switch to, the baseline included.
    fn profiles(&self) -> &'static [Profile];

    /// Bytes of the largest packet to propose; both directions can carry it.
    fn packet_size(&self) -> u32;

    /// Whether the peer may talk to us by its identity alone, before any token is looked at.
    fn peer_allowed(&self) -> bool;

    /// Server: what tells other threads whether the client has hung up, where something can.
    fn peer_watch(&self) -> Option<PeerWatch> {
        None
    }

    /// Our own user id, where the platform tells that of peers; to say that the two differ.
    fn own_uid(&self) -> Option<u32> {
        None
    }

    /// Server: makes the data plane of a session ready for the peer to attach, complete on return.
    ///
    /// A second offer replaces the first.
    ///
    /// # Errors
    /// Why there can be no such data plane; nothing is left behind, and the baseline still works.
    /// [`io::ErrorKind::AlreadyExists`] means that another session may be possible: this one's name is
    /// taken.
    fn offer(&mut self, plan: &SessionPlan) -> io::Result<()>;

    /// Server: gives the data plane offered last, the baseline itself when none is.
    fn switch(self: Box<Self>) -> Box<dyn Link>;

    /// Client: attaches the data plane that the server has offered.
    ///
    /// # Errors
    /// [`AttachError`]; the connection is closed then.
    fn attach(
        self: Box<Self>,
        plan: &SessionPlan,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Link>, AttachError>;

    /// The baseline as the data plane.
    fn into_link(self: Box<Self>) -> Box<dyn Link>;
}

/// Tells any thread whether the peer of a connection has hung up, whatever the connection's owner does
/// with it meanwhile. It does not keep the connection open.
pub struct PeerWatch {
    has_hung_up: Box<dyn Fn() -> bool + Send + Sync>,
}

impl PeerWatch {
    /// A watch that looks with `has_hung_up`, which never waits.
    #[must_use]
    pub fn new(has_hung_up: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let has_hung_up = Box::new(has_hung_up);
        Self { has_hung_up }
    }

    /// Whether the peer sends no more, or our own end is closed.
    #[must_use]
    pub fn has_hung_up(&self) -> bool {
        (self.has_hung_up)()
    }
}

impl fmt::Debug for PeerWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerWatch").finish_non_exhaustive()
    }
}

/// A bound endpoint that takes connections.
///
/// Dropping it gives the endpoint's name back, if it is still this listener's own.
pub trait Listener: Send + fmt::Debug {
    /// Waits for the next connection. Never waits for what the peer has to say.
    ///
    /// # Errors
    /// [`LinkError::Timeout`] and [`LinkError::Aborted`] as `wait` says; [`LinkError::EndpointLost`]
    /// where clients reach somebody else, or nobody, from now on; any other is about one connection or a
    /// passing shortage (descriptors), and the listener goes on working.
    fn accept(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError>;

    /// Waits for the next connection whose client has said something, for those who take care of one
    /// client at a time. Clients that say nothing meanwhile cost what the platform needs for a connection,
    /// are bounded in time and number, and hold up nobody; where the platform cannot tell, it is
    /// [`accept`](Self::accept).
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    fn accept_ready(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError> {
        self.accept(wait)
    }

    /// Where it listens.
    fn endpoint(&self) -> &Endpoint;

    /// What is ready when a connection waits, where there is something to watch.
    fn wait_object(&self) -> Option<WaitObject<'_>>;
}

/// A way to reach endpoints: the platform's own, or one inside this process.
pub trait Transport: Send + Sync + fmt::Debug {
    /// The profiles that its connections can switch to, the baseline first.
    fn profiles(&self) -> &'static [Profile];

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

    /// A number that becomes another one when somebody binds `endpoint` or gives it up: a look that costs far
    /// less than a connection, for who waits for a provider. `None` where the transport cannot tell.
    fn mark(&self, endpoint: &Endpoint) -> Option<u64> {
        let _ = endpoint;
        None
    }
}

/// A data plane that a transport has: the bit that names it in a handshake, and what it means there.
///
/// The same bit may mean different things on different platforms; who wants to tell asks the
/// transport.
///
/// ```
/// use netipc_transport::{MemoryTransport, Transport};
///
/// let profiles = MemoryTransport::new().profiles();
/// assert_eq!(profiles.iter().map(|profile| profile.bit).collect::<Vec<_>>(), [0x01]);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Profile {
    /// Its bit in a handshake.
    pub bit: u32,
    /// What it is called.
    pub name: &'static str,
    /// What carries the data.
    pub kind: LinkKind,
    /// Whether it is for those only who ask for exactly this one: it costs what others would not
    /// expect.
    pub on_request: bool,
}

/// The bit of the baseline, which every transport has.
pub const BASELINE: u32 = 0x01;

/// What a transport has to know of a session to prepare its data plane; both sides know it once the
/// handshake is over.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct SessionPlan {
    /// The profile that was selected: its bit.
    pub profile: u32,
    /// Names the session, together with the endpoint.
    pub session_id: u64,
    /// The shared secret of the endpoint, which goes into names on some platforms.
    pub auth_token: u64,
    /// Bytes of the largest request message, its 32-byte header included.
    pub request_bytes: u64,
    /// Bytes of the largest response message, its 32-byte header included.
    pub response_bytes: u64,
}

impl fmt::Debug for SessionPlan {
    /// Everything but the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionPlan")
            .field("profile", &self.profile)
            .field("session_id", &self.session_id)
            .field("request_bytes", &self.request_bytes)
            .field("response_bytes", &self.response_bytes)
            .finish_non_exhaustive()
    }
}

/// How a listener is set up.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BindOptions {
    /// Connections that may wait to be accepted; `None` is 16.
    pub backlog: Option<u16>,
    /// Which peers to let in, in the terms of the platform.
    pub peers: PeerPolicy,
    /// Sockets that somebody else has opened for this process: the endpoint's own is taken instead of a new
    /// one.
    pub inherited: Inherited,
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
    /// Who is at the other end, as far as the platform tells.
    pub peer: Peer,
}

/// What carries a link's data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LinkKind {
    /// Queues in this process.
    Memory,
    /// A packet socket.
    Socket,
    /// A shared region, with a socket or a pipe beside it.
    SharedMemory,
    /// A named pipe.
    Pipe,
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Socket => "socket",
            Self::SharedMemory => "shm",
            Self::Pipe => "pipe",
        })
    }
}

/// The process at the other end, as far as the kernel tells.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Peer {
    /// Its process id.
    pub pid: Option<u32>,
    /// Its user id; only Unix has them.
    pub uid: Option<u32>,
}

impl Peer {
    /// The process in words, with the name of its command where the system tells that. It looks at the system now:
    /// a process that has ended meanwhile has no name.
    ///
    /// ```
    /// use netipc_transport::link::Peer;
    ///
    /// assert_eq!(Peer::default().describe(), "a process of which nothing is known");
    /// let own = Peer { pid: Some(std::process::id()), uid: Some(1000) };
    /// assert!(own.describe().ends_with("of user 1000"));
    /// ```
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = match self.pid {
            Some(pid) => format!("process {pid}"),
            None if self.uid.is_none() => return "a process of which nothing is known".to_owned(),
            None => "a process".to_owned(),
        };
        if let Some(command) = self.pid.and_then(sys::command) {
            // The process has chosen it: it may try to look like a line of the log.
            text += &format!(" ({})", command.escape_debug());
        }
        if let Some(uid) = self.uid {
            text += &format!(" of user {uid}");
        }
        text
    }
}
