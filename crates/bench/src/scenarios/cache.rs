//! `cache`: every item looked up by hash and name, by one or many threads, while a refresher swaps
//! tables or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use netipc::cache::{CacheGuard, CacheReader};
use netipc::service::cgroups::{CgroupKey, CgroupsCache, CgroupsItemView, CgroupsSnapshot};
use netipc::wire::CStrView;

use super::open;
use super::serve::Route;
use super::snapshot::{Cgroup, cgroups};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// Lookups between two looks at the clock, at least.
const LOOKUPS_PER_LOOK: usize = 1024;
/// How long a table lives.
const PERIOD: Duration = Duration::from_millis(10);

/// How the items of a cache are looked up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lookups {
    /// Items in the cache.
    pub items: u32,
    /// Whether one guard serves a pass over all items, or each lookup takes its own.
    pub pinned: bool,
    /// Whether tables are swapped meanwhile.
    pub refreshed: bool,
}

/// For each thread, passes over all items.
pub(super) fn ops(
    route: &Route,
    lookups: Lookups,
    threads: u32,
) -> Result<Vec<BoxedOp>, BenchError> {
    let Lookups {
        items,
        pinned,
        refreshed,
    } = lookups;
    let mut cache = CgroupsCache::of(open::client::<CgroupsSnapshot>(route)?, ());
    cache.try_refresh()?;
    let reader = cache.reader();
    let refresher = if refreshed {
        Some(Arc::new(Refresher::start(cache)))
    } else {
        None
    };
    let passes = LOOKUPS_PER_LOOK.div_ceil(items.max(1) as usize);
    let op = |_| {
        let (reader, refresher) = (reader.clone(), refresher.clone());
        let cgroups = cgroups(items);
        let op = move || {
            for _ in 0..passes {
                pass(&reader, &cgroups, pinned)?;
            }
            refresher.as_deref().map_or(Ok(()), Refresher::check)?;
            Ok((passes * cgroups.len()) as u64)
        };
        Box::new(op) as BoxedOp
    };
    Ok((0..threads).map(op).collect())
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
    found
        .then_some(())
        .ok_or_else(|| BenchError::wrong("a cached item was not found"))
}

fn is_found(guard: &CacheGuard<CgroupsSnapshot>, cgroup: &Cgroup) -> bool {
    let key = CgroupKey {
        hash: cgroup.hash,
        name: CStrView::new(cgroup.name.as_bytes()),
    };
    let right = |item: CgroupsItemView<'_>| item.path.len() == cgroup.path.len();
    guard.get(key).is_some_and(right)
}

/// A thread that swaps the tables of a cache until this is dropped.
struct Refresher {
    /// Dropped to end it.
    end: Option<mpsc::SyncSender<()>>,
    failed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Refresher {
    fn start(mut cache: CgroupsCache) -> Self {
        let (end, ended) = mpsc::sync_channel(0);
        let failed = Arc::new(AtomicBool::new(false));
        let failure = Arc::clone(&failed);
        let thread = thread::spawn(move || {
            while ended.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                if !cache.refresh() {
                    failure.store(true, Ordering::Relaxed);
                }
            }
        });
        Self {
            end: Some(end),
            failed,
            thread: Some(thread),
        }
    }

    /// That tables are really swapped.
    fn check(&self) -> Result<(), BenchError> {
        if self.failed.load(Ordering::Relaxed) {
            Err(BenchError::wrong("the cache could not be refreshed"))
        } else {
            Ok(())
        }
    }
}

impl Drop for Refresher {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, its failed refreshes are what counts.
            let _ = thread.join();
        }
    }
}
