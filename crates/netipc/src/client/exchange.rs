//! A request and its answer, as often as the retry table allows.

use std::time::{Duration, Instant};

use netipc_proto::session::SessionError;
use netipc_proto::wire::{Encode, Header, Kind, MethodCode, Status, WireError, Writer};
use netipc_transport::link::LinkError;
use netipc_transport::wait::{Abort, Wait};

use super::core::Core;
use crate::config::Capacity;
use crate::connection::{Connection, ConnectionError};
use crate::error::{CallError, ErrorCode, Failure, OpenError, ProtocolError, chain};
use crate::retry::{self, Attempts, Decision};

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
    /// Begins a logical call that may take `timeout`.
    pub(crate) fn begin<'a>(&mut self, timeout: Duration, abort: &'a Abort) -> Wait<'a> {
        self.began = Instant::now();
        // A timeout beyond what the clock can name is no deadline.
        let wait = self.began.checked_add(timeout).map(Wait::until);
        wait.unwrap_or_default().or_abort(abort)
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
        let needed = Capacity::of_request(self.request.len(), out.batch.unwrap_or(1));
        // An answer as large as its request is likely, and a request that is sent in vain is dear.
        let response_bytes = needed.request_bytes;
        self.aim(
            Capacity {
                response_bytes,
                ..needed
            },
            wait,
        )?;
        let mut attempts = Attempts::default();
        loop {
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

    /// Books the end of a logical call.
    pub(crate) fn finish(&mut self, done: Result<(), Failure>) -> Result<(), CallError> {
        let Err(failure) = done else {
            self.last_success = Some(self.began);
            return Ok(());
        };
        self.count_error(&failure);
        Err(self.error(failure))
    }

    /// Fails the logical call that has begun with connecting, where its deadline or an abort has
    /// ended that.
    pub(crate) fn connected_in_time(&mut self) -> Result<(), CallError> {
        let failure = match self.open_error().map(OpenError::code) {
            Some(ErrorCode::TIMEOUT) => Failure::Timeout,
            Some(ErrorCode::ABORTED) => Failure::Aborted,
            _ => return Ok(()),
        };
        self.count_error(&failure);
        // Where it was interrupted has been noted, and says more.
        Err(CallError::new(&self.name(), failure))
    }

    /// The error of a reply that decoded once and did not again, which only a bug can bring about.
    pub(crate) fn malformed(&self, error: WireError) -> CallError {
        CallError::new(&self.name(), Failure::Protocol(ProtocolError::Wire(error)))
    }

    const fn count_error(&mut self, failure: &Failure) {
        self.counters.errors += 1;
        match failure {
            Failure::Timeout => self.counters.timeouts += 1,
            Failure::Aborted => self.counters.aborts += 1,
            _ => {}
        }
    }

    fn error(&mut self, failure: Failure) -> CallError {
        // Why a client is not ready was mostly noted before, and says more.
        if !matches!(failure, Failure::NotReady { .. }) || self.last_error.is_none() {
            self.note(&failure);
        }
        CallError::new(&self.name(), failure)
    }
}

/// Checks what an answer must say of its request, and what it says of how it went.
/// `limit` is the agreed response limit, in bytes.
pub(crate) fn check_answer(request: &Header, reply: &Header, limit: u32) -> Result<(), Failure> {
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
        Status::LIMIT_EXCEEDED => Err(Failure::LimitExceeded { limit }),
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
        ConnectionError::Link(error @ LinkError::Protocol { .. }) => {
            Failure::Protocol(ProtocolError::Link(error))
        }
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
