//! What clients of all services share: the session's life, retry and growth.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netipc_proto::session::handshake::HandshakeError;
use netipc_proto::wire::Profiles;
use netipc_transport::WaitObject;
use netipc_transport::endpoint::{Endpoint, EndpointError};
use netipc_transport::link::{AttachError, LinkError, Transport};
use netipc_transport::wait::Wait;

use crate::config::{Capacity, ClientConfig, ClientOptions};
use crate::connection::Connection;
use crate::error::{Failure, OpenError, chain};
use crate::protocol::DEFAULT_HANDSHAKE_TIMEOUT_MS;
use crate::retry::Backoff;
use crate::status::{ClientState, ClientStatus, Counters, SessionStatus};

/// The untyped part of a client.
pub(crate) struct Core {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) endpoint: Result<Endpoint, EndpointError>,
    pub(super) options: ClientOptions,
    pub(super) state: ClientState,
    pub(super) connection: Option<Connection>,
    /// What to propose next.
    pub(super) capacity: Capacity,
    /// What this provider has refused: never proposed again, nor more.
    pub(super) refused: Vec<Capacity>,
    pub(super) rejection: Backoff,
    pub(super) shm: Backoff,
    pub(super) counters: Counters,
    pub(super) last_error: Option<String>,
    /// Why the last attempt gave no session.
    open_error: Option<OpenError>,
    /// When the last logical call began. When it ends is not asked: the clock takes a good part of a
    /// short call's time.
    pub(super) began: Instant,
    pub(super) last_success: Option<Instant>,
    /// The payload of the request that goes out next.
    pub(super) request: Vec<u8>,
    pub(super) next_id: u64,
}

impl Core {
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        endpoint: Result<Endpoint, EndpointError>,
        config: &ClientConfig,
    ) -> Self {
        let options = ClientOptions::new(config);
        Self {
            transport,
            endpoint,
            capacity: options.initial,
            options,
            state: ClientState::Disconnected,
            connection: None,
            refused: Vec::new(),
            rejection: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            shm: Backoff::new(Duration::from_secs(1), Duration::from_secs(300)),
            counters: Counters::default(),
            last_error: None,
            open_error: None,
            began: Instant::now(),
            last_success: None,
            request: Vec::new(),
            next_id: 1,
        }
    }

    pub(crate) const fn state(&self) -> ClientState {
        self.state
    }

    pub(crate) const fn options(&self) -> &ClientOptions {
        &self.options
    }

    pub(crate) const fn open_error(&self) -> Option<&OpenError> {
        self.open_error.as_ref()
    }

    pub(crate) const fn counters(&self) -> Counters {
        self.counters
    }

    pub(crate) fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.connection.as_ref().and_then(Connection::wait_object)
    }

    pub(crate) fn session(&self) -> Option<SessionStatus> {
        self.connection.as_ref().map(|connection| {
            let (agreed, info) = (connection.agreed(), connection.info());
            SessionStatus {
                profile: agreed.profile,
                transport: info.kind,
                session_id: agreed.session_id,
                limits: agreed.limits,
                peer: info.peer,
            }
        })
    }

    pub(crate) fn status(&self) -> ClientStatus {
        ClientStatus {
            state: self.state,
            counters: self.counters,
            session: self.session(),
            last_error: self.last_error.clone(),
            last_success: self.last_success,
        }
    }

    pub(crate) fn close(&mut self) {
        self.leave(ClientState::Disconnected);
        self.refused.clear();
        self.capacity = self.options.initial;
        self.request = Vec::new();
    }

    pub(crate) fn refresh(&mut self, wait: &Wait<'_>) -> bool {
        let before = (self.state, self.counters.reconnects);
        match self.state {
            ClientState::Ready => {
                let lost = self.connection.as_mut().and_then(|c| c.check().err());
                if let Some(error) = lost {
                    self.note(&Failure::Lost(error));
                    self.refused.clear();
                    self.reopen(wait);
                }
            }
            ClientState::Broken => self.reopen(wait),
            ClientState::AuthFailed | ClientState::Incompatible
                if !self.rejection.allows(Instant::now()) => {}
            _ => {
                if self.open(wait) {
                    self.counters.connects += 1;
                }
            }
        }
        before != (self.state, self.counters.reconnects)
    }

    /// A new session in place of the one there is.
    pub(crate) fn reconnect(&mut self, wait: &Wait<'_>) -> Result<(), Failure> {
        self.leave(ClientState::Broken);
        if self.open(wait) {
            self.counters.reconnects += 1;
            return Ok(());
        }
        let failure = if wait.abort().is_some_and(|abort| abort.is_raised()) {
            Failure::Aborted
        } else if wait
            .deadline()
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            Failure::Timeout
        } else {
            return Err(self
                .open_error
                .take()
                .map_or(Failure::NotReady { state: self.state }, Failure::Reconnect));
        };
        self.state = ClientState::Broken;
        Err(failure)
    }

    /// Whether requests of this session have no answer yet.
    pub(super) fn awaits_answers(&self) -> bool {
        let awaits = |connection: &Connection| connection.in_flight() > 0;
        self.connection.as_ref().is_some_and(awaits)
    }

    /// Drops the session; the next refresh makes a new one.
    pub(crate) fn leave_broken(&mut self) {
        self.leave(ClientState::Broken);
    }

    pub(super) fn note(&mut self, failure: &dyn std::error::Error) {
        let (name, text) = (self.name(), chain(failure));
        self.last_error = Some(match text.contains(&name) {
            true => text,
            false => format!("{name}: {text}"),
        });
    }

    pub(super) fn name(&self) -> String {
        match &self.endpoint {
            Ok(endpoint) => endpoint.to_string(),
            Err(error) => error.to_string(),
        }
    }

    fn leave(&mut self, state: ClientState) {
        if let Some(mut connection) = self.connection.take() {
            connection.fail();
        }
        self.state = state;
    }

    fn reopen(&mut self, wait: &Wait<'_>) {
        self.leave(ClientState::Broken);
        if self.open(wait) {
            self.counters.reconnects += 1;
        }
    }

    /// One attempt to get a session, and what its outcome makes of the client. Whether there is one.
    fn open(&mut self, wait: &Wait<'_>) -> bool {
        self.state = ClientState::Connecting;
        let opened = self.try_open(wait);
        let now = Instant::now();
        match &opened {
            Ok(()) => {
                self.rejection.succeeded();
                self.state = ClientState::Ready;
            }
            Err(error) => {
                self.state = error.state();
                match self.state {
                    ClientState::AuthFailed | ClientState::Incompatible => {
                        self.rejection.failed(now)
                    }
                    ClientState::NotFound => self.refused.clear(),
                    _ => {}
                }
                self.note(error);
            }
        }
        tracing::debug!(endpoint = %self.name(), state = %self.state, "connected or not");
        self.open_error = opened.err();
        self.open_error.is_none()
    }

    /// Connects. Where the server refuses the proposal, or its shared memory is of no use, connects
    /// once more without, for either reason once.
    fn try_open(&mut self, wait: &Wait<'_>) -> Result<(), OpenError> {
        let supported = self.options.supported;
        let socket = supported.without(Profiles::ALL_SHM);
        let mut offered = match self.shm.allows(Instant::now()) || socket.is_empty() {
            true => supported,
            false => socket,
        };
        let mut lowered = false;
        loop {
            let Err(error) = self.try_connect(offered, wait) else {
                return Ok(());
            };
            match error {
                OpenError::Handshake(HandshakeError::LimitExceeded) if !lowered => {
                    lowered = true;
                    self.lower();
                }
                OpenError::Attach(AttachError::Unusable { .. }) => {
                    self.exclude_shm(&error);
                    if offered == socket || socket.is_empty() {
                        return Err(error);
                    }
                    offered = socket;
                }
                // A caller in more of a hurry than attaching has patience sees no more of it, and
                // would never get to the socket.
                OpenError::Attach(AttachError::Interrupted(LinkError::Timeout)) => {
                    self.exclude_shm(&error);
                    return Err(error);
                }
                error => return Err(error),
            }
        }
    }

    /// The server has refused what was proposed: proposes less from now on.
    fn lower(&mut self) {
        if !self.was_refused(self.capacity) {
            self.refused.push(self.capacity);
        }
        self.capacity = self.smaller();
    }

    fn exclude_shm(&mut self, error: &OpenError) {
        self.note(error);
        self.shm.failed(Instant::now());
        tracing::warn!(endpoint = %self.name(), error = %chain(error), "leaving shared memory out for a while");
    }

    fn try_connect(&mut self, offered: Profiles, wait: &Wait<'_>) -> Result<(), OpenError> {
        let endpoint = self.endpoint.as_ref().map_err(Clone::clone)?;
        let handshake = Duration::from_millis(DEFAULT_HANDSHAKE_TIMEOUT_MS.into());
        let wait = wait.at_most(handshake);
        let proposal = self.options.proposal(self.capacity, offered);
        let connection = Connection::connect(&*self.transport, endpoint, proposal, &wait)?;
        if !connection
            .agreed()
            .profile
            .and(Profiles::ALL_SHM)
            .is_empty()
        {
            self.shm.succeeded();
        }
        self.connection = Some(connection);
        Ok(())
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("endpoint", &self.name())
            .field("state", &self.state)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}
