//! `cache`: every item looked up by hash and name, by one or many threads, while a refresher swaps
//! tables or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use netipc::cache::{CacheGuard, CacheReader};
use netipc::service::cgroups::{CgroupKey, CgroupsCache, CgroupsItemView, CgroupsSnapshot};
use netipc::wire::CStrView;

use super::open;
use super::serve::Route;
use super::snapshot::{Cgroup, cgroups};
use crate::error::BenchError;
use crate::measure::BoxedOp;
use crate::row::Row;

/// Lookups between two looks at the clock, at least.
const LOOKUPS_PER_LOOK: usize = 1024;
/// How long a table lives.
const PERIOD: Duration = Duration::from_millis(10);

/// For each thread, passes over all items.
pub(super) fn ops(row: &Row, route: &Route) -> Result<Vec<BoxedOp>, BenchError> {
    let (items, pinned) = (row.items(), row.has("pinned"));
    let mut cache = CgroupsCache::of(open::client::<CgroupsSnapshot>(route)?, ());
    cache.try_refresh()?;
    let reader = cache.reader();
    let refresher = row.has("refreshed").then(|| refresh(cache));
    let passes = LOOKUPS_PER_LOOK.div_ceil(items.max(1) as usize);
    let op = |_| {
        let (reader, refresher) = (reader.clone(), refresher.clone());
        let cgroups = cgroups(items);
        let op = move || {
            for _ in 0..passes {
                pass(&reader, &cgroups, pinned)?;
            }
            let failed = |failed: &Arc<AtomicBool>| failed.load(Ordering::Relaxed);
            if refresher.as_ref().is_some_and(failed) {
                return Err(BenchError::wrong("the cache could not be refreshed"));
            }
            Ok((passes * cgroups.len()) as u64)
        };
        Box::new(op) as BoxedOp
    };
    Ok((0..row.threads).map(op).collect())
}

/// Swaps the tables of a cache in a thread, until the flag that is returned is dropped everywhere.
/// It is raised where that fails.
fn refresh(mut cache: CgroupsCache) -> Arc<AtomicBool> {
    let failed = Arc::new(AtomicBool::new(false));
    let watched = Arc::downgrade(&failed);
    thread::spawn(move || {
        while let Some(failed) = watched.upgrade() {
            failed.fetch_or(!cache.refresh(), Ordering::Relaxed);
            drop(failed);
            thread::sleep(PERIOD);
        }
    });
    failed
}

/// Looks up every item once.
fn pass(
    reader: &CacheReader<CgroupsSnapshot>,
    cgroups: &[Cgroup],
    pinned: bool,
) -> Result<(), BenchError> {
    let found = if pinned {
        let guard = reader.read();
        cgroups.iter().all(|cgroup| is_found(&guard, cgroup))
    } else {
        cgroups
            .iter()
            .all(|cgroup| is_found(&reader.read(), cgroup))
    };
    BenchError::unless(found, "a cached item was not found")
}

fn is_found(guard: &CacheGuard<CgroupsSnapshot>, cgroup: &Cgroup) -> bool {
    let key = CgroupKey {
        hash: cgroup.hash,
        name: CStrView::new(cgroup.name.as_bytes()),
    };
    let right = |item: CgroupsItemView<'_>| item.path.len() == cgroup.path.len();
    guard.get(key).is_some_and(right)
}
