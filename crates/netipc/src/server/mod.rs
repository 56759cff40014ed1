//! Managed servers: many sessions, one typed handler, honest refusals.

mod gate;
mod histogram;
mod session;
mod stats;

pub use histogram::HistogramSnapshot;
pub use stats::{ServerStats, TransportCounts};

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use netipc_proto::session::handshake::{Policy, Refusal};
use netipc_transport::NativeTransport;
use netipc_transport::endpoint::{Endpoint, EndpointError};
use netipc_transport::link::{Baseline, BindOptions, LinkError, Listener, Transport};
use netipc_transport::wait::{Abort, Wait};

use crate::config::ServerConfig;
use crate::connection::{AcceptError, Incoming};
use crate::error::{ServeError, chain};
use crate::handler::Handler;
use crate::protocol::{DEFAULT_HANDSHAKE_TIMEOUT_MS, DEFAULT_WORKERS};
use crate::repeats::{Repeats, gets_line};
use crate::service::Service;
use gate::Gate;
use stats::Stats;

/// Connections that may be between accept and the end of their handshake.
const HALF_OPEN: usize = 64;
/// How long a client waits for a slot before it is told that there is none.
const SLOT_WAIT: Duration = Duration::from_millis(500);
/// Bytes of a session's stack, as handlers written for a main thread expect them. What is not used
/// takes no memory.
const STACK: usize = 8 << 20;
/// How long accepting pauses when the system has no descriptor or thread left.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(100);

/// A server of one service at one endpoint.
///
/// Every session has a thread of its own, at most `workers` of them. A client that comes when all
/// are taken is told so before it is accepted.
///
/// ```no_run
/// use netipc::ServerConfig;
/// use netipc::service::cgroups::{Handler, ManagedServer};
///
/// let handler = Handler::new(|_request, answer| {
///     answer.set_header(1, 42);
///     answer.add(1001, 0, 1, b"docker-abc123", b"/sys/fs/cgroup/docker/abc123")
/// });
/// let config = ServerConfig { auth_token: 42, ..ServerConfig::default() };
/// ManagedServer::new("/run/netdata", "cgroups-snapshot", config, handler).run()?;
/// # Ok::<(), netipc::ServeError>(())
/// ```
pub struct Server<S: Service> {
    transport: Arc<dyn Transport>,
    endpoint: Result<Endpoint, EndpointError>,
    bind: BindOptions,
    policy: Policy,
    handler: Handler<S>,
    state: Mutex<State>,
    /// No new request is taken once it is raised.
    quiet: Abort,
    /// Nothing waits any more once it is raised.
    stop: Abort,
    slots: Gate,
    half_open: Gate,
    next_session: AtomicU64,
    stats: Stats,
    shortages: Repeats,
}

/// Who has the listener.
#[derive(Debug)]
enum State {
    Idle,
    Bound(Box<dyn Listener>),
    Running,
}

impl<S: Service> Server<S> {
    /// A server of the service `service` in `run_dir`, with 8 workers. Listens when it is bound or
    /// run.
    #[must_use]
    pub fn new(
        run_dir: impl AsRef<Path>,
        service: &str,
        config: ServerConfig,
        handler: Handler<S>,
    ) -> Self {
        Self::with_workers(run_dir, service, config, handler, DEFAULT_WORKERS)
    }

    /// A server with at most `workers` sessions at once, at least 1.
    #[must_use]
    pub fn with_workers(
        run_dir: impl AsRef<Path>,
        service: &str,
        config: ServerConfig,
        handler: Handler<S>,
        workers: usize,
    ) -> Self {
        let endpoint = Endpoint::new(run_dir.as_ref(), service);
        Self {
            transport: Arc::new(NativeTransport::default()),
            endpoint,
            bind: BindOptions::default(),
            policy: config.policy(),
            handler,
            state: Mutex::new(State::Idle),
            quiet: Abort::new(),
            stop: Abort::new(),
            slots: Gate::new(workers.max(1)),
            half_open: Gate::new(HALF_OPEN),
            next_session: AtomicU64::new(1),
            stats: Stats::default(),
            shortages: Repeats::new(),
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
        if self.quiet.is_raised() {
            return Err(ServeError::Stopped);
        }
        if let State::Idle = *state {
            let endpoint = self.endpoint.as_ref().map_err(Clone::clone)?;
            let listener = self.transport.bind(endpoint, &self.bind)?;
            tracing::info!(endpoint = %endpoint, service = S::METHOD.name, "listening");
            *state = State::Bound(listener);
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
            // Whoever stops it meanwhile does not care how binding would have ended.
            Err(_) if self.quiet.is_raised() => {
                let mut state = self.state();
                if let State::Bound(_) = *state {
                    *state = State::Idle;
                }
                return Ok(());
            }
            bound => bound?,
        }
        let taken = std::mem::replace(&mut *self.state(), State::Running);
        let State::Bound(listener) = taken else {
            return Err(ServeError::Running);
        };
        thread::scope(|scope| self.accept(listener, scope));
        *self.state() = State::Idle;
        tracing::info!(service = S::METHOD.name, "stopped");
        Ok(())
    }

    /// Ends everything: no new client, no new request, and no waiting for what is being answered
    /// but for handlers, which cannot be interrupted. A server that does not run yet never will.
    pub fn stop(&self) {
        self.hush();
        self.stop.raise();
    }

    /// Takes no new client and no new request, lets what is being answered finish for at most
    /// `timeout`, and stops. Returns whether all finished.
    pub fn drain(&self, timeout: Duration) -> bool {
        self.hush();
        let finished = self.slots.wait_empty(timeout);
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
        self.slots.capacity()
    }

    fn hush(&self) {
        self.quiet.raise();
        self.slots.wake();
        self.half_open.wake();
    }

    fn accept<'s>(&'s self, mut listener: Box<dyn Listener>, scope: &'s Scope<'s, '_>) {
        let wait = Wait::forever().or_abort(&self.quiet);
        let closed = || self.quiet.is_raised();
        let mut sessions = Vec::new();
        while let Some(permit) = self.half_open.enter(None, closed) {
            join(sessions.extract_if(.., |session: &mut Session<'_>| session.is_finished()));
            let shortage = match listener.accept(&wait) {
                Ok(link) => thread::Builder::new()
                    .name(format!("netipc-{}", S::METHOD.name))
                    .stack_size(STACK)
                    .spawn_scoped(scope, move || self.serve(link, permit))
                    .map(|session| sessions.push(session))
                    .map_err(|error| chain(&error)),
                Err(LinkError::Aborted) => break,
                Err(error) => Err(chain(&error)),
            };
            if let Err(error) = shortage {
                if let Some(times) = self.shortages.note() {
                    tracing::warn!(endpoint = %listener.endpoint(), error, times, "cannot accept, pausing");
                }
                let pause = Wait::timeout(SHORTAGE_PAUSE).or_abort(&self.quiet);
                // Only an abort ends it early, and the loop looks for that itself.
                let _ = pause.sleep(SHORTAGE_PAUSE);
            }
        }
        // Nobody can connect while the last sessions end.
        drop(listener);
        join(sessions.into_iter());
    }

    /// One connection, from its first byte to its last.
    fn serve(&self, link: Box<dyn Baseline>, permit: gate::Permit<'_>) {
        match self.admit(link) {
            Ok(Some((connection, slot))) => {
                drop(permit);
                self.run_session(connection);
                drop(slot);
            }
            Ok(None) => {}
            Err(AcceptError::Link(LinkError::Disconnected)) => {
                tracing::debug!(service = S::METHOD.name, "a peer left without a HELLO");
            }
            Err(AcceptError::Refused(refusal @ Refusal::Reply { .. })) => {
                log_refusal::<S>(self.stats.refuse(), &chain(&refusal));
            }
            Err(error) => {
                let error = chain(&error);
                tracing::debug!(
                    service = S::METHOD.name,
                    error,
                    "a handshake came to nothing"
                );
            }
        }
    }

    /// Shakes hands, and finds a slot before it accepts.
    fn admit(
        &self,
        link: Box<dyn Baseline>,
    ) -> Result<Option<(crate::connection::Connection, gate::Permit<'_>)>, AcceptError> {
        let handshake = Duration::from_millis(DEFAULT_HANDSHAKE_TIMEOUT_MS.into());
        let deadline = Instant::now() + handshake;
        let incoming = Incoming::receive(
            link,
            &self.policy,
            &Wait::until(deadline).or_abort(&self.quiet),
        )?;
        let closed = || self.quiet.is_raised();
        let wait = Wait::timeout(handshake).or_abort(&self.stop);
        let Some(slot) = self.slots.enter(Some(SLOT_WAIT), closed) else {
            let why = match closed() {
                true => "the server stops",
                false => "every session slot is taken",
            };
            // Counted first: who has been told finds itself counted.
            let refused = self.stats.refuse();
            return match incoming.turn_down(&wait) {
                AcceptError::Refused(_) => {
                    log_refusal::<S>(refused, why);
                    Ok(None)
                }
                error => {
                    self.stats.take_refusal_back();
                    Err(error)
                }
            };
        };
        let id = self.next_session.fetch_add(1, Ordering::Relaxed);
        incoming
            .accept(id, &wait)
            .map(|connection| Some((connection, slot)))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole: it is only ever replaced.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn log_refusal<S: Service>(refused: u64, why: &str) {
    if gets_line(refused) {
        tracing::warn!(
            service = S::METHOD.name,
            refused,
            why,
            "turned a client down"
        );
    }
}

type Session<'s> = ScopedJoinHandle<'s, ()>;

/// Waits until these threads are gone, not only done, so that none outlives its server.
fn join<'s>(sessions: impl Iterator<Item = Session<'s>>) {
    for session in sessions {
        if session.join().is_err() {
            tracing::error!("a session panicked outside its handler");
        }
    }
}

impl<S: Service> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("service", &S::METHOD.name)
            .field("endpoint", &self.endpoint)
            .field("workers", &self.workers())
            .finish_non_exhaustive()
    }
}
