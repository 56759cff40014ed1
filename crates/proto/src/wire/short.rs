//! Scans and copies of short strings, which most names, labels and paths are: below 32 bytes a call
//! to the library's routines costs more than the work.
//!
//! ```text
//! | 8 bytes |            of 9 to 16 bytes: the first eight and the last eight,
//!      | 8 bytes |       however much they overlap
//! ```

#![expect(
    clippy::inline_always,
    reason = "the length is matched again by whoever inlines"
)]

/// Where the first NUL of `bytes` is.
#[inline(always)]
pub(super) fn find_nul(bytes: &[u8]) -> Option<usize> {
    if !has_nul(bytes) {
        return None;
    }
    memchr::memchr(0, bytes)
}

/// Copies `from` to `to`, which is as long.
#[inline(always)]
pub(super) fn copy(to: &mut [u8], from: &[u8]) {
    match from.len() {
        0 => {}
        1..4 => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
        4..8 => ends::<4>(to, from),
        8..=16 => ends::<8>(to, from),
        17..=32 => ends::<16>(to, from),
        _ => to.copy_from_slice(from),
    }
}

#[inline(always)]
fn has_nul(bytes: &[u8]) -> bool {
    match bytes.len() {
        0..4 => bytes.contains(&0),
        4..8 => {
            let [first, last] = both_ends(bytes).map(u32::from_le_bytes);
            zero_byte(u64::from(first) << 32 | u64::from(last))
        }
        8..=16 => {
            let [first, last] = both_ends(bytes).map(u64::from_le_bytes);
            zero_byte(first) | zero_byte(last)
        }
        17..=32 => {
            let [first, last] = both_ends::<16>(bytes).map(u128::from_le_bytes);
            zero_byte_wide(first) | zero_byte_wide(last)
        }
        _ => memchr::memchr(0, bytes).is_some(),
    }
}

/// The first and the last `N` bytes of at least `N`.
#[inline(always)]
fn both_ends<const N: usize>(bytes: &[u8]) -> [[u8; N]; 2] {
    let ends = (bytes.first_chunk(), bytes.last_chunk());
    match ends {
        (Some(first), Some(last)) => [*first, *last],
        // Never: a shorter slice has no NUL to miss.
        _ => [[1; N]; 2],
    }
}

#[inline(always)]
fn ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    let [first, last] = both_ends::<N>(from);
    if let Some(target) = to.first_chunk_mut() {
        *target = first;
    }
    if let Some(target) = to.last_chunk_mut() {
        *target = last;
    }
}

/// Whether one of the eight bytes is zero: only then does a borrow reach a high bit that was clear.
#[inline(always)]
const fn zero_byte(word: u64) -> bool {
    const LOW: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    word.wrapping_sub(LOW) & !word & HIGH != 0
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "both halves are looked at")]
const fn zero_byte_wide(word: u128) -> bool {
    zero_byte(word as u64) | zero_byte((word >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_and_every_place() {
        for len in 0..80 {
            let clean: Vec<u8> = (1..=80).map(|i| 0x80 | i).take(len).collect();
            assert_eq!(find_nul(&clean), None, "{len}");
            let mut copied = vec![0; len];
            copy(&mut copied, &clean);
            assert_eq!(copied, clean);
            for at in 0..len {
                let mut spoilt = clean.clone();
                spoilt[at] = 0;
                assert_eq!(find_nul(&spoilt), Some(at), "{at} of {len}");
                spoilt[at] = 1;
                assert_eq!(find_nul(&spoilt), None, "{at} of {len}");
            }
        }
    }
}
