//! Level 1: a session with one peer that one drives on one's own. Messages are a header and bytes;
//! what the bytes mean is nobody's business here.
//!
//! ```text
//! client   Connection::connect -> send, send, .. -> receive, receive, ..   answers matched by id
//! server   Acceptor::bind -> accept -> receive -> send(request.answer(status), ..)
//! ```
//!
//! It is for event loops, for services whose requests are not typed, and for tests of peers. Everybody
//! else wants a [`Client`](crate::Client) and a [`Server`](crate::Server), which are made of this and
//! add what a plugin needs: reconnecting, retry, growth, many sessions, typed handlers. The bytes of the
//! known request kinds are in [`service`](crate::service), and [`wire`](crate::wire) has what they are
//! made of. `docs/level1.md` shows whole programs.
//!
//! Every operation that may wait takes a [`Wait`], which says until when and who may call it off;
//! [`Wait::timeout`] of zero does what needs no waiting.

mod connecting;
mod incoming;
mod packets;
mod sending;

pub use connecting::Connecting;
pub use incoming::{AcceptError, Acceptor, Incoming, Parting};
pub use netipc_proto::session::handshake::{Agreed, Policy, Proposal};
pub use netipc_proto::session::{DirectionLimits, Limits, Message, SessionError};
pub use sending::Sending;

use std::time::Instant;

use std::io;

use netipc_proto::session::{Framing, Role, Session};
use netipc_proto::wire::{Header, Profiles, WireError};
use netipc_transport::endpoint::Endpoint;
use netipc_transport::link::{
    Baseline, Link, LinkError, LinkInfo, Profile, SessionPlan, Transport, WaitObject,
};
use netipc_transport::wait::Wait;

use crate::error::{ErrorCode, OpenError, link_code, wire_code};

/// A session with one peer: send messages, receive messages, over whatever was negotiated.
///
/// It has one owner; it is `Send` and not shared. Several requests may be in flight over a socket, a
/// pipe or a ring; shared memory of the other profiles carries one, and refuses the next with
/// [`LinkError::Busy`]. Messages longer than a
/// packet are sent in chunks and put together behind the scenes.
///
/// It goes on after a refusal to send, and after a timeout
/// or an abort that found no message half sent; any other error ends it: [`is_over`](Self::is_over).
///
/// Its [wait object](Self::wait_object) is ready when a message or a hang-up waits, on a socket or a
/// pipe; over shared memory it shows hang-ups only.
#[derive(Debug)]
pub struct Connection {
    session: Session,
    link: Box<dyn Link>,
    agreed: Agreed,
    over: bool,
    half_sent: bool,
    /// Where batches are written.
    batch: Vec<u8>,
}

impl Connection {
    /// Connects to `endpoint` and shakes hands. The packet size is the link's, whatever `proposal`
    /// says, and so are the profiles: what the transport does not have is not offered.
    ///
    /// # Errors
    /// Why there is no session.
    pub fn connect(
        transport: &dyn Transport,
        endpoint: &Endpoint,
        proposal: Proposal,
        wait: &Wait<'_>,
    ) -> Result<Self, OpenError> {
        Connecting::start(transport, endpoint, proposal, wait)?.finish(wait)
    }

    fn new(role: Role, link: Box<dyn Link>, mut agreed: Agreed, buffer: Vec<u8>) -> Self {
        let info = link.info();
        let framing = if info.whole_messages {
            Framing::Whole
        } else {
            // Both sides see the same data plane, whose packets may be smaller than the baseline's.
            let most = u32::try_from(info.max_packet).unwrap_or(u32::MAX);
            agreed.limits.packet_size = agreed.limits.packet_size.min(most);
            Framing::Chunked
        };
        Self {
            session: Session::with_buffer(role, agreed.limits, framing, buffer),
            link,
            agreed,
            over: false,
            half_sent: false,
            batch: Vec::new(),
        }
    }

    /// Sends `payload` behind `header`, whose `payload_len` is filled in. A client sends requests
    /// ([`Header::request`], [`Header::batch`]) with ids that it chooses, a server answers
    /// ([`Header::answer`]), in any order.
    ///
    /// # Errors
    /// [`ConnectionError`]; where it [is a refusal](ConnectionError::is_refusal), or where the connection
    /// [is not over](Self::is_over), nothing was sent.
    pub fn send(
        &mut self,
        header: Header,
        payload: &[u8],
        wait: &Wait<'_>,
    ) -> Result<(), ConnectionError> {
        if self.half_sent {
            return Err(SessionError::Ended.into());
        }
        let (first, rest) = self.session.send(header, payload)?.split_first();
        if let Err(error) = self.link.send(&first.head, first.body, wait) {
            if is_unsent(&error) {
                self.session.retract(header.message_id);
            } else {
                self.over = true;
            }
            return Err(error.into());
        }
        for packet in rest {
            if let Err(error) = self.link.send(&packet.head, packet.body, wait) {
                self.over = true;
                // What came next would be taken for the rest of the message.
                self.half_sent = is_unsent(&error);
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Receives the next message; [`message`](Self::message) gives it, until the next call.
    ///
    /// # Errors
    /// That `wait` ended, after which it may be called again, or why the session is over.
    pub fn receive(&mut self, wait: &Wait<'_>) -> Result<Header, ConnectionError> {
        loop {
            let received = self.link.receive(self.session.space(), wait);
            let len = received.inspect_err(|error| self.over |= !is_unsent(error))?;
            let message = self.session.received(len);
            if let Some(message) = message.inspect_err(|_| self.over = true)? {
                return Ok(message.header());
            }
            // Links look at the clock when they wait: a peer that is never waited for must not
            // hold us, packet by packet.
            wait.check()?;
        }
    }

    /// When the wait for the last message was over; nothing where there was none to speak of.
    pub(crate) fn waited_until(&self) -> Option<Instant> {
        self.link.waited_until()
    }

    /// Whether a payload of so many bytes goes out as one packet.
    pub(crate) fn is_one_packet(&self, payload: usize) -> bool {
        self.session.is_one_packet(payload)
    }

    /// The message that was received last.
    #[must_use]
    pub fn message(&self) -> Option<Message<'_>> {
        self.session.message()
    }

    /// The payload of the message that was received last.
    pub(crate) fn payload(&self) -> &[u8] {
        self.session
            .message()
            .map_or(&[], |message| message.payload())
    }

    /// Sends `head` and `body` as one packet, whatever they are, also when the session has ended: the
    /// answer to a request that ended it, or what no peer should send. The session does not know of it.
    ///
    /// # Errors
    /// Why the packet was not sent.
    pub fn send_packet(
        &mut self,
        head: &[u8],
        body: &[u8],
        wait: &Wait<'_>,
    ) -> Result<(), LinkError> {
        let sent = self.link.send(head, body, wait);
        sent.inspect_err(|error| self.over |= !is_unsent(error))
    }

    /// Receives one packet, whatever it is, into `packet`; returns its length, which is longer than
    /// `packet` where it did not fit. It is for the answers to what [`send_packet`](Self::send_packet)
    /// sent: the session does not know of them.
    ///
    /// # Errors
    /// Why there is none.
    pub fn receive_packet(
        &mut self,
        packet: &mut [u8],
        wait: &Wait<'_>,
    ) -> Result<usize, LinkError> {
        let received = self.link.receive(packet, wait);
        received.inspect_err(|error| self.over |= !is_unsent(error))
    }

    /// Looks whether the peer is still there, without consuming data.
    ///
    /// # Errors
    /// Why the session is over.
    pub fn check(&mut self) -> Result<(), LinkError> {
        self.link.check().inspect_err(|_| self.over = true)
    }

    /// Whether it is of no more use: the peer is gone, a rule was broken, or a message was left half
    /// sent. What was sent before the peer went may still be received.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// Makes sure that the last message arrives, before the connection is dropped.
    pub fn linger(&mut self) {
        self.link.linger();
    }

    /// Requests that have no answer yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.session.in_flight()
    }

    /// Ends the session; returns the ids of the requests that got no answer.
    pub fn fail(&mut self) -> Vec<u64> {
        self.over = true;
        self.session.fail()
    }

    /// What the handshake agreed on.
    #[must_use]
    pub const fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// The limits that both sides keep.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.agreed.limits
    }

    /// What carries the data, and who is at the other end.
    #[must_use]
    pub fn info(&self) -> LinkInfo {
        self.link.info()
    }

    /// What an event loop can watch, where the link has something.
    #[must_use]
    pub fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.link.wait_object()
    }
}

/// Why a message was not sent or received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The link failed.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A rule of the session was broken.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A batch without items.
    #[error("cannot send the batch")]
    Batch(#[source] WireError),
}

impl ConnectionError {
    /// The number of this error.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Link(error) => link_code(error),
            Self::Session(error) => session_code(error),
            Self::Batch(_) => ErrorCode::INVALID_ARGUMENT,
        }
    }

    /// Whether a message was refused before anything of it was sent, so that the session goes on.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Link(LinkError::Busy | LinkError::TooLarge { .. })
                | Self::Session(
                    SessionError::Kind { .. }
                        | SessionError::LimitExceeded { .. }
                        | SessionError::DuplicateMessageId { .. }
                )
        )
    }
}

/// The code of a broken rule of a session.
const fn session_code(error: &SessionError) -> ErrorCode {
    match error {
        SessionError::Envelope(error)
        | SessionError::Chunk(error)
        | SessionError::Batch { source: error, .. } => wire_code(error.kind()),
        SessionError::Kind { .. } => ErrorCode::BAD_KIND,
        SessionError::LimitExceeded { .. } => ErrorCode::OVERFLOW,
        SessionError::DuplicateMessageId { .. } => ErrorCode::INVALID_ARGUMENT,
        SessionError::Ended => ErrorCode::NOT_READY,
        _ => ErrorCode::PROTOCOL,
    }
}

/// Where messages are received: the peer has a say in how long they may be.
fn buffer(role: Role, agreed: &Agreed) -> io::Result<Vec<u8>> {
    netipc_transport::zeroed(Session::buffer_len(role, &agreed.limits))
}

/// Whether nothing of a packet has left, and the link goes on.
const fn is_unsent(error: &LinkError) -> bool {
    use LinkError::{Aborted, Busy, Timeout, TooLarge};
    matches!(error, Busy | TooLarge { .. } | Timeout | Aborted)
}

fn send_packet(link: &mut dyn Baseline, packet: &[u8], wait: &Wait<'_>) -> Result<(), LinkError> {
    let (head, body) = packet.split_at(Header::LEN);
    link.send(head, body, wait)
}

/// The profiles that a transport has, as the handshake names them.
fn available(profiles: &[Profile]) -> Profiles {
    Profiles(profiles.iter().fold(0, |bits, profile| bits | profile.bit))
}

/// What a transport has to know of a session. What the profile means, the transport knows.
fn plan(agreed: &Agreed, auth_token: u64) -> SessionPlan {
    let message = |payload: u32| u64::from(payload) + Header::LEN as u64;
    SessionPlan {
        profile: agreed.profile.0,
        session_id: agreed.session_id,
        auth_token,
        request_bytes: message(agreed.limits.request.payload_bytes),
        response_bytes: message(agreed.limits.response.payload_bytes),
    }
}
