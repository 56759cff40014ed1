//! Level 3: the last good answer, kept for as long as it takes, and looked up without I/O.

mod follower;
mod mixer;
mod short;
mod table;

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwapOption, Guard};
use netipc_proto::wire::{Packed, WireError};
use netipc_transport::link::Transport;
use netipc_transport::monotonic;

use crate::client::{AbortHandle, Client};
use crate::config::ClientConfig;
use crate::error::{CallError, chain};
use crate::lookup::{Key, Lookup, LookupItem};
use crate::service::Service;
use crate::status::{ClientState, ClientStatus};
pub use follower::CacheFollower;
pub(crate) use short::same_bytes;
use table::Table;

/// A service whose answers can be cached: what a refresh asks for, and how an item is found again.
///
/// Lookups implement [`CachedLookup`] instead.
pub trait Cached: Service {
    /// What a refresh asks for.
    type Query: Send;
    /// What an item is found by.
    type Key<'k>: Copy + Hash;
    /// An item.
    type Item<'a>;

    /// Asks once.
    ///
    /// # Errors
    /// [`CallError`]; the cache keeps what it has.
    fn fetch<'c>(
        client: &'c mut Client<Self>,
        query: &Self::Query,
    ) -> Result<Fetched<'c>, CallError>;

    /// Validates an item that came.
    ///
    /// # Errors
    /// What is wrong with it; the cache keeps what it has.
    fn check(item: &[u8]) -> Result<(), WireError>;

    /// Reads an item that was validated.
    fn view(item: &[u8]) -> Self::Item<'_>;

    /// What an item is found by.
    fn key<'a>(item: &Self::Item<'a>) -> Self::Key<'a>;

    /// A number that is the same for the same key. The cheaper, the faster is a lookup: where it
    /// tells too few keys apart, the table hashes them itself.
    #[must_use]
    #[inline]
    fn hash(key: Self::Key<'_>) -> u32 {
        (mixer::mix(&key) >> 32) as u32
    }

    /// The item that was validated, if it is the one that `key` finds.
    fn matching<'a>(item: &'a [u8], key: Self::Key<'_>) -> Option<Self::Item<'a>>;
}

/// A lookup whose answers can be cached: a refresh asks for the keys of interest.
pub trait CachedLookup: Lookup {
    /// A key that the cache keeps.
    type OwnedKey: Send;

    /// The key to ask for.
    fn key(owned: &Self::OwnedKey) -> Key<'_, Self>;
}

impl<L: CachedLookup> Cached for L {
    type Query = Vec<L::OwnedKey>;
    type Key<'k> = Key<'k, L>;
    type Item<'a> = L::Item<'a>;

    fn fetch<'c>(
        client: &'c mut Client<Self>,
        query: &Vec<L::OwnedKey>,
    ) -> Result<Fetched<'c>, CallError> {
        let keys: Vec<Key<'_, L>> = query.iter().map(L::key).collect();
        let reply = client.lookup(&keys)?;
        Ok(Fetched {
            generation: reply.generation,
            systemd_enabled: 0,
            items: reply.list(),
        })
    }

    fn check(_: &[u8]) -> Result<(), WireError> {
        // A lookup validates every item before it returns.
        Ok(())
    }

    fn view(item: &[u8]) -> L::Item<'_> {
        L::Item::view(item)
    }

    fn key<'a>(item: &L::Item<'a>) -> Key<'a, L> {
        item.key()
    }

    fn matching<'a>(item: &'a [u8], key: Key<'_, L>) -> Option<L::Item<'a>> {
        Some(L::Item::view(item)).filter(|item| L::same(item.key(), key))
    }
}

/// What a refresh got.
#[derive(Clone, Copy, Debug)]
pub struct Fetched<'c> {
    /// Changes when the provider's data does.
    pub generation: u64,
    /// Whether systemd runs the host; 0 for services that do not say.
    pub systemd_enabled: u32,
    /// The items.
    pub items: Packed<'c>,
}

/// A client and the last good answer to what its owner asks again and again.
///
/// [`refresh`](Self::refresh) does all the I/O there is, at the owner's pace. A failure of any
/// kind keeps what is there. Everything that reads is a [`CacheReader`], of which other threads
/// can have their own.
///
/// ```no_run
/// use netipc::ClientConfig;
/// use netipc::service::cgroups::CgroupsCache;
///
/// let mut cache = CgroupsCache::new("/run/netdata", "cgroups-snapshot", ClientConfig::default());
/// cache.refresh();
/// if let Some(item) = cache.lookup(1001, "docker-abc123") {
///     println!("{}: {}", item.name, item.path);
/// }
/// ```
pub struct Cache<S: Cached> {
    client: Client<S>,
    query: S::Query,
    reader: CacheReader<S>,
}

impl<S: Cached> Cache<S> {
    /// A cache of the service `service` in `run_dir`. Connects to nothing yet.
    #[must_use]
    pub fn new(run_dir: impl AsRef<Path>, service: &str, config: ClientConfig) -> Self
    where
        S::Query: Default,
    {
        Self::of(Client::new(run_dir, service, config), S::Query::default())
    }

    /// A cache that reaches its endpoint through `transport`.
    #[must_use]
    pub fn with_transport(
        transport: Arc<dyn Transport>,
        run_dir: impl AsRef<Path>,
        service: &str,
        config: ClientConfig,
    ) -> Self
    where
        S::Query: Default,
    {
        let client = Client::with_transport(transport, run_dir, service, config);
        Self::of(client, S::Query::default())
    }

    /// A cache around `client` that asks for `query`.
    #[must_use]
    pub fn of(client: Client<S>, query: S::Query) -> Self {
        Self {
            client,
            query,
            reader: CacheReader::new(),
        }
    }

    /// What the next refresh asks for.
    pub const fn query_mut(&mut self) -> &mut S::Query {
        &mut self.query
    }

    /// Connects where needed, asks once, and publishes what came. Returns whether the cache has a
    /// new answer; [`status`](CacheReader::status) has the reason where it has not.
    pub fn refresh(&mut self) -> bool {
        self.try_refresh().is_ok()
    }

    /// As [`refresh`](Self::refresh), with the reason.
    ///
    /// # Errors
    /// [`CallError`]; the cache keeps what it has.
    pub fn try_refresh(&mut self) -> Result<(), CallError> {
        let done = self.fetch_table();
        let shared = &*self.reader.shared;
        let status = self.client.status();
        shared.state.store(status.state as u8, Ordering::Relaxed);
        if let Err(error) = &done {
            // A client that is not connected says why it is not.
            let unready = status.state != ClientState::Ready;
            let why = status
                .last_error
                .filter(|_| unready)
                .unwrap_or_else(|| chain(error));
            shared.fail(why);
        }
        done.map(|table| shared.publish(table))
    }

    /// Something that reads this cache, from any thread.
    #[must_use]
    pub fn reader(&self) -> CacheReader<S> {
        self.reader.clone()
    }

    /// Everything there is to know of the client.
    #[must_use]
    pub fn client_status(&self) -> ClientStatus {
        self.client.status()
    }

    /// Sets how long a whole refresh may take, in milliseconds; 0 is 30,000.
    pub fn set_call_timeout(&mut self, timeout_ms: u32) {
        self.client.set_call_timeout(timeout_ms);
    }

    /// What calls off a refresh from another thread.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.client.abort_handle()
    }

    /// Releases everything; counters stay. The cache can be refreshed again.
    pub fn close(&mut self) {
        self.client.close();
        self.reader.shared.table.store(None);
        self.reader
            .shared
            .state
            .store(ClientState::Disconnected as u8, Ordering::Relaxed);
    }

    /// Connects where needed, and asks; one deadline covers both.
    fn fetch_table(&mut self) -> Result<Table, CallError> {
        let (began, whole) = (Instant::now(), self.client.call_timeout());
        self.client.connect_within(whole)?;
        self.client
            .limit_calls(whole.saturating_sub(began.elapsed()));
        let built =
            S::fetch(&mut self.client, &self.query).map(|fetched| Table::build::<S>(&fetched));
        self.client.limit_calls(whole);
        built?.map_err(|error| self.client.malformed(error))
    }
}

/// Every reader's method works on the cache itself.
impl<S: Cached> Deref for Cache<S> {
    type Target = CacheReader<S>;

    fn deref(&self) -> &CacheReader<S> {
        &self.reader
    }
}

impl<S: Cached> fmt::Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// Reads a cache. Never waits for a refresh, and no refresh waits for it.
pub struct CacheReader<S> {
    shared: Arc<Shared>,
    _service: PhantomData<fn() -> S>,
}

#[derive(Debug, Default)]
struct Shared {
    table: ArcSwapOption<Table>,
    successes: AtomicU64,
    failures: AtomicU64,
    /// Milliseconds of the monotonic clock; 0 is never.
    last_success: AtomicU64,
    state: AtomicU8,
    last_error: ArcSwapOption<String>,
}

impl Shared {
    fn publish(&self, table: Table) {
        self.table.store(Some(Arc::new(table)));
        self.successes.fetch_add(1, Ordering::Relaxed);
        let now = u64::try_from(monotonic().as_millis()).unwrap_or(u64::MAX);
        self.last_success.store(now.max(1), Ordering::Relaxed);
    }

    fn fail(&self, why: String) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.last_error.store(Some(Arc::new(why)));
    }
}

impl<S: Cached> CacheReader<S> {
    fn new() -> Self {
        Self {
            shared: Arc::default(),
            _service: PhantomData,
        }
    }

    /// Whether some refresh succeeded. No I/O, no lock.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.shared.table.load().is_some()
    }

    /// Pins the answer of this moment: what is borrowed from the guard lives as long as it.
    #[must_use]
    pub fn read(&self) -> CacheGuard<S> {
        CacheGuard {
            table: self.shared.table.load(),
            _service: PhantomData,
        }
    }

    /// What looks things up one at a time, without pinning an answer for each.
    #[must_use]
    pub fn follow(&self) -> CacheFollower<S> {
        CacheFollower::new(Arc::clone(&self.shared))
    }

    /// What the cache holds, and how its refreshes went. Never waits for one.
    #[must_use]
    pub fn status(&self) -> CacheStatus {
        let shared = &*self.shared;
        let guard = self.read();
        let table = guard.table.as_deref();
        let last = shared.last_success.load(Ordering::Relaxed);
        let age = monotonic().saturating_sub(Duration::from_millis(last));
        CacheStatus {
            populated: table.is_some(),
            item_count: table.map_or(0, |table| u32::try_from(table.len()).unwrap_or(u32::MAX)),
            duplicates: table.map_or(0, |table| table.duplicates()),
            systemd_enabled: guard.systemd_enabled(),
            generation: guard.generation(),
            bytes: table.map_or(0, Table::bytes),
            refresh_success_count: shared.successes.load(Ordering::Relaxed),
            refresh_failure_count: shared.failures.load(Ordering::Relaxed),
            connection_state: ClientState::from_number(shared.state.load(Ordering::Relaxed)),
            last_refresh_ts: last,
            age: (last > 0).then_some(age),
            last_error: shared.last_error.load().as_deref().cloned(),
        }
    }
}

impl<S> Clone for CacheReader<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            _service: PhantomData,
        }
    }
}

impl<S> fmt::Debug for CacheReader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheReader").finish_non_exhaustive()
    }
}

/// The answer of one moment, pinned.
pub struct CacheGuard<S> {
    table: Guard<Option<Arc<Table>>>,
    _service: PhantomData<fn() -> S>,
}

impl<S: Cached> CacheGuard<S> {
    /// The same, to be kept for long: it takes none of the few places that make pinning cheap.
    #[must_use]
    pub fn kept(self) -> Self {
        Self {
            table: Guard::from_inner(Guard::into_inner(self.table)),
            _service: PhantomData,
        }
    }

    /// The first item with this key, in the order of the answer. Memory only.
    #[must_use]
    #[inline]
    pub fn get(&self, key: S::Key<'_>) -> Option<S::Item<'_>> {
        self.table.as_deref()?.get::<S>(key)
    }

    /// Every item, duplicates included, in the order of the answer.
    pub fn iter(&self) -> impl Iterator<Item = S::Item<'_>> {
        self.table
            .as_deref()
            .into_iter()
            .flat_map(|table| table.items().map(S::view))
    }

    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.as_deref().map_or(0, Table::len)
    }

    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The generation of the data; 0 while there is none.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.table.as_deref().map_or(0, Table::generation)
    }

    /// Whether systemd runs the host; 0 while that is not known.
    #[must_use]
    pub fn systemd_enabled(&self) -> u32 {
        self.table.as_deref().map_or(0, Table::systemd_enabled)
    }
}

impl<S> fmt::Debug for CacheGuard<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheGuard")
            .field("table", &self.table)
            .finish()
    }
}

/// What a cache holds, and how its refreshes went.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CacheStatus {
    /// Whether some refresh succeeded.
    pub populated: bool,
    /// Items, duplicates included.
    pub item_count: u32,
    /// Items that another one before them hides.
    pub duplicates: u32,
    /// Whether systemd runs the host.
    pub systemd_enabled: u32,
    /// The generation of the data.
    pub generation: u64,
    /// Bytes that the cache holds.
    pub bytes: usize,
    /// Refreshes that succeeded.
    pub refresh_success_count: u64,
    /// Refreshes that failed.
    pub refresh_failure_count: u64,
    /// Where the client stood after the last refresh.
    pub connection_state: ClientState,
    /// When a refresh succeeded last, in milliseconds of the monotonic clock; 0 is never.
    pub last_refresh_ts: u64,
    /// How long ago that was.
    pub age: Option<Duration>,
    /// Why the last refresh that failed did.
    pub last_error: Option<String>,
}
