//! What an enricher is told, and what it tells of itself.

use std::time::Duration;

use netipc::enricher::{EnricherConfig, EnricherStats, Step, StepEnd};

/// How much an enricher keeps, and how often it asks. Zero in a field means the default that its comment
/// names, so that a zeroed struct is a good start.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct nipc_enricher_config_t {
    /// Keys whose answers are kept, beside those that are pinned; 0 is 8192.
    pub capacity: u32,
    /// Keys that may wait to be asked; 0 is 16384. Beyond it the one that waits longest is dropped.
    pub intake: u32,
    /// Most keys of one call; 0 is 256 where keys are texts, and 8192 where they have a fixed size.
    pub batch: u32,
    /// Milliseconds that "not known now" holds at least; 0 is 1000.
    pub retry_ms: u32,
    /// Milliseconds that it holds at most, where the provider's generation stays; 0 is 60000.
    pub retry_most_ms: u32,
    /// Milliseconds until an answer is asked again, or dropped where nobody used it; 0 is 600000.
    pub max_age_ms: u32,
    /// Milliseconds that a provider that failed is left alone at first; 0 is 1000.
    pub backoff_first_ms: u32,
    /// Milliseconds that it is left alone at most; 0 is 30000.
    pub backoff_most_ms: u32,
}

/// Nothing is left to do now.
pub const NIPC_ENRICHER_IDLE: u32 = 0;
/// The budget was over before all was asked.
pub const NIPC_ENRICHER_MORE_TO_DO: u32 = 1;
/// There is no provider.
pub const NIPC_ENRICHER_ABSENT: u32 = 2;
/// A call failed; its keys wait to be asked again.
pub const NIPC_ENRICHER_FAILED: u32 = 3;
/// It was aborted.
pub const NIPC_ENRICHER_ABORTED: u32 = 4;

/// What one round did.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct nipc_enricher_step_t {
    /// How it ended: a NIPC_ENRICHER_ number.
    pub end: u32,
    /// Keys that were asked.
    pub asked: u32,
    /// Keys that were answered.
    pub answered: u32,
    /// Keys that wait to be asked.
    pub waiting: u32,
    /// Milliseconds until there is something to do, if no key comes; UINT32_MAX is never.
    pub next_ms: u32,
}

/// What an enricher has done and holds. Counters count from its init.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct nipc_enricher_stats_t {
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
    /// Looks that gave none, by their NIPC_FOUND_ number less one.
    pub misses: [u64; 8],
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
    /// Calls of at most 1, 5, 10, 50, 100, 500 and 1000 ms, and longer ones.
    pub latency: [u64; 8],
    /// Microseconds that calls took.
    pub latency_sum_us: u64,
    /// How often the provider was found to be another: 1 is the first.
    pub world: u32,
    /// Whether the provider is absent.
    pub absent: bool,
}

impl From<Step> for nipc_enricher_step_t {
    fn from(step: Step) -> Self {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let next = step.next.map_or(u128::MAX, |next| next.as_millis());
        Self {
            end: match step.end {
                StepEnd::Idle => NIPC_ENRICHER_IDLE,
                StepEnd::MoreToDo => NIPC_ENRICHER_MORE_TO_DO,
                StepEnd::Absent => NIPC_ENRICHER_ABSENT,
                StepEnd::Failed => NIPC_ENRICHER_FAILED,
                StepEnd::Aborted => NIPC_ENRICHER_ABORTED,
            },
            asked: number(step.asked),
            answered: number(step.answered),
            waiting: number(step.waiting),
            next_ms: u32::try_from(next).unwrap_or(u32::MAX),
        }
    }
}

impl From<nipc_enricher_config_t> for EnricherConfig {
    fn from(config: nipc_enricher_config_t) -> Self {
        let time = |ms: u32| Duration::from_millis(ms.into());
        Self {
            capacity: config.capacity as usize,
            intake: config.intake as usize,
            batch: config.batch as usize,
            retry: time(config.retry_ms),
            retry_most: time(config.retry_most_ms),
            max_age: time(config.max_age_ms),
            backoff_first: time(config.backoff_first_ms),
            backoff_most: time(config.backoff_most_ms),
        }
    }
}

impl From<EnricherStats> for nipc_enricher_stats_t {
    fn from(stats: EnricherStats) -> Self {
        Self {
            requested: stats.requested,
            answered: stats.answered,
            failed: stats.failed,
            timed_out: stats.timed_out,
            given_up: stats.given_up,
            calls: stats.calls,
            probes: stats.probes,
            hits: stats.hits,
            stale_hits: stats.stale_hits,
            misses: stats.misses,
            evicted_capacity: stats.evicted_capacity,
            evicted_age: stats.evicted_age,
            reused: stats.reused,
            intake_depth: stats.intake_depth,
            intake_dropped: stats.intake_dropped,
            connects: stats.connects,
            disconnects: stats.disconnects,
            connect_failures: stats.connect_failures,
            entries: stats.entries,
            pinned: stats.pinned,
            bytes: stats.bytes,
            generation: stats.generation,
            latency: stats.latency,
            latency_sum_us: stats.latency_sum_us,
            world: stats.world,
            absent: stats.absent,
        }
    }
}
