//! What the owner of an enricher and its readers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use netipc_transport::monotonic;
use netipc_transport::wait::Abort;

use super::config::EnricherConfig;
use super::intake::{Intake, Wanted};
use super::outcome::Missing;
use super::stats::{Counts, EnricherStats};
use super::table::{Record, Table};
use crate::lookup::Verdict;

/// Numbers are read each for itself: relaxed is enough.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) table: ArcSwap<Table>,
    pub(super) intake: Intake,
    /// Wakes the owner, who sleeps until a key comes.
    pub(super) wake: Abort,
    pub(super) absent: AtomicBool,
    /// Whether somebody waits for answers, so that an absent provider is tried at once.
    pub(super) impatient: AtomicBool,
    pub(super) round: AtomicU32,
    pub(super) world: AtomicU32,
    /// Nanoseconds of the clock before which nobody asks whether the data has changed.
    pub(super) next_probe: AtomicU64,
    pub(super) config: EnricherConfig,
    pub(super) clock: Clock,
    pub(super) counts: Counts,
    pub(super) last_error: ArcSwapOption<String>,
}

/// What tells the time: the system's monotonic clock, or a test.
#[derive(Clone, Debug, Default)]
pub(super) enum Clock {
    #[default]
    System,
    #[cfg(test)]
    Simulated(Arc<AtomicU64>),
}

impl Clock {
    pub(super) fn now(&self) -> Duration {
        match self {
            Self::System => monotonic(),
            #[cfg(test)]
            Self::Simulated(nanos) => Duration::from_nanos(nanos.load(Ordering::Relaxed)),
        }
    }
}

impl Shared {
    pub(super) fn new(config: EnricherConfig, clock: Clock) -> Self {
        Self {
            table: ArcSwap::from_pointee(Table::empty()),
            intake: Intake::new(config.intake),
            wake: Abort::new(),
            absent: AtomicBool::new(false),
            impatient: AtomicBool::new(false),
            round: AtomicU32::new(0),
            world: AtomicU32::new(0),
            next_probe: AtomicU64::new(0),
            config,
            clock,
            counts: Counts::default(),
            last_error: ArcSwapOption::empty(),
        }
    }

    #[inline]
    pub(super) fn is_absent(&self) -> bool {
        self.absent.load(Ordering::Relaxed)
    }

    pub(super) fn next_probe(&self) -> Duration {
        Duration::from_nanos(self.next_probe.load(Ordering::Relaxed))
    }

    /// Wakes whoever runs the enricher, and waits until none of these keys waits any more, a round fails, or
    /// `timeout` is over.
    pub(super) fn await_answers(&self, wanted: &[Vec<u8>], timeout: Duration) {
        self.impatient.store(!wanted.is_empty(), Ordering::Relaxed);
        self.wake.raise();
        let begun = Instant::now();
        let left = || {
            timeout
                .checked_sub(begun.elapsed())
                .filter(|left| !left.is_zero())
        };
        self.intake.wait(wanted, left);
    }

    /// Has a key asked that no answer is known to. Says where it stands then.
    pub(super) fn want(&self, key: &[u8], urgent: bool, answered: impl FnOnce() -> bool) -> Wanted {
        let (wanted, sleeping) = self.intake.want(key, urgent, answered);
        if sleeping {
            self.wake.raise();
        }
        wanted
    }

    /// Why the record, if there is one, gives no item to who looks for this key. Queues the key where asking
    /// may help; `seen` finds it in a table.
    pub(super) fn missing(
        &self,
        table: &Table,
        record: Option<&Record<'_>>,
        key: &[u8],
        is_there: impl FnOnce(&Table) -> bool,
    ) -> Missing {
        let Some(record) = record else {
            // Looked up again where the table is another by now.
            let answered = || {
                let newest = self.table.load();
                !std::ptr::eq::<Table>(&raw const **newest, table) && is_there(&newest)
            };
            return match self.want(key, false, answered) {
                Wanted::Asked | Wanted::Answered => Missing::Pending,
                Wanted::Waiting if self.is_absent() => Missing::Absent,
                Wanted::Waiting => Missing::Queued,
            };
        };
        let head = &record.head;
        table.mark(record, self.round.load(Ordering::Relaxed));
        let other_world = head.world != self.world.load(Ordering::Relaxed);
        let retry_at = head.answered.saturating_add(self.config.retry);
        let (why, again) = match head.verdict {
            Verdict::ForGood => (Missing::ForGood, other_world),
            Verdict::Oversized => (Missing::Oversized, other_world),
            Verdict::ForNow => {
                let now = self.clock.now();
                let retry_in = retry_at.saturating_sub(now);
                (
                    Missing::ForNow { retry_in },
                    other_world || now >= retry_at.max(self.next_probe()),
                )
            }
            // There is an item, and it is another's.
            Verdict::Known | Verdict::Provisional => {
                (Missing::Reused, other_world || self.clock.now() >= retry_at)
            }
        };
        if again {
            self.want(key, false, || false);
        }
        why
    }

    /// Queues the key of an item that is given, where it is due to be asked again.
    #[cold]
    pub(super) fn refresh_given(&self, record: &Record<'_>) {
        let head = &record.head;
        let uncertain = head.verdict == Verdict::Provisional && {
            let retry_at = head.answered.saturating_add(self.config.retry);
            self.clock.now() >= retry_at.max(self.next_probe())
        };
        if uncertain || head.world != self.world.load(Ordering::Relaxed) {
            self.want(record.key(), false, || false);
        }
    }

    /// Publishes a table.
    pub(super) fn publish(&self, table: Table) {
        self.table.store(Arc::new(table));
    }

    pub(super) fn load(&self) -> Guard<Arc<Table>> {
        self.table.load()
    }

    pub(super) fn stats(&self) -> EnricherStats {
        let (depth, dropped) = self.intake.depth();
        let table = self.table.load();
        EnricherStats {
            intake_depth: depth as u64,
            intake_dropped: dropped,
            entries: table.len as u64,
            pinned: self.intake.pinned() as u64,
            bytes: table.bytes as u64,
            generation: table.generation,
            world: self.world.load(Ordering::Relaxed),
            absent: self.is_absent(),
            ..self.counts.read()
        }
    }
}
