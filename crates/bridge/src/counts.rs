//! What happened so far, for `status`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire::Outcome;

/// Upper ends of the buckets of a [`Latency`], in milliseconds.
pub const ENDS_MS: [u64; 9] = [1, 5, 10, 50, 100, 500, 1000, 5000, 30_000];

/// What is said of outcomes that this program does not know.
const UNKNOWN: &str = "something that is not known here";

/// What one side has done, for each other side and service.
#[derive(Debug, Default)]
pub struct Counts {
    rows: Mutex<BTreeMap<(String, String), Row>>,
}

/// What was asked of one service by, or of, one other side.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Row {
    /// Questions that were answered.
    pub answered: u64,
    /// Answers that did not travel, because the asker held them.
    pub unchanged: u64,
    /// Questions that were not answered, by what is said of them.
    pub refused: BTreeMap<String, u64>,
    /// Bytes of requests and answers, before compression.
    pub bytes: u64,
    /// Bytes of requests and answers as they travelled.
    pub sent_bytes: u64,
    /// How long answers took.
    pub latency: Latency,
}

/// Durations.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Latency {
    /// How many were at most as long as each of [`ENDS_MS`], and longer than the one before.
    pub buckets: [u64; ENDS_MS.len()],
    /// How many there were.
    pub count: u64,
    /// All together, in microseconds.
    pub sum_us: u64,
    /// The longest, in microseconds.
    pub max_us: u64,
}

impl Row {
    /// Adds what another row has counted of the same.
    pub(crate) fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.unchanged += other.unchanged;
        for (why, times) in &other.refused {
            *self.refused.entry(why.clone()).or_default() += times;
        }
        self.bytes += other.bytes;
        self.sent_bytes += other.sent_bytes;
        self.latency.add(&other.latency);
    }
}

impl Latency {
    fn add(&mut self, other: &Self) {
        let buckets = self.buckets.iter_mut().zip(other.buckets);
        buckets.for_each(|(bucket, more)| *bucket += more);
        self.count += other.count;
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        self.max_us = self.max_us.max(other.max_us);
    }

    fn record(&mut self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.count += 1;
        self.sum_us = self.sum_us.saturating_add(us);
        self.max_us = self.max_us.max(us);
        let mut buckets = ENDS_MS.iter().zip(&mut self.buckets);
        if let Some((_, count)) = buckets.find(|(end, _)| us <= **end * 1000) {
            *count += 1;
        }
    }

    /// Microseconds of the average.
    #[must_use]
    pub fn mean_us(&self) -> u64 {
        self.sum_us.checked_div(self.count).unwrap_or_default()
    }
}

/// A question that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// How.
    pub outcome: Outcome,
    /// Whether the answer stayed where it was.
    pub unchanged: bool,
    /// Bytes of request and answer.
    pub bytes: usize,
    /// The same, as they travelled.
    pub sent_bytes: usize,
    /// How long it took.
    pub took: Duration,
}

impl Done {
    /// One that was refused at once.
    #[must_use]
    pub const fn refused(outcome: Outcome) -> Self {
        Self {
            outcome,
            unchanged: false,
            bytes: 0,
            sent_bytes: 0,
            took: Duration::ZERO,
        }
    }
}

impl Counts {
    /// Counts a question of `service` that the other side, `who`, asked or answered.
    pub fn count(&self, who: &str, service: &str, done: &Done) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let row = rows
            .entry((who.to_owned(), service.to_owned()))
            .or_default();
        row.bytes += done.bytes as u64;
        row.sent_bytes += done.sent_bytes as u64;
        if done.outcome == Outcome::OK {
            row.answered += 1;
            row.unchanged += u64::from(done.unchanged);
            row.latency.record(done.took);
        } else {
            // The other side says any number: those that mean nothing share a row.
            let why = if done.outcome.is_known() {
                done.outcome.to_string()
            } else {
                UNKNOWN.to_owned()
            };
            *row.refused.entry(why).or_default() += 1;
        }
    }

    /// All rows now.
    #[must_use]
    pub fn rows(&self) -> Vec<((String, String), Row)> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.iter()
            .map(|(key, row)| (key.clone(), row.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_other_side_says_the_rows_are_few() {
        let counts = Counts::default();
        for outcome in 1..=u16::MAX {
            counts.count("a", "s", &Done::refused(Outcome(outcome)));
        }
        let refused = &counts.rows()[0].1.refused;
        assert_eq!(refused.values().sum::<u64>(), u64::from(u16::MAX));
        // Six statuses, and ten outcomes of the bridge.
        assert_eq!(refused.len(), 6 + 10 + 1, "{refused:?}");
        assert_eq!(refused[UNKNOWN], u64::from(u16::MAX) - 16);
    }

    #[test]
    fn what_is_counted_adds_up() {
        let counts = Counts::default();
        for (outcome, ms) in [
            (Outcome::OK, 1),
            (Outcome::OK, 7),
            (Outcome::BUSY, 0),
            (Outcome::OK, 90_000),
        ] {
            let done = Done {
                took: Duration::from_millis(ms),
                bytes: 10,
                ..Done::refused(outcome)
            };
            counts.count("a", "s", &done);
        }
        let rows = counts.rows();
        let [((who, service), row)] = &rows[..] else {
            panic!("{rows:?}");
        };
        assert_eq!(
            (&**who, &**service, row.answered, row.bytes),
            ("a", "s", 3, 40)
        );
        assert_eq!(row.latency.count, 3);
        assert_eq!(
            row.latency.buckets.iter().sum::<u64>(),
            2,
            "the longest has no end"
        );
        assert_eq!(row.latency.max_us, 90_000_000);
        assert_eq!(row.refused.values().sum::<u64>(), 1);
    }
}
