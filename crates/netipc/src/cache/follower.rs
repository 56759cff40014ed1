use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::table::Table;
use super::{Cached, Shared};

/// Looks things up in a cache on one thread, each in the newest answer there is.
///
/// A lookup costs hardly more than one in a [`CacheGuard`](super::CacheGuard) that is there already.
/// In return the answer of the last lookup is kept until the next one, even when the cache has a
/// newer one or was closed.
pub struct CacheFollower<S> {
    newest: arc_swap::Cache<Tables, Option<Arc<Table>>>,
    _service: PhantomData<fn() -> S>,
}

impl<S: Cached> CacheFollower<S> {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            newest: arc_swap::Cache::new(Tables(shared)),
            _service: PhantomData,
        }
    }

    /// The first item with this key, in the order of the newest answer. Memory only.
    #[must_use]
    #[inline]
    pub fn get(&mut self, key: S::Key<'_>) -> Option<S::Item<'_>> {
        self.newest.load().as_deref()?.get::<S>(key)
    }
}

impl<S> fmt::Debug for CacheFollower<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheFollower").finish_non_exhaustive()
    }
}

struct Tables(Arc<Shared>);

impl Deref for Tables {
    type Target = ArcSwapOption<Table>;

    #[inline]
    fn deref(&self) -> &ArcSwapOption<Table> {
        &self.0.table
    }
}
