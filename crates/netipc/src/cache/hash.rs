//! Hashes of keys, for a table whose keys bring none that is good enough.

use std::hash::{Hash, Hasher};

/// 2^64 over the golden ratio: spreads numbers that follow one another.
pub(super) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A fast hash of a key. There is no secret in it: somebody who chooses keys can make them collide.
#[inline]
pub(crate) fn hash_key(key: &impl Hash) -> u64 {
    let mut hasher = KeyHasher(0);
    key.hash(&mut hasher);
    hasher.finish()
}

/// Hashes eight bytes with one multiplication.
#[derive(Clone, Copy)]
pub(super) struct KeyHasher(pub(super) u64);

impl KeyHasher {
    #[inline]
    const fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(29) ^ word).wrapping_mul(GOLDEN);
    }
}

impl Hasher for KeyHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let rest = rest
            .iter()
            .fold(1, |word, byte| (word << 8) | u64::from(*byte));
        self.word(rest);
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.word(number.into());
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.word(number);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.word(number as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        // Names may begin and end alike: the high bits of the last words count as well.
        (self.0 ^ (self.0 >> 32)).wrapping_mul(GOLDEN)
    }
}
