//! What the tests of this crate share: a pair of sides, and packets moved by hand.

#![allow(
    dead_code,
    reason = "every test file is a crate of its own and uses a part of this"
)]

pub(crate) mod model;

use netipc_proto::session::handshake::{Policy, Proposal};
use netipc_proto::session::{DirectionLimits, Framing, Limits, Role, Session, SessionError};
use netipc_proto::wire::{Encode, Header, MethodCode, Profiles, WireError, Writer};

pub(crate) const TOKEN: u64 = 0x1122_3344_5566_7788;

/// The same limits in both directions.
pub(crate) const fn limits(payload_bytes: u32, batch_items: u32, packet_size: u32) -> Limits {
    let direction = DirectionLimits {
        payload_bytes,
        batch_items,
    };
    Limits {
        request: direction,
        response: direction,
        packet_size,
    }
}

/// What a client proposes that was told nothing but a token.
pub(crate) const fn proposal() -> Proposal {
    Proposal {
        supported: Profiles::BASELINE,
        preferred: Profiles::NONE,
        request: DirectionLimits {
            payload_bytes: 1024,
            batch_items: 1,
        },
        response: DirectionLimits {
            payload_bytes: 1024,
            batch_items: 1,
        },
        auth_token: TOKEN,
        packet_size: 212_992,
        response_ceiling: 64 << 20,
    }
}

/// What a server decides by that was told nothing but a token.
pub(crate) const fn policy() -> Policy {
    Policy {
        supported: Profiles::BASELINE,
        preferred: Profiles::NONE,
        request: DirectionLimits {
            payload_bytes: 1 << 20,
            batch_items: 1,
        },
        min_response_bytes: 1024,
        max_response_bytes: 1 << 20,
        auth_token: TOKEN,
        packet_size: 212_960,
    }
}

pub(crate) fn client(limits: Limits) -> Session {
    Session::new(Role::Client, limits, Framing::Chunked)
}

pub(crate) fn server(limits: Limits) -> Session {
    Session::new(Role::Server, limits, Framing::Chunked)
}

pub(crate) const fn request(id: u64) -> Header {
    Header::request(MethodCode::INCREMENT, id)
}

/// An item of plain bytes.
pub(crate) struct Blob<'a>(pub(crate) &'a [u8]);

impl Encode for Blob<'_> {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.bytes(self.0)
    }
}

/// A message with a payload of its own.
pub(crate) type Whole = (Header, Vec<u8>);

/// Hands a packet over as a link does: its front to where there is space, and its true length.
pub(crate) fn deliver(to: &mut Session, packet: &[u8]) -> Result<Option<Whole>, SessionError> {
    let space = to.space();
    let kept = packet.len().min(space.len());
    space[..kept].copy_from_slice(&packet[..kept]);
    let message = to.received(packet.len())?;
    Ok(message.map(|message| (message.header(), message.payload().to_vec())))
}

/// Hands all packets over; returns what the last of them completes.
pub(crate) fn deliver_all(
    to: &mut Session,
    packets: &[Vec<u8>],
) -> Result<Option<Whole>, SessionError> {
    let mut last = None;
    for packet in packets {
        assert_eq!(last, None, "a message came before its last packet");
        last = deliver(to, packet)?;
    }
    Ok(last)
}

/// The packets of a message, as bytes.
pub(crate) fn send(
    from: &mut Session,
    header: Header,
    payload: &[u8],
) -> Result<Vec<Vec<u8>>, SessionError> {
    let packets = from.send(header, payload)?;
    Ok(packets.map(|p| [&p.head, p.body].concat()).collect())
}

/// `len` bytes that differ from one `seed` to the next.
pub(crate) fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let step = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len as u64)
        .map(|i| i.wrapping_mul(step).to_le_bytes()[3] ^ i.to_le_bytes()[0])
        .collect()
}

/// Overwrites what stands at `at`.
pub(crate) fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().map(|c| c.to_digit(16)).collect();
    digits
        .chunks_exact(2)
        .map(|pair| match pair {
            [Some(high), Some(low)] => u8::try_from(high * 16 + low).expect("two digits"),
            _ => panic!("not hex: {text}"),
        })
        .collect()
}
