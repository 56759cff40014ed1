//! A server that is one future.

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use netipc::connection::{AcceptError, ConnectionError, Incoming, Parting, Policy};
use netipc::protocol::{DEFAULT_HANDSHAKE_TIMEOUT_MS, DEFAULT_WORKERS};
use netipc::service::Service;
use netipc::transport::link::{BindOptions, LinkError, Listener};
use netipc::transport::{Baseline, Endpoint, NativeTransport, Transport};
use netipc::untyped::Answered;
use netipc::wire::{Header, Profiles, Status};
use netipc::{Handler, ServeError, ServerConfig, chain};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::session::{Session, at_once, watch};

/// How long a client may take for its part of the handshake.
const HANDSHAKE: Duration = Duration::from_millis(DEFAULT_HANDSHAKE_TIMEOUT_MS as u64);
/// How often the server looks whether clients still find its socket.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a client that was told the last word has to read it.
const LINGER: Duration = Duration::from_millis(100);
/// How long a client may take to make room for an answer, before it is given up.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// Clients that may have said nothing yet; the oldest makes way for one more.
const MOST_SILENT: usize = 64;
/// How long accepting pauses when the system has no descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A server of one service at one endpoint, which is one future: [`run`](Self::run).
///
/// Clients over the socket are served by tasks of the runtime, at most [`workers`](Self::with_workers) of them;
/// a client that comes when all are taken is told so at once. Handlers are functions that must not wait.
///
/// **Dropping the future** of [`run`](Self::run) ends every session where it stands: what is being answered is not sent.
/// The endpoint stays bound until the server itself is dropped, so that running may go on.
pub struct Server<S: Service> {
    listener: Box<dyn Listener>,
    shared: Arc<Shared<S>>,
}

/// What the tasks of all clients have.
struct Shared<S: Service> {
    policy: Policy,
    handler: Handler<S>,
    workers: usize,
    permits: Arc<Semaphore>,
    next_session: AtomicU64,
    sessions: AtomicU64,
    refused: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
}

/// What a server has done so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ServerCounts {
    /// Sessions there are.
    pub sessions_now: u64,
    /// Sessions there have been.
    pub sessions_total: u64,
    /// Clients that were turned down.
    pub refused: u64,
    /// Requests that were answered with OK.
    pub ok: u64,
    /// Requests that were answered with another status.
    pub failed: u64,
}

impl<S: Service> Server<S> {
    /// Becomes the owner of the endpoint of `service` in `run_dir`, with 8 workers. Clients can connect from here
    /// on, and are served while the server runs. Of the configured profiles the baseline is used.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn bind(
        run_dir: impl AsRef<Path>,
        service: &str,
        config: &ServerConfig,
        handler: Handler<S>,
    ) -> Result<Self, ServeError> {
        // The runtime waits: nothing is looked for before it does.
        let transport = NativeTransport::default().with_spin(Duration::ZERO);
        Self::bind_with(
            &transport,
            run_dir,
            service,
            config,
            handler,
            &BindOptions::default(),
        )
    }

    /// As [`bind`](Self::bind), over another transport or with other peers, or a socket that a service manager has
    /// opened.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn bind_with(
        transport: &dyn Transport,
        run_dir: impl AsRef<Path>,
        service: &str,
        config: &ServerConfig,
        handler: Handler<S>,
        options: &BindOptions,
    ) -> Result<Self, ServeError> {
        let endpoint = Endpoint::new(run_dir.as_ref(), service)?;
        let listener = transport.bind(&endpoint, options)?;
        let policy = Policy {
            supported: Profiles::BASELINE,
            preferred: Profiles::NONE,
            ..config.policy()
        };
        let workers = DEFAULT_WORKERS;
        let shared = Shared {
            policy,
            handler,
            workers,
            permits: Arc::new(Semaphore::new(workers)),
            next_session: AtomicU64::new(1),
            sessions: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        };
        Ok(Self {
            listener,
            shared: Arc::new(shared),
        })
    }

    /// The same server with at most so many sessions at once, at least 1. Before it runs.
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.workers = workers.max(1);
            shared.permits = Arc::new(Semaphore::new(shared.workers));
        }
        self
    }

    /// Serves, until the future is dropped. It never waits for one client while another has something to say.
    ///
    /// # Errors
    /// [`ServeError::Lost`] where the endpoint was taken away: its socket was removed or replaced, and cannot be
    /// bound again. Sessions end with it.
    pub async fn run(&mut self) -> Result<(), ServeError> {
        // Dropped with this future, it ends all sessions.
        let mut clients = JoinSet::new();
        let mut silent: VecDeque<Silent> = VecDeque::new();
        loop {
            let accepted = self.accept().await;
            // What has ended is forgotten, also of tasks that panicked: the handler's panics are caught before.
            while clients.try_join_next().is_some() {}
            silent.retain(Silent::is_silent);
            match accepted {
                Ok(link) => {
                    while silent.len() >= MOST_SILENT
                        && let Some(oldest) = silent.pop_front()
                    {
                        oldest.task.abort();
                    }
                    let spoke = Arc::new(AtomicBool::new(false));
                    let task =
                        clients.spawn(serve(Arc::clone(&self.shared), link, Arc::clone(&spoke)));
                    silent.push_back(Silent { task, spoke });
                }
                Err(LinkError::EndpointLost(error)) => return Err(ServeError::Lost(*error)),
                Err(error) => {
                    tracing::warn!(service = S::METHOD.name, error = %chain(&error), "cannot accept, pausing");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// What the server has done so far.
    #[must_use]
    pub fn counts(&self) -> ServerCounts {
        let shared = &self.shared;
        ServerCounts {
            sessions_now: (shared.workers - shared.permits.available_permits().min(shared.workers))
                as u64,
            sessions_total: shared.sessions.load(Ordering::Relaxed),
            refused: shared.refused.load(Ordering::Relaxed),
            ok: shared.answered.load(Ordering::Relaxed),
            failed: shared.failed.load(Ordering::Relaxed),
        }
    }

    /// The next connection. Looks now and then whether the endpoint is still its own.
    async fn accept(&mut self) -> Result<Box<dyn Baseline>, LinkError> {
        loop {
            match self.listener.accept(&at_once()) {
                Err(LinkError::Timeout) => {}
                accepted => return accepted,
            }
            // Made anew each time: a listener that had to bind again has another descriptor.
            let watch = watch(self.listener.wait_object())?;
            // Nothing but a look comes of the time that passes.
            if let Ok(ready) = timeout(LOOK_EVERY, watch.readable()).await {
                ready?.retain_ready();
            }
        }
    }
}

impl<S: Service> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

/// A client that has said nothing yet.
struct Silent {
    task: AbortHandle,
    spoke: Arc<AtomicBool>,
}

impl Silent {
    fn is_silent(&self) -> bool {
        !self.task.is_finished() && !self.spoke.load(Ordering::Relaxed)
    }
}

/// One client, from its handshake to its end.
async fn serve<S: Service>(
    shared: Arc<Shared<S>>,
    link: Box<dyn Baseline>,
    spoke: Arc<AtomicBool>,
) {
    let Ok(Ok(link)) = timeout(HANDSHAKE, has_spoken(link)).await else {
        return;
    };
    spoke.store(true, Ordering::Relaxed);
    let incoming = match Incoming::try_receive(link, &shared.policy, &at_once()) {
        Ok(incoming) => incoming,
        Err(parting) => return shared.turned_down(parting, None).await,
    };
    // Given back when the session has ended, also where its task is called off.
    let Ok(_permit) = Arc::clone(&shared.permits).try_acquire_owned() else {
        let why = format!("all {} sessions are taken", shared.workers);
        return shared
            .turned_down(incoming.part(&at_once()), Some(why))
            .await;
    };
    let next_id = || shared.next_session.fetch_add(1, Ordering::Relaxed);
    let opened = incoming.accept(next_id, &at_once());
    match opened.and_then(|connection| {
        Session::new(connection).map_err(|error| LinkError::Io(error).into())
    }) {
        Ok(session) => {
            shared.sessions.fetch_add(1, Ordering::Relaxed);
            shared.answer_requests(session).await;
        }
        Err(error) => {
            tracing::debug!(service = S::METHOD.name, error = %chain(&error), "a handshake came to nothing")
        }
    }
}

/// Waits until the client has said something, or is gone.
async fn has_spoken(link: Box<dyn Baseline>) -> std::io::Result<Box<dyn Baseline>> {
    watch(link.wait_object())?.readable().await?.retain_ready();
    Ok(link)
}

impl<S: Service> Shared<S> {
    /// Counts a client that was turned down, and keeps its connection until it has read why.
    async fn turned_down(&self, mut parting: Parting, why: Option<String>) {
        if let AcceptError::Link(_) = parting.error() {
            return;
        }
        let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if refused % 100 == 1 {
            let why = why.unwrap_or_else(|| chain(parting.error()));
            tracing::warn!(
                service = S::METHOD.name,
                refused,
                why,
                "turned a client down"
            );
        }
        let Ok(watch) = watch(parting.wait_object()) else {
            return;
        };
        let gone = async {
            while !parting.is_over() {
                match watch.readable().await {
                    Ok(mut ready) => ready.clear_ready(),
                    Err(_) => return,
                }
            }
        };
        // One that stays does not need to be waited for longer.
        let _ = timeout(LINGER, gone).await;
    }

    /// One session: receive, dispatch, answer, in order.
    async fn answer_requests(&self, mut session: Session) {
        let room = session.connection.limits().response.payload_bytes as usize;
        let Ok(mut answer) = netipc::transport::zeroed(room) else {
            return;
        };
        loop {
            let request = match session.receive().await {
                Ok(request) => request,
                Err(ConnectionError::Session(error)) => {
                    return self.last_words(session, error.answer()).await;
                }
                Err(_) => return,
            };
            let Some(message) = session.connection.message() else {
                continue;
            };
            let answered = self.handler.dispatch(message, &mut answer);
            self.count(answered);
            let payload = answer.get(..answered.len).unwrap_or_default();
            let sent = timeout(
                SEND_TIMEOUT,
                session.send(request.answer(answered.status), payload),
            )
            .await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
            if answered.ends_session() {
                let _ = timeout(LINGER, session.until_hung_up()).await;
                return;
            }
            // Others have their turn, also beside a client that always has one more request.
            tokio::task::consume_budget().await;
        }
    }

    /// Answers a request that has ended the session, where there is an answer.
    async fn last_words(&self, mut session: Session, answer: Option<Header>) {
        let Some(answer) = answer else { return };
        self.failed.fetch_add(1, Ordering::Relaxed);
        if session
            .connection
            .send_packet(&answer.encode(), &[], &at_once())
            .is_ok()
        {
            let _ = timeout(LINGER, session.until_hung_up()).await;
        }
    }

    fn count(&self, answered: Answered) {
        let count = if answered.status == Status::OK {
            &self.answered
        } else {
            &self.failed
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
