//! Keeps events that may come in floods from flooding the log.

use std::sync::atomic::{AtomicU64, Ordering};

/// Of so many events, one is logged.
const ONE_IN: u64 = 100;

/// Counts events of one kind that peers can cause at will, and says which of them to log: the first,
/// and one in a hundred of those that follow.
#[derive(Debug, Default)]
pub struct LogLimiter(AtomicU64);

impl LogLimiter {
    /// One that has counted none.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts an event; returns how many there have been when this one is to be logged.
    pub fn count(&self) -> Option<u64> {
        // Only counts, and orders nothing.
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        is_logged(number).then_some(number)
    }
}

/// Whether to log the event with this number, from 1: the first, and one in a hundred of those that
/// follow.
pub(crate) const fn is_logged(number: u64) -> bool {
    number % ONE_IN == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule S33.
    #[test]
    fn the_first_is_logged_and_then_one_in_a_hundred() {
        let limiter = LogLimiter::new();
        let logged: Vec<u64> = (0..250).filter_map(|_| limiter.count()).collect();
        assert_eq!(logged, [1, 101, 201]);
    }
}
