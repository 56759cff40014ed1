use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use super::{
    item::{Cgroup, Place},
    names::{Clash, settle},
    tree::{Found, Hierarchies, Hierarchy, Layout, Tree},
};
use crate::{
    config::HostConfig,
    identify::{Identity, identify},
    paths::{Spelling, depth, without_deleted},
    platform,
    runtime::{RuntimeInfo, Subject},
};

/// Where the kernel documents cgroups to be; clients write it whatever root is configured here.
const USUAL_ROOT: &[u8] = b"/sys/fs/cgroup";

/// Every cgroup of the machine at one moment.
///
/// Enabled cgroups come first, each part in order of path. Names are unique among the enabled: cgroups that would have the
/// same name get ones that tell them apart, which [`clashes`](Self::clashes) lists. The root cgroup is the machine itself and
/// not listed.
#[derive(Debug, Default)]
pub struct CgroupTable {
    generation: u64,
    truncated: bool,
    max_depth: usize,
    hierarchies: Hierarchies,
    /// What a client may have put before a key.
    prefixes: Vec<Prefix>,
    items: Vec<Arc<Cgroup>>,
    index: HashMap<Arc<[u8]>, usize>,
    clashes: Vec<Clash>,
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

/// A table to be, which knows whom to ask runtimes about.
pub(crate) struct Draft {
    hierarchies: Hierarchies,
    truncated: bool,
    entries: Vec<Entry>,
}

struct Entry {
    place: Place,
    what: What,
}

enum What {
    /// The path is where it was: what it tells is known.
    Seen(Arc<Cgroup>),
    New(Box<(Identity, Subject)>),
}

impl Draft {
    pub(crate) fn new(previous: &CgroupTable, tree: Tree) -> Self {
        let Tree {
            hierarchies,
            found,
            truncated,
            unreadable: _,
        } = tree;
        let entries = found
            .into_iter()
            .map(|found| Entry::new(previous, found, &hierarchies))
            .collect();
        Self {
            hierarchies,
            truncated,
            entries,
        }
    }

    /// Containers, pods and machines, each once.
    pub(crate) fn subjects(&self) -> Arc<[Subject]> {
        let subjects = self.entries.iter().map(|entry| entry.what.subject());
        let subjects: HashSet<&Subject> = subjects.filter(|subject| !subject.is_empty()).collect();
        subjects.into_iter().cloned().collect()
    }

    /// The table after `previous`: the same one if nothing changed. Cgroups that stayed as they were are shared.
    pub(crate) fn finish(
        self,
        previous: &Arc<CgroupTable>,
        config: &HostConfig,
        infos: &HashMap<Subject, Arc<RuntimeInfo>>,
    ) -> Arc<CgroupTable> {
        let mut items: Vec<Arc<Cgroup>> = self
            .entries
            .into_iter()
            .map(|entry| entry.item(config, infos))
            .collect();
        let clashes = settle(&mut items);
        items.sort_by_key(|item| !item.enabled());
        let unchanged = previous.generation > 0
            && previous.hierarchies == self.hierarchies
            && previous.truncated == self.truncated
            && previous.items == items;
        if unchanged {
            return Arc::clone(previous);
        }
        let index = items.iter().enumerate();
        Arc::new(CgroupTable {
            generation: previous.generation + 1,
            truncated: self.truncated,
            max_depth: config.limits.depth,
            prefixes: prefixes(&config.cgroup_root, &self.hierarchies),
            index: index
                .map(|(index, item)| (item.shared_key(), index))
                .collect(),
            hierarchies: self.hierarchies,
            items,
            clashes,
        })
    }
}

impl Entry {
    fn new(previous: &CgroupTable, found: Found, hierarchies: &Hierarchies) -> Self {
        let hierarchy = &hierarchies.list[found.hierarchy];
        let dir = hierarchy.dir.as_os_str().as_encoded_bytes();
        let below = hierarchy.below(&found.key).unwrap_or(&found.key);
        let place = Place {
            path: [dir, below].concat(),
            key: found.key,
            unified: hierarchy.unified,
        };
        let seen = previous.shared(&place.key);
        let what = match seen.filter(|seen| *seen.path() == *place.path) {
            Some(seen) => What::Seen(Arc::clone(seen)),
            None => {
                let identity = identify(&place.key);
                let subject = Subject::of(&identity);
                What::New(Box::new((identity, subject)))
            }
        };
        Self { place, what }
    }

    fn item(self, config: &HostConfig, infos: &HashMap<Subject, Arc<RuntimeInfo>>) -> Arc<Cgroup> {
        let (identity, subject) = match self.what {
            What::Seen(seen) => {
                let runtime = infos.get(seen.subject());
                if seen.runtime() == runtime.map(AsRef::as_ref) {
                    return seen;
                }
                (identify(&self.place.key), seen.subject().clone())
            }
            What::New(new) => *new,
        };
        let runtime = infos.get(&subject).map(Arc::clone);
        Arc::new(Cgroup::new(self.place, identity, subject, runtime, config))
    }
}

impl What {
    fn subject(&self) -> &Subject {
        match self {
            Self::Seen(seen) => seen.subject(),
            Self::New(new) => &new.1,
        }
    }
}

impl CgroupTable {
    /// Grows by one with every change of anything in the table; 0 before the first refresh.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether systemd manages a hierarchy of this machine.
    pub fn systemd_enabled(&self) -> bool {
        self.hierarchies.systemd
    }

    /// How cgroups are mounted.
    pub fn layout(&self) -> Layout {
        self.hierarchies.layout()
    }

    /// Whether the machine has more cgroups than the configured limit lets in.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// Enabled cgroups that would have had the same name.
    pub fn clashes(&self) -> &[Clash] {
        &self.clashes
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

    /// The cgroup at `path`, written either as in `/proc/<pid>/cgroup` outside cgroup namespaces or as a directory of the
    /// file system.
    pub fn find(&self, path: &[u8]) -> Option<&Cgroup> {
        let exact = Spelling::read(path).and_then(|spelling| self.spelled(&spelling));
        exact.or_else(|| {
            let spelling = Spelling::read(without_deleted(path))?;
            self.spelled(&spelling)
        })
    }

    /// The cgroup whose [`Cgroup::key`] this is.
    pub fn by_key(&self, key: &[u8]) -> Option<&Cgroup> {
        self.shared(key).map(AsRef::as_ref)
    }

    /// Whether a root of these hierarchies is a cgroup inside of the machine's.
    pub(crate) fn is_partial(&self) -> bool {
        self.hierarchies
            .list
            .iter()
            .any(|hierarchy| hierarchy.partial)
    }

    /// Whether `key` could ever be in a table.
    pub(crate) fn admits(&self, key: &[u8]) -> bool {
        *key != *b"/" && !key.starts_with(b"/../") && depth(key) <= self.max_depth
    }

    /// Whether `path` is a cgroup right now, in any hierarchy.
    pub(crate) fn exists(&self, path: &[u8]) -> bool {
        let is_there = |key: &[u8]| {
            let is_in = |hierarchy: &Hierarchy| {
                let below = hierarchy.below(key);
                below.is_some_and(|below| platform::is_directory(&hierarchy.dir, below))
            };
            self.admits(key) && self.hierarchies.list.iter().any(is_in)
        };
        Spelling::read(path).is_some_and(|spelling| {
            let mut keys = self.keys(&spelling.key);
            spelling.ups == 0 && keys.any(|key| is_there(&key))
        })
    }

    fn spelled(&self, spelling: &Spelling<'_>) -> Option<&Cgroup> {
        let mut keys = self.keys(&spelling.key).filter(|_| spelling.ups == 0);
        keys.find_map(|key| self.by_key(&key))
    }

    /// The keys that `path` may stand for, the likeliest first.
    fn keys<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = Cow<'a, [u8]>> {
        // Behind a mount of the whole file system, such as /host.
        let usual = memchr::memmem::find(path, USUAL_ROOT).map(|start| &path[start..]);
        let dirs = std::iter::once(path).chain(usual.filter(|usual| usual.len() < path.len()));
        let stripped = dirs.flat_map(move |dir| {
            let strip = move |prefix: &'a Prefix| prefix.strip(dir);
            self.prefixes.iter().filter_map(strip)
        });
        std::iter::once(Cow::Borrowed(path))
            .chain(stripped)
            .filter(|key| key.starts_with(b"/"))
    }

    fn shared(&self, key: &[u8]) -> Option<&Arc<Cgroup>> {
        self.index.get(key).map(|index| &self.items[*index])
    }
}

/// What a directory that is spelled as a path of the file system begins with.
#[derive(Debug, PartialEq, Eq)]
struct Prefix {
    dir: Vec<u8>,
    /// What the key begins with instead.
    inside: Vec<u8>,
}

impl Prefix {
    /// The key of the directory `path`, if it is below.
    fn strip<'a>(&self, path: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let below = path.strip_prefix(&self.dir[..])?;
        if self.inside.is_empty() {
            return Some(Cow::Borrowed(below));
        }
        let is_below = below.is_empty() || below.starts_with(b"/");
        is_below.then(|| Cow::Owned([&self.inside, below].concat()))
    }
}

/// The mount points as configured, by their other names, as they really are, and at their usual place.
fn prefixes(root: &Path, hierarchies: &Hierarchies) -> Vec<Prefix> {
    let hierarchies = hierarchies.list.iter();
    let dirs = hierarchies.flat_map(|hierarchy| {
        let dirs = [&hierarchy.dir].into_iter().chain(&hierarchy.aliases);
        dirs.map(|dir| (&**dir, &*hierarchy.inside))
    });
    let mut prefixes: Vec<Prefix> = Vec::new();
    for (dir, inside) in dirs.chain([(root, &[][..])]) {
        let below_root = dir.strip_prefix(root).unwrap_or(Path::new(""));
        let real = dir.canonicalize().ok();
        let spelled = [std::path::absolute(dir).ok(), real, Some(dir.to_owned())];
        let usual = Path::new("/sys/fs/cgroup").join(below_root);
        for path in spelled.into_iter().flatten().chain([usual]) {
            let bytes = path.as_os_str().as_encoded_bytes();
            if let Some(prefix) = Spelling::read(bytes).map(|spelling| spelling.key.into_owned())
                && prefix != b"/"
                && !prefixes.iter().any(|known| known.dir == prefix)
            {
                prefixes.push(Prefix {
                    dir: prefix,
                    inside: inside.to_vec(),
                });
            }
        }
    }
    prefixes
}
