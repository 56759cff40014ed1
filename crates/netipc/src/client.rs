//! Typed blocking calls that survive an absent, restarting or vanishing provider.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use netipc_proto::wire::{Encode, List, WireError, WireErrorKind};
use netipc_transport::link::Transport;
use netipc_transport::wait::{Abort, Wait};
use netipc_transport::{NativeTransport, WaitObject};

use crate::config::{ClientConfig, call_timeout};
use crate::error::{CallError, OpenError};
use crate::kind::{ReplyOf, Service};
use crate::lookup::{Key, Lookup, LookupReply};
use crate::status::{ClientState, ClientStatus, Counters, SessionStatus};
use crate::untyped::AnyClient;

/// The replies to a batch, in the order of its requests.
pub type BatchReply<'a, S> = List<'a, ReplyOf<S>>;

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
    client: AnyClient,
    abort: Abort,
    timeout: Duration,
    _service: PhantomData<fn() -> S>,
}

impl<S: Service> Client<S> {
    /// A client of the service `service` in `run_dir`. Connects to nothing yet, and never fails: a
    /// name that cannot be shows as the error of the first refresh.
    #[must_use]
    pub fn new(run_dir: impl AsRef<Path>, service: &str, config: ClientConfig) -> Self {
        let transport = Arc::new(NativeTransport::default());
        Self::with_transport(transport, run_dir, service, config)
    }

    /// A client that reaches its endpoint through `transport`.
    #[must_use]
    pub fn with_transport(
        transport: Arc<dyn Transport>,
        run_dir: impl AsRef<Path>,
        service: &str,
        config: ClientConfig,
    ) -> Self {
        Self {
            client: AnyClient::with_transport(transport, run_dir, service, &config),
            abort: Abort::new(),
            timeout: call_timeout(config.call_timeout_ms),
            _service: PhantomData,
        }
    }

    /// Connects where there is no session, and looks whether there still is one. Returns whether
    /// something changed. Call it at your own pace; an attempt takes at most the handshake timeout,
    /// and where the server wants less than was offered, there is a second one.
    pub fn refresh(&mut self) -> bool {
        let wait = Wait::forever().or_abort(&self.abort);
        self.client.refresh(&wait)
    }

    /// As [`refresh`](Self::refresh), for at most `timeout`.
    pub fn refresh_within(&mut self, timeout: Duration) -> bool {
        let wait = Wait::timeout(timeout).or_abort(&self.abort);
        self.client.refresh(&wait)
    }

    /// Asks, and waits for the reply, which borrows the client until the next call. A lookup takes
    /// any number of keys, and asks in as many requests as the limits want; its items come in the
    /// order of the keys.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call(&mut self, argument: &S::Argument<'_>) -> Result<S::Reply<'_>, CallError> {
        self.call_within(argument, self.timeout)
    }

    /// As [`call`](Self::call), within `timeout`.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_within(
        &mut self,
        argument: &S::Argument<'_>,
        timeout: Duration,
    ) -> Result<S::Reply<'_>, CallError> {
        let wait = Wait::timeout(timeout).or_abort(&self.abort);
        S::call(&mut self.client, argument, &wait)
    }

    /// As [`call`](Self::call), within `timeout_ms` milliseconds; 0 is the client's own timeout.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_with_timeout(
        &mut self,
        argument: &S::Argument<'_>,
        timeout_ms: u32,
    ) -> Result<S::Reply<'_>, CallError> {
        let timeout = if timeout_ms == 0 {
            self.timeout
        } else {
            Duration::from_millis(timeout_ms.into())
        };
        self.call_within(argument, timeout)
    }

    /// Asks many requests in one message. No requests need no I/O.
    ///
    /// # Errors
    /// [`CallError`]; one request that fails fails the batch.
    pub fn call_batch<'r>(
        &mut self,
        requests: &[S::Request<'r>],
    ) -> Result<BatchReply<'_, S>, CallError>
    where
        S::Request<'r>: Encode,
    {
        if !S::METHOD.batches && !requests.is_empty() {
            let (what, count) = ("items of a method without batches", requests.len() as u64);
            let error = WireError::new(WireErrorKind::BadItemCount, what, 1, count);
            return Err(self.client.invalid_request(error));
        }
        let wait = Wait::timeout(self.timeout).or_abort(&self.abort);
        self.client.call_batch(S::METHOD.code, requests, &wait)
    }

    /// Asks many requests with up to `window` of them in flight, and hands each reply with the
    /// index of its request to `each`, in the order the replies come.
    ///
    /// Over shared memory, where one message is in flight at a time, they go one by one. After a
    /// lost session only those without a reply are asked again.
    ///
    /// # Errors
    /// [`CallError`], after which `each` may have seen some of the replies.
    pub fn call_pipelined<'r>(
        &mut self,
        requests: &[S::Request<'r>],
        window: usize,
        each: impl FnMut(usize, S::Reply<'_>),
    ) -> Result<(), CallError>
    where
        S::Request<'r>: Encode,
    {
        let (method, wait) = (
            S::METHOD.code,
            Wait::timeout(self.timeout).or_abort(&self.abort),
        );
        self.client
            .call_pipelined::<ReplyOf<S>>(method, requests, window, &wait, each)
    }

    /// Why the last refresh that had to connect gave no session. The causes are its
    /// [sources](std::error::Error::source).
    #[must_use]
    pub fn open_error(&self) -> Option<&OpenError> {
        self.client.open_error()
    }

    /// Whether calls can be made. No I/O.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.client.ready()
    }

    /// Where the client stands. No I/O.
    #[must_use]
    pub const fn state(&self) -> ClientState {
        self.client.state()
    }

    /// Everything there is to know of the client. No I/O.
    #[must_use]
    pub fn status(&self) -> ClientStatus {
        self.client.status()
    }

    /// What happened so far. No I/O.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.client.counters()
    }

    /// The session, while there is one. No I/O.
    #[must_use]
    pub fn session(&self) -> Option<SessionStatus> {
        self.client.session()
    }

    /// What an event loop can watch while there is a session: readable when the provider has hung
    /// up.
    #[must_use]
    pub fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.client.wait_object()
    }

    /// Sets how long a whole call may take, in milliseconds; 0 is 30,000.
    pub fn set_call_timeout(&mut self, timeout_ms: u32) {
        self.timeout = call_timeout(timeout_ms);
    }

    /// What calls off a call from another thread, in any of its phases. Calls fail until it is
    /// cleared.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle::new(self.abort.clone(), None)
    }

    /// Releases everything; counters stay. The client can be refreshed again.
    pub fn close(&mut self) {
        self.client.close();
        self.abort.clear();
    }

    /// The client that knows no service, and a wait for a whole call.
    pub(crate) fn untyped_within(&mut self, timeout: Duration) -> (&mut AnyClient, Wait<'_>) {
        let wait = Wait::timeout(timeout).or_abort(&self.abort);
        (&mut self.client, wait)
    }

    /// How long a whole call may take.
    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }
}

impl<L: Lookup> Client<L> {
    /// Looks up any number of keys. Items come in the order of the keys, as one reply, whatever it
    /// took on the wire. No keys ask for the generation only.
    ///
    /// # Errors
    /// [`CallError`]; for a key that cannot be, before anything is sent.
    pub fn lookup<'k, K>(&mut self, keys: &[K]) -> Result<LookupReply<'_, L>, CallError>
    where
        K: Copy + TryInto<Key<'k, L>, Error: Into<WireError>>,
    {
        self.lookup_within(keys, self.timeout)
    }

    /// As [`lookup`](Self::lookup), within `timeout`.
    ///
    /// # Errors
    /// As [`lookup`](Self::lookup).
    pub fn lookup_within<'k, K>(
        &mut self,
        keys: &[K],
        timeout: Duration,
    ) -> Result<LookupReply<'_, L>, CallError>
    where
        K: Copy + TryInto<Key<'k, L>, Error: Into<WireError>>,
    {
        let wait = Wait::timeout(timeout).or_abort(&self.abort);
        self.client.lookup(keys, &wait)
    }
}

impl<S> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// Calls off the calls of a client, or the rounds of an enricher, from any thread, at once.
#[derive(Clone, Debug)]
pub struct AbortHandle {
    abort: Abort,
    /// Who sleeps beside the calls.
    sleeper: Option<Abort>,
}

impl AbortHandle {
    pub(crate) const fn new(abort: Abort, sleeper: Option<Abort>) -> Self {
        Self { abort, sleeper }
    }

    /// Calls off what runs, and everything that follows until it is cleared.
    pub fn abort(&self) {
        self.abort.raise();
        if let Some(sleeper) = &self.sleeper {
            sleeper.raise();
        }
    }

    /// Lets calls be made again.
    pub fn clear(&self) {
        self.abort.clear();
    }

    /// Whether calls are called off.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        self.abort.is_raised()
    }
}
