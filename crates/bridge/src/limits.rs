//! How much one asker may ask.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;

/// The most bytes of a request or an answer, whatever is allowed: no endpoint grants its clients more.
pub const MAX_PAYLOAD_BYTES: u32 = 16 << 20;

/// A number of bytes that may be allowed.
pub const BYTES: RangeInclusive<i64> = 1..=MAX_PAYLOAD_BYTES as i64;

/// What an exporter takes from each asker, and gives it.
#[derive(Args, Clone, Copy, Debug)]
pub struct Limits {
    /// Questions a second that one asker may ask; as many may come at once
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: u32,

    /// Questions of one asker to one service that may wait for their turn
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub waiting: u32,

    /// Milliseconds that an answer may take, whatever time its asker gives it
    #[arg(long, value_name = "MS", default_value_t = 60_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub answer_ms: u32,

    /// The most bytes of a request; 16 MiB is as much as can be
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20, value_parser = clap::value_parser!(u32).range(BYTES))]
    pub request_bytes: u32,

    /// The most bytes of an answer; 16 MiB is as much as can be, and 64 KiB the least that providers leave out of
    #[arg(long, value_name = "BYTES", default_value_t = MAX_PAYLOAD_BYTES, value_parser = clap::value_parser!(u32).range(BYTES))]
    pub answer_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate: 1000,
            waiting: 64,
            answer_ms: 60_000,
            request_bytes: 1 << 20,
            answer_bytes: MAX_PAYLOAD_BYTES,
        }
    }
}

/// A budget that fills up by so many a second, up to a second's worth.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    filled: Instant,
}

/// The budgets of all askers. Those on the list have one each and strangers one together, so there are no more.
#[derive(Debug)]
pub struct Rates {
    rate: f64,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Rates {
    /// A budget of `rate` questions a second for each asker.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        Self {
            rate: rate.into(),
            buckets: Mutex::default(),
        }
    }

    /// Takes one question at `now` from the budget of `asker`. Whether there was one.
    #[must_use]
    pub fn take(&self, asker: &str, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(asker) {
            let full = Bucket {
                left: self.rate,
                filled: now,
            };
            buckets.insert(asker.to_owned(), full);
        }
        let Some(bucket) = buckets.get_mut(asker) else {
            return false;
        };
        let passed = now.saturating_duration_since(bucket.filled);
        bucket.left = (bucket.left + passed.min(Duration::from_secs(1)).as_secs_f64() * self.rate)
            .min(self.rate);
        bucket.filled = bucket.filled.max(now);
        let enough = bucket.left >= 1.0;
        if enough {
            bucket.left -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_too_much_waits_and_others_do_not() {
        let rates = Rates::new(10);
        let start = Instant::now();
        let taken = |asker, after| {
            let now = start + Duration::from_millis(after);
            (0..100).take_while(|_| rates.take(asker, now)).count()
        };
        assert_eq!(taken("a", 0), 10);
        assert_eq!(taken("b", 0), 10, "a budget of its own");
        assert_eq!(taken("a", 500), 5, "half a second's worth");
        assert_eq!(taken("a", 500), 0);
        assert_eq!(taken("a", 60_000), 10, "no more than a second's worth");
    }
}
