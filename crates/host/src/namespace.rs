//! Where this program itself is, when it is in a cgroup namespace: what paths of other processes are relative to.
//!
//! In such a namespace `/proc/PID/cgroup` shows every path as it is reached from the namespace's root: `/` and `/x` are inside
//! of it, `/../x` is beside it. The kernel says nowhere what that root is called outside. But the paths of all processes,
//! held against the tree of cgroups, leave few places where it can be.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use crate::{
    cgroups::{Cgroup, CgroupTable},
    paths::{Spelling, ancestor, depth, join},
};

/// The place of our cgroup namespace in the tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Namespace {
    /// Whether we are in one at all.
    inside: bool,
    /// Whether nothing but what is inside of it is mounted, so that keys are relative to the same root.
    partial: bool,
    /// How far its root is below the machine's; 0 is not known.
    depth: usize,
    /// What it may be.
    candidates: Vec<Arc<[u8]>>,
    /// The keys of the paths that processes have, where they could be told.
    resolved: HashMap<Arc<[u8]>, Vec<u8>>,
    /// What all this was made from: the paths of processes, and the generation of the cgroups.
    paths: HashSet<Arc<[u8]>>,
    generation: u64,
}

/// What a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location<'a> {
    Known(&'a Cgroup),
    /// The root of the machine.
    Root,
    /// Nothing that we know.
    Unknown,
}

/// That a cgroup `first` is right below the ancestor `ups` levels above the root of the namespace.
type Hint = (usize, Vec<u8>);

impl Namespace {
    /// Looks at the paths of all processes. The same as `previous` if neither they nor the cgroups changed.
    pub(crate) fn next(
        previous: &Arc<Self>,
        paths: &HashSet<&Arc<[u8]>>,
        cgroups: &CgroupTable,
    ) -> Arc<Self> {
        let unchanged = previous.inside
            && previous.generation == cgroups.generation()
            && previous.paths.len() == paths.len()
            && paths.iter().all(|path| previous.paths.contains(*path));
        if unchanged {
            Arc::clone(previous)
        } else {
            Arc::new(Self::discover(paths, cgroups))
        }
    }

    fn discover(paths: &HashSet<&Arc<[u8]>>, cgroups: &CgroupTable) -> Self {
        let spellings: Vec<Spelling<'_>> = paths
            .iter()
            .filter_map(|path| Spelling::read(path))
            .collect();
        if spellings.iter().all(|spelling| spelling.ups == 0) {
            return Self {
                inside: cgroups.is_partial(),
                partial: cgroups.is_partial(),
                ..Self::default()
            };
        }
        let depth = depth_of(&spellings, cgroups);
        let mut namespace = Self {
            inside: true,
            partial: cgroups.is_partial(),
            depth,
            candidates: candidates(depth, &spellings, cgroups),
            resolved: HashMap::new(),
            paths: paths.iter().map(|path| Arc::clone(path)).collect(),
            generation: cgroups.generation(),
        };
        for path in paths {
            let spelling = Spelling::read(path);
            if let Some(key) = spelling.and_then(|it| namespace.resolve(&it, cgroups)) {
                namespace.resolved.insert(Arc::clone(path), key);
            }
        }
        namespace
    }

    /// Where a process is whose `cgroup` file has this path.
    pub(crate) fn of_process<'a>(&self, path: &[u8], cgroups: &'a CgroupTable) -> Location<'a> {
        if !self.inside {
            return match path {
                b"/" => Location::Root,
                path => cgroups
                    .by_key(path)
                    .map_or(Location::Unknown, Location::Known),
            };
        }
        match self.resolved.get(path) {
            Some(key) if **key == *b"/" => Location::Root,
            Some(key) => cgroups
                .by_key(key)
                .map_or(Location::Unknown, Location::Known),
            None if self.partial => cgroups
                .by_key(path)
                .map_or(Location::Unknown, Location::Known),
            None => Location::Unknown,
        }
    }

    /// The cgroup that somebody in this namespace calls `spelling`.
    pub(crate) fn find<'a>(
        &self,
        spelling: &Spelling<'_>,
        cgroups: &'a CgroupTable,
    ) -> Option<&'a Cgroup> {
        if !self.inside && spelling.ups == 0 {
            return None;
        }
        cgroups.by_key(&self.resolve(spelling, cgroups)?)
    }

    fn resolve(&self, spelling: &Spelling<'_>, cgroups: &CgroupTable) -> Option<Vec<u8>> {
        let Spelling { ups, key } = spelling;
        if self.depth == 0 {
            return if *ups > 0 {
                only_one_ending(key, cgroups)
            } else {
                None
            };
        }
        let levels = self.depth.checked_sub(*ups)?;
        if levels == 0 {
            return (**key == *b"/" || cgroups.by_key(key).is_some()).then(|| key.to_vec());
        }
        let places = self
            .candidates
            .iter()
            .map(|candidate| join(ancestor(candidate, levels), key));
        let places: BTreeSet<Vec<u8>> = places
            .filter(|place| cgroups.by_key(place).is_some())
            .collect();
        if places.len() == 1 {
            places.into_iter().next()
        } else {
            None
        }
    }
}

/// How deep the root of the namespace is: as many levels up as the processes are that are in the machine's own root, such as
/// kernel threads; else as the farthest process whose path, from the machine's root, is there; else what a cgroup tells that
/// only one path ends like. 0 if none of them tells.
fn depth_of(spellings: &[Spelling<'_>], cgroups: &CgroupTable) -> usize {
    let farthest = spellings.iter().map(|spelling| spelling.ups).max();
    let farthest = farthest.unwrap_or(0);
    let (at_top, below): (Vec<_>, Vec<_>) = spellings
        .iter()
        .filter(|spelling| spelling.ups == farthest)
        .partition(|spelling| *spelling.key == *b"/");
    let is_there = |spelling: &&Spelling<'_>| cgroups.by_key(&spelling.key).is_some();
    if below.iter().any(is_there) || (below.is_empty() && !at_top.is_empty()) {
        return farthest;
    }
    let told = spellings
        .iter()
        .filter(|spelling| spelling.ups > 0)
        .find_map(|spelling| {
            let only = only_one_ending(&spelling.key, cgroups)?;
            let start = depth(&only) - depth(&spelling.key);
            (start > 0).then_some(start + spelling.ups)
        });
    told.unwrap_or(0)
}

/// The cgroups that the root of the namespace may be. A hint that would leave none is about a cgroup that is gone.
fn candidates(levels: usize, spellings: &[Spelling<'_>], cgroups: &CgroupTable) -> Vec<Arc<[u8]>> {
    if levels == 0 {
        return Vec::new();
    }
    let hints: BTreeSet<Hint> = spellings
        .iter()
        .filter(|spelling| spelling.ups <= levels && *spelling.key != *b"/")
        .map(|spelling| (spelling.ups, ancestor(&spelling.key, 1).to_vec()))
        .collect();
    let all = cgroups.iter().map(Cgroup::key);
    let mut left: Vec<&[u8]> = all.filter(|key| depth(key) == levels).collect();
    for (ups, first) in &hints {
        let fits = |candidate: &&[u8]| {
            let sibling = join(ancestor(candidate, levels - ups), first);
            // The kernel takes the shortest way: what is beside an ancestor is not that ancestor.
            let is_shortest = *ups == 0 || *ancestor(candidate, levels - ups + 1) != *sibling;
            is_shortest && cgroups.by_key(&sibling).is_some()
        };
        if left.iter().any(&fits) {
            left.retain(fits);
        }
    }
    left.into_iter().map(Arc::from).collect()
}

/// The cgroup whose key ends with `key`, if there is one and no other.
fn only_one_ending(key: &[u8], cgroups: &CgroupTable) -> Option<Vec<u8>> {
    if *key == *b"/" {
        return None;
    }
    let mut ending = cgroups.iter().filter(|cgroup| cgroup.key().ends_with(key));
    match (ending.next(), ending.next()) {
        (Some(only), None) => Some(only.key().to_vec()),
        _ => None,
    }
}
