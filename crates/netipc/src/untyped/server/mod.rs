//! One server at one endpoint, whatever it answers: many sessions, a thread for each.
//!
//! ```text
//! run ──▶ bind ──▶ accept_clients ──▶ thread per client: serve_client
//!                                        admit        handshake; a session permit, or a refusal
//!                                        run_session  receive ──▶ handler ──▶ send, in order
//! ```

mod admission;
mod histogram;
mod publish;
mod reasons;
mod semaphore;
mod session;
mod stats;
#[cfg(test)]
mod tests;
mod turned_down;

pub use histogram::HistogramSnapshot;
pub use publish::{DataProbe, DataStatus, stats_service};
pub use stats::{ServerStats, TransportCounts};

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use netipc_proto::session::Message;
use netipc_proto::session::handshake::{Policy, Refusal};
use netipc_proto::wire::Status;
use netipc_transport::NativeTransport;
use netipc_transport::clock::{self, Newcomer};
use netipc_transport::endpoint::{Endpoint, EndpointError};
use netipc_transport::link::{Baseline, BindError, BindOptions, LinkError, Listener, Transport};
use netipc_transport::wait::{Abort, Wait};

use crate::config::ServerConfig;
use crate::connection::{AcceptError, Connection, Incoming};
use crate::defaults::DEFAULT_HANDSHAKE_TIMEOUT_MS;
use crate::error::{ServeError, chain};
use crate::log_limiter::LogLimiter;
use admission::{Admission, SessionPermit};
use publish::Publishing;
use semaphore::{Permit, Semaphore};
use stats::Stats;
use turned_down::TurnedDown;

/// Connections that may be between their first packet and the end of their handshake; where the platform
/// cannot tell who has said something, between accept and that end.
const MAX_HANDSHAKES: usize = 64;
/// How long what is being answered may take once the endpoint was taken away.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// Bytes of a session's stack, as handlers written for a main thread expect them. What is not used
/// takes no memory.
const STACK: usize = 8 << 20;
/// How long accepting pauses when the system has no descriptor or thread left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What answers the requests of all sessions: takes a request, and writes its answer to a buffer that
/// is as long as the session lets an answer be.
///
/// Different sessions call it at the same time, one session strictly in order. Where it panics, the
/// client gets INTERNAL_ERROR.
pub type SessionHandler = dyn Fn(Message<'_>, &mut [u8]) -> Answered + Send + Sync;

/// How a request was answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answered {
    /// The status of the answer.
    pub status: Status,
    /// Bytes of the answer; none unless the status is OK.
    pub len: usize,
}

impl Answered {
    /// An answer of `len` bytes.
    #[must_use]
    pub const fn ok(len: usize) -> Self {
        let status = Status::OK;
        Self { status, len }
    }

    /// A refusal, which has no payload.
    #[must_use]
    pub const fn failed(status: Status) -> Self {
        Self { status, len: 0 }
    }

    /// Whether the session ends after the answer.
    #[must_use]
    pub fn ends_session(self) -> bool {
        !matches!(self.status, Status::OK | Status::UNSUPPORTED)
    }
}

/// A server at one endpoint that answers whatever it likes.
///
/// Every session has a thread of its own, at most `workers` of them. A client that comes when all
/// are taken is refused in the handshake.
///
/// ```no_run
/// use netipc::ServerConfig;
/// use netipc::untyped::{AnyServer, Answered};
///
/// let echo = |request: netipc::connection::Message<'_>, buf: &mut [u8]| {
///     let payload = request.payload();
///     match buf.get_mut(..payload.len()) {
///         Some(answer) => answer.copy_from_slice(payload),
///         None => return Answered::failed(netipc::wire::Status::LIMIT_EXCEEDED),
///     }
///     Answered::ok(payload.len())
/// };
/// AnyServer::new("/run/netdata", "echo", &ServerConfig::default(), 8, Box::new(echo)).run()?;
/// # Ok::<(), netipc::ServeError>(())
/// ```
pub struct AnyServer {
    transport: Arc<dyn Transport>,
    /// The service's name, for logs and threads.
    name: String,
    endpoint: Result<Endpoint, EndpointError>,
    bind: BindOptions,
    policy: Policy,
    handler: Box<SessionHandler>,
    state: Mutex<State>,
    /// Once it is raised, no new client and no new request is taken.
    draining: Abort,
    /// Once it is raised, nothing waits any more.
    stopped: Abort,
    /// How many sessions there may be at once.
    sessions: Admission,
    /// How many handshakes there may be at once.
    handshakes: Semaphore,
    next_session: AtomicU64,
    stats: Stats,
    accept_failures: LogLimiter,
    publishing: Publishing,
}

/// A session that has begun.
#[derive(Debug)]
struct Opened {
    connection: Connection,
    /// Where its answers are written, as long as they may be.
    answer: Vec<u8>,
}

/// Who has the listener.
#[derive(Debug)]
enum State {
    Idle,
    /// With the listener for statistics, where they are published.
    Bound(Box<dyn Listener>, Option<Box<dyn Listener>>),
    Running,
}

impl AnyServer {
    /// A server of the service `service` in `run_dir`, with at most `workers` sessions at once, at
    /// least 1. Listens when it is bound or run.
    #[must_use]
    pub fn new(
        run_dir: impl AsRef<Path>,
        service: &str,
        config: &ServerConfig,
        workers: usize,
        handler: Box<SessionHandler>,
    ) -> Self {
        Self {
            transport: Arc::new(NativeTransport::default()),
            name: service.to_owned(),
            endpoint: Endpoint::new(run_dir.as_ref(), service),
            bind: BindOptions::default(),
            policy: config.policy(),
            handler,
            state: Mutex::new(State::Idle),
            draining: Abort::new(),
            stopped: Abort::new(),
            sessions: Admission::new(workers),
            handshakes: Semaphore::new(MAX_HANDSHAKES),
            next_session: AtomicU64::new(1),
            stats: Stats::default(),
            accept_failures: LogLimiter::new(),
            publishing: Publishing::new(),
        }
    }

    /// The same server, reached through `transport`.
    #[must_use]
    pub fn over(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = transport;
        self
    }

    /// The same server, with a listener set up by `options`: its backlog, and who may connect.
    #[must_use]
    pub fn listening(mut self, options: BindOptions) -> Self {
        self.bind = options;
        self
    }

    /// Becomes the owner of the endpoint. Clients can connect from here on, and are served once
    /// the server runs.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn bind(&self) -> Result<(), ServeError> {
        let mut state = self.state();
        if self.draining.is_raised() {
            return Err(ServeError::Stopped);
        }
        if let State::Idle = *state {
            let endpoint = self.endpoint.as_ref().map_err(Clone::clone)?;
            let listener = self.transport.bind(endpoint, &self.bind)?;
            tracing::info!(endpoint = %endpoint, service = %self.name, "listening");
            *state = State::Bound(listener, self.stats_listener());
        }
        Ok(())
    }

    /// Serves until it is stopped or drained, and returns when its last session has ended. Binds
    /// first where that was not done. A server that was stopped before returns at once.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn run(&self) -> Result<(), ServeError> {
        match self.bind() {
            // Stopped while it bound: that it did not bind is no error.
            Err(_) if self.draining.is_raised() => {
                let mut state = self.state();
                if let State::Bound(..) = *state {
                    *state = State::Idle;
                }
                return Ok(());
            }
            bound => bound?,
        }
        let taken = std::mem::replace(&mut *self.state(), State::Running);
        let State::Bound(listener, stats_listener) = taken else {
            return Err(ServeError::Running);
        };
        let accepted = thread::scope(|scope| {
            self.publish(stats_listener, scope);
            self.accept_clients(listener, scope)
        });
        *self.state() = State::Idle;
        tracing::info!(service = %self.name, "stopped");
        accepted.map_err(ServeError::Lost)
    }

    /// Ends everything: no new client, no new request, and no waiting for what is being answered
    /// but for handlers, which cannot be interrupted. A server that does not run yet never will.
    pub fn stop(&self) {
        self.take_no_more();
        self.stopped.raise();
    }

    /// Takes no new client and no new request, lets what is being answered finish for at most
    /// `timeout`, and stops. Returns whether all finished.
    pub fn drain(&self, timeout: Duration) -> bool {
        self.take_no_more();
        let finished = self.sessions.wait_all_over(timeout);
        self.stop();
        finished
    }

    /// What the server has done so far. Takes a lock that a session takes only when it begins and ends.
    #[must_use]
    pub fn stats(&self) -> ServerStats {
        self.stats.snapshot()
    }

    /// The most sessions at once.
    #[must_use]
    pub const fn workers(&self) -> usize {
        self.sessions.capacity()
    }

    /// Takes no new client and no new request.
    fn take_no_more(&self) {
        self.draining.raise();
        self.sessions.wake();
        self.handshakes.wake();
    }

    /// Serves every client that comes, until no more are taken; waits for the last session to end.
    /// Fails where the endpoint was taken away: sessions end then, so that their clients find its new
    /// owner.
    fn accept_clients<'s>(
        &'s self,
        mut listener: Box<dyn Listener>,
        scope: &'s Scope<'s, '_>,
    ) -> Result<(), BindError> {
        let mut lost = None;
        let wait = Wait::forever().or_abort(&self.draining);
        let closed = || self.draining.is_raised();
        let mut sessions = Vec::new();
        while let Some(permit) = self.handshakes.acquire(None, closed) {
            join(sessions.extract_if(.., |session: &mut SessionThread<'_>| session.is_finished()));
            let failure = match listener.accept_ready(&wait) {
                Ok(link) => self
                    .spawn_session(link, permit, scope)
                    .map(|session| sessions.push(session))
                    .map_err(|error| chain(&error)),
                Err(LinkError::Aborted) => break,
                Err(LinkError::EndpointLost(error)) => {
                    lost = Some(*error);
                    break;
                }
                Err(error) => Err(chain(&error)),
            };
            if let Err(error) = failure {
                if let Some(times) = self.accept_failures.count() {
                    tracing::warn!(endpoint = %listener.endpoint(), error, times, "cannot accept, pausing");
                }
                let pause = Wait::timeout(ACCEPT_PAUSE).or_abort(&self.draining);
                // Only an abort ends it early, and the loop looks for that itself.
                let _ = pause.sleep(ACCEPT_PAUSE);
            }
        }
        // Nobody can connect while the last sessions end.
        drop(listener);
        if lost.is_some() {
            self.drain(LAST_ANSWERS);
        }
        clock::before_joining();
        join(sessions.into_iter());
        lost.map_or(Ok(()), Err)
    }

    /// Gives a client its thread. Where there is none to be had, the client is told that it gets no session.
    fn spawn_session<'s>(
        &'s self,
        link: Box<dyn Baseline>,
        permit: Permit<'s>,
        scope: &'s Scope<'s, '_>,
    ) -> io::Result<SessionThread<'s>> {
        let client = Arc::new(Mutex::new(Some((link, permit))));
        let take = |client: &Mutex<Option<_>>| {
            let mut client = client.lock().unwrap_or_else(PoisonError::into_inner);
            client.take()
        };
        let served = Arc::clone(&client);
        let newcomer = Newcomer::new();
        let spawned = thread::Builder::new()
            .name(format!("netipc-{}", self.name))
            .stack_size(STACK)
            .spawn_scoped(scope, move || {
                // A handler in another language could tell somebody which thread it is in.
                netipc_transport::forbid_cancellation();
                newcomer.run(|| {
                    if let Some((link, permit)) = take(&served) {
                        self.serve_client(link, permit);
                    }
                });
            });
        if let Err(error) = &spawned
            && let Some((link, _permit)) = take(&client)
        {
            let incoming = Incoming::receive(link, &self.policy, &Wait::timeout(Duration::ZERO));
            if let Ok(incoming) = incoming {
                let why = format!("there is no thread for it: {error}");
                self.turn_down(incoming, &TurnedDown::by(&self.stats), &why);
            }
        }
        spawned
    }

    /// One client, from its first byte to its last.
    fn serve_client(&self, link: Box<dyn Baseline>, handshake_permit: Permit<'_>) {
        let client = TurnedDown::by(&self.stats);
        match self.admit(link, &client) {
            Ok(Some((opened, session_permit))) => {
                drop(handshake_permit);
                self.run_session(opened);
                drop(session_permit);
            }
            Ok(None) => {}
            Err(AcceptError::Link(LinkError::Disconnected)) => {
                tracing::debug!(service = %self.name, "a peer left without a HELLO");
            }
            Err(
                error
                @ (AcceptError::Stranger { .. } | AcceptError::Refused(Refusal::Reply { .. })),
            ) => {
                self.log_refusal(&client, &chain(&error));
            }
            Err(error) => {
                let error = chain(&error);
                tracing::debug!(
                    service = %self.name,
                    error,
                    "a handshake came to nothing"
                );
            }
        }
    }

    /// Shakes hands. Takes a session permit before it accepts; without one it refuses at once, and
    /// returns nothing.
    fn admit(
        &self,
        link: Box<dyn Baseline>,
        client: &TurnedDown<'_>,
    ) -> Result<Option<(Opened, SessionPermit<'_>)>, AcceptError> {
        let handshake = Duration::from_millis(DEFAULT_HANDSHAKE_TIMEOUT_MS.into());
        let refusing = |peer| client.note(peer);
        let wait = Wait::timeout(handshake).or_abort(&self.draining);
        let incoming = Incoming::receive_or(link, &self.policy, &wait, &refusing)?;
        let closed = || self.draining.is_raised();
        let Some(permit) = self.sessions.acquire(incoming.peer_watch(), closed) else {
            let why = if closed() {
                "the server stops".to_owned()
            } else {
                format!("all {} sessions are taken", self.workers())
            };
            self.turn_down(incoming, client, &why);
            return Ok(None);
        };
        let next_id = || self.next_session.fetch_add(1, Ordering::Relaxed);
        let wait = Wait::timeout(handshake).or_abort(&self.stopped);
        // Zeroed memory that was never touched costs nothing, however high the limit.
        let Ok(answer) = netipc_transport::zeroed(incoming.response_bytes() as usize) else {
            return Err(incoming.turn_down_for_size_or(&wait, &refusing));
        };
        let peer = incoming.peer();
        let without = |why: &str| self.publishing.without_shm.note(why);
        match incoming.accept_or(next_id, &wait, &refusing, &without) {
            Ok(connection) => Ok(Some((Opened { connection, answer }, permit))),
            Err(AcceptError::Link(_)) if permit.waited => {
                client.note(peer);
                self.log_refusal(client, "it left while it waited for a session to end");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Tells a client that there is no session for it.
    fn turn_down(&self, incoming: Incoming, client: &TurnedDown<'_>, why: &str) {
        let handshake = Duration::from_millis(DEFAULT_HANDSHAKE_TIMEOUT_MS.into());
        let wait = Wait::timeout(handshake).or_abort(&self.stopped);
        match incoming.turn_down_or(&wait, &|peer| client.note(peer)) {
            AcceptError::Link(_) => {
                self.log_refusal(client, &format!("{why}, and it left before it was told"));
            }
            _ => self.log_refusal(client, why),
        }
    }

    /// Logs that a client was turned down: the first, and one in a hundred of the others.
    fn log_refusal(&self, client: &TurnedDown<'_>, why: &str) {
        self.publishing.refusals.note(why);
        if let Some((refused, client)) = client.to_log() {
            tracing::warn!(service = %self.name, client, refused, why, "turned a client down");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole: it is only ever replaced.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type SessionThread<'s> = ScopedJoinHandle<'s, ()>;

/// Waits until these threads are gone, not only done, so that none outlives its server.
fn join<'s>(sessions: impl Iterator<Item = SessionThread<'s>>) {
    for session in sessions {
        if session.join().is_err() {
            tracing::error!("a session panicked outside its handler");
        }
    }
}

impl fmt::Debug for AnyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyServer")
            .field("service", &self.name)
            .field("endpoint", &self.endpoint)
            .field("workers", &self.workers())
            .finish_non_exhaustive()
    }
}
