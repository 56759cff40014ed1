//! One client at one endpoint, whatever it asks.

mod batch;
mod exchange;
mod open;
mod pipeline;
mod room;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netipc_proto::internals::assume_valid;
use netipc_proto::wire::{Encode, Layout, MethodCode, WireError};
use netipc_transport::endpoint::{Endpoint, EndpointError};
use netipc_transport::link::Transport;
use netipc_transport::wait::Wait;
use netipc_transport::{NativeTransport, WaitObject};

use crate::config::{Capacity, ClientConfig, ClientOptions};
use crate::connection::Connection;
use crate::error::{CallError, OpenError};
use crate::retry::Backoff;
use crate::status::{ClientState, ClientStatus, Counters, SessionStatus};
pub use exchange::check_answer;
pub(crate) use exchange::{RequestKind, malformed, too_much};
use pipeline::Progress;

/// A client at one endpoint that speaks to any service.
///
/// It does nothing by itself: [`refresh`](Self::refresh) connects, the calls call. A call that loses
/// its session makes a new one and asks once more, as long as its [`Wait`] lasts.
///
/// ```no_run
/// use std::time::Duration;
///
/// use netipc::ClientConfig;
/// use netipc::transport::Wait;
/// use netipc::untyped::AnyClient;
/// use netipc::wire::MethodCode;
///
/// let wait = Wait::timeout(Duration::from_secs(1));
/// let mut client = AnyClient::new("/run/netdata", "increment", &ClientConfig::default());
/// client.refresh(&wait);
/// let reply = client.call::<u64>(MethodCode::INCREMENT, &41_u64, &wait)?;
/// assert_eq!(reply, 42);
/// # Ok::<(), netipc::CallError>(())
/// ```
pub struct AnyClient {
    transport: Arc<dyn Transport>,
    endpoint: Result<Endpoint, EndpointError>,
    pub(crate) options: ClientOptions,
    state: ClientState,
    connection: Option<Connection>,
    /// What to propose next.
    capacity: Capacity,
    /// What this provider has refused: never proposed again, nor more.
    refused: Vec<Capacity>,
    /// Whether this provider is known to give its responses no more room than they have.
    pub(crate) response_is_fixed: bool,
    /// When to try again after the server refused the token, or had no profile in common.
    rejection_backoff: Backoff,
    /// When to offer shared memory again after it could not be used.
    shm_backoff: Backoff,
    /// Leaves the ring alone out for a while after it could not be used.
    ring_backoff: Backoff,
    counters: Counters,
    last_error: Option<String>,
    /// Why the last attempt gave no session.
    open_error: Option<Arc<OpenError>>,
    last_success: Option<Instant>,
    /// The payload of the request that goes out next.
    pub(crate) request: Vec<u8>,
    next_id: u64,
    pub(crate) lookup_buffers: LookupBuffers,
    pipeline: Progress,
}

/// Memory that lookups use again and again.
#[derive(Debug, Default)]
pub(crate) struct LookupBuffers {
    /// The keys of a lookup, encoded.
    pub(crate) keys: Vec<u8>,
    /// A reply that took several responses.
    pub(crate) reply: Vec<u8>,
}

impl AnyClient {
    /// A client of the service `service` in `run_dir`. Connects to nothing yet, and never fails: a
    /// name that cannot be shows as the error of the first refresh.
    ///
    /// The configured call timeout has no effect here: every operation takes its own wait.
    #[must_use]
    pub fn new(run_dir: impl AsRef<Path>, service: &str, config: &ClientConfig) -> Self {
        let transport = Arc::new(NativeTransport::default());
        Self::with_transport(transport, run_dir, service, config)
    }

    /// A client that reaches its endpoint through `transport`.
    #[must_use]
    pub fn with_transport(
        transport: Arc<dyn Transport>,
        run_dir: impl AsRef<Path>,
        service: &str,
        config: &ClientConfig,
    ) -> Self {
        let options = ClientOptions::new(config);
        Self {
            transport,
            endpoint: Endpoint::new(run_dir.as_ref(), service),
            capacity: options.initial,
            options,
            state: ClientState::Disconnected,
            connection: None,
            refused: Vec::new(),
            response_is_fixed: false,
            rejection_backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            shm_backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(300)),
            ring_backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(300)),
            counters: Counters::default(),
            last_error: None,
            open_error: None,
            last_success: None,
            request: Vec::new(),
            next_id: 1,
            lookup_buffers: LookupBuffers::default(),
            pipeline: Progress::default(),
        }
    }

    /// Asks `method` with `request`, and waits for the reply, which borrows the client until the
    /// next call.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call<R: Layout>(
        &mut self,
        method: MethodCode,
        request: &impl Encode,
        wait: &Wait<'_>,
    ) -> Result<R::View<'_>, CallError> {
        let kind = RequestKind::single(method);
        let done = self.encode(request).and_then(|()| {
            self.perform(kind, wait, |reply| exchange::decode::<R>(reply.payload()))
        });
        self.finish(done, wait)?;
        // It was decoded when it came, and nothing has come since.
        Ok(assume_valid(self.payload()).view())
    }

    /// Asks `method` with the bytes of `request`, and waits for the bytes of the reply. One that
    /// `check` refuses counts as a broken one: the request is sent once more.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call_bytes(
        &mut self,
        method: MethodCode,
        request: &[u8],
        wait: &Wait<'_>,
        check: impl Fn(&[u8]) -> Result<(), WireError>,
    ) -> Result<&[u8], CallError> {
        self.request.clear();
        self.request.extend_from_slice(request);
        let kind = RequestKind::single(method);
        let done = self.perform(kind, wait, |reply| {
            check(reply.payload()).map_err(malformed)
        });
        self.finish(done, wait)?;
        Ok(self.payload())
    }

    /// Why the last refresh that had to connect gave no session. The causes are its
    /// [sources](std::error::Error::source).
    #[must_use]
    pub fn open_error(&self) -> Option<&OpenError> {
        self.open_error.as_deref()
    }

    /// Whether calls can be made. No I/O.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.state == ClientState::Ready
    }

    /// Where the client stands. No I/O.
    #[must_use]
    pub const fn state(&self) -> ClientState {
        self.state
    }

    /// What happened so far. No I/O.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The session, while there is one. No I/O.
    #[must_use]
    pub fn session(&self) -> Option<SessionStatus> {
        self.connection.as_ref().map(|connection| {
            let (agreed, info) = (connection.agreed(), connection.info());
            SessionStatus {
                profile: agreed.profile,
                transport: info.kind,
                session_id: agreed.session_id,
                limits: agreed.limits,
                peer: info.peer,
                server_profiles: agreed.server_supported,
            }
        })
    }

    /// Everything there is to know of the client. No I/O.
    #[must_use]
    pub fn status(&self) -> ClientStatus {
        ClientStatus {
            state: self.state,
            counters: self.counters,
            session: self.session(),
            last_error: self.last_error.clone(),
            last_success: self.last_success,
        }
    }

    /// What an event loop can watch while there is a session: readable when the provider has hung
    /// up.
    #[must_use]
    pub fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.connection.as_ref().and_then(Connection::wait_object)
    }

    /// Releases everything; counters stay. The client can be refreshed again.
    pub fn close(&mut self) {
        self.drop_session(ClientState::Disconnected);
        self.forget_provider();
        self.open_error = None;
        self.capacity = self.options.initial;
        self.request = Vec::new();
        self.lookup_buffers = LookupBuffers::default();
        self.pipeline = Progress::default();
    }

    /// What stands at the endpoint, as far as the transport can tell without connecting.
    pub(crate) fn mark(&self) -> Option<u64> {
        let endpoint = self.endpoint.as_ref().ok()?;
        self.transport.mark(endpoint)
    }

    /// The endpoint, for people.
    pub(crate) fn endpoint_name(&self) -> String {
        match &self.endpoint {
            Ok(endpoint) => endpoint.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

impl fmt::Debug for AnyClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyClient")
            .field("endpoint", &self.endpoint_name())
            .field("state", &self.state)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}
