//! Scans and copies of short strings, which most names, labels and paths are: below 64 bytes a call
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

/// Copies `from` to `to`, which is as long.
#[inline(always)]
pub(super) fn copy(to: &mut [u8], from: &[u8]) {
    copy_scanning(to, from, |_| false);
}

/// Copies `from` to `to`, which is as long, and tells whether there is a NUL in it.
#[inline(always)]
pub(super) fn copy_text(to: &mut [u8], from: &[u8]) -> bool {
    copy_scanning(to, from, long_has_nul)
}

/// Copies, and scans what is short on its way; what is long, `scan` may scan.
#[inline(always)]
fn copy_scanning(to: &mut [u8], from: &[u8], scan: impl FnOnce(&[u8]) -> bool) -> bool {
    match from.len() {
        0..4 => to.iter_mut().zip(from).fold(false, |nul, (to, from)| {
            *to = *from;
            nul | (*from == 0)
        }),
        4..8 => halves(put_both(to, both_ends(from))),
        8..=16 => words(put_both(to, both_ends(from))),
        17..=32 => lanes(put_both(to, both_ends::<16>(from))),
        33..=64 => lanes(put_both(to, both_ends::<32>(from))),
        _ => {
            to.copy_from_slice(from);
            scan(from)
        }
    }
}

/// Whether there is a NUL in `bytes`.
#[inline(always)]
pub(super) fn has_nul(bytes: &[u8]) -> bool {
    match bytes.len() {
        0..4 => bytes.contains(&0),
        4..8 => halves(both_ends(bytes)),
        8..=16 => words(both_ends(bytes)),
        17..=32 => lanes(both_ends::<16>(bytes)),
        33..=64 => lanes(both_ends::<32>(bytes)),
        _ => long_has_nul(bytes),
    }
}

/// Most bytes whose NULs are counted at once.
pub(super) const WINDOW: usize = 64;

/// Number of NULs in a part of `window`.
#[inline(always)]
pub(super) fn count_nuls(window: &[u8; WINDOW], part: Part) -> u8 {
    // Laid over a window, hides all but its front or its back.
    const HIDE: [u8; 3 * WINDOW] = {
        let mut hide = [0xff; 3 * WINDOW];
        let (_, rest) = hide.split_at_mut(WINDOW);
        let (middle, _) = rest.split_at_mut(WINDOW);
        *middle.first_chunk_mut().expect("it is as long") = [0; WINDOW];
        hide
    };
    let from = match part {
        Part::First(len) => 2 * WINDOW - len.min(WINDOW),
        Part::Last(len) => len.min(WINDOW),
    };
    let Some(hide) = HIDE
        .get(from..)
        .and_then(|hide| hide.first_chunk::<WINDOW>())
    else {
        return 0;
    };
    let bytes = window.iter().zip(hide);
    bytes.fold(0, |count, (byte, hide)| count + u8::from(byte | hide == 0))
}

/// The bytes of a window that count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// So many at its front.
    First(usize),
    /// So many at its back.
    Last(usize),
}

/// Number of NULs in `bytes`, however many there are.
#[inline(never)]
pub(super) fn count_all_nuls(bytes: &[u8]) -> usize {
    let count = |chunk: &[u8]| chunk.iter().fold(0_u8, |n, byte| n + u8::from(*byte == 0));
    bytes
        .chunks(255)
        .map(|chunk| usize::from(count(chunk)))
        .sum()
}

#[inline(never)]
fn long_has_nul(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes).is_some()
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

/// Writes both ends of `to`; gives them back.
#[inline(always)]
fn put_both<const N: usize>(to: &mut [u8], ends: [[u8; N]; 2]) -> [[u8; N]; 2] {
    if let Some(target) = to.first_chunk_mut() {
        *target = ends[0];
    }
    if let Some(target) = to.last_chunk_mut() {
        *target = ends[1];
    }
    ends
}

#[inline(always)]
fn halves(ends: [[u8; 4]; 2]) -> bool {
    let [first, last] = ends.map(|end| u64::from(u32::from_le_bytes(end)));
    zero_byte(first << 32 | last)
}

#[inline(always)]
fn words(ends: [[u8; 8]; 2]) -> bool {
    let [first, last] = ends.map(u64::from_le_bytes);
    zero_byte(first) | zero_byte(last)
}

/// Whether one of the eight bytes is zero: only then does a borrow reach a high bit that was clear.
#[inline(always)]
const fn zero_byte(word: u64) -> bool {
    const LOW: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    word.wrapping_sub(LOW) & !word & HIGH != 0
}

/// Whether one of the bytes is zero. Without a way out of the loops, they are a few comparisons of
/// the machine's widest words.
#[inline(always)]
fn lanes<const N: usize>([first, last]: [[u8; N]; 2]) -> bool {
    let mut lowest = first;
    for (lowest, last) in lowest.iter_mut().zip(last) {
        *lowest = last.min(*lowest);
    }
    lowest.iter().fold(false, |zero, byte| zero | (*byte == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nuls_beyond_what_a_byte_counts() {
        assert_eq!(count_all_nuls(&[0; 1000]), 1000);
        let mut text = [7; 1000];
        (text[0], text[254], text[255], text[999]) = (0, 0, 0, 0);
        assert_eq!(count_all_nuls(&text), 4);
    }

    #[test]
    fn every_length_and_every_place() {
        for len in 0..140 {
            let clean: Vec<u8> = (1..=140).map(|i| 0x80 | i).take(len).collect();
            assert!(!has_nul(&clean), "{len}");
            let mut copied = vec![0; len];
            assert!(!copy_text(&mut copied, &clean), "{len}");
            assert_eq!(count_all_nuls(&clean), 0);
            assert_eq!(copied, clean);
            for at in 0..len {
                let mut spoilt = clean.clone();
                spoilt[at] = 0;
                assert!(has_nul(&spoilt), "{at} of {len}");
                assert!(copy_text(&mut copied, &spoilt), "{at} of {len}");
                assert_eq!(copied, spoilt);
                copied.fill(0xee);
                copy(&mut copied, &spoilt);
                assert_eq!(copied, spoilt);
                spoilt[at] = 1;
                assert!(!has_nul(&spoilt), "{at} of {len}");
                assert!(!copy_text(&mut copied, &spoilt), "{at} of {len}");
            }
        }
    }

    #[test]
    fn every_part_of_a_window() {
        for at in 0..WINDOW {
            let mut window = [0xff; WINDOW];
            window[at] = 0;
            for len in 0..=WINDOW {
                let first = count_nuls(&window, Part::First(len));
                assert_eq!(first, u8::from(at < len), "{at} in the first {len}");
                let last = count_nuls(&window, Part::Last(len));
                assert_eq!(last, u8::from(at >= WINDOW - len), "{at} in the last {len}");
            }
        }
        assert_eq!(count_nuls(&[0; WINDOW], Part::First(WINDOW)), 64);
        assert_eq!(count_nuls(&[0; WINDOW], Part::Last(9)), 9);
    }
}
