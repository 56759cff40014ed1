//! What a server counts and hands out, and what a cache swaps, under every interleaving and every allowed reordering.
#![cfg(all(unix, target_pointer_width = "64"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "models use a part of the files under test, which are public elsewhere"
)]

/// The files under test, with the model checker's atomics and locks in place of the real ones.
#[path = "../../src/untyped/server/histogram.rs"]
mod histogram;
#[path = "../../src/untyped/server/semaphore.rs"]
mod semaphore;
#[path = "../../src/untyped/server/stats.rs"]
mod stats;

mod counting;
mod permits;
mod swapping;

use netipc::untyped::Answered;

/// What the file of a cache uses of the crate.
mod status {
    pub(crate) use netipc::ClientState;
}

mod sync {
    use std::time::Instant;

    pub(crate) use loom::sync::atomic::{AtomicU8, AtomicU64, Ordering};
    pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
    pub(crate) use std::sync::PoisonError;

    /// As that of arc-swap, for one writer, and promising readers no more than it has to.
    pub(crate) struct ArcSwapOption<T> {
        /// How many were stored.
        stored: AtomicU64,
        all: std::sync::Mutex<Vec<Option<std::sync::Arc<T>>>>,
    }

    impl<T> ArcSwapOption<T> {
        pub(crate) fn empty() -> Self {
            Self {
                stored: AtomicU64::new(0),
                all: std::sync::Mutex::default(),
            }
        }

        pub(crate) fn store(&self, value: Option<std::sync::Arc<T>>) {
            let stored = {
                let mut all = self.all.lock().unwrap();
                all.push(value);
                all.len() as u64
            };
            self.stored.store(stored, Ordering::Release);
        }

        pub(crate) fn load_full(&self) -> Option<std::sync::Arc<T>> {
            let stored = usize::try_from(self.stored.load(Ordering::Acquire)).unwrap();
            let all = self.all.lock().unwrap();
            all.get(stored.checked_sub(1)?)?.clone()
        }
    }

    /// As that of the clock, whose deadlines never pass: a wake that is lost is a deadlock, which the model reports.
    #[derive(Debug)]
    pub(crate) struct Changed(Condvar);

    impl Changed {
        pub(crate) fn new() -> Self {
            Self(Condvar::new())
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }

        pub(crate) fn wait<'m, T>(
            &self,
            _mutex: &'m Mutex<T>,
            guard: MutexGuard<'m, T>,
            _deadline: Option<Instant>,
        ) -> MutexGuard<'m, T> {
            self.0.wait(guard).unwrap()
        }
    }
}

/// Explores what so many preemptions can do; a bound keeps the larger models to seconds.
fn model(preemptions: usize, run: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(run);
}
