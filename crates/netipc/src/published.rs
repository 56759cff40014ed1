//! What a provider shows of its data: one snapshot at a time, from which handlers answer lookups.
//!
//! ```
//! use std::collections::HashMap;
//!
//! use netipc::service::apps_lookup::{AppsLookup, PidStatus};
//! use netipc::Published;
//!
//! let names = Published::new(HashMap::from([(1, "init")]));
//! let handler = names.handler::<AppsLookup>(|names, pid, answer| match names.get(&pid.0) {
//!     Some(_) => answer.add_bare(PidStatus::OVERSIZED_ITEM.0), // an item of your own
//!     None => answer.add_bare(PidStatus::UNKNOWN.0),
//! });
//! // Copy what you collect under your lock, build a snapshot after it, and show it in one step.
//! assert_eq!(names.publish(HashMap::new()), 2);
//! # drop(handler);
//! ```

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use netipc_proto::wire::WireError;

use crate::handler::Handler;
use crate::lookup::{Key, Lookup, LookupAnswer};

/// A snapshot of a provider's data, with a generation that counts snapshots. Clones show the same.
///
/// [`publish`](Self::publish) swaps it in one step: handlers that are answering keep the one that they began
/// with, and nobody waits for anybody.
pub struct Published<M> {
    shared: Arc<Shared<M>>,
}

struct Shared<M> {
    snapshot: ArcSwap<Snapshot<M>>,
    requests: AtomicU64,
    keys: AtomicU64,
    micros: AtomicU64,
}

struct Snapshot<M> {
    data: M,
    generation: u64,
}

/// What handlers have answered from the snapshots.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct PublishedStats {
    /// The generation of the snapshot there is.
    pub generation: u64,
    /// Requests.
    pub requests: u64,
    /// Keys in them.
    pub keys: u64,
    /// Time that handlers took.
    pub time: Duration,
}

impl<M: Send + Sync + 'static> Published<M> {
    /// The first snapshot, of generation 1.
    #[must_use]
    pub fn new(data: M) -> Self {
        let generation = 1;
        let shared = Shared {
            snapshot: ArcSwap::from_pointee(Snapshot { data, generation }),
            requests: AtomicU64::new(0),
            keys: AtomicU64::new(0),
            micros: AtomicU64::new(0),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Shows `data` from now on. Returns its generation, which is one more than that before.
    pub fn publish(&self, data: M) -> u64 {
        let data = Arc::new(Snapshot {
            data,
            generation: 0,
        });
        let mut data = Some(data);
        // Of two that publish at once, the one that comes later counts on from the other.
        loop {
            let before = self.shared.snapshot.load();
            let generation = before.generation + 1;
            let Some(mut next) = data.take() else {
                return before.generation;
            };
            if let Some(next) = Arc::get_mut(&mut next) {
                next.generation = generation;
            }
            let swapped = self
                .shared
                .snapshot
                .compare_and_swap(&before, Arc::clone(&next));
            if Arc::ptr_eq(&swapped, &before) {
                return generation;
            }
            data = Some(next);
        }
    }

    /// As [`publish`](Self::publish), unless `data` is what is shown: the generation stays then, and consumers
    /// know that nothing has changed.
    pub fn publish_if_changed(&self, data: M) -> u64
    where
        M: PartialEq,
    {
        let shown = self.read();
        if *shown == data {
            shown.generation()
        } else {
            drop(shown);
            self.publish(data)
        }
    }

    /// The snapshot there is, for as long as the guard lives. Waits for nothing.
    #[must_use]
    pub fn read(&self) -> PublishedGuard<M> {
        PublishedGuard(self.shared.snapshot.load())
    }

    /// A handler that answers every key of a request from one snapshot, and sets its generation: `answer` adds
    /// the item of one key.
    #[must_use]
    pub fn handler<L: Lookup>(
        &self,
        answer: impl for<'r, 'a> Fn(&M, Key<'r, L>, &mut LookupAnswer<'a, L>) -> Result<(), WireError>
        + Send
        + Sync
        + 'static,
    ) -> Handler<L> {
        let shared = Arc::clone(&self.shared);
        Handler::new(
            move |request: &crate::lookup::LookupRequest<'_, L>, out: &mut LookupAnswer<'_, L>| {
                let begun = Instant::now();
                let snapshot = shared.snapshot.load_full();
                out.set_generation(snapshot.generation);
                let done = request
                    .keys()
                    .try_for_each(|key| answer(&snapshot.data, key, out));
                let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
                // Numbers for people: nothing goes with them.
                shared.requests.fetch_add(1, Ordering::Relaxed);
                shared
                    .keys
                    .fetch_add(request.len() as u64, Ordering::Relaxed);
                shared.micros.fetch_add(micros, Ordering::Relaxed);
                done
            },
        )
    }

    /// What was answered so far.
    #[must_use]
    pub fn stats(&self) -> PublishedStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PublishedStats {
            generation: self.read().generation(),
            requests: read(&self.shared.requests),
            keys: read(&self.shared.keys),
            time: Duration::from_micros(read(&self.shared.micros)),
        }
    }
}

impl<M> Clone for Published<M> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<M> fmt::Debug for Published<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published").finish_non_exhaustive()
    }
}

/// One snapshot.
pub struct PublishedGuard<M>(Guard<Arc<Snapshot<M>>>);

impl<M> PublishedGuard<M> {
    /// Its generation, from 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation
    }
}

impl<M> Deref for PublishedGuard<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.0.data
    }
}

impl<M: fmt::Debug> fmt::Debug for PublishedGuard<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishedGuard")
            .field("data", &self.0.data)
            .field("generation", &self.0.generation)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn generations_count_snapshots_whoever_publishes() {
        let published = Published::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for n in 0..100 {
                        published.publish(n);
                    }
                });
            }
        });
        assert_eq!(published.read().generation(), 401);
        assert_eq!(*published.read(), 99);
        assert_eq!(published.publish_if_changed(99), 401);
        assert_eq!(published.publish_if_changed(7), 402);
    }

    #[test]
    fn a_reader_keeps_its_snapshot() {
        let published = Published::new("first");
        let guard = published.read();
        published.publish("second");
        assert_eq!((*guard, guard.generation()), ("first", 1));
        assert_eq!(
            (*published.read(), published.stats().generation),
            ("second", 2)
        );
    }
}
