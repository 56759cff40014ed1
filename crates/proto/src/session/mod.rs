//! Packets in, messages out, and the other way round; and the handshake that comes first.

mod chunks;
mod error;
pub mod handshake;
mod in_flight;

pub use chunks::{Packet, Packets};
pub use error::SessionError;

use crate::wire::{Header, Kind, ListRules, Packed, Status, Valid, WireError, WireErrorKind};
use chunks::{Reassembly, chunk_count};
use in_flight::InFlight;

/// Which side of a session this is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Sends requests, receives responses.
    Client,
    /// Receives requests, sends responses.
    Server,
}

/// What one direction may carry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DirectionLimits {
    /// Bytes of a payload.
    pub payload_bytes: u32,
    /// Items of a batch.
    pub batch_items: u32,
}

/// What the handshake agreed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Of requests.
    pub request: DirectionLimits,
    /// Of responses.
    pub response: DirectionLimits,
    /// Bytes of a packet.
    pub packet_size: u32,
}

impl Limits {
    const fn sent_by(&self, role: Role) -> DirectionLimits {
        match role {
            Role::Client => self.request,
            Role::Server => self.response,
        }
    }

    const fn received_by(&self, role: Role) -> DirectionLimits {
        match role {
            Role::Client => self.response,
            Role::Server => self.request,
        }
    }
}

/// How messages lie in packets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Framing {
    /// A message longer than the agreed packet size is cut into chunks.
    Chunked,
    /// One packet is one message, whatever its length.
    Whole,
}

/// A whole message. The directory of a batch has been checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Message<'p> {
    header: Header,
    payload: &'p [u8],
}

impl<'p> Message<'p> {
    /// A message that came in another way than through a session.
    ///
    /// # Errors
    /// [`WireErrorKind::BadItemCount`] for a batch without items, and what is wrong with the
    /// directory of one that has some.
    pub fn new(header: Header, payload: &'p [u8]) -> Result<Self, WireError> {
        if is_answered_batch(&header) {
            check_batch(&header, payload)?;
        }
        Ok(Self { header, payload })
    }

    /// Its header.
    #[must_use]
    #[inline]
    pub const fn header(&self) -> Header {
        self.header
    }

    /// Its payload, of all chunks.
    #[must_use]
    #[inline]
    pub const fn payload(&self) -> &'p [u8] {
        self.payload
    }

    /// The items of a batch, or nothing where it is none.
    #[must_use]
    pub fn items(&self) -> Option<Packed<'p>> {
        let payload = Valid::<Self>::assume(self.payload);
        is_answered_batch(&self.header).then(|| payload.packed(0, self.header.item_count))
    }
}

/// Whether the payload of a message is a list of items. That of a refusal is nothing.
#[inline]
fn is_answered_batch(header: &Header) -> bool {
    header.flags.is_batch() && (header.kind == Kind::REQUEST || header.status == Status::OK)
}

fn check_batch(header: &Header, payload: &[u8]) -> Result<(), WireError> {
    if header.item_count == 0 {
        return Err(WireError::new(WireErrorKind::BadItemCount, "batch", 1, 0));
    }
    Packed::parse(payload, 0, header.item_count, ListRules::BATCH).map(drop)
}

/// The protocol state of one connection after the handshake.
///
/// Contract:
///
/// - Work goes out of [`send`](Self::send): send its packets in order, before anything else.
/// - Events go in at [`received`](Self::received), after a packet was written to what
///   [`space`](Self::space) gave. It returns the message that the packet completes.
/// - An error of `received` ends the session. It may name an [answer](SessionError::answer) to send
///   first. An error of `send` leaves the session as it was.
/// - When the session or its link ends, [`fail`](Self::fail) returns the ids of the requests that got no answer.
///
/// It does no I/O and reads no clock.
///
/// ```
/// use netipc_proto::session::{DirectionLimits, Framing, Limits, Role, Session};
/// use netipc_proto::wire::{Header, MethodCode, Status};
///
/// let direction = DirectionLimits { payload_bytes: 1024, batch_items: 1 };
/// let limits = Limits { request: direction, response: direction, packet_size: 4096 };
/// let mut client = Session::new(Role::Client, limits, Framing::Chunked);
/// let mut server = Session::new(Role::Server, limits, Framing::Chunked);
///
/// let request = Header::request(MethodCode::INCREMENT, 1);
/// for packet in client.send(request, &[0; 8])? {
///     let bytes = [&packet.head, packet.body].concat();
///     server.space()[..bytes.len()].copy_from_slice(&bytes);
///     let message = server.received(packet.len())?.expect("one packet");
///     assert_eq!(message.payload(), [0; 8]);
///     assert_eq!(message.header().answer(Status::OK).message_id, 1);
/// }
/// assert_eq!(client.fail(), [1]);
/// # Ok::<(), netipc_proto::session::SessionError>(())
/// ```
#[derive(Debug)]
pub struct Session {
    role: Role,
    limits: Limits,
    framing: Framing,
    in_flight: InFlight,
    /// Header and payload of the message that came last, or is coming.
    buffer: Vec<u8>,
    partial: Option<Reassembly>,
    last: Option<Header>,
    ended: bool,
}

impl Session {
    /// Starts after the handshake. `limits.packet_size` is above 32, as every handshake makes sure.
    #[must_use]
    pub fn new(role: Role, limits: Limits, framing: Framing) -> Self {
        let payload = limits.received_by(role).payload_bytes as usize;
        let first = match framing {
            Framing::Chunked => payload.min(data_bytes(limits.packet_size)),
            Framing::Whole => payload,
        };
        Self::with_buffer(role, limits, framing, vec![0; Header::LEN + first])
    }

    /// Bytes of a [buffer](Self::with_buffer) that holds whatever `role` receives under `limits`.
    #[must_use]
    pub const fn buffer_len(role: Role, limits: &Limits) -> usize {
        limits.received_by(role).payload_bytes as usize + Header::LEN
    }

    /// As [`new`](Self::new), and receives into `buffer`: one of [`buffer_len`](Self::buffer_len) never
    /// grows.
    #[must_use]
    pub fn with_buffer(role: Role, mut limits: Limits, framing: Framing, buffer: Vec<u8>) -> Self {
        // Every request has an answer, which is one item, also where a peer proposes none.
        limits.response.batch_items = limits.response.batch_items.max(1);
        Self {
            role,
            limits,
            framing,
            in_flight: InFlight::default(),
            buffer,
            partial: None,
            last: None,
            ended: false,
        }
    }

    /// What was agreed, with room for at least one item in a response.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Requests that have no answer yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// The packets that carry `payload` behind `header`, whose `payload_len` is filled in here.
    ///
    /// # Errors
    /// [`SessionError::Kind`] for what this role does not send, [`SessionError::LimitExceeded`]
    /// before a byte leaves, [`SessionError::DuplicateMessageId`]; none harms the session.
    #[inline]
    pub fn send<'p>(
        &mut self,
        mut header: Header,
        payload: &'p [u8],
    ) -> Result<Packets<'p>, SessionError> {
        if self.ended {
            return Err(SessionError::Ended);
        }
        let (sends, _) = self.kinds();
        if header.kind != sends {
            return Err(SessionError::Kind {
                expected: sends,
                found: header.kind,
            });
        }
        let limits = self.limits.sent_by(self.role);
        header.payload_len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        check_limits(&header, limits)?;
        if self.role == Role::Client && !self.in_flight.insert(header.message_id) {
            return Err(SessionError::DuplicateMessageId {
                id: header.message_id,
            });
        }
        Ok(Packets::new(header, payload, self.packet_budget()))
    }

    /// Whether a payload of so many bytes is sent as one packet.
    #[must_use]
    #[inline]
    pub const fn is_one_packet(&self, payload: usize) -> bool {
        payload <= self.packet_budget()
    }

    /// Bytes of a payload that go with one header.
    const fn packet_budget(&self) -> usize {
        let packet_size = match self.framing {
            Framing::Chunked => self.limits.packet_size as usize,
            Framing::Whole => usize::MAX,
        };
        packet_size - Header::LEN
    }

    /// Takes a request back that its link refused to send.
    pub fn retract(&mut self, message_id: u64) {
        self.in_flight.remove(message_id);
    }

    /// Where the next packet goes. A continuation is laid so that its data joins what has come:
    ///
    /// ```text
    ///               header | payload so far ........ | data of the continuation
    /// continuation                    | chunk header |
    /// ```
    #[must_use]
    #[inline]
    pub fn space(&mut self) -> &mut [u8] {
        let at = self.partial.as_ref().map_or(0, |partial| partial.filled);
        self.buffer.get_mut(at..).unwrap_or_default()
    }

    /// Takes the packet of `len` bytes that was written to [`space`](Self::space), or whose front
    /// was where it is longer; returns the message that it completes.
    ///
    /// # Errors
    /// Which rule the peer broke. The session has ended then.
    #[inline]
    pub fn received(&mut self, len: usize) -> Result<Option<Message<'_>>, SessionError> {
        if self.ended {
            return Err(SessionError::Ended);
        }
        self.last = None;
        match self.take_packet(len) {
            Ok(None) => Ok(None),
            Ok(Some(header)) => {
                self.in_flight.remove(header.message_id);
                self.last = Some(header);
                Ok(self.message())
            }
            Err(error) => {
                self.ended = true;
                Err(error)
            }
        }
    }

    /// The message that the last packet completed, until the next one comes.
    #[must_use]
    #[inline]
    pub fn message(&self) -> Option<Message<'_>> {
        let header = self.last?;
        let payload = self.payload(&header);
        Some(Message { header, payload })
    }

    /// Ends the session; returns the ids of the requests that got no answer.
    pub fn fail(&mut self) -> Vec<u64> {
        self.ended = true;
        self.in_flight.take()
    }

    #[inline]
    fn take_packet(&mut self, len: usize) -> Result<Option<Header>, SessionError> {
        let agreed = self.limits.packet_size as usize;
        if self.framing == Framing::Chunked && len > agreed {
            return Err(packet_error("packet size", agreed, len));
        }
        let header = match self.partial.take() {
            Some(partial) => {
                self.partial = partial.take(&mut self.buffer, len)?;
                partial.header
            }
            None => self.first_packet(len)?,
        };
        if self.partial.is_some() {
            return Ok(None);
        }
        self.check_batch(&header)?;
        Ok(Some(header))
    }

    /// Checks a packet that starts a message, in the order of the contract.
    #[inline]
    fn first_packet(&mut self, len: usize) -> Result<Header, SessionError> {
        let head = self.buffer.get(..len.min(Header::LEN)).unwrap_or_default();
        let header = Header::decode(head).map_err(SessionError::Envelope)?;
        let (_, receives) = self.kinds();
        if header.kind != receives {
            return Err(SessionError::Kind {
                expected: receives,
                found: header.kind,
            });
        }
        check_limits(&header, self.limits.received_by(self.role))?;
        if self.role == Role::Client && !self.in_flight.contains(header.message_id) {
            return Err(SessionError::UnknownMessageId {
                id: header.message_id,
            });
        }
        let (payload, data) = (header.payload_len as usize, len - Header::LEN);
        if data > payload {
            return Err(packet_error("packet data", payload, data));
        }
        if data < payload {
            self.start_reassembly(header, data)?;
        }
        Ok(header)
    }

    fn start_reassembly(&mut self, header: Header, data: usize) -> Result<(), SessionError> {
        let payload = header.payload_len as usize;
        if self.framing == Framing::Whole {
            return Err(packet_error(
                "message length",
                payload + Header::LEN,
                data + Header::LEN,
            ));
        }
        let whole = Header::LEN + payload;
        if let Some(more @ 1..) = whole.checked_sub(self.buffer.len()) {
            // What doubling would add is beyond the agreed limit, and never used.
            self.buffer.reserve_exact(more);
            self.buffer.resize(whole, 0);
        }
        let budget = data_bytes(self.limits.packet_size);
        let count = chunk_count(payload - data, budget);
        self.partial = Some(Reassembly::new(header, data, count, &self.buffer));
        Ok(())
    }

    fn check_batch(&self, header: &Header) -> Result<(), SessionError> {
        if !is_answered_batch(header) {
            return Ok(());
        }
        check_batch(header, self.payload(header)).map_err(|source| SessionError::Batch {
            header: *header,
            source,
        })
    }

    /// The payload of a message that has come as a whole.
    #[inline]
    fn payload(&self, header: &Header) -> &[u8] {
        let end = Header::LEN + header.payload_len as usize;
        self.buffer.get(Header::LEN..end).unwrap_or_default()
    }

    /// What this role sends, and what it receives.
    #[inline]
    const fn kinds(&self) -> (Kind, Kind) {
        match self.role {
            Role::Client => (Kind::REQUEST, Kind::RESPONSE),
            Role::Server => (Kind::RESPONSE, Kind::REQUEST),
        }
    }
}

#[inline]
fn check_limits(header: &Header, limits: DirectionLimits) -> Result<(), SessionError> {
    let fields = [
        ("payload_len", header.payload_len, limits.payload_bytes),
        ("item_count", header.item_count, limits.batch_items),
    ];
    for (field, found, limit) in fields {
        if found > limit {
            return Err(SessionError::LimitExceeded {
                field,
                found,
                limit,
                header: *header,
            });
        }
    }
    Ok(())
}

/// Bytes of data in a full packet.
const fn data_bytes(packet_size: u32) -> usize {
    (packet_size as usize).saturating_sub(Header::LEN)
}

fn packet_error(field: &'static str, expected: usize, found: usize) -> SessionError {
    let kind = WireErrorKind::BadLayout;
    SessionError::Chunk(WireError::new(kind, field, expected as u64, found as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::MethodCode;

    #[test]
    fn the_buffer_never_grows_beyond_the_limit() {
        let direction = DirectionLimits {
            payload_bytes: 100,
            batch_items: 1,
        };
        let limits = Limits {
            request: direction,
            response: direction,
            packet_size: 32 + 99,
        };
        let mut server = Session::new(Role::Server, limits, Framing::Chunked);
        assert_eq!(server.buffer.capacity(), 32 + 99);
        let header = Header {
            payload_len: 100,
            ..Header::request(MethodCode::INCREMENT, 1)
        };
        server.space()[..32].copy_from_slice(&header.encode());
        assert_eq!(server.received(32 + 99), Ok(None));
        assert_eq!(server.buffer.capacity(), 32 + 100);
    }
}
