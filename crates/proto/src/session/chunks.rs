//! A message as packets, both ways.
//!
//! ```text
//! message   header | payload ................................................
//! packet 0  header | first B bytes
//! packet 1  chunk header, index 1 | next B bytes
//! packet 2  chunk header, index 2 | rest
//! ```

use super::{SessionError, packet_error};
use crate::wire::{ChunkHeader, Header, WireError};

/// One packet to send: its two parts are written as one, and the payload is never copied.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'p> {
    /// The header of the message, or that of a chunk.
    pub head: [u8; Header::LEN],
    /// The part of the payload that goes with it.
    pub body: &'p [u8],
}

impl Packet<'_> {
    /// Bytes of the packet.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Never: a packet has a head.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }
}

/// The packets of one message, in order.
#[derive(Clone, Debug)]
pub struct Packets<'p> {
    header: Header,
    rest: &'p [u8],
    budget: usize,
    next: u32,
    count: u32,
}

impl<'p> Packets<'p> {
    /// Cuts `payload` into pieces of `budget` bytes.
    pub(super) fn new(header: Header, payload: &'p [u8], budget: usize) -> Self {
        let behind = payload.len().saturating_sub(budget);
        Self {
            header,
            rest: payload,
            budget,
            next: 0,
            count: chunk_count(behind, budget),
        }
    }

    /// The packet that every message has, and the others. For packets of which none is taken yet.
    #[must_use]
    #[inline]
    pub fn split_first(mut self) -> (Packet<'p>, Self) {
        let body = self.cut();
        self.next = 1;
        let head = self.header.encode();
        (Packet { head, body }, self)
    }

    /// The next piece of the payload.
    #[inline]
    fn cut(&mut self) -> &'p [u8] {
        let (piece, rest) = self
            .rest
            .split_at_checked(self.budget)
            .unwrap_or((self.rest, &[]));
        self.rest = rest;
        piece
    }
}

impl<'p> Iterator for Packets<'p> {
    type Item = Packet<'p>;

    #[inline]
    fn next(&mut self) -> Option<Packet<'p>> {
        if self.next == self.count {
            return None;
        }
        let body = self.cut();
        let head = match self.next {
            0 => self.header.encode(),
            index => chunk(&self.header, index, self.count, body.len()).encode(),
        };
        self.next += 1;
        Some(Packet { head, body })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.count - self.next) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Packets<'_> {}

/// A message of which some packets have come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reassembly {
    pub(super) header: Header,
    /// Bytes of the payload that have come.
    pub(super) filled: usize,
    /// The payload bytes that the next chunk header is written over, to be put back.
    covered: [u8; ChunkHeader::LEN],
    /// Index of the next packet.
    next: u32,
    /// Packets of the message, fixed by the first.
    count: u32,
}

impl Reassembly {
    /// A message of `count` packets, of whose payload `filled` bytes have come. `buffer` is header
    /// and payload.
    pub(super) fn new(header: Header, filled: usize, count: u32, buffer: &[u8]) -> Self {
        Self {
            header,
            filled,
            covered: covered(buffer, filled),
            next: 1,
            count,
        }
    }

    /// Takes a continuation of `len` bytes, whose data lies behind what has come; returns what is
    /// still open, or nothing when the message is complete.
    pub(super) fn take(self, buffer: &mut [u8], len: usize) -> Result<Option<Self>, SessionError> {
        let data = len.checked_sub(ChunkHeader::LEN).ok_or_else(|| {
            SessionError::Chunk(WireError::truncated("chunk header", ChunkHeader::LEN, len))
        })?;
        let head = covered(buffer, self.filled);
        if let Some(target) = buffer.get_mut(self.filled..self.filled + ChunkHeader::LEN) {
            target.copy_from_slice(&self.covered);
        }
        let found = ChunkHeader::decode(&head).map_err(SessionError::Chunk)?;
        let want = chunk(&self.header, self.next, self.count, data);
        found.expect(&want).map_err(SessionError::Chunk)?;
        let (payload, filled) = (self.header.payload_len as usize, self.filled + data);
        if data == 0 || filled > payload {
            return Err(packet_error("chunk data", payload - self.filled, data));
        }
        let open = Self {
            filled,
            covered: covered(buffer, filled),
            next: self.next + 1,
            ..self
        };
        // Short packets are fine, as long as the count that the first one fixed comes out.
        match (filled == payload, open.next == self.count) {
            (true, true) => Ok(None),
            (false, false) => Ok(Some(open)),
            _ => Err(packet_error("chunk data", payload - self.filled, data)),
        }
    }
}

/// The bytes in front of the data of a continuation that comes after `filled` bytes.
fn covered(buffer: &[u8], filled: usize) -> [u8; ChunkHeader::LEN] {
    let bytes = buffer.get(filled..).and_then(<[u8]>::first_chunk);
    bytes.copied().unwrap_or_default()
}

/// Packets of a message with `behind` bytes left after the first.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a payload has at most 2^32 bytes"
)]
pub(super) const fn chunk_count(behind: usize, budget: usize) -> u32 {
    // Mostly none, and a division takes as long as all the rest of a small message.
    if behind == 0 {
        return 1;
    }
    1 + behind.div_ceil(budget) as u32
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a packet has at most 2^32 bytes"
)]
const fn chunk(header: &Header, index: u32, count: u32, data: usize) -> ChunkHeader {
    ChunkHeader {
        message_id: header.message_id,
        total_message_len: header.payload_len.saturating_add(Header::LEN as u32),
        chunk_index: index,
        chunk_count: count,
        chunk_payload_len: data as u32,
    }
}
