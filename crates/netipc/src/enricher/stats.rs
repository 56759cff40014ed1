//! What an enricher has done, as numbers.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::outcome::{Missing, REASONS};

/// Upper ends of the buckets of latencies, in milliseconds; what takes longer has a bucket, too.
pub const LATENCY_ENDS_MS: [u64; 7] = [1, 5, 10, 50, 100, 500, 1000];

/// What an enricher has done and holds. Counters count from when it was made.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct EnricherStats {
    /// Keys that were asked, once for each call.
    pub requested: u64,
    /// Keys that were answered.
    pub answered: u64,
    /// Keys of calls that failed, but for want of time.
    pub failed: u64,
    /// Keys of calls that ran out of time.
    pub timed_out: u64,
    /// Keys that were dropped because they alone make calls fail.
    pub given_up: u64,
    /// Calls that were answered.
    pub calls: u64,
    /// Calls without keys, which ask whether the data has changed.
    pub probes: u64,
    /// Looks that gave an item.
    pub hits: u64,
    /// Those of them while the provider was absent.
    pub stale_hits: u64,
    /// Looks that gave none, by [`Missing::number`] less one.
    pub misses: [u64; REASONS],
    /// Answers that made room for others.
    pub evicted_capacity: u64,
    /// Answers that nobody used until they were too old.
    pub evicted_age: u64,
    /// Items that took the place of one of an earlier owner of the key.
    pub reused: u64,
    /// Keys that wait to be asked.
    pub intake_depth: u64,
    /// Keys that were dropped because too many waited.
    pub intake_dropped: u64,
    /// Sessions there have been.
    pub connects: u64,
    /// Sessions that ended.
    pub disconnects: u64,
    /// Attempts that gave no session.
    pub connect_failures: u64,
    /// Answers that are kept.
    pub entries: u64,
    /// Keys that are pinned.
    pub pinned: u64,
    /// Bytes of what readers see.
    pub bytes: u64,
    /// The provider's generation.
    pub generation: u64,
    /// How often the provider was found to be another: 1 is the first.
    pub world: u32,
    /// Whether the provider is absent.
    pub absent: bool,
    /// Calls that took at most as long as each of [`LATENCY_ENDS_MS`] and longer than the one before, and
    /// those that took longer.
    pub latency: [u64; LATENCY_ENDS_MS.len() + 1],
    /// Time that calls took, in microseconds.
    pub latency_sum_us: u64,
}

/// Counters that the owner and readers write. Each is read for itself: relaxed is enough.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) requested: AtomicU64,
    pub(super) answered: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) timed_out: AtomicU64,
    pub(super) given_up: AtomicU64,
    pub(super) calls: AtomicU64,
    pub(super) probes: AtomicU64,
    pub(super) evicted_capacity: AtomicU64,
    pub(super) evicted_age: AtomicU64,
    pub(super) reused: AtomicU64,
    pub(super) connects: AtomicU64,
    pub(super) disconnects: AtomicU64,
    pub(super) connect_failures: AtomicU64,
    misses: [AtomicU64; REASONS],
    latency: [AtomicU64; LATENCY_ENDS_MS.len() + 1],
    latency_sum_us: AtomicU64,
    hits: Striped,
    stale_hits: Striped,
}

/// Counts one more, or some.
pub(super) fn add(counter: &AtomicU64, some: usize) {
    counter.fetch_add(some as u64, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Counts {
    #[inline]
    pub(super) fn hits(&self, hits: u64, stale: u64) {
        let stripe = stripe();
        self.hits.add(stripe, hits);
        if stale > 0 {
            self.stale_hits.add(stripe, stale);
        }
    }

    pub(super) fn miss(&self, why: Missing) {
        if let Some(counter) = self.misses.get(usize::from(why.number()) - 1) {
            add(counter, 1);
        }
    }

    pub(super) fn call(&self, took: Duration) {
        let ends = LATENCY_ENDS_MS.iter();
        let bucket = ends
            .take_while(|end| took > Duration::from_millis(**end))
            .count();
        if let Some(counter) = self.latency.get(bucket) {
            add(counter, 1);
        }
        let micros = usize::try_from(took.as_micros()).unwrap_or(usize::MAX);
        add(&self.latency_sum_us, micros);
        add(&self.calls, 1);
    }

    /// What was counted; the rest is 0.
    pub(super) fn read(&self) -> EnricherStats {
        EnricherStats {
            requested: read(&self.requested),
            answered: read(&self.answered),
            failed: read(&self.failed),
            timed_out: read(&self.timed_out),
            given_up: read(&self.given_up),
            calls: read(&self.calls),
            probes: read(&self.probes),
            hits: self.hits.sum(),
            stale_hits: self.stale_hits.sum(),
            misses: std::array::from_fn(|reason| self.misses.get(reason).map_or(0, read)),
            evicted_capacity: read(&self.evicted_capacity),
            evicted_age: read(&self.evicted_age),
            reused: read(&self.reused),
            connects: read(&self.connects),
            disconnects: read(&self.disconnects),
            connect_failures: read(&self.connect_failures),
            latency: std::array::from_fn(|bucket| self.latency.get(bucket).map_or(0, read)),
            latency_sum_us: read(&self.latency_sum_us),
            ..EnricherStats::default()
        }
    }
}

/// A counter that threads do not take from one another all the time.
#[derive(Debug, Default)]
struct Striped([Stripe; STRIPES]);

const STRIPES: usize = 8;

/// Alone in its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe(AtomicU64);

impl Striped {
    #[inline]
    fn add(&self, stripe: usize, some: u64) {
        if let Some(Stripe(counter)) = self.0.get(stripe) {
            counter.fetch_add(some, Ordering::Relaxed);
        }
    }

    fn sum(&self) -> u64 {
        self.0.iter().map(|stripe| read(&stripe.0)).sum()
    }
}

/// The stripe of this thread.
#[inline]
fn stripe() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static STRIPE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
    }
    // A thread that ends counts where it likes.
    STRIPE.try_with(|stripe| *stripe).unwrap_or(0)
}
