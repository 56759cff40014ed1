//! What clients of all services share: the session's life, retry and growth.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netipc_proto::session::SessionError;
use netipc_proto::session::handshake::HandshakeError;
use netipc_proto::wire::{Encode, Header, Kind, MethodCode, Profiles, Status, WireError, Writer};
use netipc_transport::endpoint::{Endpoint, EndpointError};
use netipc_transport::link::{AttachError, LinkError, Transport};
use netipc_transport::wait::Wait;

use crate::config::{Capacity, ClientConfig, ClientOptions};
use crate::connection::{Connection, ConnectionError};
use crate::error::{CallError, Failure, OpenError, ProtocolError, chain};
use crate::protocol::{DEFAULT_HANDSHAKE_TIMEOUT_MS, MAX_PAYLOAD_DEFAULT};
use crate::retry::{self, Attempts, Backoff, Decision};
use crate::status::{ClientState, ClientStatus, Counters, SessionStatus};

/// The untyped part of a client.
pub(crate) struct Core {
    transport: Arc<dyn Transport>,
    endpoint: Result<Endpoint, EndpointError>,
    options: ClientOptions,
    state: ClientState,
    connection: Option<Connection>,
    /// What to propose next.
    capacity: Capacity,
    /// What this provider has refused: never proposed again, nor more.
    refused: Vec<Capacity>,
    rejection: Backoff,
    shm: Backoff,
    counters: Counters,
    last_error: Option<String>,
    last_success: Option<Instant>,
    /// The payload of the request that goes out next.
    pub(crate) request: Vec<u8>,
    next_id: u64,
}

/// The envelope of a request whose payload stands in [`Core::request`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing {
    method: MethodCode,
    batch: Option<u32>,
}

impl Outgoing {
    pub(crate) const fn single(method: MethodCode) -> Self {
        Self {
            method,
            batch: None,
        }
    }

    pub(crate) const fn batch(method: MethodCode, items: u32) -> Self {
        Self {
            method,
            batch: Some(items),
        }
    }

    const fn header(self, message_id: u64) -> Header {
        match self.batch {
            None => Header::request(self.method, message_id),
            Some(items) => Header::batch(self.method, message_id, items),
        }
    }
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

    pub(crate) fn status(&self) -> ClientStatus {
        let session = self.connection.as_ref().map(|connection| {
            let (agreed, info) = (connection.agreed(), connection.info());
            SessionStatus {
                profile: agreed.profile,
                transport: info.kind,
                session_id: agreed.session_id,
                limits: agreed.limits,
                peer: info.peer,
            }
        });
        ClientStatus {
            state: self.state,
            counters: self.counters,
            session,
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
                if self.open(wait).is_ok() {
                    self.counters.connects += 1;
                }
            }
        }
        before != (self.state, self.counters.reconnects)
    }

    /// Writes `request` to the buffer that is sent next.
    pub(crate) fn encode(&mut self, request: &impl Encode) -> Result<(), Failure> {
        self.request.resize(request.size(), 0);
        request
            .encode(&mut Writer::new(&mut self.request))
            .map_err(Failure::InvalidRequest)
    }

    /// Sends the request and receives its answer, as often as the retry table allows. `check`
    /// decodes the answer's payload, so that a malformed one counts as a failure.
    pub(crate) fn perform(
        &mut self,
        out: Outgoing,
        wait: &Wait<'_>,
        check: impl Fn(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut attempts = Attempts::default();
        loop {
            let needed = Capacity::of_request(self.request.len(), out.batch.unwrap_or(1));
            self.make_room(needed, wait)?;
            let done = self
                .exchange(out, wait)
                .and_then(|()| check(self.payload()));
            let Err(failure) = done else { return Ok(()) };
            attempts = self.recover(failure, attempts, wait)?;
        }
    }

    /// One request and its answer over the session there is.
    pub(crate) fn exchange(&mut self, out: Outgoing, wait: &Wait<'_>) -> Result<(), Failure> {
        let header = self.send(out, wait)?;
        let reply = self.receive(wait)?;
        check_answer(&header, &reply, self.agreed().response_bytes)?;
        self.count_reply(&reply);
        Ok(())
    }

    /// Sends the request; returns its header.
    pub(crate) fn send(&mut self, out: Outgoing, wait: &Wait<'_>) -> Result<Header, Failure> {
        let header = out.header(self.next_id);
        let state = self.state;
        let connection = self
            .connection
            .as_mut()
            .ok_or(Failure::NotReady { state })?;
        match connection.send(header, &self.request, wait) {
            Ok(()) => {}
            // The server may have answered before it closed: its last words come first.
            Err(ConnectionError::Link(LinkError::Reset(_) | LinkError::Disconnected)) => {}
            Err(error) => return Err(lost(error)),
        }
        self.next_id += 1;
        self.counters.bytes_sent += message_bytes(self.request.len());
        Ok(header)
    }

    /// Receives the next answer.
    pub(crate) fn receive(&mut self, wait: &Wait<'_>) -> Result<Header, Failure> {
        let state = self.state;
        let connection = self
            .connection
            .as_mut()
            .ok_or(Failure::NotReady { state })?;
        connection.receive(wait).map_err(lost)
    }

    pub(crate) fn count_reply(&mut self, reply: &Header) {
        self.counters.calls += 1;
        self.counters.bytes_received += message_bytes(reply.payload_len as usize);
    }

    /// The payload of the answer that came last.
    pub(crate) fn payload(&self) -> &[u8] {
        self.connection.as_ref().map_or(&[], Connection::payload)
    }

    /// What the session agreed on, or what it would propose.
    pub(crate) fn agreed(&self) -> Capacity {
        self.connection
            .as_ref()
            .map_or(self.capacity, |connection| {
                let limits = connection.limits();
                Capacity {
                    request_bytes: limits.request.payload_bytes,
                    batch_items: limits.request.batch_items,
                    response_bytes: limits.response.payload_bytes,
                }
            })
    }

    /// Messages that may be in flight, and bytes of one that is a single packet.
    pub(crate) fn window(&self) -> (u32, usize) {
        self.connection.as_ref().map_or((1, 0), |connection| {
            let info = connection.info();
            let packet = (connection.limits().packet_size as usize).min(info.max_packet);
            (info.window.unwrap_or(u32::MAX), packet)
        })
    }

    /// Makes sure that the session carries requests of `needed`, with a new one where it must.
    pub(crate) fn make_room(&mut self, needed: Capacity, wait: &Wait<'_>) -> Result<(), Failure> {
        let agreed = self.agreed();
        if self.state != ClientState::Ready {
            return Err(Failure::NotReady { state: self.state });
        }
        if agreed.holds(needed) {
            return Ok(());
        }
        if let Some(capacity) = self.wider(needed) {
            self.capacity = capacity;
            self.reconnect(wait)?;
        }
        match self.agreed() {
            agreed if agreed.holds(needed) => Ok(()),
            Capacity { request_bytes, .. } if needed.request_bytes > request_bytes => Err(
                overflow("request bytes", needed.request_bytes, request_bytes),
            ),
            Capacity { batch_items, .. } => {
                Err(overflow("batch items", needed.batch_items, batch_items))
            }
        }
    }

    /// Makes a wider session for what is to come, where one can be had: many small requests cost
    /// more than one connect.
    pub(crate) fn aim(&mut self, wanted: Capacity, wait: &Wait<'_>) -> Result<(), Failure> {
        if self.state != ClientState::Ready {
            return Err(Failure::NotReady { state: self.state });
        }
        let agreed = self.agreed();
        let enough = agreed.holds(wanted) && agreed.response_bytes >= wanted.response_bytes;
        match retry::grow(self.capacity, wanted, self.options.ceiling) {
            Some(capacity) if !enough && !self.was_refused(capacity) => {
                self.capacity = capacity;
                self.reconnect(wait)
            }
            _ => Ok(()),
        }
    }

    /// A proposal that carries `needed`, that the configuration allows, and that was not refused.
    pub(crate) fn wider(&self, needed: Capacity) -> Option<Capacity> {
        let ceiling = self.options.ceiling;
        let needed = Capacity {
            response_bytes: 0,
            ..needed
        };
        if !ceiling.holds(needed) {
            return None;
        }
        let exact = Capacity {
            request_bytes: needed.request_bytes.max(self.capacity.request_bytes),
            batch_items: needed.batch_items.max(self.capacity.batch_items),
            ..self.capacity
        };
        let rounded = retry::grow(self.capacity, needed, ceiling).unwrap_or(self.capacity);
        [rounded, exact]
            .into_iter()
            .find(|capacity| !self.was_refused(*capacity))
    }

    /// Acts on a failure. Returns the attempts so far when the request is to be sent again.
    pub(crate) fn recover(
        &mut self,
        failure: Failure,
        attempts: Attempts,
        wait: &Wait<'_>,
    ) -> Result<Attempts, Failure> {
        match retry::decide(&failure, attempts) {
            Decision::Return => Err(failure),
            Decision::DropAndReturn => {
                self.leave_broken();
                Err(failure)
            }
            Decision::Reconnect => {
                tracing::debug!(endpoint = %self.name(), error = %chain(&failure), "call failed, trying once more");
                self.note(&failure);
                self.refused.clear();
                self.reconnect(wait)?;
                self.counters.retries += 1;
                Ok(Attempts {
                    retried: true,
                    ..attempts
                })
            }
            Decision::Grow => {
                let before = self.agreed().response_bytes;
                if !self.widen_response() {
                    self.leave_broken();
                    return Err(failure);
                }
                self.reconnect(wait)?;
                match self.agreed().response_bytes > before {
                    true => Ok(Attempts {
                        grown: attempts.grown + 1,
                        ..attempts
                    }),
                    false => Err(failure),
                }
            }
        }
    }

    /// Proposes twice the agreed response limit from now on; whether that is any use.
    pub(crate) fn widen_response(&mut self) -> bool {
        let (agreed, ceiling) = (self.agreed().response_bytes, self.options.ceiling);
        let needed = Capacity {
            response_bytes: agreed.saturating_mul(2),
            ..self.capacity
        };
        if let Some(capacity) = retry::grow(self.capacity, needed, ceiling) {
            self.capacity = capacity;
        }
        // Deployed servers ignore the hint and grow by themselves: a new session may help even
        // when there is nothing more to ask for.
        agreed < ceiling.response_bytes
    }

    /// A new session in place of the one there is.
    pub(crate) fn reconnect(&mut self, wait: &Wait<'_>) -> Result<(), Failure> {
        self.leave(ClientState::Broken);
        let Err(error) = self.open(wait) else {
            self.counters.reconnects += 1;
            return Ok(());
        };
        let failure = if wait.abort().is_some_and(|abort| abort.is_raised()) {
            Failure::Aborted
        } else if wait
            .deadline()
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            Failure::Timeout
        } else {
            return Err(Failure::Reconnect(error));
        };
        self.state = ClientState::Broken;
        Err(failure)
    }

    /// Books the end of a logical call.
    pub(crate) fn finish(&mut self, done: Result<(), Failure>) -> Result<(), CallError> {
        let Err(failure) = done else {
            self.last_success = Some(Instant::now());
            return Ok(());
        };
        self.counters.errors += 1;
        match failure {
            Failure::Timeout => self.counters.timeouts += 1,
            Failure::Aborted => self.counters.aborts += 1,
            _ => {}
        }
        Err(self.error(failure))
    }

    /// The error of a reply that decoded once and did not again, which only a bug can bring about.
    pub(crate) fn malformed(&self, error: WireError) -> CallError {
        CallError::new(&self.name(), Failure::Protocol(ProtocolError::Wire(error)))
    }

    /// Drops the session; the next refresh makes a new one.
    pub(crate) fn leave_broken(&mut self) {
        self.leave(ClientState::Broken);
    }

    fn error(&mut self, failure: Failure) -> CallError {
        self.note(&failure);
        CallError::new(&self.name(), failure)
    }

    fn note(&mut self, failure: &dyn std::error::Error) {
        self.last_error = Some(chain(failure));
    }

    fn name(&self) -> String {
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
        if self.open(wait).is_ok() {
            self.counters.reconnects += 1;
        }
    }

    /// One attempt to get a session, and what its outcome makes of the client.
    fn open(&mut self, wait: &Wait<'_>) -> Result<(), OpenError> {
        self.state = ClientState::Connecting;
        let done = self.try_open(wait);
        let now = Instant::now();
        match &done {
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
        done
    }

    /// Connects. Where the server refuses the proposal, or its shared memory is of no use, connects
    /// once more without.
    fn try_open(&mut self, wait: &Wait<'_>) -> Result<(), OpenError> {
        let supported = self.options.supported;
        let socket = supported.without(Profiles::ALL_SHM);
        let offered = match self.shm.allows(Instant::now()) || socket.is_empty() {
            true => supported,
            false => socket,
        };
        let error = match self.try_connect(offered, wait) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        match error {
            OpenError::Handshake(HandshakeError::LimitExceeded) => {
                self.refused.push(self.capacity);
                self.capacity = self.smaller();
                self.try_connect(offered, wait)
            }
            OpenError::Attach(AttachError::Unusable { .. }) => {
                self.note(&error);
                self.shm.failed(Instant::now());
                tracing::warn!(endpoint = %self.name(), error = %chain(&error), "leaving shared memory out for a while");
                match socket.is_empty() {
                    true => Err(error),
                    false => self.try_connect(socket, wait),
                }
            }
            error => Err(error),
        }
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

    /// What to propose to a server that refused: the defaults, or less where it refused those.
    fn smaller(&self) -> Capacity {
        let mut capacity = Capacity {
            request_bytes: self.capacity.request_bytes.min(MAX_PAYLOAD_DEFAULT),
            batch_items: 1,
            ..self.capacity
        };
        while self.was_refused(capacity) && capacity.request_bytes > 1 {
            capacity.request_bytes /= 2;
        }
        capacity
    }

    fn was_refused(&self, capacity: Capacity) -> bool {
        self.refused.iter().any(|refused| {
            capacity.request_bytes >= refused.request_bytes
                && capacity.batch_items >= refused.batch_items
        })
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

/// Checks what an answer must say of its request, and what it says of how it went.
/// `limit` is the agreed response limit, in bytes.
pub(crate) fn check_answer(request: &Header, reply: &Header, limit: u32) -> Result<(), Failure> {
    let ok = reply.status == Status::OK;
    let fields = [
        ("code", u64::from(request.code), u64::from(reply.code), true),
        ("message_id", request.message_id, reply.message_id, true),
        (
            "BATCH flag",
            request.flags.is_batch().into(),
            reply.flags.is_batch().into(),
            ok,
        ),
        (
            "item_count",
            request.item_count.into(),
            reply.item_count.into(),
            ok && request.flags.is_batch(),
        ),
    ];
    for (field, expected, found, binding) in fields {
        if binding && expected != found {
            return Err(Failure::Protocol(ProtocolError::Answer {
                field,
                expected,
                found,
            }));
        }
    }
    match reply.status {
        Status::OK => Ok(()),
        Status::UNSUPPORTED => Err(Failure::Unsupported),
        Status::BAD_ENVELOPE => Err(Failure::RejectedRequest),
        Status::INTERNAL_ERROR => Err(Failure::HandlerFailed),
        Status::LIMIT_EXCEEDED => Err(Failure::LimitExceeded { limit }),
        status => Err(Failure::UnexpectedStatus { status }),
    }
}

pub(crate) fn overflow(what: &'static str, needed: u32, limit: u32) -> Failure {
    Failure::Overflow {
        what,
        needed: needed.into(),
        limit: limit.into(),
    }
}

fn lost(error: ConnectionError) -> Failure {
    match error {
        ConnectionError::Link(LinkError::Timeout) => Failure::Timeout,
        ConnectionError::Link(LinkError::Aborted) => Failure::Aborted,
        ConnectionError::Link(error) => Failure::Lost(error),
        ConnectionError::Session(SessionError::LimitExceeded {
            found,
            limit,
            field,
            header,
        }) if header.kind == Kind::REQUEST => overflow(field, found, limit),
        ConnectionError::Session(error) => Failure::Protocol(ProtocolError::Session(error)),
    }
}

const fn message_bytes(payload: usize) -> u64 {
    (Header::LEN + payload) as u64
}
