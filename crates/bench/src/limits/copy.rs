//! Copies from one piece of memory to another, again and again.

use std::hint::black_box;

use crate::measure::BoxedOp;

/// Bytes that are copied before anybody looks at the clock, at least.
const LOT: usize = 1 << 20;

/// Where in a page both begin. Some processors copy at a twentieth of their speed between places
/// that are a few bytes apart modulo a page, and what the allocator gives is often like that.
const PAGE: usize = 4096;

/// How often a payload of `size` bytes, which is not 0, is copied in a lot.
pub(super) const fn copies_in_a_lot(size: usize) -> u64 {
    if size < LOT { (LOT / size) as u64 } else { 1 }
}

/// Copies a payload of `size` bytes as often as a lot says; gives the bytes.
pub(super) fn op(size: usize) -> BoxedOp {
    let (from, from_start) = aligned(size, 0x5a);
    let (mut to, to_start) = aligned(size, 0xa5);
    Box::new(move || {
        copy_lot(&from[from_start..], &mut to[to_start..]);
        Ok(copies_in_a_lot(size) * size as u64)
    })
}

fn copy_lot(from: &[u8], to: &mut [u8]) {
    for _ in 0..copies_in_a_lot(from.len()) {
        black_box(&mut *to).copy_from_slice(black_box(from));
    }
}

/// Bytes of which the last `size` begin with a page, and where that is. All of them are written,
/// since a page that is all zeros may not exist yet.
fn aligned(size: usize, byte: u8) -> (Vec<u8>, usize) {
    let mut bytes = vec![byte; size + PAGE];
    let start = bytes.as_ptr().align_offset(PAGE);
    bytes.truncate(start + size);
    (bytes, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_is_many_small_copies_or_one_large_one() {
        for (size, times) in [(64, 16384), (4096, 256), (LOT, 1), (3 * LOT, 1)] {
            assert_eq!(copies_in_a_lot(size), times);
            assert_eq!(op(size)().unwrap(), times * size as u64);
            let [(from, at), (mut to, start)] = [7, 8].map(|byte| aligned(size, byte));
            copy_lot(&from[at..], &mut to[start..]);
            assert_eq!(to[start..], vec![7; size]);
            assert!(to[start..].as_ptr().addr().is_multiple_of(PAGE));
        }
    }
}
