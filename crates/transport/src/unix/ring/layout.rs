//! Where everything is in a ring.
//!
//! ```text
//! 0                  header: magic, version, size of the ring, slots and bytes of each direction
//! 128, 256           request:  the receiver's words, the sender's words
//! 384, 512           response: the receiver's words, the sender's words
//! 4096               request:  a line of 64 bytes for each slot
//! 4096 + 64 n        response: likewise
//! 4096 + 128 n       request:  room for bytes
//! 4096 + 128 n + b   response: likewise
//! ```
//!
//! Words that one side writes and the other reads are 128 bytes apart from all others: processors
//! fetch lines in pairs.

use crate::link::SessionPlan;

use super::queue::{LINE, Shape};

/// Bytes before the first line.
const CONTROL: usize = 4096;
/// Bytes between words of different writers.
const APART: usize = 128;
/// "NIPR", in memory order.
const MAGIC: u32 = u32::from_le_bytes(*b"NIPR");
const VERSION: u32 = 1;
/// Packets that may be under way in a direction.
const SLOTS: usize = 256;
/// Room for bytes of a direction: less makes large messages wait for one another, more leaves the
/// caches of the processor.
const FEWEST_BYTES: usize = 256 << 10;
const MOST_BYTES: usize = 1 << 20;
/// What a ring of a peer may have: more than any sensible one, and little enough to count.
const SLOT_BOUNDS: std::ops::RangeInclusive<usize> = 2..=1 << 16;
const BYTE_BOUNDS: std::ops::RangeInclusive<usize> = 1 << 12..=1 << 30;

/// What moves through a ring, named by who wants what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Direction {
    Request,
    Response,
}

/// Places of one direction, from the start of the ring.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Places {
    pub(super) receiver: usize,
    pub(super) sender: usize,
    pub(super) lines: usize,
    pub(super) bytes: usize,
}

/// A ring of some shape.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Layout {
    pub(super) shape: Shape,
}

impl Layout {
    /// Bytes of the header.
    pub(super) const HEADER: usize = 32;

    /// A ring for a session: a message of the agreed size is one packet where that is not too large.
    pub(super) fn for_plan(plan: &SessionPlan) -> Self {
        let message = plan.request_bytes.max(plan.response_bytes);
        let message = usize::try_from(message).unwrap_or(usize::MAX);
        let bytes = message
            .min(MOST_BYTES)
            .saturating_mul(4)
            .next_power_of_two()
            .clamp(FEWEST_BYTES, MOST_BYTES);
        Self {
            shape: Shape {
                slots: SLOTS,
                bytes,
            },
        }
    }

    /// Bytes of the whole ring.
    pub(super) const fn size(self) -> usize {
        CONTROL + 2 * (self.shape.slots * LINE + self.shape.bytes)
    }

    pub(super) const fn places(self, direction: Direction) -> Places {
        let Shape { slots, bytes } = self.shape;
        let index = match direction {
            Direction::Request => 0,
            Direction::Response => 1,
        };
        Places {
            receiver: APART * (1 + 2 * index),
            sender: APART * (2 + 2 * index),
            lines: CONTROL + index * slots * LINE,
            bytes: CONTROL + 2 * slots * LINE + index * bytes,
        }
    }

    pub(super) fn encode(self) -> [u8; Self::HEADER] {
        let mut header = [0; Self::HEADER];
        let fields = [
            MAGIC.into(),
            VERSION.into(),
            self.shape.slots as u64,
            self.shape.bytes as u64,
        ];
        for (target, field) in header.chunks_exact_mut(8).zip(fields) {
            target.copy_from_slice(&u64::to_le_bytes(field));
        }
        header
    }

    /// The layout that `header` tells, for a ring of `size` bytes.
    pub(super) fn decode(header: &[u8; Self::HEADER], size: u64) -> Result<Self, &'static str> {
        let mut fields = header.chunks_exact(8).map(|bytes| {
            let mut field = [0; 8];
            field.copy_from_slice(bytes);
            u64::from_le_bytes(field)
        });
        let mut next = || fields.next().unwrap_or_default();
        if next() != u64::from(MAGIC) {
            return Err("it is no ring");
        }
        if next() != u64::from(VERSION) {
            return Err("it is a ring of another version");
        }
        let slots =
            bounded(next(), SLOT_BOUNDS).ok_or("its slots are no power of two in bounds")?;
        let bytes =
            bounded(next(), BYTE_BOUNDS).ok_or("its bytes are no power of two in bounds")?;
        let layout = Self {
            shape: Shape { slots, bytes },
        };
        if layout.size() as u64 == size {
            Ok(layout)
        } else {
            Err("its size is not that of its parts")
        }
    }
}

fn bounded(number: u64, bounds: std::ops::RangeInclusive<usize>) -> Option<usize> {
    let number = usize::try_from(number).ok()?;
    (number.is_power_of_two() && bounds.contains(&number)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(bytes: u64) -> SessionPlan {
        SessionPlan {
            profile: 0x10,
            session_id: 1,
            auth_token: 0,
            request_bytes: 1056,
            response_bytes: bytes,
        }
    }

    #[test]
    fn a_message_is_one_packet_until_that_is_too_large() {
        let shape = |bytes| Layout::for_plan(&plan(bytes)).shape;
        assert_eq!(shape(1056).bytes, FEWEST_BYTES);
        assert!(shape((64 << 10) + 32).max_packet() >= (64 << 10) + 32);
        for bytes in [1 << 20, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(shape(bytes).bytes, MOST_BYTES);
        }
    }

    #[test]
    fn parts_neither_overlap_nor_leave_the_ring() {
        let layout = Layout::for_plan(&plan(1 << 17));
        let Shape { slots, bytes } = layout.shape;
        let mut parts = vec![(0, Layout::HEADER)];
        for direction in [Direction::Request, Direction::Response] {
            let places = layout.places(direction);
            parts.extend([(places.receiver, APART), (places.sender, APART)]);
            parts.extend([(places.lines, slots * LINE), (places.bytes, bytes)]);
            assert!(places.lines.is_multiple_of(LINE) && places.bytes.is_multiple_of(LINE));
        }
        parts.sort_unstable();
        for pair in parts.windows(2) {
            let [(start, size), (next, _)] = pair else {
                unreachable!("windows of two")
            };
            assert!(start + size <= *next, "{parts:?}");
        }
        let (start, size) = parts.last().copied().unwrap_or_default();
        assert_eq!(start + size, layout.size());
    }

    #[test]
    fn a_header_tells_its_layout_and_nothing_else_is_one() {
        let layout = Layout::for_plan(&plan(4096));
        let (header, size) = (layout.encode(), layout.size() as u64);
        assert_eq!(Layout::decode(&header, size), Ok(layout));
        for wrong in [0, size - 1, size + 1, u64::MAX] {
            assert!(Layout::decode(&header, wrong).is_err());
        }
        for (at, bit) in (0..Layout::HEADER).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut spoilt = header;
            spoilt[at] ^= 1 << bit;
            assert!(
                Layout::decode(&spoilt, size).is_err(),
                "byte {at} bit {bit}"
            );
        }
    }
}
