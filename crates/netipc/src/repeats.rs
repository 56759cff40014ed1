//! Which of many equal events get a line in the log.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many repeats share one line.
const PER_LINE: u64 = 100;

/// Counts events of one kind, of which nobody wants to read every one.
#[derive(Debug, Default)]
pub(crate) struct Repeats(AtomicU64);

impl Repeats {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts one more; gives its number where it gets a line.
    pub(crate) fn note(&self) -> Option<u64> {
        // Only counts, and orders nothing.
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        gets_line(count).then_some(count)
    }
}

/// Whether the event with this number, from 1, gets a line: the first does, and one in a hundred
/// of those that follow.
pub(crate) const fn gets_line(count: u64) -> bool {
    count % PER_LINE == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule S33.
    #[test]
    fn the_first_gets_a_line_and_then_one_in_a_hundred() {
        let repeats = Repeats::new();
        let lines: Vec<u64> = (0..250).filter_map(|_| repeats.note()).collect();
        assert_eq!(lines, [1, 101, 201]);
    }
}
