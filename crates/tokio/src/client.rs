//! Calls that are futures.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netipc::connection::{ConnectionError, Proposal, SessionError};
use netipc::protocol::{
    DEFAULT_CALL_TIMEOUT_MS, DEFAULT_HANDSHAKE_TIMEOUT_MS, DEFAULT_RESPONSE_BYTES, MAX_PAYLOAD_CAP,
    MAX_PAYLOAD_DEFAULT, MAX_RESPONSE_PAYLOAD_CAP,
};
use netipc::service::Service;
use netipc::transport::endpoint::EndpointError;
use netipc::transport::link::LinkError;
use netipc::transport::{Endpoint, NativeTransport, Transport};
use netipc::untyped::check_answer;
use netipc::wire::{Decode, Encode, Header, MethodCode, Profiles, WireError, Writer};
use netipc::{
    CallError, ClientConfig, ClientState, Failure, HandshakeError, LimitSide, OpenError,
    ProtocolError,
};

use crate::session::Session;

/// How long connecting and shaking hands may take.
const HANDSHAKE_MS: u32 = DEFAULT_HANDSHAKE_TIMEOUT_MS;
/// How often one call asks for more room.
const GROWTH_ROUNDS: u32 = 8;
/// How long a server that refused this client is left alone: at first, and at most.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// A client of one service at one endpoint, whose calls are futures.
///
/// It is [`netipc::Client`] for programs on tokio, over the socket: nothing happens but in its futures,
/// [`refresh`](Self::refresh) connects, and [`call`](Self::call) asks. A call that loses its session makes a new
/// one and asks once more, and one whose answer has no room asks for more, within its one deadline.
///
/// **Dropping a future calls it off.** A call that was under way leaves the client without a session, so that a late answer is
/// never taken for another; the server notices the hang-up, and the next [`refresh`](Self::refresh) connects
/// again. A dropped refresh leaves the client as it was without a session.
///
/// One call is under way at a time: programs that ask several at once have a client for each.
pub struct Client<S> {
    transport: Arc<dyn Transport>,
    endpoint: Result<Endpoint, EndpointError>,
    timeout: Duration,
    pub(crate) proposal: Proposal,
    /// What never to propose more than: bytes of requests and of responses.
    ceiling: (u32, u32),
    pub(crate) session: Option<Session>,
    state: ClientState,
    open_error: Option<Arc<OpenError>>,
    /// Until when a server that refused this client is left alone, and for how long the next time.
    refused_until: Option<Instant>,
    backoff: Duration,
    next_id: u64,
    pub(crate) request: Vec<u8>,
    pub(crate) reply: Vec<u8>,
    _service: std::marker::PhantomData<fn() -> S>,
}

impl<S: Service> Client<S> {
    /// A client of the service `service` in `run_dir`. Connects to nothing yet, and never fails: a name that
    /// cannot be shows as the error of the first refresh. Of the configured profiles the baseline is used.
    #[must_use]
    pub fn new(run_dir: impl AsRef<Path>, service: &str, config: ClientConfig) -> Self {
        // The runtime waits: nothing is looked for before it does.
        let transport = NativeTransport::default().with_spin(Duration::ZERO);
        Self::with_transport(Arc::new(transport), run_dir, service, config)
    }

    /// A client that reaches its endpoint through `transport`, whose links need descriptors to watch.
    #[must_use]
    pub fn with_transport(
        transport: Arc<dyn Transport>,
        run_dir: impl AsRef<Path>,
        service: &str,
        config: ClientConfig,
    ) -> Self {
        let or = |configured: u32, default| if configured == 0 { default } else { configured };
        let mut proposal = Proposal {
            supported: Profiles::BASELINE,
            preferred: Profiles::NONE,
            ..config.proposal()
        };
        proposal.response.payload_bytes =
            or(config.max_response_payload_bytes, DEFAULT_RESPONSE_BYTES);
        Self {
            transport,
            endpoint: Endpoint::new(run_dir.as_ref(), service),
            timeout: Duration::from_millis(
                or(config.call_timeout_ms, DEFAULT_CALL_TIMEOUT_MS).into(),
            ),
            proposal,
            ceiling: (
                or(config.max_request_payload_bytes, MAX_PAYLOAD_CAP),
                or(config.max_response_payload_bytes, MAX_RESPONSE_PAYLOAD_CAP),
            ),
            session: None,
            state: ClientState::Disconnected,
            open_error: None,
            refused_until: None,
            backoff: FIRST_BACKOFF,
            next_id: 1,
            request: Vec::new(),
            reply: Vec::new(),
            _service: std::marker::PhantomData,
        }
    }

    /// Connects where there is no session, and looks whether there still is one; returns whether the client is
    /// ready. An attempt takes at most 2 seconds. A server that refused this client is asked again after a
    /// second, and less and less often.
    pub async fn refresh(&mut self) -> bool {
        if let Some(session) = &mut self.session {
            if session.connection.check().is_ok() {
                return true;
            }
            self.lose();
        }
        if self
            .refused_until
            .is_some_and(|until| Instant::now() < until)
        {
            return false;
        }
        self.open().await.is_ok()
    }

    /// Asks, and waits for the reply, which borrows the client until the next call; for at most the timeout of
    /// the configuration (30 seconds). A lookup has [`lookup`](Self::lookup), which takes any number of keys.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call<'r>(&mut self, request: &S::Request<'r>) -> Result<S::Reply<'_>, CallError>
    where
        S::Request<'r>: Encode,
    {
        self.call_within(request, self.timeout).await
    }

    /// As [`call`](Self::call), within `timeout`.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_within<'r>(
        &mut self,
        request: &S::Request<'r>,
        timeout: Duration,
    ) -> Result<S::Reply<'_>, CallError>
    where
        S::Request<'r>: Encode,
    {
        let encoded = self.encode(request);
        let asked = async {
            encoded?;
            self.perform(S::METHOD.code, |payload| {
                S::Reply::decode(payload).map(drop)
            })
            .await
        };
        let done = tokio::time::timeout(timeout, asked).await;
        self.finish(done.unwrap_or(Err(Failure::Timeout)))?;
        // It was decoded when it came.
        S::Reply::decode(self.payload()).map_err(|error| self.error(malformed(error)))
    }

    /// Whether calls can be made.
    #[must_use]
    pub const fn ready(&self) -> bool {
        self.session.is_some()
    }

    /// Where the client stands.
    #[must_use]
    pub const fn state(&self) -> ClientState {
        if self.session.is_some() {
            ClientState::Ready
        } else {
            self.state
        }
    }

    /// Why the last refresh that had to connect gave no session.
    #[must_use]
    pub fn open_error(&self) -> Option<&OpenError> {
        self.open_error.as_deref()
    }

    /// Sets how long a whole call may take.
    pub const fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Ends the session. The client can be refreshed again.
    pub fn close(&mut self) {
        (self.session, self.state, self.open_error) = (None, ClientState::Disconnected, None);
    }

    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Notes how a call ended, whose future was not dropped.
    pub(crate) fn finish(&mut self, done: Result<(), Failure>) -> Result<(), CallError> {
        done.map_err(|failure| {
            if matches!(failure, Failure::Timeout) {
                self.lose();
            }
            self.error(failure)
        })
    }

    pub(crate) fn error(&self, failure: Failure) -> CallError {
        match &self.endpoint {
            Ok(endpoint) => CallError::new(endpoint, failure),
            Err(error) => CallError::new(error, failure),
        }
    }

    /// Sends the request and receives its answer, as often as it may be tried. `check` looks at the answer.
    pub(crate) async fn perform(
        &mut self,
        method: MethodCode,
        check: impl Fn(&[u8]) -> Result<(), WireError>,
    ) -> Result<(), Failure> {
        if self.session.is_none() {
            return Err(self.not_ready());
        }
        self.make_room().await?;
        let (mut retried, mut grown) = (false, 0);
        loop {
            let failure = match self.exchange(method).await {
                Ok(()) => match check(self.payload()) {
                    Ok(()) => return Ok(()),
                    Err(error) => malformed(error),
                },
                Err(failure) => failure,
            };
            match failure {
                // The server goes on with the session after these.
                Failure::Unsupported | Failure::Overflow { .. } => return Err(failure),
                Failure::Lost(_)
                | Failure::Protocol(_)
                | Failure::HandlerFailed
                | Failure::UnexpectedStatus { .. }
                    if !retried =>
                {
                    retried = true;
                }
                Failure::LimitExceeded { .. } if grown < GROWTH_ROUNDS && self.widen_response() => {
                    grown += 1
                }
                failure => {
                    self.lose();
                    return Err(failure);
                }
            }
            self.reopen().await?;
        }
    }

    /// The payload of the answer that came last.
    pub(crate) fn payload(&self) -> &[u8] {
        let message = self
            .session
            .as_ref()
            .and_then(|session| session.connection.message());
        message.map_or(&[], |message| message.payload())
    }

    pub(crate) fn encode(&mut self, request: &impl Encode) -> Result<(), Failure> {
        self.request.resize(request.size(), 0);
        let written = request.encode(&mut Writer::new(&mut self.request));
        written.map_err(Failure::InvalidRequest)
    }

    /// One request and its answer. The session is gone while this is under way, and stays so where it is
    /// dropped.
    async fn exchange(&mut self, method: MethodCode) -> Result<(), Failure> {
        let header = Header::request(method, self.next_id);
        self.next_id += 1;
        let Some(mut session) = self.session.take() else {
            return Err(self.not_ready());
        };
        self.state = ClientState::Broken;
        match session.send(header, &self.request).await {
            // A server that closed may have answered first: that answer says why.
            Ok(()) | Err(ConnectionError::Link(LinkError::Reset(_) | LinkError::Disconnected)) => {}
            Err(error) => {
                let is_refusal = error.is_refusal();
                self.session = is_refusal.then_some(session);
                return Err(connection_failure(error));
            }
        }
        let reply = session.receive().await.map_err(connection_failure)?;
        let limit = session.connection.limits().response.payload_bytes;
        let side = if limit < self.ceiling.1 {
            LimitSide::Server
        } else {
            LimitSide::Client
        };
        self.session = Some(session);
        check_answer(&header, &reply, (limit, side))
    }

    /// Makes sure that the session carries the request, with a new one where it must.
    async fn make_room(&mut self) -> Result<(), Failure> {
        let needed = u32::try_from(self.request.len()).unwrap_or(u32::MAX);
        if needed <= self.request_limit() || needed > self.ceiling.0 {
            // One that no session may carry is refused when it is sent.
            return Ok(());
        }
        let room = needed.checked_next_power_of_two().unwrap_or(u32::MAX);
        self.proposal.request.payload_bytes = room.min(self.ceiling.0);
        self.reopen().await
    }

    /// Bytes that a request may have.
    pub(crate) fn request_limit(&self) -> u32 {
        let session = self.session.as_ref();
        session.map_or(self.proposal.request.payload_bytes, |session| {
            session.connection.limits().request.payload_bytes
        })
    }

    /// Bytes that a request may have at most, with a new session.
    pub(crate) const fn request_ceiling(&self) -> u32 {
        self.ceiling.0
    }

    /// Proposes twice the room for responses; whether there may be more.
    fn widen_response(&mut self) -> bool {
        let agreed = self.session.as_ref().map_or(0, |session| {
            session.connection.limits().response.payload_bytes
        });
        let now = agreed.max(self.proposal.response.payload_bytes);
        self.proposal.response.payload_bytes = now.saturating_mul(2).min(self.ceiling.1);
        now < self.ceiling.1
    }

    async fn reopen(&mut self) -> Result<(), Failure> {
        self.lose();
        match self.open().await {
            Ok(()) => Ok(()),
            Err(error) => Err(Failure::Reconnect(error)),
        }
    }

    /// One attempt to get a session.
    async fn open(&mut self) -> Result<(), Arc<OpenError>> {
        let limit = Duration::from_millis(HANDSHAKE_MS.into());
        let opened = tokio::time::timeout(limit, self.try_open())
            .await
            .unwrap_or_else(|_| {
                Err(OpenError::HandshakeTimeout {
                    limit_ms: HANDSHAKE_MS,
                    source: Box::new(LinkError::Timeout.into()),
                })
            });
        match opened {
            Ok(session) => {
                (
                    self.session,
                    self.open_error,
                    self.refused_until,
                    self.backoff,
                ) = (Some(session), None, None, FIRST_BACKOFF);
                Ok(())
            }
            Err(error) => {
                self.state = error.state();
                if matches!(
                    self.state,
                    ClientState::AuthFailed | ClientState::Incompatible
                ) {
                    self.refused_until = Instant::now().checked_add(self.backoff);
                    self.backoff = (self.backoff * 2).min(LONGEST_BACKOFF);
                }
                let error = Arc::new(error);
                self.open_error = Some(Arc::clone(&error));
                Err(error)
            }
        }
    }

    async fn try_open(&mut self) -> Result<Session, OpenError> {
        let endpoint = self.endpoint.as_ref().map_err(Clone::clone)?;
        let opened = Session::connect(&*self.transport, endpoint, self.proposal).await;
        let proposed = self.proposal.request.payload_bytes;
        match opened {
            // It takes no requests as large: whether it takes those of a plain client is worth a try.
            Err(OpenError::Handshake(HandshakeError::LimitExceeded))
                if proposed > MAX_PAYLOAD_DEFAULT =>
            {
                self.proposal.request.payload_bytes = MAX_PAYLOAD_DEFAULT;
                Session::connect(&*self.transport, endpoint, self.proposal).await
            }
            opened => opened,
        }
    }

    fn lose(&mut self) {
        (self.session, self.state) = (None, ClientState::Broken);
    }

    fn not_ready(&self) -> Failure {
        Failure::NotReady {
            state: self.state(),
            open_error: self.open_error.clone(),
        }
    }
}

impl<S> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("state", &self.state)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

pub(crate) const fn malformed(error: WireError) -> Failure {
    Failure::Protocol(ProtocolError::Wire(error))
}

fn connection_failure(error: ConnectionError) -> Failure {
    match error {
        ConnectionError::Link(error @ LinkError::Protocol { .. }) => {
            Failure::Protocol(ProtocolError::Link(error))
        }
        ConnectionError::Link(error) => Failure::Lost(error),
        ConnectionError::Session(SessionError::LimitExceeded {
            found,
            limit,
            field,
            ..
        }) => Failure::Overflow {
            what: field,
            needed: found.into(),
            limit: limit.into(),
            option: "the request limits of the smaller side",
        },
        ConnectionError::Session(error) => Failure::Protocol(ProtocolError::Session(error)),
        ConnectionError::Batch(error) => Failure::InvalidRequest(error),
        _ => Failure::Lost(LinkError::Disconnected),
    }
}
