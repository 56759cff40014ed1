//! One session: receive, dispatch, answer, in order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use netipc_proto::session::Message;
use netipc_proto::wire::{Header, Status};
use netipc_transport::clock;
use netipc_transport::link::LinkError;
use netipc_transport::wait::Wait;

use super::stats::SessionCounts;
use super::{Answered, AnyServer, Opened};
use crate::connection::{Connection, ConnectionError};

/// How long a client may take to make room for an answer, before it is given up.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

impl AnyServer {
    pub(super) fn run_session(&self, opened: Opened) {
        let Opened {
            mut connection,
            mut answer,
        } = opened;
        let info = connection.info();
        let session = connection.agreed().session_id;
        let (counts, opened) = self.stats.open(info.kind);
        if opened == 1 {
            tracing::info!(service = %self.name, transport = %info.kind, "first client");
        }
        tracing::debug!(service = %self.name, session, transport = %info.kind, peer = ?info.peer, "session opened");
        let ended = self.answer_requests(&mut connection, &mut answer, &counts);
        self.stats.close(&counts);
        match ended {
            Err(ConnectionError::Link(LinkError::Disconnected | LinkError::Aborted)) | Ok(()) => {
                tracing::debug!(service = %self.name, session, "session closed");
            }
            Err(error) => {
                tracing::debug!(service = %self.name, session, %error, "session ended");
            }
        }
    }

    fn answer_requests(
        &self,
        connection: &mut Connection,
        answer: &mut [u8],
        counts: &SessionCounts,
    ) -> Result<(), ConnectionError> {
        // When the last answer had left: what is there by then waits since then.
        let mut now = clock::now();
        loop {
            let header = self.next_request(connection, counts)?;
            let received = connection.waited_until().unwrap_or(now);
            let Some(request) = connection.message() else {
                continue;
            };
            let payload_len = request.payload().len();
            let answered = self.answer(request, answer);
            let payload = answer.get(..answered.len).unwrap_or_default();
            let header = header.answer(answered.status);
            let waited_since = self.send(connection, header, payload, received)?;
            // The one look at the clock: it takes as long as a short handler.
            now = clock::now();
            let total = now - received;
            let handler_time = waited_since.map_or(total, |handled| handled - received);
            counts.answer(answered, payload_len, handler_time, total);
            if answered.ends_session() {
                connection.linger();
                return Ok(());
            }
        }
    }

    fn answer(&self, request: Message<'_>, buf: &mut [u8]) -> Answered {
        let handled = catch_unwind(AssertUnwindSafe(|| (self.handler)(request, buf)));
        handled.unwrap_or_else(|_| {
            tracing::error!(service = %self.name, "the handler of all sessions panicked");
            Answered::failed(Status::INTERNAL_ERROR)
        })
    }

    /// Receives the next request. One that cannot be taken is answered where the protocol says so.
    fn next_request(
        &self,
        connection: &mut Connection,
        counts: &SessionCounts,
    ) -> Result<Header, ConnectionError> {
        let received = connection.receive(&Wait::forever().or_abort(&self.draining));
        if let Err(ConnectionError::Session(error)) = &received
            && let Some(answer) = error.answer()
        {
            counts.reject(answer.status);
            self.send_last(connection, answer);
        }
        received
    }

    /// Sends an answer. Where the client has to make room for it, returns since when that was waited for.
    fn send(
        &self,
        connection: &mut Connection,
        header: Header,
        payload: &[u8],
        past: Instant,
    ) -> Result<Option<Instant>, ConnectionError> {
        // Half an answer must not be left behind.
        if connection.is_one_packet(payload.len()) {
            let at_once = Wait::until(past).or_abort(&self.stopped);
            match connection.send(header, payload, &at_once) {
                Err(ConnectionError::Link(LinkError::Timeout)) => {}
                sent => return sent.map(|()| None),
            }
        }
        let now = clock::now();
        let wait = Wait::until(now + SEND_TIMEOUT).or_abort(&self.stopped);
        connection.send(header, payload, &wait)?;
        Ok(Some(now))
    }

    /// Answers a request that has ended the session.
    fn send_last(&self, connection: &mut Connection, answer: Header) {
        let wait = Wait::timeout(SEND_TIMEOUT).or_abort(&self.stopped);
        if connection.send_packet(&answer.encode(), &[], &wait).is_ok() {
            connection.linger();
        }
    }
}
