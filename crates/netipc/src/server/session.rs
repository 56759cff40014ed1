//! One session: receive, dispatch, answer, in order.

use std::time::{Duration, Instant};

use netipc_proto::wire::Header;
use netipc_transport::link::LinkError;
use netipc_transport::wait::Wait;

use super::Server;
use super::stats::Tally;
use crate::connection::{Connection, ConnectionError};
use crate::service::Service;

/// How long a client may take to make room for an answer, before it is given up.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

impl<S: Service> Server<S> {
    pub(super) fn run_session(&self, mut connection: Connection) {
        let info = connection.info();
        let session = connection.agreed().session_id;
        let (tally, opened) = self.stats.open(info.kind);
        if opened == 1 {
            tracing::info!(service = S::METHOD.name, transport = %info.kind, "first client");
        }
        tracing::debug!(service = S::METHOD.name, session, transport = %info.kind, peer = ?info.peer, "session opened");
        let ended = self.answer_requests(&mut connection, &tally);
        self.stats.close(&tally);
        match ended {
            Err(ConnectionError::Link(LinkError::Disconnected | LinkError::Aborted)) | Ok(()) => {
                tracing::debug!(service = S::METHOD.name, session, "session closed");
            }
            Err(error) => {
                tracing::debug!(service = S::METHOD.name, session, %error, "session ended");
            }
        }
    }

    fn answer_requests(
        &self,
        connection: &mut Connection,
        tally: &Tally,
    ) -> Result<(), ConnectionError> {
        // Zeroed memory that was never touched costs nothing, however high the limit.
        let mut answer = vec![0; connection.limits().response.payload_bytes as usize];
        loop {
            let header = self.next_request(connection, tally)?;
            let received = Instant::now();
            let Some(request) = connection.message() else {
                continue;
            };
            let payload_len = request.payload.len();
            let answered = self.handler.dispatch(request, &mut answer);
            let handled = Instant::now();
            let payload = answer.get(..answered.len).unwrap_or_default();
            let header = header.answer(answered.status);
            self.send(connection, header, payload, handled)?;
            let (handler, total) = (handled - received, received.elapsed());
            tally.answer(answered, payload_len, handler, total);
            if answered.ends_session() {
                connection.linger();
                return Ok(());
            }
        }
    }

    /// Receives the next request. One that cannot be taken is answered where the protocol says so.
    fn next_request(
        &self,
        connection: &mut Connection,
        tally: &Tally,
    ) -> Result<Header, ConnectionError> {
        let received = connection.receive(&Wait::forever().or_abort(&self.quiet));
        if let Err(ConnectionError::Session(error)) = &received
            && let Some(answer) = error.answer()
        {
            tally.reject(answer.status);
            self.send_last(connection, answer);
        }
        received
    }

    fn send(
        &self,
        connection: &mut Connection,
        header: Header,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), ConnectionError> {
        let wait = Wait::until(now + SEND_TIMEOUT).or_abort(&self.stop);
        connection.send(header, payload, &wait)
    }

    /// The last words of a session whose own state has ended already.
    fn send_last(&self, connection: &mut Connection, answer: Header) {
        let wait = Wait::timeout(SEND_TIMEOUT).or_abort(&self.stop);
        if connection.send_raw(&answer.encode(), &wait).is_ok() {
            connection.linger();
        }
    }
}
