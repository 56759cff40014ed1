use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::Guard;
use netipc_proto::wire::Encode;

use super::kinds::{encoded, item_of, key_of};
use super::outcome::{Hit, Missing};
use super::shared::Shared;
use super::stats::EnricherStats;
use super::table::{Record, Table};
use crate::lookup::{Key, Lookup, Verdict};

/// Reads an enricher, from any thread. Never waits for a round, and no round waits for it.
pub struct EnricherReader<L> {
    pub(super) shared: Arc<Shared>,
    _lookup: PhantomData<fn() -> L>,
}

impl<L: Lookup> EnricherReader<L> {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            _lookup: PhantomData,
        }
    }

    /// Pins the answers of this moment: what is borrowed from the guard lives as long as it. Take one for a
    /// pass over your rows, not for the life of the program.
    #[must_use]
    #[inline]
    pub fn read(&self) -> EnricherGuard<'_, L> {
        EnricherGuard {
            shared: &self.shared,
            table: self.shared.load(),
            hits: Cell::new(0),
            stale: Cell::new(0),
            _lookup: PhantomData,
        }
    }

    /// Has a key asked soon, without looking. Says whether it can be one.
    pub fn want<'k, K: TryInto<Key<'k, L>>>(&self, key: K) -> bool {
        let Ok(key) = key.try_into() else {
            return false;
        };
        let key = encoded(&key);
        self.shared.want(&key, false, || false);
        true
    }

    /// Keeps the answer to a key, and asks for it again when it is due, until the pin is dropped. Pins are
    /// counted. `None` for what cannot be a key.
    pub fn pin<'k, K: TryInto<Key<'k, L>>>(&self, key: K) -> Option<Pin> {
        let key = key.try_into().ok()?;
        let bytes = encoded(&key);
        if self.shared.intake.pin(&bytes) {
            let table = self.shared.load();
            if find::<L>(&table, key).is_none() {
                self.shared.want(&bytes, false, || false);
            }
        }
        Some(Pin {
            shared: Arc::clone(&self.shared),
            key: bytes,
        })
    }

    /// Has the keys that have no item asked before all others, and waits until they are answered, a round
    /// fails, or `timeout` is over; whoever runs the enricher asks. Returns how many of the keys have an item
    /// then.
    pub fn refresh_now<'k, K>(&self, keys: &[K], timeout: Duration) -> usize
    where
        K: Copy + TryInto<Key<'k, L>>,
    {
        let wanted = self.want_now(keys);
        self.shared.await_answers(&wanted, timeout);
        self.count_known(keys)
    }

    /// What the enricher has done and holds.
    #[must_use]
    pub fn stats(&self) -> EnricherStats {
        self.shared.stats()
    }

    /// Why the last call or connection that failed did. It stays after a success.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.shared.last_error.load().as_deref().cloned()
    }

    /// Queues those of the keys before all others that have no item, or one that may get better. Gives them.
    pub(super) fn want_now<'k, K>(&self, keys: &[K]) -> Vec<Vec<u8>>
    where
        K: Copy + TryInto<Key<'k, L>>,
    {
        let table = self.shared.load();
        let mut wanted = Vec::new();
        for key in keys.iter().filter_map(|key| (*key).try_into().ok()) {
            let known = find::<L>(&table, key);
            if !known.is_some_and(|record| record.head.verdict == Verdict::Known) {
                let key = encoded(&key);
                self.shared.want(&key, true, || false);
                wanted.push(key);
            }
        }
        wanted
    }

    pub(super) fn count_known<'k, K>(&self, keys: &[K]) -> usize
    where
        K: Copy + TryInto<Key<'k, L>>,
    {
        let guard = self.read();
        let items = keys.iter().filter(|key| guard.peek(**key).is_some());
        items.count()
    }
}

impl<L> Clone for EnricherReader<L> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            _lookup: PhantomData,
        }
    }
}

impl<L> fmt::Debug for EnricherReader<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnricherReader").finish_non_exhaustive()
    }
}

/// The answers of one moment, pinned.
pub struct EnricherGuard<'r, L> {
    shared: &'r Shared,
    table: Guard<Arc<Table>>,
    /// Counted for all when the guard goes, so that threads do not take a counter from one another.
    hits: Cell<u64>,
    stale: Cell<u64>,
    _lookup: PhantomData<fn() -> L>,
}

impl<L: Lookup> EnricherGuard<'_, L> {
    /// What is known of a key, or why nothing is; what may be asked is queued. Memory only.
    ///
    /// # Errors
    /// [`Missing`].
    #[inline(always)]
    pub fn get<'k, K: TryInto<Key<'k, L>>>(&self, key: K) -> Result<Hit<L::Item<'_>>, Missing> {
        self.get_as(key, 0)
    }

    /// As [`get`](Self::get), for the owner of the key that is told by `identity`, such as the start time of a
    /// process: the item of another one is not given. 0 is unknown, and takes any.
    ///
    /// # Errors
    /// [`Missing`].
    #[inline(always)]
    pub fn get_as<'k, K: TryInto<Key<'k, L>>>(
        &self,
        key: K,
        identity: u64,
    ) -> Result<Hit<L::Item<'_>>, Missing> {
        let Ok(key) = key.try_into() else {
            return Err(self.invalid());
        };
        let table: &Table = &self.table;
        let record = find::<L>(table, key);
        if let Some(record) = &record
            && record.head.verdict.has_item()
            && is_same_owner(record.head.identity, identity)
        {
            return Ok(self.hit(record));
        }
        Err(self.miss(record.as_ref(), key))
    }

    /// As [`get`](Self::get) for each of the keys, in their order.
    pub fn get_many<'k, 's, K: TryInto<Key<'k, L>>>(
        &'s self,
        keys: impl IntoIterator<Item = K>,
        mut each: impl FnMut(usize, Result<Hit<L::Item<'s>>, Missing>),
    ) {
        for (index, key) in keys.into_iter().enumerate() {
            each(index, self.get(key));
        }
    }

    /// What is known of a key. Queues and counts nothing, and is no use of it.
    #[must_use]
    pub fn peek<'k, K: TryInto<Key<'k, L>>>(&self, key: K) -> Option<L::Item<'_>> {
        let record = find::<L>(&self.table, key.try_into().ok()?)?;
        record
            .head
            .verdict
            .has_item()
            .then(|| item_of::<L>(&record))
    }

    /// Every item, in no order. Queues and counts nothing.
    pub fn iter(&self) -> impl Iterator<Item = L::Item<'_>> {
        let known = self
            .table
            .records()
            .filter(|record| record.head.verdict.has_item());
        known.map(|record| item_of::<L>(&record))
    }

    /// The provider's generation, of the newest answer; 0 while there is none.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.table.generation
    }

    #[inline(always)]
    fn hit<'s>(&'s self, record: &Record<'s>) -> Hit<L::Item<'s>> {
        let shared = self.shared;
        self.table
            .mark(record, shared.round.load(Ordering::Relaxed));
        let other_world = record.head.world != shared.world.load(Ordering::Relaxed);
        if other_world || record.head.verdict == Verdict::Provisional {
            shared.refresh_given(record);
        }
        let stale = shared.is_absent();
        self.hits.set(self.hits.get() + 1);
        self.stale.set(self.stale.get() + u64::from(stale));
        Hit {
            item: item_of::<L>(record),
            stale,
            answered: record.head.answered,
        }
    }

    #[cold]
    fn miss(&self, record: Option<&Record<'_>>, key: Key<'_, L>) -> Missing {
        let mut room = [0; 256];
        let size = key.size();
        let is_there = |table: &Table| find::<L>(table, key).is_some();
        let why = match room.get_mut(..size) {
            // Most keys need no memory of their own while they wait already.
            Some(short) => {
                let _ = key.encode(&mut netipc_proto::wire::Writer::new(short));
                self.shared.missing(&self.table, record, short, is_there)
            }
            None => self
                .shared
                .missing(&self.table, record, &encoded(&key), is_there),
        };
        self.shared.counts.miss(why);
        why
    }

    #[cold]
    fn invalid(&self) -> Missing {
        self.shared.counts.miss(Missing::Invalid);
        Missing::Invalid
    }
}

impl<L> Drop for EnricherGuard<'_, L> {
    fn drop(&mut self) {
        if self.hits.get() > 0 {
            self.shared.counts.hits(self.hits.get(), self.stale.get());
        }
    }
}

impl<L> fmt::Debug for EnricherGuard<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnricherGuard")
            .field("answers", &self.table.len)
            .field("generation", &self.table.generation)
            .finish_non_exhaustive()
    }
}

/// Keeps the answer to a key until it is dropped.
pub struct Pin {
    shared: Arc<Shared>,
    key: Vec<u8>,
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.shared.intake.unpin(&self.key);
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pin").finish_non_exhaustive()
    }
}

/// Whether an item may be that of the owner that is meant. 0 is unknown.
#[inline]
pub(super) const fn is_same_owner(item: u64, meant: u64) -> bool {
    meant == 0 || item == 0 || item == meant
}

#[inline(always)]
fn find<'t, L: Lookup>(table: &'t Table, key: Key<'_, L>) -> Option<Record<'t>> {
    let hash = table.hashing.of(&key);
    table.find(hash, |bytes| L::same(key_of::<L>(bytes), key))
}
