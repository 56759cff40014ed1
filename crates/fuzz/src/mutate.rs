//! Inputs from others.

use netipc_schema::random::Random;

/// Bytes of the longest input that is made.
const MOST: usize = 4096;

/// Numbers at which code often changes its mind.
const EDGES: [u64; 14] = [
    0,
    1,
    2,
    7,
    8,
    31,
    32,
    0x7f,
    0xff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];

/// Changes inputs at random, the same way for the same seed.
///
/// ```
/// use netipc_fuzz::Mutator;
///
/// let corpus = [vec![1, 2, 3], vec![4]];
/// assert_eq!(Mutator::new(5).next(&corpus), Mutator::new(5).next(&corpus));
/// ```
#[derive(Debug)]
pub struct Mutator(Random);

impl Mutator {
    /// What `seed` leads to.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// An input of the corpus, changed in one to eight places.
    pub fn next(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.0.one_of(corpus).cloned().unwrap_or_default();
        for _ in 0..self
            .0
            .one_of(&[1, 1, 1, 2, 2, 3, 5, 8])
            .copied()
            .unwrap_or(1)
        {
            self.change(&mut input, corpus);
        }
        input.truncate(MOST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        match self.0.below(12) {
            0 => self.in_place(input, 1, |bytes, bit| bytes[0] ^= 1 << (bit % 8)),
            1 => self.in_place(input, 1, |bytes, any| bytes[0] = any.to_le_bytes()[0]),
            2..=4 => self.edge(input),
            5 | 6 => self.nudge(input),
            7 => {
                let (at, len) = self.range(input);
                input.drain(at..at + len);
            }
            8 => {
                let (at, len) = self.range(input);
                let copied = input[at..at + len].to_vec();
                self.put(input, &copied);
            }
            9 => {
                let len = 1 + self.0.below(16);
                let bytes: Vec<u8> = (0..len)
                    .map(|_| self.0.next_u64().to_le_bytes()[0])
                    .collect();
                self.put(input, &bytes);
            }
            10 => {
                // The front of one, and the end of another.
                let other = self.0.one_of(corpus).cloned().unwrap_or_default();
                input.truncate(self.0.below(input.len() + 1));
                input.extend_from_slice(&other[self.0.below(other.len() + 1)..]);
            }
            _ => {
                let other = self.0.one_of(corpus).cloned().unwrap_or_default();
                let (at, len) = self.range(&other);
                self.put(input, &other[at..at + len]);
            }
        }
    }

    /// A number of one to eight bytes becomes one at an edge, or the number of bytes that there are.
    fn edge(&mut self, input: &mut [u8]) {
        let width = self.width();
        let len = input.len() as u64;
        let edge = match self.0.below(3) {
            0 => len.wrapping_sub(self.0.below(33) as u64),
            _ => self.0.one_of(&EDGES).copied().unwrap_or(0),
        };
        self.in_place(input, width, |bytes, _| {
            bytes.copy_from_slice(&edge.to_le_bytes()[..bytes.len()]);
        });
    }

    /// A number becomes a little more, or less.
    fn nudge(&mut self, input: &mut [u8]) {
        let width = self.width();
        self.in_place(input, width, |bytes, any| {
            let mut number = [0; 8];
            number[..bytes.len()].copy_from_slice(bytes);
            let step = (any % 35).wrapping_sub(17);
            let number = u64::from_le_bytes(number).wrapping_add(step).to_le_bytes();
            bytes.copy_from_slice(&number[..bytes.len()]);
        });
    }

    fn width(&mut self) -> usize {
        self.0.one_of(&[1, 2, 4, 4, 8]).copied().unwrap_or(1)
    }

    /// Changes `width` bytes somewhere, where there are so many; mostly at a multiple of their width.
    fn in_place(&mut self, input: &mut [u8], width: usize, change: impl FnOnce(&mut [u8], u64)) {
        if input.len() < width {
            return;
        }
        let mut at = self.0.below(input.len() - width + 1);
        if !self.0.once_in(4) {
            at -= at % width;
        }
        change(&mut input[at..at + width], self.0.next_u64());
    }

    /// Puts bytes over others, or between them.
    fn put(&mut self, input: &mut Vec<u8>, bytes: &[u8]) {
        let at = self.0.below(input.len() + 1);
        let over = if self.0.once_in(2) { bytes.len() } else { 0 };
        let end = (at + over).min(input.len());
        input.splice(at..end, bytes.iter().copied());
    }

    fn range(&mut self, input: &[u8]) -> (usize, usize) {
        let at = self.0.below(input.len() + 1);
        let most = (input.len() - at).min(if self.0.once_in(4) { MOST } else { 16 });
        (at, self.0.below(most + 1))
    }
}
