/// Numbers that only the seed tells: SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        // Neighbouring seeds must not start neighbouring sequences: hence the large odd step.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut n = self.0;
        n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ (n >> 31)
    }

    pub(crate) const fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let n = u128::from(self.next()) * end as u128;
        usize::try_from(n >> 64).unwrap_or_default()
    }

    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        from[self.below(N)]
    }

    /// A number of so many bits, with a liking for the ends of their range.
    pub(crate) fn number(&mut self, bits: u32) -> u64 {
        let most = u64::MAX >> (64 - bits);
        match self.below(8) {
            0 => 0,
            1 => 1,
            2 => most,
            3 | 4 => self.next() % 300,
            _ => self.next() & most,
        }
    }

    /// How many bytes a text has: mostly few, often where copies and scans of texts take another way.
    pub(crate) fn text_len(&mut self) -> usize {
        match self.below(32) {
            0..20 => self.below(20),
            20..26 => 28 + self.below(10),
            26..30 => 58 + self.below(12),
            30 => self.below(300),
            _ => self.below(4_000),
        }
    }

    /// Any bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }
}
