use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper ends of the buckets, in nanoseconds: six a decade, so that 1, 5, 10, 50, 100, 500 and
/// 1000 ms are ends, with what is longer than 10 s behind the last.
const ENDS: [u64; 49] = ends();

const fn ends() -> [u64; 49] {
    let steps = [100, 150, 200, 300, 500, 700];
    let mut ends = [0; 49];
    let mut i = 0;
    let mut scale = 1;
    while i < ends.len() {
        ends[i] = steps[i % 6] * scale;
        i += 1;
        if i % 6 == 0 {
            scale *= 10;
        }
    }
    ends
}

/// Counts durations, from any thread, without a lock.
#[derive(Debug)]
pub struct Histogram {
    counts: [AtomicU64; ENDS.len() + 1],
    nanos: AtomicU64,
}

impl Histogram {
    /// Counts nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            counts: [const { AtomicU64::new(0) }; ENDS.len() + 1],
            nanos: AtomicU64::new(0),
        }
    }

    /// Counts one duration.
    pub fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = ENDS.partition_point(|end| *end < nanos);
        // Nobody reads one counter to judge another: relaxed is enough.
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The counts of this moment.
    #[must_use]
    pub fn snapshot(&self) -> HistogramSnapshot {
        HistogramSnapshot {
            counts: self
                .counts
                .iter()
                .map(|count| count.load(Ordering::Relaxed))
                .collect(),
            sum: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
        }
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// Counts of durations at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HistogramSnapshot {
    counts: Vec<u64>,
    sum: Duration,
}

impl HistogramSnapshot {
    /// How many durations were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All durations together.
    #[must_use]
    pub const fn sum(&self) -> Duration {
        self.sum
    }

    /// Each bucket's upper end, which it includes, and its count. The last has no end.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let ends = ENDS.iter().map(|end| Some(Duration::from_nanos(*end)));
        ends.chain([None]).zip(self.counts.iter().copied())
    }

    /// How many durations were at most `limit`, which is exact where a bucket ends: so for 1, 5,
    /// 10, 50, 100, 500 and 1000 ms.
    #[must_use]
    pub fn at_most(&self, limit: Duration) -> u64 {
        self.buckets()
            .take_while(|(end, _)| end.is_some_and(|end| end <= limit))
            .map(|(_, count)| count)
            .sum()
    }

    /// The end of the bucket that the `share` of the durations (0.5 for the median) lies in, or
    /// nothing while nothing was counted or it lies beyond 10 s.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a quantile of a histogram is an estimate"
    )]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let rank = (share.clamp(0.0, 1.0) * self.count() as f64)
            .ceil()
            .max(1.0) as u64;
        let mut seen = 0;
        let (end, _) = self.buckets().find(|(_, count)| {
            seen += count;
            seen >= rank
        })?;
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charted_limits_are_ends_of_buckets() {
        for ms in [1, 5, 10, 50, 100, 500, 1000] {
            assert!(ENDS.contains(&(ms * 1_000_000)), "{ms} ms");
        }
        assert!(ENDS.is_sorted());
        assert_eq!(ENDS.last(), Some(&10_000_000_000));
    }

    #[test]
    fn quantiles_are_ends_of_buckets() {
        let histogram = Histogram::new();
        assert_eq!(histogram.snapshot().quantile(0.5), None);
        for ms in 1..=100 {
            histogram.record(Duration::from_millis(ms));
        }
        let snapshot = histogram.snapshot();
        assert_eq!(snapshot.count(), 100);
        assert_eq!(snapshot.at_most(Duration::from_millis(50)), 50);
        assert_eq!(snapshot.quantile(0.5), Some(Duration::from_millis(50)));
        assert_eq!(snapshot.quantile(1.0), Some(Duration::from_millis(100)));
        assert_eq!(snapshot.sum(), Duration::from_millis(5050));
    }
}
