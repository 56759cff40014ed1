use std::fmt;
use std::sync::Arc;

use arc_swap::Guard;
use netipc_proto::wire::Valid;

use super::cached::Cached;
use super::table::Table;

/// The answer of one moment, pinned.
pub struct CacheGuard<S: Cached> {
    table: Guard<Option<Arc<Table<S>>>>,
}

impl<S: Cached> CacheGuard<S> {
    pub(super) const fn new(table: Guard<Option<Arc<Table<S>>>>) -> Self {
        Self { table }
    }

    /// The same answer, for a guard that is held for long. Cheap guards occupy one of a few slots that
    /// each thread has for them; this one has a reference count instead.
    #[must_use]
    pub fn into_owned(self) -> Self {
        Self {
            table: Guard::from_inner(Guard::into_inner(self.table)),
        }
    }

    /// The first item with this key, in the order of the answer. Memory only.
    #[must_use]
    #[inline(always)]
    pub fn get(&self, key: S::Key<'_>) -> Option<S::Item<'_>> {
        Some(self.table.as_deref()?.get(key)?.item)
    }

    /// The position of the first item with this key among [all](Self::iter), from 0. Memory only.
    #[must_use]
    #[inline]
    pub fn position(&self, key: S::Key<'_>) -> Option<usize> {
        Some(self.table.as_deref()?.get(key)?.position as usize)
    }

    /// Every item, duplicates included, in the order of the answer.
    pub fn iter(&self) -> impl Iterator<Item = S::Item<'_>> {
        let tables = self.table.as_deref().into_iter();
        tables.flat_map(|table| table.items().map(Valid::view))
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

    /// What the answer says besides its items, if there is one.
    #[must_use]
    pub fn header(&self) -> Option<S::Header> {
        self.table.as_deref().map(Table::header)
    }
}

impl<S: Cached> fmt::Debug for CacheGuard<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheGuard")
            .field("items", &self.len())
            .field("generation", &self.generation())
            .finish_non_exhaustive()
    }
}
