use std::array;
use std::time::Duration;

use crate::sync::{AtomicU64, Ordering};

/// Upper ends of the buckets, in nanoseconds: six a decade, so that 1, 5, 10, 50, 100, 500 and
/// 1000 ms are ends, with what is longer than 10 s behind the last.
pub(super) const ENDS: [u64; 49] = ends();

/// What is longer than the last end has a bucket, too.
const BUCKETS: usize = ENDS.len() + 1;

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

/// Where the search for a bucket starts, by the position of the highest bit: no bucket before it ends
/// that high.
const STARTS: [u8; 65] = starts();

const fn starts() -> [u8; 65] {
    let mut starts = [0; 65];
    let mut bits = 1;
    while bits < starts.len() {
        let least = 1 << (bits - 1);
        let mut bucket = starts[bits - 1];
        while (bucket as usize) < ENDS.len() && ENDS[bucket as usize] < least {
            bucket += 1;
        }
        starts[bits] = bucket;
        bits += 1;
    }
    starts
}

/// A duration, and the bucket that it belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    nanos: u64,
    bucket: usize,
}

impl Sample {
    pub(super) fn new(duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = bucket(nanos);
        Self { nanos, bucket }
    }
}

/// Counts durations. One thread writes, any may read.
#[derive(Debug)]
pub(super) struct Histogram {
    counts: [AtomicU64; BUCKETS],
    nanos: AtomicU64,
}

impl Histogram {
    /// Counts one duration.
    #[inline]
    pub(super) fn record(&self, sample: Sample) {
        if let Some(count) = self.counts.get(sample.bucket) {
            add(count, 1);
        }
        add(&self.nanos, sample.nanos);
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: array::from_fn(|_| AtomicU64::new(0)),
            nanos: AtomicU64::new(0),
        }
    }
}

/// Adds to what only this thread writes.
#[inline]
pub(super) fn add(counter: &AtomicU64, n: u64) {
    // Nobody compares one counter with another: relaxed is enough.
    let sum = counter.load(Ordering::Relaxed).wrapping_add(n);
    counter.store(sum, Ordering::Relaxed);
}

/// The bucket of a duration: the first whose end is not below it.
pub(super) fn bucket(nanos: u64) -> usize {
    let bits = u64::BITS - nanos.leading_zeros();
    let start = STARTS.get(bits as usize).map_or(0, |start| *start as usize);
    let ends = ENDS.get(start..).unwrap_or_default();
    start + ends.iter().take_while(|end| **end < nanos).count()
}

/// Counts of durations at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HistogramSnapshot {
    counts: [u64; BUCKETS],
    sum: Duration,
}

impl HistogramSnapshot {
    pub(super) fn add(&mut self, histogram: &Histogram) {
        for (sum, count) in self.counts.iter_mut().zip(&histogram.counts) {
            *sum += count.load(Ordering::Relaxed);
        }
        self.sum += Duration::from_nanos(histogram.nanos.load(Ordering::Relaxed));
    }

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

impl Default for HistogramSnapshot {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
            sum: Duration::ZERO,
        }
    }
}
