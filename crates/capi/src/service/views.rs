//! The items of a cache as C reads them, made once for each refresh.

#![expect(unsafe_code, reason = "a table of pointers is sent between threads")]

use std::ffi::c_char;

use netipc::cache::CacheGuard;
use netipc::service::cgroups_snapshot::{CgroupKey, CgroupsItemView, CgroupsSnapshot};
use netipc::wire::CStrView;

/// An item of a cache, which lives as long as the guard that it was found with.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nipc_cgroups_cache_item_view_t {
    /// The producer's hash of the name.
    pub hash: u32,
    /// The producer's option bits.
    pub options: u32,
    /// Whether it is to be monitored; any value.
    pub enabled: u32,
    /// Its name, with a NUL behind it.
    pub name: *const c_char,
    /// Its path, with a NUL behind it.
    pub path: *const c_char,
}

/// One answer, pinned, and a view of each of its items.
pub(crate) struct Views {
    table: CacheGuard<CgroupsSnapshot>,
    views: Box<[nipc_cgroups_cache_item_view_t]>,
}

// SAFETY: the pointers are into the table beside them, which nobody writes to.
unsafe impl Send for Views {}
// SAFETY: as above.
unsafe impl Sync for Views {}

impl Views {
    pub(crate) fn new(table: CacheGuard<CgroupsSnapshot>) -> Self {
        let views: Box<[_]> = table.iter().map(view).collect();
        Self { table, views }
    }

    /// The first item with this hash and name.
    #[inline]
    pub(crate) fn find(&self, hash: u32, name: &[u8]) -> Option<&nipc_cgroups_cache_item_view_t> {
        let name = CStrView::new(name);
        let position = self.table.position(CgroupKey { hash, name })?;
        self.views.get(position)
    }

    /// Number of items.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.views.len()).unwrap_or(u32::MAX)
    }

    /// Every item, in the order of the answer.
    pub(crate) const fn all(&self) -> &[nipc_cgroups_cache_item_view_t] {
        &self.views
    }

    /// Bytes beside those of the table.
    pub(crate) const fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val::<[_]>(&self.views)
    }
}

fn view(item: CgroupsItemView<'_>) -> nipc_cgroups_cache_item_view_t {
    nipc_cgroups_cache_item_view_t {
        hash: item.hash,
        options: item.options,
        enabled: item.enabled,
        name: item.name.as_bytes().as_ptr().cast(),
        path: item.path.as_bytes().as_ptr().cast(),
    }
}
