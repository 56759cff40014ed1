//! Keeps what peers can cause at will from flooding the log.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines of one cause that may come at once.
const AT_ONCE: u32 = 10;
/// How long it takes until there may be one more.
const REFILL: Duration = Duration::from_secs(10);

/// Which lines to tell, for each cause of one thing: ten at once, and one every ten seconds after them. Causes are few: no
/// peer may choose them.
#[derive(Debug)]
pub struct LogBudget<C> {
    causes: Mutex<BTreeMap<C, Cause>>,
}

#[derive(Clone, Copy, Debug)]
struct Cause {
    left: u32,
    /// Since when that many are left.
    since: Instant,
    left_out: u64,
}

/// A line that may be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Told {
    /// How many of its cause were left out since the last that was told; nothing where none were.
    pub left_out: Option<u64>,
}

impl<C: Ord> LogBudget<C> {
    /// One that has told nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            causes: Mutex::new(BTreeMap::new()),
        }
    }

    /// Whether a line of `cause` may be told now.
    pub fn take(&self, cause: C) -> Option<Told> {
        self.take_at(cause, Instant::now())
    }

    fn take_at(&self, cause: C, now: Instant) -> Option<Told> {
        let mut causes = self.causes.lock().unwrap_or_else(PoisonError::into_inner);
        let cause = causes.entry(cause).or_insert(Cause {
            left: AT_ONCE,
            since: now,
            left_out: 0,
        });
        let refills = now.saturating_duration_since(cause.since).as_secs() / REFILL.as_secs();
        let refills = u32::try_from(refills).unwrap_or(u32::MAX);
        cause.left = cause.left.saturating_add(refills).min(AT_ONCE);
        cause.since = if cause.left == AT_ONCE {
            now
        } else {
            cause.since + REFILL * refills
        };
        if cause.left == 0 {
            cause.left_out += 1;
            return None;
        }
        cause.left -= 1;
        let left_out = std::mem::take(&mut cause.left_out);
        Some(Told {
            left_out: (left_out > 0).then_some(left_out),
        })
    }
}

impl<C: Ord> Default for LogBudget<C> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_cause_is_a_few_lines_and_hides_no_other() {
        let budget = LogBudget::new();
        let start = Instant::now();
        let told = |cause, after| budget.take_at(cause, start + Duration::from_secs(after));
        let lines = (0..1000).filter_map(|_| told("a", 0)).count();
        assert_eq!(lines, 10);
        assert_eq!(told("b", 0), Some(Told { left_out: None }), "another cause");
        assert_eq!(told("a", 9), None);
        let next = Told {
            left_out: Some(991),
        };
        assert_eq!(told("a", 10), Some(next), "what was left out is told");
        assert_eq!(told("a", 19), None);
        assert_eq!(told("a", 20), Some(Told { left_out: Some(1) }));
        // A day of it: one line every ten seconds.
        let day = 24 * 60 * 60;
        let lines = (21..=day).filter_map(|second| told("a", second)).count();
        assert_eq!(lines as u64, (day - 20) / 10);
        let lines = (0..1000).filter_map(|_| told("a", 2 * day)).count();
        assert_eq!(lines, 10, "as many as at first, and no more");
    }
}
