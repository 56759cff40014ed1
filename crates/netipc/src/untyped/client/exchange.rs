//! A request and its answer, as often as the retry table allows.

use netipc_proto::session::{Message, SessionError};
use netipc_proto::wire::{
    Decode, Encode, Header, Kind, Layout, MethodCode, Status, WireError, Writer,
};
use netipc_transport::clock;
use netipc_transport::link::LinkError;
use netipc_transport::wait::Wait;

use super::AnyClient;
use crate::config::Capacity;
use crate::connection::{Connection, ConnectionError};
use crate::error::{CallError, Failure, LimitSide, ProtocolError, chain};
use crate::retry::{self, Attempts, Decision};

/// The method of the request whose payload is in [`AnyClient::request`], and whether it is a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestKind {
    method: MethodCode,
    /// Number of items, for a batch.
    batch: Option<u32>,
}

impl RequestKind {
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

impl AnyClient {
    /// Writes `request` to the buffer that is sent next.
    pub(crate) fn encode(&mut self, request: &impl Encode) -> Result<(), Failure> {
        self.request.resize(request.size(), 0);
        request
            .encode(&mut Writer::new(&mut self.request))
            .map_err(Failure::InvalidRequest)
    }

    /// Sends the request and receives its answer, as often as the retry table allows. `check` looks
    /// at the answer, so that a malformed one counts as a failure.
    pub(crate) fn perform(
        &mut self,
        kind: RequestKind,
        wait: &Wait<'_>,
        check: impl Fn(Message<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let needed = Capacity::of_request(self.request.len(), kind.batch.unwrap_or(1));
        // The answer is likely to be as large as the request. Room for it now saves sending the request
        // twice.
        let response_bytes = needed.request_bytes;
        self.try_widen(
            Capacity {
                response_bytes,
                ..needed
            },
            wait,
        )?;
        let mut attempts = Attempts::default();
        loop {
            self.make_room(needed, wait)?;
            let done = self.exchange(kind, wait).and_then(&check);
            let Err(failure) = done else { return Ok(()) };
            attempts = self.recover(failure, attempts, wait)?;
        }
    }

    /// One request and its answer over the session there is.
    pub(crate) fn exchange(
        &mut self,
        kind: RequestKind,
        wait: &Wait<'_>,
    ) -> Result<Message<'_>, Failure> {
        let header = self.send(kind, wait)?;
        let reply = self.receive(wait)?;
        check_answer(&header, &reply, self.response_limit())?;
        self.count_reply(&reply);
        self.message().ok_or_else(|| self.not_ready())
    }

    /// Sends the request; returns its header.
    pub(crate) fn send(&mut self, kind: RequestKind, wait: &Wait<'_>) -> Result<Header, Failure> {
        let header = kind.header(self.next_id);
        let Some(connection) = self.connection.as_mut() else {
            return Err(self.not_ready());
        };
        match connection.send(header, &self.request, wait) {
            // A server that closed may have answered first: that answer says why.
            Ok(()) | Err(ConnectionError::Link(LinkError::Reset(_) | LinkError::Disconnected)) => {}
            Err(error) => return Err(connection_failure(error)),
        }
        self.next_id += 1;
        self.counters.bytes_sent += message_bytes(self.request.len());
        Ok(header)
    }

    /// Receives the next answer.
    pub(crate) fn receive(&mut self, wait: &Wait<'_>) -> Result<Header, Failure> {
        let Some(connection) = self.connection.as_mut() else {
            return Err(self.not_ready());
        };
        connection.receive(wait).map_err(connection_failure)
    }

    pub(crate) fn count_reply(&mut self, reply: &Header) {
        self.counters.calls += 1;
        self.counters.bytes_received += message_bytes(reply.payload_len as usize);
    }

    /// The answer that came last.
    pub(crate) fn message(&self) -> Option<Message<'_>> {
        self.connection.as_ref().and_then(Connection::message)
    }

    /// The payload of the answer that came last.
    pub(crate) fn payload(&self) -> &[u8] {
        self.connection.as_ref().map_or(&[], Connection::payload)
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
                tracing::debug!(endpoint = %self.endpoint_name(), error = %chain(&failure), "call failed, trying once more");
                self.record_error(&failure);
                self.forget_provider();
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
                if self.agreed().response_bytes <= before {
                    return Err(failure);
                }
                Ok(Attempts {
                    grown: attempts.grown + 1,
                    ..attempts
                })
            }
        }
    }

    /// Notes how a logical call ended.
    pub(crate) fn finish(
        &mut self,
        done: Result<(), Failure>,
        wait: &Wait<'_>,
    ) -> Result<(), CallError> {
        let Err(failure) = done else {
            self.last_success = Some(wait.began().unwrap_or_else(clock::now));
            return Ok(());
        };
        self.count_error(&failure);
        // Why the client is not ready was recorded when it did not get so.
        if !matches!(failure, Failure::NotReady { .. }) || self.last_error.is_none() {
            self.record_error(&failure);
        }
        Err(CallError::new(&self.endpoint_name(), failure))
    }

    /// The error of a request that cannot be sent, before anything was.
    pub(crate) fn invalid_request(&mut self, error: WireError) -> CallError {
        let failure = Failure::InvalidRequest(error);
        self.count_error(&failure);
        self.record_error(&failure);
        CallError::new(&self.endpoint_name(), failure)
    }

    /// The error of a reply with a bad item, that was found after the call.
    pub(crate) fn malformed(&self, error: WireError) -> CallError {
        CallError::new(&self.endpoint_name(), malformed(error))
    }

    pub(super) const fn count_error(&mut self, failure: &Failure) {
        self.counters.errors += 1;
        match failure {
            Failure::Timeout => self.counters.timeouts += 1,
            Failure::Aborted => self.counters.aborts += 1,
            _ => {}
        }
    }
}

/// Whether `payload` is an `R`.
#[inline]
pub(super) fn decode<R: Layout>(payload: &[u8]) -> Result<(), Failure> {
    match R::View::decode(payload) {
        Ok(_) => Ok(()),
        Err(error) => Err(malformed(error)),
    }
}

/// Checks what an answer must say of its request, and what it says of how it went, as every client does.
/// `limit` is the agreed response limit, in bytes, and whose it is.
///
/// # Errors
/// What is wrong with the answer, or what the server says is wrong with the request.
pub fn check_answer(
    request: &Header,
    reply: &Header,
    (limit, side): (u32, LimitSide),
) -> Result<(), Failure> {
    same("code", request.code, reply.code)?;
    same("message_id", request.message_id, reply.message_id)?;
    if reply.status == Status::OK {
        let batch = request.flags.is_batch();
        same("BATCH flag", batch, reply.flags.is_batch())?;
        if batch {
            same("item_count", request.item_count, reply.item_count)?;
        }
    }
    match reply.status {
        Status::OK => Ok(()),
        Status::UNSUPPORTED => Err(Failure::Unsupported),
        Status::BAD_ENVELOPE => Err(Failure::RejectedRequest),
        Status::INTERNAL_ERROR => Err(Failure::HandlerFailed),
        Status::LIMIT_EXCEEDED => Err(Failure::LimitExceeded { limit, side }),
        status => Err(Failure::UnexpectedStatus { status }),
    }
}

#[inline]
fn same<T: Into<u64> + Copy + PartialEq>(
    field: &'static str,
    expected: T,
    found: T,
) -> Result<(), Failure> {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (expected.into(), found.into());
    Err(Failure::Protocol(ProtocolError::Answer {
        field,
        expected,
        found,
    }))
}

/// The failure of a payload that does not decode.
pub(crate) fn malformed(error: WireError) -> Failure {
    Failure::Protocol(ProtocolError::Wire(error))
}

/// The failure of more than our own limits hold; `option` is the field of the configuration.
pub(crate) fn too_much(
    what: &'static str,
    needed: usize,
    limit: usize,
    option: &'static str,
) -> Failure {
    Failure::Overflow {
        what,
        needed: needed as u64,
        limit: limit as u64,
        option,
    }
}

fn connection_failure(error: ConnectionError) -> Failure {
    match error {
        ConnectionError::Link(LinkError::Timeout) => Failure::Timeout,
        ConnectionError::Link(LinkError::Aborted) => Failure::Aborted,
        ConnectionError::Link(error @ LinkError::Protocol { .. }) => {
            Failure::Protocol(ProtocolError::Link(error))
        }
        ConnectionError::Link(error) => Failure::Lost(error),
        ConnectionError::Session(SessionError::LimitExceeded {
            found,
            limit,
            field,
            header,
        }) if header.kind == Kind::REQUEST => Failure::Overflow {
            what: field,
            needed: found.into(),
            limit: limit.into(),
            option: "the request limits of the smaller side",
        },
        ConnectionError::Session(error) => Failure::Protocol(ProtocolError::Session(error)),
        ConnectionError::Batch(error) => Failure::InvalidRequest(error),
    }
}

const fn message_bytes(payload: usize) -> u64 {
    (Header::LEN + payload) as u64
}
