use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::cached::Cached;
use super::shared::Shared;
use super::table::Table;

/// Looks things up in a cache on one thread, each in the newest answer there is.
///
/// A lookup costs hardly more than one in a [`CacheGuard`](super::CacheGuard) that is there already.
/// In return the answer of the last lookup is kept until the next one, even when the cache has a
/// newer one or was closed.
pub struct CacheFollower<S: Cached> {
    newest: arc_swap::Cache<TableOf<S>, Option<Arc<Table<S>>>>,
}

impl<S: Cached> CacheFollower<S> {
    pub(super) fn new(shared: Arc<Shared<S>>) -> Self {
        Self {
            newest: arc_swap::Cache::new(TableOf(shared)),
        }
    }

    /// The first item with this key, in the order of the newest answer. Memory only.
    #[must_use]
    #[inline(always)]
    pub fn get(&mut self, key: S::Key<'_>) -> Option<S::Item<'_>> {
        Some(self.newest.load().as_deref()?.get(key)?.item)
    }
}

impl<S: Cached> fmt::Debug for CacheFollower<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheFollower").finish_non_exhaustive()
    }
}

/// The newest table of a cache, as `arc_swap` wants to be pointed to it.
struct TableOf<S: Cached>(Arc<Shared<S>>);

impl<S: Cached> Deref for TableOf<S> {
    type Target = ArcSwapOption<Table<S>>;

    #[inline]
    fn deref(&self) -> &ArcSwapOption<Table<S>> {
        &self.0.table
    }
}
