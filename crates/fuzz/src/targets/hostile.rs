//! One session, of either role, that sends and takes back what it likes, against a peer that may send anything:
//! envelopes and chunk headers with fields that are nearly right, or bytes.

use std::collections::BTreeSet;

use netipc_proto::session::{DirectionLimits, Framing, Limits, Role, Session, SessionError};
use netipc_proto::wire::{ChunkHeader, Flags, Header, Kind, MethodCode, Status};

use crate::{Input, Seen};

const PAYLOAD: u32 = 300;
const PACKET: u32 = 64;
const ITEMS: u32 = 4;

/// Operations of a client and packets to it.
pub(super) fn client(bytes: &[u8]) -> Seen {
    run(Role::Client, bytes)
}

/// Operations of a server and packets to it.
pub(super) fn server(bytes: &[u8]) -> Seen {
    run(Role::Server, bytes)
}

fn run(role: Role, bytes: &[u8]) -> Seen {
    let mut input = Input::new(bytes);
    let framing = if input.flag() {
        Framing::Whole
    } else {
        Framing::Chunked
    };
    let mut side = Side::new(role, framing);
    let mut outcomes = BTreeSet::new();
    for _ in 0..300 {
        if input.is_empty() {
            break;
        }
        outcomes.insert(side.step(&mut input));
    }
    let mut failed = side.session.fail();
    failed.sort_unstable();
    assert!(
        side.in_flight.into_iter().eq(failed),
        "every request without an answer is named"
    );
    Seen::of((framing == Framing::Whole, outcomes))
}

struct Side {
    role: Role,
    session: Session,
    in_flight: BTreeSet<u64>,
    ended: bool,
    /// What the peer's chunks belong to, as far as it knows.
    coming: Header,
    parts: u32,
}

impl Side {
    fn new(role: Role, framing: Framing) -> Self {
        let direction = DirectionLimits {
            payload_bytes: PAYLOAD,
            batch_items: ITEMS,
        };
        let limits = Limits {
            request: direction,
            response: direction,
            packet_size: PACKET,
        };
        Self {
            role,
            session: Session::new(role, limits, framing),
            in_flight: BTreeSet::new(),
            ended: false,
            coming: Header::request(MethodCode::INCREMENT, 0),
            parts: 0,
        }
    }

    /// One operation; tells what came of it.
    fn step(&mut self, input: &mut Input<'_>) -> String {
        let outcome = match input.u8() % 8 {
            0 | 1 => self.send(input, false),
            2 => self.send(input, true),
            3 | 4 => {
                let packet = self.envelope(input);
                self.receive(&packet)
            }
            5 | 6 => {
                let packet = self.chunk(input);
                self.receive(&packet)
            }
            _ => {
                let len = usize::from(input.u16()) % 400;
                self.receive(input.take(len))
            }
        };
        assert_eq!(self.session.in_flight(), self.in_flight.len());
        let space = self.session.space().len();
        let most = Header::LEN + PAYLOAD as usize;
        assert!(
            (Header::LEN..=most).contains(&space) || self.ended,
            "{space} bytes of space"
        );
        assert!(space <= most);
        outcome
    }

    /// Sends; and takes it back where the link refuses it.
    fn send(&mut self, input: &mut Input<'_>, refused: bool) -> String {
        let (id, len, kind) = (
            u64::from(input.u8() % 8),
            usize::from(input.u16()) % 400,
            input.u8(),
        );
        let mut header = Header::request(MethodCode::INCREMENT, id);
        if self.role == Role::Server {
            header = header.answer(Status::OK);
        }
        if kind == 0xff {
            header.kind = Kind(3);
        }
        let payload = vec![7; len];
        match self.session.send(header, &payload) {
            Ok(packets) => {
                let bytes: usize = packets.map(|packet| packet.body.len()).sum();
                assert_eq!(bytes, len, "packets carry the payload and no more");
                assert!(!self.ended && len <= PAYLOAD as usize);
                if self.role == Role::Client {
                    assert!(self.in_flight.insert(id));
                }
                if refused {
                    self.session.retract(id);
                    self.in_flight.remove(&id);
                }
                format!("sent {refused}")
            }
            Err(error) => name(&error),
        }
    }

    /// A first packet that is right but for what the input says.
    fn envelope(&mut self, input: &mut Input<'_>) -> Vec<u8> {
        let id = u64::from(input.u8() % 8);
        let mut header = Header::request(MethodCode::INCREMENT, id);
        if self.role == Role::Client {
            header = header.answer(Status::OK);
        }
        let len = u32::from(input.u16()) % 330;
        header.payload_len = len;
        let what = input.u8();
        if what & 1 != 0 {
            (header.flags, header.item_count) = (Flags::BATCH, u32::from(input.u8()) % 6);
        }
        match what >> 1 & 0x0f {
            1 => header.kind = Kind(input.u16() % 5),
            2 => header.status = Status(input.u16() % 8),
            3 => header.payload_len = input.u32(),
            4 => header.item_count = input.u32(),
            5 => header.flags = Flags(input.u16()),
            _ => {}
        }
        (self.coming, self.parts) = (header, 1);
        let mut packet = header.encode().to_vec();
        packet.resize(Header::LEN + len as usize, 0);
        let body = input.take(16);
        let end = body.len().min(len as usize);
        packet[Header::LEN..Header::LEN + end].copy_from_slice(&body[..end]);
        if what & 0x20 == 0 {
            packet.truncate(PACKET as usize);
        }
        packet
    }

    /// A continuation that is right but for what the input says.
    fn chunk(&mut self, input: &mut Input<'_>) -> Vec<u8> {
        let budget = PACKET - 32;
        let total = self.coming.payload_len.saturating_add(32);
        let sent = budget.saturating_mul(self.parts);
        let left = self.coming.payload_len.saturating_sub(sent).min(budget);
        let mut chunk = ChunkHeader {
            message_id: self.coming.message_id,
            total_message_len: total,
            chunk_index: self.parts,
            chunk_count: self.coming.payload_len.div_ceil(budget),
            chunk_payload_len: left,
        };
        match input.u8() % 12 {
            1 => chunk.message_id ^= 1 << (input.u8() % 64),
            2 => chunk.total_message_len = input.u32(),
            3 => chunk.chunk_index = input.u32(),
            4 => chunk.chunk_count = input.u32(),
            5 => chunk.chunk_payload_len = input.u32(),
            _ => {}
        }
        self.parts += 1;
        let mut packet = chunk.encode().to_vec();
        packet.resize(32 + left as usize, 3);
        if input.u8() == 1 {
            packet.truncate(input.u8().into());
        }
        packet
    }

    fn receive(&mut self, packet: &[u8]) -> String {
        let space = self.session.space();
        let kept = packet.len().min(space.len());
        space[..kept].copy_from_slice(&packet[..kept]);
        let received = self.session.received(packet.len());
        match received {
            Ok(None) => {
                assert!(!self.ended);
                "more".to_owned()
            }
            Ok(Some(message)) => {
                assert!(!self.ended);
                let header = message.header();
                assert!(message.payload().len() <= PAYLOAD as usize);
                assert_eq!(header.payload_len as usize, message.payload().len());
                assert!(header.item_count <= ITEMS || !header.flags.is_batch());
                if let Some(items) = message.items() {
                    assert_eq!(items.iter().count(), header.item_count as usize);
                }
                let wanted = if self.role == Role::Client {
                    Kind::RESPONSE
                } else {
                    Kind::REQUEST
                };
                assert_eq!(header.kind, wanted);
                if self.role == Role::Client {
                    assert!(
                        self.in_flight.remove(&header.message_id),
                        "nobody asked for it"
                    );
                }
                format!("message {} {}", header.flags.is_batch(), header.status.0)
            }
            Err(error) => {
                assert!(!self.ended || error == SessionError::Ended);
                self.ended = true;
                if let Some(answer) = error.answer() {
                    assert!(answer.payload_len == 0 && answer.kind == Kind::RESPONSE);
                }
                name(&error)
            }
        }
    }
}

/// Which error, without its numbers.
fn name(error: &SessionError) -> String {
    match error {
        SessionError::Envelope(error) => format!("envelope {:?} {}", error.kind(), error.field()),
        SessionError::Chunk(error) => format!("chunk {:?} {}", error.kind(), error.field()),
        SessionError::Batch { source, .. } => format!("batch {:?}", source.kind()),
        SessionError::LimitExceeded { field, .. } => format!("limit {field}"),
        other => format!("{other:?}")
            .chars()
            .filter(|c| c.is_ascii_alphabetic())
            .collect(),
    }
}
