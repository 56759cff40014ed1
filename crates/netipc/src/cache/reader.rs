use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use netipc_transport::monotonic;

use super::cached::Cached;
use super::follower::CacheFollower;
use super::guard::CacheGuard;
use super::shared::Shared;
use super::table::Table;
use crate::status::ClientState;

/// Reads a cache. Never waits for a refresh, and no refresh waits for it.
pub struct CacheReader<S: Cached> {
    pub(super) shared: Arc<Shared<S>>,
}

impl<S: Cached> CacheReader<S> {
    pub(super) fn new() -> Self {
        Self {
            shared: Arc::default(),
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
        CacheGuard::new(self.shared.table.load())
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
        // What was counted is there.
        let (successes, failures) = (shared.successes(), shared.failures());
        let pinned = shared.table.load();
        let table = pinned.as_deref();
        let last = shared.last_success();
        let age = monotonic().saturating_sub(Duration::from_millis(last));
        CacheStatus {
            populated: table.is_some(),
            item_count: table.map_or(0, |table| u32::try_from(table.len()).unwrap_or(u32::MAX)),
            duplicates: table.map_or(0, Table::duplicates),
            generation: table.map_or(0, Table::generation),
            bytes: table.map_or(0, Table::bytes),
            refresh_success_count: successes,
            refresh_failure_count: failures,
            connection_state: shared.state(),
            last_refresh_ts: last,
            age: (last > 0).then_some(age),
            last_error: shared.last_error.load().as_deref().cloned(),
        }
    }
}

impl<S: Cached> Clone for CacheReader<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: Cached> fmt::Debug for CacheReader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheReader").finish_non_exhaustive()
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
