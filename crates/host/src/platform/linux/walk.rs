use std::{
    fs, io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
};

use tracing::debug;

use super::{joined, vanished};
use crate::{
    cgroups::{Found, Hierarchies, Hierarchy, Tree},
    config::Limits,
};

/// Lists every cgroup but the roots. Whatever vanishes on the way is left out without a word.
pub(super) fn walk(hierarchies: Hierarchies, limits: &Limits) -> Tree {
    let mut walk = Walk::default();
    for (index, hierarchy) in hierarchies.list.iter().enumerate() {
        walk.hierarchy(index, hierarchy, limits);
    }
    walk.found.sort_unstable();
    walk.found.dedup_by(|later, first| later.key == first.key);
    Tree {
        hierarchies,
        found: walk.found,
        truncated: walk.truncated,
        unreadable: walk.unreadable,
    }
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Walk {
    found: Vec<Found>,
    truncated: bool,
    unreadable: usize,
}

impl Walk {
    /// Breadth first, so that truncation costs the deepest cgroups; `found` itself is the queue.
    fn hierarchy(&mut self, index: usize, hierarchy: &Hierarchy, limits: &Limits) {
        let (root, inside) = (&*hierarchy.dir, &*hierarchy.inside);
        let mut next = self.found.len();
        let counts_links = match self.visit(index, root, inside, limits) {
            Some(children) => counts_links(root, children),
            None => return,
        };
        while next < self.found.len() {
            let key = self.found[next].key.clone();
            let dir = joined(root, &key[inside.len()..]);
            let gone = match is_leaf(&dir, counts_links) {
                Ok(true) => false,
                Ok(false) => self.visit(index, &dir, &key, limits).is_none(),
                Err(error) => vanished(&error),
            };
            if gone {
                self.found.swap_remove(next);
            } else {
                next += 1;
            }
        }
        if !inside.is_empty() {
            self.found.push(Found {
                key: inside.to_vec(),
                hierarchy: index,
            });
        }
    }

    /// Queues the children of one directory and returns their number, or `None` if the directory vanished.
    fn visit(&mut self, index: usize, dir: &Path, key: &[u8], limits: &Limits) -> Option<u64> {
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if vanished(&error) => return None,
            Err(error) => {
                debug!(dir = %dir.display(), %error, "cannot list a cgroup");
                self.unreadable += 1;
                return Some(0);
            }
        };
        let too_deep = key.iter().filter(|byte| **byte == b'/').count() >= limits.depth;
        let mut children = 0;
        for entry in entries.map_while(Result::ok) {
            // Links are not followed: cgroup file systems have none, so they could only lead astray.
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            children += 1;
            if too_deep {
                continue;
            }
            if self.found.len() >= limits.cgroups {
                self.truncated = true;
                break;
            }
            let key = [key, b"/", entry.file_name().as_bytes()].concat();
            self.found.push(Found {
                key,
                hierarchy: index,
            });
        }
        Some(children)
    }
}

/// Whether the file system counts subdirectories as links, which spares listing the many files of every leaf. Not all do,
/// so the root, with `children` just counted, has to prove it.
fn counts_links(root: &Path, children: u64) -> bool {
    children > 0 && fs::symlink_metadata(root).is_ok_and(|meta| meta.nlink() == children + 2)
}

fn is_leaf(dir: &Path, counts_links: bool) -> io::Result<bool> {
    Ok(counts_links && fs::symlink_metadata(dir)?.nlink() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(found: &[Found]) -> Vec<String> {
        let text = |found: &Found| String::from_utf8_lossy(&found.key).into_owned();
        found.iter().map(text).collect()
    }

    fn hierarchies(dirs: &[&Path]) -> Hierarchies {
        let unified = |dir: &&Path| Hierarchy {
            dir: dir.to_path_buf(),
            aliases: Vec::new(),
            unified: true,
            partial: false,
            inside: Vec::new(),
        };
        Hierarchies {
            list: dirs.iter().map(unified).collect(),
            ..Hierarchies::default()
        }
    }

    #[test]
    fn merges_hierarchies_by_preference() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(a.path().join("x/y")).unwrap();
        fs::create_dir_all(b.path().join("x/z")).unwrap();
        let walk = walk(hierarchies(&[a.path(), b.path()]), &Limits::default());
        assert_eq!(keys(&walk.found), ["/x", "/x/y", "/x/z"]);
        let from: Vec<usize> = walk.found.iter().map(|found| found.hierarchy).collect();
        assert_eq!(from, [0, 0, 1]);
    }

    #[test]
    fn what_vanished_between_listing_and_visit_is_left_out() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("stays")).unwrap();
        let mut walk = Walk::default();
        for name in ["/gone", "/stays"] {
            walk.found.push(Found {
                key: name.into(),
                hierarchy: 0,
            });
        }
        let limits = Limits::default();
        assert_eq!(
            walk.visit(0, &joined(root.path(), b"/gone"), b"/gone", &limits),
            None
        );
        assert!(is_leaf(&joined(root.path(), b"/gone"), true).is_err_and(|error| vanished(&error)));
        assert_eq!(
            walk.visit(0, &joined(root.path(), b"/stays"), b"/stays", &limits),
            Some(0)
        );
        assert_eq!(walk.unreadable, 0);
    }

    #[test]
    fn a_file_in_place_of_a_cgroup_is_unreadable() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        let mut walk = Walk::default();
        let visit = walk.visit(0, &root.path().join("file"), b"/file", &Limits::default());
        assert_eq!((visit, walk.unreadable), (Some(0), 1));
    }

    #[test]
    fn truncation_costs_the_deepest() {
        let root = tempfile::tempdir().unwrap();
        for path in ["a/deep/er", "b", "c"] {
            fs::create_dir_all(root.path().join(path)).unwrap();
        }
        let limits = Limits {
            cgroups: 4,
            ..Limits::default()
        };
        let walk = walk(hierarchies(&[root.path()]), &limits);
        assert!(walk.truncated);
        assert_eq!(keys(&walk.found), ["/a", "/a/deep", "/b", "/c"]);
    }

    #[test]
    fn depth_is_bounded() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b/c/d")).unwrap();
        let limits = Limits {
            depth: 2,
            ..Limits::default()
        };
        let walk = walk(hierarchies(&[root.path()]), &limits);
        assert_eq!(keys(&walk.found), ["/a", "/a/b"]);
        assert!(!walk.truncated);
    }

    #[test]
    fn links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        std::os::unix::fs::symlink(root.path(), root.path().join("a/loop")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.path().join("dangling")).unwrap();
        let walk = walk(hierarchies(&[root.path()]), &Limits::default());
        assert_eq!(keys(&walk.found), ["/a"]);
        assert_eq!(walk.unreadable, 0);
    }
}
