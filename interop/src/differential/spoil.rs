//! Messages as broken or hostile peers send them.

use crate::random::Random;

/// Spoils a message in one to three places.
pub(super) fn spoil(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(12) / 5 {
        match random.below(11) {
            0 => flip_bit(random, bytes),
            1 => bytes.truncate(random.below(bytes.len() + 1)),
            2 => {
                // One byte and eight are what padding could excuse.
                let more = random.pick([1, 1, 8, 8, 3, 24]);
                let more = match random.one_in(2) {
                    true => vec![0; more],
                    false => random.bytes(more),
                };
                bytes.extend(more);
            }
            3 => swap_words(random, bytes),
            4 => copy_word(random, bytes),
            5 => toggle_nul(random, bytes),
            6 => touch(random, bytes),
            7 => change_field::<2>(random, bytes),
            _ => change_field::<4>(random, bytes),
        }
    }
}

fn flip_bit(random: &mut Random, bytes: &mut [u8]) {
    if !bytes.is_empty() {
        bytes[random.below(bytes.len())] ^= 1 << random.below(8);
    }
}

/// Offsets or lengths change places, or whole entries of a directory do.
fn swap_words(random: &mut Random, bytes: &mut [u8]) {
    let len = random.pick([4, 8]);
    if let (Some(a), Some(b)) = (word(random, bytes, len), word(random, bytes, len)) {
        for i in 0..len {
            bytes.swap(a + i, b + i);
        }
    }
}

/// Two items, or two strings, are in the same place.
fn copy_word(random: &mut Random, bytes: &mut [u8]) {
    let len = random.pick([4, 8]);
    if let (Some(from), Some(to)) = (word(random, bytes, len), word(random, bytes, len)) {
        bytes.copy_within(from..from + len, to);
    }
}

/// One string or item starts where another ends, or just before: at its NUL, even, without a byte of
/// its own.
fn touch(random: &mut Random, bytes: &mut [u8]) {
    let (Some(from), Some(to)) = (word(random, bytes, 8), word(random, bytes, 8)) else {
        return;
    };
    let number = |at: usize| {
        bytes[at..]
            .first_chunk()
            .map_or(0, |n| u32::from_le_bytes(*n))
    };
    let end = number(from).wrapping_add(number(from + 4));
    let start = end.wrapping_add(random.pick([0, 0, 1, 2]));
    let len = match random.one_in(2) {
        true => 0,
        false => number(to + 4),
    };
    bytes[to..to + 4].copy_from_slice(&start.to_le_bytes());
    bytes[to + 4..to + 8].copy_from_slice(&len.to_le_bytes());
}

/// A NUL too many, or one too few.
fn toggle_nul(random: &mut Random, bytes: &mut [u8]) {
    if bytes.is_empty() {
        return;
    }
    let from = random.below(bytes.len());
    let found = bytes[from..].iter().position(|byte| *byte == 0);
    match found {
        Some(after) if random.one_in(2) => bytes[from + after] = random.byte().max(1),
        _ => bytes[from] = 0,
    }
}

/// A number becomes extreme, or is a little off.
fn change_field<const N: usize>(random: &mut Random, bytes: &mut [u8]) {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let Some(field) = word(random, bytes, N) else {
        return;
    };
    let Some(field) = bytes[field..].first_chunk_mut::<N>() else {
        return;
    };
    let mut wide = [0; 4];
    wide[..N].copy_from_slice(field);
    let old = u32::from_le_bytes(wide);
    let near = random.pick([1, 1, 1, 2, 7, 8, 8, 16, 24]);
    let small = random.pick([0, 1, 2, 3, 4, 8, 12, 16, 28, 32, 40, 60]);
    let most = u32::MAX >> (32 - 8 * N);
    let new = match random.below(12) {
        0 | 1 => small,
        2 => most,
        3 => most - random.pick([1, 7, 8, 15]),
        4 => most / 2 + random.pick([0, 1]),
        5 => len.wrapping_sub(old),
        6 => len.wrapping_sub(near),
        7..=9 => old.wrapping_sub(near),
        _ => old.wrapping_add(near),
    };
    field.copy_from_slice(&new.to_le_bytes()[..N]);
}

/// Where a word of `len` bytes is, at a multiple of its length or of 4: fields, too, are there.
/// Directories and fixed parts are at the front, and get half of the attention.
fn word(random: &mut Random, bytes: &[u8], len: usize) -> Option<usize> {
    let step = len.min(4);
    let words = bytes.len().checked_sub(len)? / step + 1;
    let words = match random.one_in(2) {
        true => words.min(40),
        false => words,
    };
    Some(random.below(words) * step)
}
