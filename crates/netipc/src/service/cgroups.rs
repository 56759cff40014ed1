//! `cgroups-snapshot`: all cgroups of the host, at once.

use std::time::Duration;

use netipc_proto::wire::{CStrBuf, CStrView, WireError};

use crate::cache::{CacheGuard, CacheReader};
use crate::error::CallError;

pub use super::made::cgroups_snapshot::*;
pub use crate::config::{ClientConfig, ServerConfig};
pub use {
    CgroupsSnapshotBuilder as CgroupsBuilder, CgroupsSnapshotCache as CgroupsCache,
    CgroupsSnapshotClient as CgroupsClient, CgroupsSnapshotHandler as Handler,
    CgroupsSnapshotHeader as CgroupsHeader, CgroupsSnapshotItem as CgroupsItemView,
    CgroupsSnapshotKey as CgroupKey, CgroupsSnapshotRequest as CgroupsRequest,
    CgroupsSnapshotResponseView as CgroupsResponseView, CgroupsSnapshotServer as ManagedServer,
};

impl CgroupsItemView<'_> {
    /// Another cgroup has the same name; this one is disabled.
    pub const OPTION_DISABLED_DUPLICATE: u32 = CgroupOptions::DISABLED_DUPLICATE;
    /// A service slice of systemd.
    pub const OPTION_SYSTEMD_SERVICE: u32 = CgroupOptions::SYSTEMD_SERVICE;
    /// It lies in the unified hierarchy.
    pub const OPTION_UNIFIED: u32 = CgroupOptions::UNIFIED;
    /// The configuration excludes it.
    pub const OPTION_DISABLED_EXCLUDED: u32 = CgroupOptions::DISABLED_EXCLUDED;
}

impl CgroupsClient {
    /// Asks for the snapshot.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call_snapshot(&mut self) -> Result<CgroupsResponseView<'_>, CallError> {
        self.call(&CgroupsRequest)
    }

    /// As [`call_snapshot`](Self::call_snapshot), within `timeout`.
    ///
    /// # Errors
    /// As [`call_snapshot`](Self::call_snapshot).
    pub fn call_snapshot_within(
        &mut self,
        timeout: Duration,
    ) -> Result<CgroupsResponseView<'_>, CallError> {
        self.call_within(&CgroupsRequest, timeout)
    }

    /// As [`call_snapshot`](Self::call_snapshot), within `timeout_ms` milliseconds; 0 is the
    /// client's own timeout.
    ///
    /// # Errors
    /// As [`call_snapshot`](Self::call_snapshot).
    pub fn call_snapshot_with_timeout(
        &mut self,
        timeout_ms: u32,
    ) -> Result<CgroupsResponseView<'_>, CallError> {
        self.call_with_timeout(&CgroupsRequest, timeout_ms)
    }
}

/// An item of a snapshot that outlives its cache.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CacheItem {
    /// The producer's hash of the name.
    pub hash: u32,
    /// The `OPTION_*` bits.
    pub options: u32,
    /// Whether it is to be monitored; any value.
    pub enabled: u32,
    /// Its name.
    pub name: CStrBuf,
    /// Its path.
    pub path: CStrBuf,
}

impl CgroupsCache {
    /// A copy of the first item with this hash and name. Memory only.
    #[must_use]
    pub fn lookup(&self, hash: u32, name: impl AsRef<[u8]>) -> Option<CacheItem> {
        find_copy(&self.read(), hash, name.as_ref())
    }
}

impl CacheReader<CgroupsSnapshot> {
    /// A copy of the first item with this hash and name. Memory only.
    #[must_use]
    pub fn lookup(&self, hash: u32, name: impl AsRef<[u8]>) -> Option<CacheItem> {
        find_copy(&self.read(), hash, name.as_ref())
    }
}

impl CacheGuard<CgroupsSnapshot> {
    /// Whether systemd runs the host; 0 while that is not known.
    #[must_use]
    pub fn systemd_enabled(&self) -> u32 {
        self.header().map_or(0, |header| header.systemd_enabled)
    }
}

fn find_copy(guard: &CacheGuard<CgroupsSnapshot>, hash: u32, name: &[u8]) -> Option<CacheItem> {
    let name = CStrView::new(name);
    let item = guard.get(CgroupKey { hash, name })?;
    Some(CacheItem {
        hash: item.hash,
        options: item.options,
        enabled: item.enabled,
        name: item.name.into(),
        path: item.path.into(),
    })
}

impl CgroupsBuilder<'_> {
    /// Says whether systemd runs the host, and which generation of the data this is. Both are 0
    /// unless set, at any time.
    pub const fn set_header(&mut self, systemd_enabled: u32, generation: u64) {
        self.set(CgroupsHeader { systemd_enabled }, generation);
    }

    /// Adds a cgroup: the producer's hash of its name, its `OPTION_*` bits, whether it is to be
    /// monitored, its name and its path.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    #[inline]
    pub fn add(
        &mut self,
        hash: u32,
        options: u32,
        enabled: u32,
        name: &[u8],
        path: &[u8],
    ) -> Result<(), WireError> {
        let (name, path) = (CStrView::new(name), CStrView::new(path));
        self.push(&CgroupsItemView {
            hash,
            options,
            enabled,
            name,
            path,
        })
    }
}
