//! One HELLO, one HELLO_ACK: who talks, over which profile, within which limits.
//!
//! Both sides are values that take the peer's packet and say what to do; the driver does it. The
//! pure rules of the negotiation are [`select_profile`] and [`response_bytes`].

mod client;
mod negotiate;
mod server;

pub use client::{ClientHandshake, HandshakeError};
pub use negotiate::{MIN_RESPONSE_BYTES, response_bytes, select_profile};
pub use server::{Offer, Refusal, ServerHandshake};

use super::{DirectionLimits, Limits};
use crate::wire::{Flags, Header, Hello, HelloAck, Kind, Opcode, Profiles, Status};

/// Bytes of a HELLO packet.
pub const HELLO_PACKET_LEN: usize = Header::LEN + Hello::LEN;
/// Bytes of a HELLO_ACK packet.
pub const ACK_PACKET_LEN: usize = Header::LEN + HelloAck::LEN;
/// Bytes of the longest first packet that a server looks at.
pub const MAX_HELLO_LEN: usize = 128;

/// What a client proposes. Every value is final: defaults are filled in before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Proposal {
    /// Profiles that the client can use.
    pub supported: Profiles,
    /// Profiles that it would rather use.
    pub preferred: Profiles,
    /// Limits of requests.
    pub request: DirectionLimits,
    /// Wishes for responses.
    pub response: DirectionLimits,
    /// The shared secret of the endpoint.
    pub auth_token: u64,
    /// Bytes of the largest packet.
    pub packet_size: u32,
    /// The largest response limit, in bytes, that the client lets a server decide on.
    pub response_ceiling: u32,
}

/// What a server decides by. Every value is final: defaults are filled in before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    /// Profiles that the server can use.
    pub supported: Profiles,
    /// Profiles that it would rather use.
    pub preferred: Profiles,
    /// The most that a request may be.
    pub request: DirectionLimits,
    /// Bytes of a response payload that every client is granted, where the maximum allows it.
    pub min_response_bytes: u32,
    /// Bytes of the largest response payload.
    pub max_response_bytes: u32,
    /// The shared secret of the endpoint.
    pub auth_token: u64,
    /// Bytes of the largest packet.
    pub packet_size: u32,
}

/// What both sides know when the handshake is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Agreed {
    /// The one profile of the session.
    pub profile: Profiles,
    /// The limits of the session.
    pub limits: Limits,
    /// The server's number for the session.
    pub session_id: u64,
    /// Profiles that the server can use.
    pub server_supported: Profiles,
}

/// The envelope of a handshake packet.
fn envelope(opcode: Opcode, status: Status) -> Header {
    Header {
        kind: Kind::CONTROL,
        flags: Flags::NONE,
        code: opcode.0,
        status,
        payload_len: if opcode == Opcode::HELLO { 44 } else { 48 },
        item_count: 1,
        message_id: 0,
    }
}

/// A handshake packet from its two parts.
fn packet<const N: usize>(header: Header, payload: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let bytes = header.encode().into_iter().chain(payload.iter().copied());
    for (target, byte) in out.iter_mut().zip(bytes) {
        *target = byte;
    }
    out
}
