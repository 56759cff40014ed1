use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::ffi::OsStrExt,
    sync::Arc,
};

use super::{
    hierarchy::{Hierarchies, Layout},
    item::{Cgroup, Place},
    walk::{Found, Walk, below},
};
use crate::{config::HostConfig, runtime::Runtimes};

/// Where the kernel documents cgroups to be; clients write it whatever root is configured here.
const USUAL_ROOT: &[u8] = b"/sys/fs/cgroup";

/// Every cgroup of the machine at one moment.
///
/// Enabled cgroups come first, each part in order of path. A consumer keyed by hash and name takes the first it finds, so
/// names must be unique among the enabled: of several cgroups with one name the first by path stays enabled, the others
/// carry [`options::DUPLICATE`](super::options::DUPLICATE) and stay reachable by path. Excluded cgroups neither hide an
/// enabled one nor are called duplicates. The root cgroup is the machine itself and not listed.
#[derive(Debug, Default)]
pub struct CgroupTable {
    generation: u64,
    systemd: bool,
    truncated: bool,
    max_depth: usize,
    hierarchies: Hierarchies,
    /// What a client may have put before a key.
    prefixes: Vec<Vec<u8>>,
    items: Vec<Arc<Cgroup>>,
    index: HashMap<Arc<[u8]>, usize>,
}

/// What is known of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CgroupAnswer<'a> {
    /// In the snapshot.
    Known(&'a Cgroup),
    /// Not in the snapshot, yet it exists or is about to: ask again after the next refresh.
    RetryLater,
    /// No such cgroup.
    Permanent,
}

impl CgroupTable {
    /// The table after `previous`: the same one if nothing changed. Cgroups that stayed as they were are shared.
    pub(crate) fn next(
        previous: &Arc<Self>,
        config: &HostConfig,
        hierarchies: Hierarchies,
        walk: Walk,
        runtimes: &mut Runtimes,
    ) -> Arc<Self> {
        let mut items: Vec<Arc<Cgroup>> = walk
            .found
            .into_iter()
            .map(|found| previous.item(found, config, &hierarchies, runtimes))
            .collect();
        mark_duplicates(&mut items);
        items.sort_by_key(|item| !item.enabled());

        let systemd = hierarchies.systemd();
        let unchanged = previous.generation > 0
            && previous.hierarchies == hierarchies
            && (previous.systemd, previous.truncated) == (systemd, walk.truncated)
            && previous.items == items;
        if unchanged {
            return Arc::clone(previous);
        }
        let index = items.iter().enumerate();
        Arc::new(Self {
            generation: previous.generation + 1,
            systemd,
            truncated: walk.truncated,
            max_depth: config.limits.depth,
            prefixes: prefixes(config, &hierarchies),
            index: index
                .map(|(index, item)| (item.shared_key(), index))
                .collect(),
            hierarchies,
            items,
        })
    }

    /// Grows by one with every change of anything in the table; 0 before the first refresh.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether systemd manages a hierarchy of this machine.
    pub fn systemd_enabled(&self) -> bool {
        self.systemd
    }

    /// How cgroups are mounted.
    pub fn layout(&self) -> Layout {
        self.hierarchies.layout
    }

    /// Whether the machine has more cgroups than the configured limit lets in.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// All cgroups in the order of the snapshot.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Cgroup> {
        self.items.iter().map(AsRef::as_ref)
    }

    /// Number of cgroups.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The cgroup at `path`, written either as in `/proc/<pid>/cgroup` or as a directory of the file system.
    pub fn find(&self, path: &[u8]) -> Option<&Cgroup> {
        self.keys(path).find_map(|key| self.by_key(key))
    }

    /// The cgroup whose [`Cgroup::key`] this is.
    pub fn by_key(&self, key: &[u8]) -> Option<&Cgroup> {
        self.shared(key).map(AsRef::as_ref)
    }

    /// Like [`find`](Self::find), and tells apart why there is nothing. Only a path that is not in the table costs
    /// system calls: whether it has come into being since is asked of the file system.
    pub fn answer(&self, path: &[u8]) -> CgroupAnswer<'_> {
        match self.find(path) {
            Some(cgroup) => CgroupAnswer::Known(cgroup),
            None if self.keys(path).any(|key| self.exists(key)) => CgroupAnswer::RetryLater,
            None => CgroupAnswer::Permanent,
        }
    }

    /// Whether `key` could ever be in a table: no way out of the hierarchy, not deeper than the walk goes.
    pub(crate) fn admits(&self, key: &[u8]) -> bool {
        let Some(inside) = key.strip_prefix(b"/") else {
            return false;
        };
        let mut depth = 0;
        let plain = inside.split(|byte| *byte == b'/').all(|part| {
            depth += 1;
            !matches!(part, b"" | b"." | b"..") && !part.contains(&0)
        });
        plain && depth <= self.max_depth
    }

    /// The keys that `path` may stand for, the likeliest first.
    pub(crate) fn keys<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let stripped = self
            .prefixes
            .iter()
            .filter_map(move |prefix| path.strip_prefix(&prefix[..]));
        std::iter::once(path)
            .chain(stripped)
            .filter(|key| key.starts_with(b"/"))
    }

    /// Whether `key` is a cgroup right now, in any hierarchy.
    fn exists(&self, key: &[u8]) -> bool {
        self.admits(key)
            && self.hierarchies.list.iter().any(|hierarchy| {
                fs::symlink_metadata(below(&hierarchy.dir, key)).is_ok_and(|meta| meta.is_dir())
            })
    }

    fn shared(&self, key: &[u8]) -> Option<&Arc<Cgroup>> {
        self.index.get(key).map(|index| &self.items[*index])
    }

    /// The item for what was found, the one of this table if it is still right.
    fn item(
        &self,
        found: Found,
        config: &HostConfig,
        hierarchies: &Hierarchies,
        runtimes: &mut Runtimes,
    ) -> Arc<Cgroup> {
        let hierarchy = &hierarchies.list[found.hierarchy];
        let path = [hierarchy.dir.as_os_str().as_bytes(), &found.key].concat();
        if let Some(before) = self.shared(&found.key) {
            let runtime = runtimes.info(before.subject());
            if before.is_current(&path, runtime.as_ref()) {
                return Arc::clone(before);
            }
        }
        let place = Place {
            key: found.key,
            path,
            unified: hierarchy.unified,
        };
        Arc::new(Cgroup::new(place, |subject| runtimes.info(subject), config))
    }
}

fn mark_duplicates(items: &mut [Arc<Cgroup>]) {
    let mut names = HashSet::with_capacity(items.len());
    let duplicate: Vec<bool> = items
        .iter()
        .map(|item| !item.excluded() && !names.insert(item.name()))
        .collect();
    for (item, duplicate) in items.iter_mut().zip(duplicate) {
        item.mark_duplicate(duplicate);
    }
}

/// The mount points, as configured and at their usual place.
fn prefixes(config: &HostConfig, hierarchies: &Hierarchies) -> Vec<Vec<u8>> {
    let root = config.cgroup_root.as_os_str().as_bytes();
    let mut prefixes = Vec::new();
    let dirs = hierarchies
        .list
        .iter()
        .map(|h| h.dir.as_os_str().as_bytes());
    for dir in dirs.chain([root]) {
        let below_root = dir.strip_prefix(root).unwrap_or_default();
        for prefix in [dir.to_vec(), [USUAL_ROOT, below_root].concat()] {
            if !prefixes.contains(&prefix) {
                prefixes.push(prefix);
            }
        }
    }
    prefixes
}
