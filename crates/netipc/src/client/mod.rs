//! Typed blocking calls that survive an absent, restarting or vanishing provider.

mod batch;
mod core;
mod exchange;
mod lookup;
mod room;

pub use batch::BatchReply;
use batch::Underway;
pub(crate) use core::Core;
pub(crate) use exchange::Outgoing;

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use netipc_proto::wire::{Decode, Encode, WireError};
use netipc_transport::endpoint::Endpoint;
use netipc_transport::link::Transport;
use netipc_transport::wait::{Abort, Wait};
use netipc_transport::{NativeTransport, WaitObject};

use crate::config::{ClientConfig, call_timeout};
use crate::error::{CallError, Failure, OpenError, ProtocolError};
use crate::lookup::Stitcher;
use crate::service::Service;
use crate::status::{ClientState, ClientStatus, Counters, SessionStatus};

/// A client of one service at one endpoint.
///
/// Nothing happens behind the caller's back: [`refresh`](Self::refresh) connects, the calls call,
/// and neither needs the provider to exist. A call that loses its session makes a new one and asks
/// once more, within the one deadline of the call.
///
/// ```no_run
/// use netipc::ClientConfig;
/// use netipc::service::apps_lookup::AppsLookupClient;
///
/// let config = ClientConfig { auth_token: 42, ..ClientConfig::default() };
/// let mut client = AppsLookupClient::new("/run/netdata", "apps-lookup", config);
/// client.refresh();
/// if client.ready() {
///     for item in client.call(&[1, std::process::id()])?.iter() {
///         println!("{} {} {}", item.pid, item.comm, item.cgroup_name);
///     }
/// }
/// # Ok::<(), netipc::CallError>(())
/// ```
pub struct Client<S> {
    core: Core,
    abort: Abort,
    timeout: Duration,
    stitcher: Stitcher,
    underway: Underway,
    _service: PhantomData<fn() -> S>,
}

impl<S: Service> Client<S> {
    /// A client of the service `service` in `run_dir`. Connects to nothing yet, and never fails: a
    /// name that cannot be shows as the error of the first refresh.
    #[must_use]
    pub fn new(run_dir: impl AsRef<Path>, service: &str, config: ClientConfig) -> Self {
        Self::with_transport(
            Arc::new(NativeTransport::default()),
            run_dir,
            service,
            config,
        )
    }

    /// A client that reaches its endpoint through `transport`.
    #[must_use]
    pub fn with_transport(
        transport: Arc<dyn Transport>,
        run_dir: impl AsRef<Path>,
        service: &str,
        config: ClientConfig,
    ) -> Self {
        let endpoint = Endpoint::new(run_dir.as_ref(), service);
        Self {
            timeout: call_timeout(config.call_timeout_ms),
            core: Core::new(transport, endpoint, &config),
            abort: Abort::new(),
            stitcher: Stitcher::default(),
            underway: Underway::default(),
            _service: PhantomData,
        }
    }

    /// Connects where there is no session, and looks whether there still is one. Returns whether
    /// something changed. Call it at your own pace; an attempt takes at most the handshake timeout,
    /// and where the server wants less than was offered, there is a second one.
    pub fn refresh(&mut self) -> bool {
        self.core.refresh(&Wait::forever().or_abort(&self.abort))
    }

    /// As [`refresh`](Self::refresh), for at most `timeout`.
    pub fn refresh_within(&mut self, timeout: Duration) -> bool {
        let wait = Wait::timeout(timeout).or_abort(&self.abort);
        self.core.refresh(&wait)
    }

    /// Why the last refresh that had to connect gave no session. The causes are its
    /// [sources](std::error::Error::source).
    #[must_use]
    pub const fn open_error(&self) -> Option<&OpenError> {
        self.core.open_error()
    }

    /// Whether calls can be made. No I/O.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.core.state() == ClientState::Ready
    }

    /// Where the client stands. No I/O.
    #[must_use]
    pub fn state(&self) -> ClientState {
        self.core.state()
    }

    /// Everything there is to know of the client. No I/O.
    #[must_use]
    pub fn status(&self) -> ClientStatus {
        self.core.status()
    }

    /// What happened so far. No I/O.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.core.counters()
    }

    /// The session, while there is one. No I/O.
    #[must_use]
    pub fn session(&self) -> Option<SessionStatus> {
        self.core.session()
    }

    /// What an event loop can watch while there is a session: readable when the provider has hung
    /// up.
    #[must_use]
    pub fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.core.wait_object()
    }

    /// Sets how long a whole call may take, in milliseconds; 0 is 30,000.
    pub fn set_call_timeout(&mut self, timeout_ms: u32) {
        self.timeout = call_timeout(timeout_ms);
    }

    /// What calls off a call from another thread, in any of its phases. Calls fail until it is
    /// cleared.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle(self.abort.clone())
    }

    /// Releases everything; counters stay. The client can be refreshed again.
    pub fn close(&mut self) {
        self.core.close();
        self.stitcher = Stitcher::default();
        self.underway = Underway::default();
        self.abort.clear();
    }

    /// Asks, and waits for the reply, which borrows the client until the next call.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn ask<'r>(&mut self, request: &S::Request<'r>) -> Result<S::Reply<'_>, CallError>
    where
        S::Request<'r>: Encode,
    {
        self.ask_within(request, 0)
    }

    /// As [`ask`](Self::ask), within `timeout_ms` milliseconds; 0 is the client's own timeout.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn ask_within<'r>(
        &mut self,
        request: &S::Request<'r>,
        timeout_ms: u32,
    ) -> Result<S::Reply<'_>, CallError>
    where
        S::Request<'r>: Encode,
    {
        self.ask_as::<S>(request, timeout_ms)
    }

    /// As [`ask_within`](Self::ask_within), in the words of another service: for bindings to
    /// languages where one type of client speaks to every service.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn ask_as<'r, T: Service>(
        &mut self,
        request: &T::Request<'r>,
        timeout_ms: u32,
    ) -> Result<T::Reply<'_>, CallError>
    where
        T::Request<'r>: Encode,
    {
        let wait = self.core.begin(self.within(timeout_ms), &self.abort);
        let core = &mut self.core;
        let done = core
            .encode(request)
            .and_then(|()| core.perform(Outgoing::single(T::METHOD.code), &wait, decodes::<T>));
        core.finish(done)?;
        T::reread(self.core.payload()).map_err(|error| self.core.malformed(error))
    }

    /// As [`refresh_within`](Self::refresh_within), as the first part of a logical call, which fails
    /// where connecting is interrupted. Why else there is no session, the next part says.
    pub(crate) fn connect_within(&mut self, timeout: Duration) -> Result<(), CallError> {
        self.refresh_within(timeout);
        self.core.connected_in_time()
    }

    /// How long a whole call may take.
    pub(crate) const fn call_timeout(&self) -> Duration {
        self.timeout
    }

    /// Sets how long a whole call may take.
    pub(crate) const fn limit_calls(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// The error of a reply with a bad item.
    pub(crate) fn malformed(&self, error: WireError) -> CallError {
        self.core.malformed(error)
    }

    fn within(&self, timeout_ms: u32) -> Duration {
        match timeout_ms {
            0 => self.timeout,
            ms => call_timeout(ms),
        }
    }
}

/// Whether `payload` is a reply of `S`.
fn decodes<S: Service>(payload: &[u8]) -> Result<(), Failure> {
    match S::Reply::decode(payload) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Protocol(ProtocolError::Wire(error))),
    }
}

impl<S> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("core", &self.core)
            .finish_non_exhaustive()
    }
}

/// Calls off the calls of a client, from any thread, at once.
#[derive(Clone, Debug)]
pub struct AbortHandle(Abort);

impl AbortHandle {
    /// Calls off what runs, and everything that follows until it is cleared.
    pub fn abort(&self) {
        self.0.raise();
    }

    /// Lets calls be made again.
    pub fn clear(&self) {
        self.0.clear();
    }

    /// Whether calls are called off.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        self.0.is_raised()
    }
}
