//! Servers that a test writes itself, request by request.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use netipc::connection::{Connection, Incoming};
use netipc_proto::session::DirectionLimits;
use netipc_proto::session::handshake::{MIN_RESPONSE_BYTES, Policy};
use netipc_proto::wire::{Header, Profiles, Status};
use netipc_transport::link::{BindOptions, LinkError};
use netipc_transport::{Endpoint, Listener, Transport, Wait};

use super::{SOON, TOKEN};

/// A server that says exactly what a test wants it to say.
#[derive(Debug)]
pub struct Script {
    listener: Box<dyn Listener>,
    policy: Policy,
    session: u64,
}

impl Script {
    /// Owns `endpoint` and offers `supported`, with limits of 1 MiB.
    ///
    /// # Panics
    /// When the endpoint is not free.
    #[must_use]
    pub fn bind(transport: &dyn Transport, endpoint: &Endpoint, supported: Profiles) -> Self {
        let policy = Policy {
            supported,
            preferred: Profiles::NONE,
            request: DirectionLimits {
                payload_bytes: 1 << 20,
                batch_items: 1 << 16,
            },
            min_response_bytes: MIN_RESPONSE_BYTES,
            max_response_bytes: 1 << 20,
            auth_token: TOKEN,
            packet_size: 0,
        };
        let listener = transport
            .bind(endpoint, &BindOptions::default())
            .expect("a free endpoint");
        Self {
            listener,
            policy,
            session: 0,
        }
    }

    /// What the next handshake is judged by.
    pub const fn policy_mut(&mut self) -> &mut Policy {
        &mut self.policy
    }

    /// Shakes hands with the next client that does not turn out to be refused.
    ///
    /// # Panics
    /// When none comes.
    pub fn accept(&mut self) -> Connection {
        self.accept_within(&Wait::timeout(SOON)).expect("a client")
    }

    /// The same, while `wait` lasts.
    pub fn accept_within(&mut self, wait: &Wait<'_>) -> Option<Connection> {
        loop {
            let link = self.listener.accept(wait).ok()?;
            self.session += 1;
            let soon = wait.at_most(SOON);
            let accepted = Incoming::receive(link, &self.policy, &soon)
                .and_then(|incoming| incoming.accept(|| self.session, &soon));
            if let Ok(connection) = accepted {
                return Some(connection);
            }
        }
    }

    /// Whether no client has come that was not accepted.
    #[must_use]
    pub fn is_alone(&mut self) -> bool {
        let come = self.listener.accept(&Wait::timeout(Duration::ZERO));
        matches!(come, Err(LinkError::Timeout))
    }

    /// Plays `play` in a thread of its own.
    pub fn play<T: Send + 'static>(
        mut self,
        play: impl FnOnce(&mut Self) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        thread::spawn(move || play(&mut self))
    }
}

/// Receives a request.
///
/// # Panics
/// When none comes.
pub fn request(connection: &mut Connection) -> (Header, Vec<u8>) {
    let wait = Wait::timeout(SOON);
    let header = connection.receive(&wait).expect("a message");
    let message = connection.message().expect("the message");
    (header, message.payload().to_vec())
}

/// Answers `header`, in kind, with this payload.
///
/// # Panics
/// When it cannot be sent.
pub fn answer(connection: &mut Connection, header: &Header, status: Status, payload: &[u8]) {
    let wait = Wait::timeout(SOON);
    connection
        .send(header.answer(status), payload, &wait)
        .expect("the answer leaves");
}
