//! Copies from one piece of memory to another, again and again.

use std::hint::black_box;

/// Bytes that are copied before anybody looks at the clock, at least.
const LOT: usize = 1 << 20;

/// Where in a page both begin. Some processors copy at a twentieth of their speed between places
/// that are a few bytes apart modulo a page, and what the allocator gives is often like that.
const PAGE: usize = 4096;

/// A payload, and where it is copied to.
#[derive(Debug)]
pub(super) struct Copies {
    from: Aligned,
    to: Aligned,
    size: usize,
}

impl Copies {
    /// Copies of `size` bytes, which is not 0.
    pub(super) fn of(size: usize) -> Self {
        Self {
            from: Aligned::new(size, 0x5a),
            to: Aligned::new(size, 0xa5),
            size,
        }
    }

    /// How often a payload of `size` bytes is copied in a lot.
    pub(super) const fn per_lot(size: usize) -> u64 {
        match LOT / size {
            0 => 1,
            times => times as u64,
        }
    }

    /// Copies the payload as often as a lot says; gives the bytes.
    pub(super) fn lot(&mut self) -> u64 {
        let times = Self::per_lot(self.size);
        let (from, to) = (self.from.bytes(), self.to.bytes_mut());
        for _ in 0..times {
            black_box(&mut *to).copy_from_slice(black_box(from));
        }
        times * self.size as u64
    }
}

/// Bytes that begin with a page.
#[derive(Debug)]
struct Aligned {
    bytes: Vec<u8>,
    start: usize,
}

impl Aligned {
    /// All of them written, since a page that is all zeros may not exist yet.
    fn new(size: usize, byte: u8) -> Self {
        let mut bytes = vec![byte; size + PAGE];
        let start = bytes.as_ptr().align_offset(PAGE);
        bytes.truncate(start + size);
        Self { bytes, start }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_is_many_small_copies_or_one_large_one() {
        for (size, times) in [(64, 16384), (4096, 256), (LOT, 1), (3 * LOT, 1)] {
            let mut copies = Copies::of(size);
            assert_eq!(Copies::per_lot(size), times);
            assert_eq!(copies.lot(), times * size as u64);
            assert_eq!(copies.from.bytes(), copies.to.bytes());
            assert_eq!(copies.to.bytes(), vec![0x5a; size]);
            assert!(copies.to.bytes().as_ptr().addr().is_multiple_of(PAGE));
        }
    }
}
