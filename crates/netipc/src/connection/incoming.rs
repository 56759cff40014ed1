//! The server's side of a connection, until there is a session.

use std::fmt;
use std::io;
use std::time::Duration;

use netipc_proto::session::Role;
use netipc_proto::session::handshake::{MAX_HELLO_LEN, Offer, Policy, Refusal, ServerHandshake};
use netipc_proto::wire::Status;
use netipc_transport::endpoint::Endpoint;
use netipc_transport::link::{
    Baseline, BindError, BindOptions, LinkError, Listener, Peer, PeerWatch, Transport, WaitObject,
};
use netipc_transport::wait::Wait;

use super::{Connection, available, plan, send_packet};
use crate::config::ServerConfig;
use crate::defaults::DEFAULT_HANDSHAKE_TIMEOUT_MS;
use crate::error::{ErrorCode, chain, link_code};
use crate::log_limiter::LogLimiter;

/// Session numbers that may be skipped for one client: more than a server has sessions.
const MAX_SKIPPED: u32 = 4096;

const HANDSHAKE_TIMEOUT: Duration = Duration::from_millis(DEFAULT_HANDSHAKE_TIMEOUT_MS as u64);

/// One for the whole process: what makes shared memory fail for one session usually makes it fail for
/// the next.
static SHM_FAILURES: LogLimiter = LogLimiter::new();

/// A bound endpoint that gives sessions, for those who drive them on their own: an event loop, or
/// a service whose requests are not typed. Everybody else wants a [`Server`](crate::Server).
///
/// Its [wait object](Self::wait_object) is ready when a client waits.
///
/// ```
/// use std::time::Duration;
///
/// use netipc::connection::{Acceptor, Connection};
/// use netipc::transport::{Endpoint, MemoryTransport, Wait};
/// use netipc::wire::{Header, MethodCode, Status};
/// use netipc::{ClientConfig, ServerConfig};
///
/// let transport = MemoryTransport::new();
/// let endpoint = Endpoint::new("/run/example", "echo")?;
/// let wait = Wait::timeout(Duration::from_secs(5));
/// let mut acceptor = Acceptor::bind(&transport, &endpoint, &ServerConfig::default())?;
///
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         let mut server = acceptor.accept(&wait).expect("a client");
///         let request = server.receive(&wait).expect("a request");
///         let echo = server.message().expect("a request").payload().to_vec();
///         server.send(request.answer(Status::OK), &echo, &wait).expect("a client");
///     });
///     let proposal = ClientConfig::default().proposal();
///     let mut client = Connection::connect(&transport, &endpoint, proposal, &wait)?;
///     client.send(Header::request(MethodCode(1000), 1), b"hello", &wait)?;
///     client.receive(&wait)?;
///     assert_eq!(client.message().expect("an answer").payload(), b"hello");
///     Ok::<(), Box<dyn std::error::Error>>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Acceptor {
    listener: Box<dyn Listener>,
    policy: Policy,
    next_session: u64,
}

impl Acceptor {
    /// Becomes the owner of `endpoint`.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(
        transport: &dyn Transport,
        endpoint: &Endpoint,
        config: &ServerConfig,
    ) -> Result<Self, BindError> {
        Self::bind_with(transport, endpoint, config, &BindOptions::default())
    }

    /// Becomes the owner of `endpoint`, with another backlog or other peers, or over a socket that a service
    /// manager has opened.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind_with(
        transport: &dyn Transport,
        endpoint: &Endpoint,
        config: &ServerConfig,
        options: &BindOptions,
    ) -> Result<Self, BindError> {
        let listener = transport.bind(endpoint, options)?;
        Ok(Self {
            listener,
            policy: config.policy(),
            next_session: 1,
        })
    }

    /// Takes the next client and shakes hands with it, for at most 2 seconds once it has come.
    ///
    /// # Errors
    /// [`AcceptError`]; the next call takes the next client.
    pub fn accept(&mut self, wait: &Wait<'_>) -> Result<Connection, AcceptError> {
        let link = self.accept_link(wait)?;
        let wait = wait.at_most(HANDSHAKE_TIMEOUT);
        let incoming = Incoming::receive(link, &self.policy, &wait)?;
        let next_id = || {
            let id = self.next_session;
            self.next_session += 1;
            id
        };
        incoming.accept(next_id, &wait)
    }

    /// Takes the next client, and does not wait for what it has to say: where silent clients may not
    /// delay others, a thread of the client's own goes on with [`Incoming::receive`] and the
    /// [policy](Self::policy), and counts the sessions itself.
    ///
    /// # Errors
    /// [`LinkError::Timeout`] and [`LinkError::Aborted`] as `wait` says; any other is about one client
    /// or a passing shortage, and the acceptor goes on working.
    pub fn accept_link(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError> {
        self.listener.accept(wait)
    }

    /// What it decides by in a handshake.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        self.listener.endpoint()
    }

    /// What is ready when a client waits, where there is something to watch.
    #[must_use]
    pub fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.listener.wait_object()
    }
}

/// A client whose HELLO has passed every check but a free slot.
pub struct Incoming {
    link: Box<dyn Baseline>,
    offer: Offer,
    auth_token: u64,
}

impl Incoming {
    /// Receives the HELLO of a fresh connection and checks it; a refusal is sent here. Packet size
    /// and profiles are the link's, as far as `policy` wants them.
    ///
    /// # Errors
    /// Why there is no session.
    pub fn receive(
        link: Box<dyn Baseline>,
        policy: &Policy,
        wait: &Wait<'_>,
    ) -> Result<Self, AcceptError> {
        Self::receive_or(link, policy, wait, &|_| ())
    }

    /// As [`receive`](Self::receive); `refusing` is told of a refusal before the client is.
    pub(crate) fn receive_or(
        link: Box<dyn Baseline>,
        policy: &Policy,
        wait: &Wait<'_>,
        refusing: &Refusing<'_>,
    ) -> Result<Self, AcceptError> {
        Self::try_receive_or(link, policy, wait, refusing).map_err(Parting::linger)
    }

    /// As [`receive`](Self::receive), and waits for nobody who is refused: an event loop keeps what comes
    /// with the error for a moment.
    ///
    /// # Errors
    /// Why there is no session, and the connection over which it was said.
    pub fn try_receive(
        link: Box<dyn Baseline>,
        policy: &Policy,
        wait: &Wait<'_>,
    ) -> Result<Self, Parting> {
        Self::try_receive_or(link, policy, wait, &|_| ())
    }

    fn try_receive_or(
        mut link: Box<dyn Baseline>,
        policy: &Policy,
        wait: &Wait<'_>,
        refusing: &Refusing<'_>,
    ) -> Result<Self, Parting> {
        let policy = Policy {
            packet_size: link.packet_size(),
            supported: policy.supported.and(available(link.profiles())),
            ..*policy
        };
        let mut hello = [0; MAX_HELLO_LEN];
        let len = match link.receive(&mut hello, wait) {
            Ok(len) => len,
            Err(error) => return Err(Parting::at_once(error.into())),
        };
        let allowed = link.peer_allowed();
        // A packet longer than the buffer keeps its true length, and is refused for it.
        let checked = match hello.get(..len) {
            Some(bytes) => ServerHandshake::new(policy).hello(bytes, allowed),
            None => ServerHandshake::new(policy).hello(&[0; MAX_HELLO_LEN + 1], allowed),
        };
        match checked {
            Ok(offer) => Ok(Self {
                link,
                offer,
                auth_token: policy.auth_token,
            }),
            Err(refusal) => {
                let is_stranger = !allowed
                    && matches!(&refusal, Refusal::Reply { status, .. } if *status == Status::AUTH_FAILED);
                let peer = link.info().peer;
                let mut parting = part(link, refusal, wait, refusing);
                if is_stranger && matches!(parting.error, AcceptError::Refused(_)) {
                    parting.error = AcceptError::Stranger { peer };
                }
                Err(parting)
            }
        }
    }

    /// What tells other threads whether the client has hung up, also once it has a session, where
    /// something can.
    #[must_use]
    pub fn peer_watch(&self) -> Option<PeerWatch> {
        self.link.peer_watch()
    }

    /// Accepts the session over the best profile that can be prepared, as the number that `next_id`
    /// gives. It is asked for another one where a number names what belongs to another server's session.
    ///
    /// # Errors
    /// Why there is no session.
    pub fn accept(
        self,
        next_id: impl FnMut() -> u64,
        wait: &Wait<'_>,
    ) -> Result<Connection, AcceptError> {
        self.accept_or(next_id, wait, &|_| (), &|_| ())
    }

    /// As [`accept`](Self::accept); `refusing` is told of a refusal before the client is, and `without` why a profile of shared
    /// memory could not be had.
    pub(crate) fn accept_or(
        mut self,
        mut next_id: impl FnMut() -> u64,
        wait: &Wait<'_>,
        refusing: &Refusing<'_>,
        without: &dyn Fn(&str),
    ) -> Result<Connection, AcceptError> {
        let Ok(buffer) = super::buffer(Role::Server, &self.offer.agreed(0)) else {
            return Err(self.turn_down_for_size_or(wait, refusing));
        };
        let mut session_id = next_id();
        let mut skipped = 0;
        loop {
            let plan = plan(&self.offer.agreed(session_id), self.auth_token);
            let Err(error) = self.link.offer(&plan) else {
                break;
            };
            if error.kind() == io::ErrorKind::AlreadyExists && skipped < MAX_SKIPPED {
                skipped += 1;
                session_id = next_id();
                continue;
            }
            let profile = self.offer.profile();
            without(&format!("{profile}: {}", chain(&error)));
            if let Some(times) = SHM_FAILURES.count() {
                tracing::warn!(%profile, %error, times, "cannot prepare shared memory, trying the next profile");
            }
            self.offer = match self.offer.without_profile() {
                Ok(offer) => offer,
                Err(refusal) => return Err(part(self.link, refusal, wait, refusing).linger()),
            };
        }
        let agreed = self.offer.agreed(session_id);
        let ack = self.offer.accept(session_id);
        send_packet(&mut *self.link, &ack, wait)?;
        Ok(Connection::new(
            Role::Server,
            self.link.switch(),
            agreed,
            buffer,
        ))
    }

    /// Bytes of the longest payload that answers the client.
    #[must_use]
    pub fn response_bytes(&self) -> u32 {
        self.offer.agreed(0).limits.response.payload_bytes
    }

    /// Who the client is.
    pub(crate) fn peer(&self) -> Peer {
        self.link.info().peer
    }

    /// Turns the session down, because there is no memory for messages as long as the client wants: it may
    /// come back with less. Returns what became of that, as [`turn_down`](Self::turn_down) does.
    pub fn turn_down_for_size(self, wait: &Wait<'_>) -> AcceptError {
        self.turn_down_for_size_or(wait, &|_| ())
    }

    /// As [`turn_down_for_size`](Self::turn_down_for_size); `refusing` is told of it before the client is.
    pub(crate) fn turn_down_for_size_or(
        self,
        wait: &Wait<'_>,
        refusing: &Refusing<'_>,
    ) -> AcceptError {
        part(self.link, Refusal::no_memory(), wait, refusing).linger()
    }

    /// Turns the session down, because every slot is taken. Returns what became of that:
    /// [`AcceptError::Refused`] where the refusal was sent.
    pub fn turn_down(self, wait: &Wait<'_>) -> AcceptError {
        self.turn_down_or(wait, &|_| ())
    }

    /// As [`turn_down`](Self::turn_down); `refusing` is told of it before the client is.
    pub(crate) fn turn_down_or(self, wait: &Wait<'_>, refusing: &Refusing<'_>) -> AcceptError {
        part(self.link, Refusal::busy(), wait, refusing).linger()
    }

    /// As [`turn_down`](Self::turn_down), and waits for nobody.
    #[must_use]
    pub fn part(self, wait: &Wait<'_>) -> Parting {
        part(self.link, Refusal::busy(), wait, &|_| ())
    }
}

/// A client that was turned down, and the connection over which it is being told. Dropped at once, the
/// connection may be gone before its client has read why.
#[derive(Debug)]
pub struct Parting {
    error: AcceptError,
    /// What was told and is to be read; nothing where nobody is told.
    link: Option<Box<dyn Baseline>>,
}

impl Parting {
    const fn at_once(error: AcceptError) -> Self {
        Self { error, link: None }
    }

    /// Why there is no session.
    #[must_use]
    pub const fn error(&self) -> &AcceptError {
        &self.error
    }

    /// What is ready when the client has hung up, where it was told something: it need not be kept longer.
    #[must_use]
    pub fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.link.as_ref().and_then(|link| link.wait_object())
    }

    /// Whether the client has hung up, or was told nothing.
    #[must_use]
    pub fn is_over(&mut self) -> bool {
        self.link.as_mut().is_none_or(|link| link.check().is_err())
    }

    /// Waits at most 100 ms for the client to go; returns why there is no session.
    #[must_use]
    pub fn linger(self) -> AcceptError {
        if let Some(mut link) = self.link {
            link.linger();
        }
        self.error
    }
}

/// Is told who is about to be refused.
pub(crate) type Refusing<'a> = dyn Fn(Peer) + 'a;

impl fmt::Debug for Incoming {
    /// Everything but the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("link", &self.link)
            .field("offer", &self.offer)
            .finish_non_exhaustive()
    }
}

/// Why a client got no session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The connection failed or was closed first.
    #[error("the connection ended during the handshake")]
    Link(#[from] LinkError),
    /// The client's user may not connect. It was answered, as a wrong token is.
    #[error("user {} may not connect, whatever its token (process {})", known(peer.uid), known(peer.pid))]
    Stranger {
        /// Who it is.
        peer: Peer,
    },
    /// The client was refused. It was answered, unless what it sent was no HELLO.
    #[error(transparent)]
    Refused(Refusal),
}

impl AcceptError {
    /// The number of this error.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Link(error) => link_code(error),
            Self::Refused(_) | Self::Stranger { .. } => ErrorCode::REJECTED,
        }
    }
}

fn known(id: Option<u32>) -> String {
    id.map_or_else(
        || "of which nothing is known".to_owned(),
        |id| id.to_string(),
    )
}

/// Sends the refusal, unless what the peer sent was no HELLO.
fn part(
    mut link: Box<dyn Baseline>,
    refusal: Refusal,
    wait: &Wait<'_>,
    refusing: &Refusing<'_>,
) -> Parting {
    let Some(packet) = refusal.packet() else {
        return Parting::at_once(AcceptError::Refused(refusal));
    };
    refusing(link.info().peer);
    match send_packet(&mut *link, &packet, wait) {
        Err(error) => Parting::at_once(AcceptError::Link(error)),
        Ok(()) => Parting {
            error: AcceptError::Refused(refusal),
            link: Some(link),
        },
    }
}
