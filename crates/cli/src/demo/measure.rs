//! How the time of a run is divided, and how fast things are in it.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use netipc::CallError;
use netipc::cache::CacheReader;
use netipc::service::cgroups::{CgroupKey, CgroupsSnapshot};
use netipc::wire::CStrView;
use serde::Serialize;

use super::error::DemoError;

/// How often a pause looks whether it was called off.
const PAUSE_STEP: Duration = Duration::from_millis(20);
/// Cache lookups between two looks at the clock, so that it is not the clock that is measured.
const LOOKUPS_PER_LOOK: usize = 1024;
/// Nanoseconds of the longest call that is told apart from longer ones.
const LONGEST_CALL: u64 = 60_000_000_000;

/// The time that a whole run may take, and whether it was called off.
#[derive(Debug)]
pub(super) struct Budget {
    total: Duration,
    stop: Arc<AtomicBool>,
}

impl Budget {
    /// A run of about `total`, until `stop` is raised.
    pub(super) const fn new(total: Duration, stop: Arc<AtomicBool>) -> Self {
        Self { total, stop }
    }

    /// Begins a part that may take `percent` of the whole.
    pub(super) fn slice(&self, percent: u32) -> Slice<'_> {
        let begin = Instant::now();
        Slice {
            budget: self,
            begin,
            end: begin + self.total * percent / 100,
        }
    }

    /// Goes on unless the run was called off.
    pub(super) fn check(&self) -> Result<(), DemoError> {
        if self.stopped() {
            Err(DemoError::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Whether it was called off.
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// A part of the time.
#[derive(Debug)]
pub(super) struct Slice<'b> {
    budget: &'b Budget,
    begin: Instant,
    end: Instant,
}

impl Slice<'_> {
    /// Waits until it is over.
    pub(super) fn pause(&self) {
        while self.lasts(Instant::now()) {
            let left = self.end.saturating_duration_since(Instant::now());
            thread::sleep(left.min(PAUSE_STEP));
        }
    }

    fn lasts(&self, now: Instant) -> bool {
        now < self.end && !self.budget.stopped()
    }
}

/// How many calls there were, how many a second, and how long each took.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Timing {
    pub(super) calls: u64,
    pub(super) calls_per_second: f64,
    /// Microseconds that half of the calls stayed within.
    pub(super) p50_us: f64,
    /// Microseconds that 99 % of the calls stayed within.
    pub(super) p99_us: f64,
}

/// Calls until `slice` is over or a call fails.
pub(super) fn calls(
    slice: &Slice<'_>,
    mut call: impl FnMut() -> Result<(), CallError>,
) -> Result<Timing, CallError> {
    let mut nanoseconds = Histogram::<u64>::new_with_max(LONGEST_CALL, 3)
        .expect("three digits are a valid precision");
    let mut now = slice.begin;
    while nanoseconds.is_empty() || slice.lasts(now) {
        let begin = now;
        call()?;
        now = Instant::now();
        let took = u64::try_from(now.duration_since(begin).as_nanos());
        nanoseconds.saturating_record(took.unwrap_or(LONGEST_CALL));
    }
    let calls = nanoseconds.len();
    let microseconds = |quantile| round(nanoseconds.value_at_quantile(quantile) as f64 / 1e3);
    Ok(Timing {
        calls,
        calls_per_second: per_second(calls, now.duration_since(slice.begin)),
        p50_us: microseconds(0.5),
        p99_us: microseconds(0.99),
    })
}

/// A name that a cache is asked for, and whether it is expected to know it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) hash: u32,
    pub(super) name: Vec<u8>,
    pub(super) known: bool,
}

impl Wanted {
    /// Whether the cache answers as expected. Memory only.
    pub(super) fn is_served(&self, cache: &CacheReader<CgroupsSnapshot>) -> bool {
        let key = CgroupKey {
            hash: self.hash,
            name: CStrView::new(&self.name),
        };
        black_box(cache.read().get(key)).is_some() == self.known
    }
}

/// Lookups per second in the cache, one after the other, for the time of `slice`.
pub(super) fn cache_lookups(
    slice: &Slice<'_>,
    cache: &CacheReader<CgroupsSnapshot>,
    wanted: &[Wanted],
) -> f64 {
    let mut names = wanted.iter().cycle();
    let mut lookups = 0;
    let mut now = slice.begin;
    while lookups == 0 || slice.lasts(now) {
        for name in names.by_ref().take(LOOKUPS_PER_LOOK) {
            black_box(name.is_served(cache));
        }
        lookups += LOOKUPS_PER_LOOK as u64;
        now = Instant::now();
    }
    per_second(lookups, now.duration_since(slice.begin))
}

/// To a thousandth: the clock tells no more.
pub(super) fn round(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

fn per_second(count: u64, time: Duration) -> f64 {
    (count as f64 / time.as_secs_f64().max(1e-9)).round()
}
