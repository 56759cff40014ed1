//! Enrichers of kinds that are known at run time only.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::Guard;
use netipc_transport::NativeTransport;

use super::config::EnricherConfig;
use super::core::Core;
use super::kinds::{EnrichedFormat, Untyped, item_of};
use super::outcome::{Hit, Missing, Step};
use super::owner::{abort_handle, core, refresh_within};
use super::reader::is_same_owner;
use super::shared::Shared;
use super::source::ClientSource;
use super::stats::EnricherStats;
use super::table::{Record, Table};
use crate::client::AbortHandle;
use crate::config::{ClientConfig, call_timeout};
use crate::lookup::{Lookup, Verdict};
use crate::status::ClientStatus;
use crate::untyped::AnyClient;

/// As [`Enricher`](super::Enricher), for keys and items that are bytes, as they stand in messages.
pub struct AnyEnricher {
    core: Core<Untyped, ClientSource>,
}

impl AnyEnricher {
    /// An enricher of the service `service` in `run_dir`, whose keys and items are those of `format`.
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(
        run_dir: impl AsRef<Path>,
        service: &str,
        client: &ClientConfig,
        config: &EnricherConfig,
        format: Box<dyn EnrichedFormat>,
    ) -> Self {
        let transport = Arc::new(NativeTransport::default());
        let timeout = call_timeout(client.call_timeout_ms);
        let client = AnyClient::with_transport(transport, run_dir, service, client);
        let source = ClientSource::new(client, timeout);
        let core = core(Untyped(format), source, config, service);
        Self { core }
    }

    /// One round, as [`Enricher::step`](super::Enricher::step).
    pub fn step(&mut self, budget: Duration) -> Step {
        self.core.step(budget)
    }

    /// Rounds until called off, as [`Enricher::run`](super::Enricher::run).
    pub fn run(&mut self) {
        self.core.run();
    }

    /// Asks for keys at once, as [`Enricher::refresh_now`](super::Enricher::refresh_now).
    pub fn refresh_now(&mut self, keys: &[&[u8]], timeout: Duration) -> usize {
        let reader = self.reader();
        if !reader.want_now(keys).is_empty() {
            self.core.shared.impatient.store(true, Ordering::Relaxed);
            refresh_within(timeout, |left| self.core.step(left));
        }
        reader.count_known(keys)
    }

    /// Something that reads this enricher, from any thread.
    #[must_use]
    pub fn reader(&self) -> AnyEnricherReader {
        AnyEnricherReader {
            shared: Arc::clone(&self.core.shared),
        }
    }

    /// Everything there is to know of the client.
    #[must_use]
    pub fn client_status(&self) -> ClientStatus {
        self.core.source.status()
    }

    /// What ends a round, or [`run`](Self::run), from another thread.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        abort_handle(&self.core)
    }

    /// Releases everything; counters and pins stay.
    pub fn close(&mut self) {
        self.core.close();
    }
}

impl fmt::Debug for AnyEnricher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyEnricher").finish_non_exhaustive()
    }
}

/// Reads an [`AnyEnricher`], from any thread. Keys have to be valid: nobody looks.
#[derive(Clone)]
pub struct AnyEnricherReader {
    shared: Arc<Shared>,
}

impl AnyEnricherReader {
    /// Pins the answers of this moment.
    #[must_use]
    #[inline]
    pub fn read(&self) -> AnyGuard {
        AnyGuard(self.shared.load())
    }

    /// What is known of a key, or why nothing is, as
    /// [`EnricherGuard::get_as`](super::EnricherGuard::get_as). Counts at once.
    ///
    /// # Errors
    /// [`Missing`].
    #[inline]
    pub fn get<'g>(
        &self,
        guard: &'g AnyGuard,
        key: &[u8],
        identity: u64,
    ) -> Result<Hit<AnyItem<'g>>, Missing> {
        let (shared, table) = (&*self.shared, &**guard.0);
        let record = find(table, key);
        let Some(record) = record.filter(|record| {
            record.head.verdict.has_item() && is_same_owner(record.head.identity, identity)
        }) else {
            let is_there = |table: &Table| find(table, key).is_some();
            let why = shared.missing(table, record.as_ref(), key, is_there);
            shared.counts.miss(why);
            return Err(why);
        };
        table.mark(&record, shared.round.load(Ordering::Relaxed));
        let other_world = record.head.world != shared.world.load(Ordering::Relaxed);
        if other_world || record.head.verdict == Verdict::Provisional {
            shared.refresh_given(&record);
        }
        let stale = shared.is_absent();
        shared.counts.hits(1, u64::from(stale));
        Ok(Hit {
            item: AnyItem(record),
            stale,
            answered: record.head.answered,
        })
    }

    /// Has a key asked soon, without looking.
    pub fn want(&self, key: &[u8]) {
        self.shared.want(key, false, || false);
    }

    /// Counts the misses of what cannot be a key.
    pub fn count_invalid(&self) {
        self.shared.counts.miss(Missing::Invalid);
    }

    /// Keeps the answer to a key until it is [unpinned](Self::unpin) as often as it was pinned.
    pub fn pin(&self, key: &[u8]) {
        if self.shared.intake.pin(key) && find(&self.shared.load(), key).is_none() {
            self.want(key);
        }
    }

    /// Takes back one pin; whether there was one.
    pub fn unpin(&self, key: &[u8]) -> bool {
        self.shared.intake.unpin(key)
    }

    /// Has keys asked before all others and waits, as
    /// [`EnricherReader::refresh_now`](super::EnricherReader::refresh_now).
    pub fn refresh_now(&self, keys: &[&[u8]], timeout: Duration) -> usize {
        let wanted = self.want_now(keys);
        self.shared.await_answers(&wanted, timeout);
        self.count_known(keys)
    }

    /// What the enricher has done and holds.
    #[must_use]
    pub fn stats(&self) -> EnricherStats {
        self.shared.stats()
    }

    /// Why the last call or connection that failed did.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.shared.last_error.load().as_deref().cloned()
    }

    fn want_now(&self, keys: &[&[u8]]) -> Vec<Vec<u8>> {
        let table = self.shared.load();
        let is_known = |key: &[u8]| {
            find(&table, key).is_some_and(|record| record.head.verdict == Verdict::Known)
        };
        let wanted = keys.iter().filter(|key| !is_known(key));
        let wanted: Vec<Vec<u8>> = wanted.map(|key| key.to_vec()).collect();
        for key in &wanted {
            self.shared.want(key, true, || false);
        }
        wanted
    }

    fn count_known(&self, keys: &[&[u8]]) -> usize {
        let table = self.shared.load();
        let known =
            |key: &&&[u8]| find(&table, key).is_some_and(|record| record.head.verdict.has_item());
        keys.iter().filter(known).count()
    }
}

impl fmt::Debug for AnyEnricherReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyEnricherReader").finish_non_exhaustive()
    }
}

/// The answers of one moment, pinned.
pub struct AnyGuard(Guard<Arc<Table>>);

impl AnyGuard {
    /// The same answers, for a guard that is held for long, as
    /// [`CacheGuard::into_owned`](crate::cache::CacheGuard::into_owned).
    #[must_use]
    pub fn into_owned(self) -> Self {
        Self(Guard::from_inner(Guard::into_inner(self.0)))
    }

    /// The provider's generation.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation
    }
}

impl fmt::Debug for AnyGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyGuard").finish_non_exhaustive()
    }
}

/// An item that is kept, whole or in the parts that its format has taken it apart into.
#[derive(Clone, Copy)]
pub struct AnyItem<'g>(Record<'g>);

impl<'g> AnyItem<'g> {
    /// What is its own: its fixed part, or all of it where it is kept whole.
    #[must_use]
    pub fn own(&self) -> &'g [u8] {
        self.0.item()
    }

    /// Its texts, each with a NUL behind it in memory.
    pub fn texts(&self) -> impl Iterator<Item = &'g [u8]> + use<'g> {
        self.0.texts()
    }

    /// Its labels as they stand alone, and how many they are.
    #[must_use]
    pub fn labels(&self) -> (&'g [u8], u16) {
        (self.0.labels(), self.0.head.labels_count)
    }

    /// The item, where it is one of this lookup.
    #[must_use]
    pub fn typed<L: Lookup>(&self) -> L::Item<'g> {
        item_of::<L>(&self.0)
    }
}

impl fmt::Debug for AnyItem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyItem").finish_non_exhaustive()
    }
}

#[inline]
fn find<'t>(table: &'t Table, key: &[u8]) -> Option<Record<'t>> {
    let hash = table.hashing.of(&key);
    table.find(hash, |bytes| bytes == key)
}
