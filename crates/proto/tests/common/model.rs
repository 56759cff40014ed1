//! A pair of sessions and their queues, moved by a list of operations, beside a model that knows
//! nothing but which requests are in flight. A fuzz target runs it too.

use std::collections::{BTreeSet, VecDeque};

use netipc_proto::session::{Framing, Limits, Role, Session, SessionError};
use netipc_proto::wire::{Header, Status};

use super::{deliver, limits, pattern, request, send};

const MAX_PAYLOAD: u32 = 300;
const PACKET: u32 = 64;

/// One step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// The client sends a request.
    Ask { id: u64, len: usize },
    /// The client's link refuses a request.
    Refuse { id: u64, len: usize },
    /// The server answers one of the requests it has, not always the oldest.
    Answer { which: usize, len: usize },
    /// The next packet arrives.
    Move { to: Role },
    /// A bit of the next packet turns over.
    Spoil { to: Role, bit: usize },
    /// The next packet loses its end.
    Cut { to: Role, len: usize },
}

impl From<(u8, u8, u16)> for Op {
    fn from((code, which, value): (u8, u8, u16)) -> Self {
        let (id, len) = (u64::from(which % 8), usize::from(value) % 320);
        let to = match which % 2 {
            0 => Role::Server,
            _ => Role::Client,
        };
        match code % 16 {
            0..3 => Self::Ask { id, len },
            3 => Self::Refuse { id, len },
            4..7 => Self::Answer {
                which: which.into(),
                len,
            },
            7..14 => Self::Move { to },
            14 => Self::Spoil {
                to,
                bit: value.into(),
            },
            _ => Self::Cut {
                to,
                len: value.into(),
            },
        }
    }
}

/// Runs `ops` and compares after each.
pub(crate) fn run(framing: Framing, ops: impl IntoIterator<Item = Op>) {
    let mut pair = Pair::new(framing);
    for op in ops {
        pair.step(op);
        assert_eq!(pair.client.session.in_flight(), pair.in_flight.len());
        pair.client.check_space();
        pair.server.check_space();
    }
    let mut failed = pair.client.session.fail();
    failed.sort_unstable();
    assert!(pair.in_flight.into_iter().eq(failed));
}

/// One session and what is on the way to it.
struct Side {
    session: Session,
    incoming: VecDeque<Vec<u8>>,
    ended: bool,
}

impl Side {
    fn new(role: Role, limits: Limits, framing: Framing) -> Self {
        Self {
            session: Session::new(role, limits, framing),
            incoming: VecDeque::new(),
            ended: false,
        }
    }

    /// A peer must not be able to make the buffer larger than the limit.
    fn check_space(&mut self) {
        let space = self.session.space().len();
        assert!((Header::LEN..=Header::LEN + MAX_PAYLOAD as usize).contains(&space));
    }

    fn take(&mut self) -> Option<(Header, Vec<u8>)> {
        let packet = self.incoming.pop_front()?;
        let result = deliver(&mut self.session, &packet);
        if self.ended {
            assert_eq!(result, Err(SessionError::Ended));
        }
        self.ended |= result.is_err();
        result.ok().flatten()
    }
}

struct Pair {
    client: Side,
    server: Side,
    /// Ids that the client waits for.
    in_flight: BTreeSet<u64>,
    /// Requests that the server has and did not answer.
    asked: Vec<Header>,
    /// Whether anything on the way was touched: then nothing is said about what arrives.
    spoilt: bool,
}

impl Pair {
    fn new(framing: Framing) -> Self {
        let limits = limits(MAX_PAYLOAD, 1, PACKET);
        Self {
            client: Side::new(Role::Client, limits, framing),
            server: Side::new(Role::Server, limits, framing),
            in_flight: BTreeSet::new(),
            asked: Vec::new(),
            spoilt: false,
        }
    }

    fn side(&mut self, role: Role) -> &mut Side {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Ask { id, len } => {
                if let Some(packets) = self.ask(id, len) {
                    self.server.incoming.extend(packets);
                    self.in_flight.insert(id);
                }
            }
            Op::Refuse { id, len } => {
                if self.ask(id, len).is_some() {
                    self.client.session.retract(id);
                }
            }
            Op::Answer { which, len } => self.answer(which, len),
            Op::Move { to: Role::Server } => self.request_arrives(),
            Op::Move { to: Role::Client } => self.answer_arrives(),
            Op::Spoil { to, bit } => self.spoil(to, |packet| {
                let bit = bit % (packet.len() * 8).max(1);
                if let Some(byte) = packet.get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
            }),
            Op::Cut { to, len } => {
                self.spoil(to, |packet| packet.truncate(len % packet.len().max(1)))
            }
        }
    }

    fn spoil(&mut self, to: Role, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(packet) = self.side(to).incoming.front_mut() {
            change(packet);
            self.spoilt = true;
        }
    }

    fn ask(&mut self, id: u64, len: usize) -> Option<Vec<Vec<u8>>> {
        let result = send(&mut self.client.session, request(id), &pattern(id, len));
        match &result {
            Ok(_) => assert!(!self.client.ended && !self.in_flight.contains(&id)),
            Err(SessionError::Ended) => assert!(self.client.ended),
            Err(SessionError::LimitExceeded { .. }) => assert!(len > MAX_PAYLOAD as usize),
            Err(SessionError::DuplicateMessageId { .. }) => assert!(self.in_flight.contains(&id)),
            Err(other) => panic!("{other}"),
        }
        result.ok()
    }

    fn answer(&mut self, which: usize, len: usize) {
        if self.asked.is_empty() {
            return;
        }
        let asked = self.asked.swap_remove(which % self.asked.len());
        let payload = pattern(!asked.message_id, len);
        let result = send(&mut self.server.session, asked.answer(Status::OK), &payload);
        match result {
            Ok(packets) => self.client.incoming.extend(packets),
            Err(SessionError::Ended) => assert!(self.server.ended),
            Err(SessionError::LimitExceeded { .. }) => {
                assert!(len > MAX_PAYLOAD as usize);
                self.asked.push(asked);
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn request_arrives(&mut self) {
        let Some((header, payload)) = self.server.take() else {
            return;
        };
        if !self.spoilt {
            assert_eq!(payload, pattern(header.message_id, payload.len()));
            assert!(self.in_flight.contains(&header.message_id));
        }
        self.asked.push(header);
    }

    fn answer_arrives(&mut self) {
        let Some((header, payload)) = self.client.take() else {
            return;
        };
        if !self.spoilt {
            assert_eq!(payload, pattern(!header.message_id, payload.len()));
        }
        assert!(self.in_flight.remove(&header.message_id));
    }
}
