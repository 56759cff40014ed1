//! What a platform's look at its cgroups gives.

use std::path::PathBuf;

/// How cgroups are mounted on this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Not at all.
    #[default]
    None,
    /// One hierarchy per controller, or per group of them.
    V1,
    /// One hierarchy for everything.
    V2,
    /// Version 1 hierarchies with a version 2 one beside them.
    Hybrid,
}

/// One mounted hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    /// Where it is mounted.
    pub(crate) dir: PathBuf,
    /// Other directories that are the same: links to it, or what such links would be called.
    pub(crate) aliases: Vec<PathBuf>,
    /// Whether it is a version 2 hierarchy.
    pub(crate) unified: bool,
    /// Whether its root is a cgroup inside of the machine's, as it is in a cgroup namespace, and nothing tells which.
    pub(crate) partial: bool,
    /// The key of its root, where it is a known cgroup inside of the machine's; else empty.
    pub(crate) inside: Vec<u8>,
}

impl Hierarchy {
    /// Where the cgroup `key` is below the directory of the hierarchy: empty for its root, `None` outside of it.
    pub(crate) fn below<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        let below = key.strip_prefix(&self.inside[..])?;
        (below.is_empty() || below.starts_with(b"/")).then_some(below)
    }
}

/// All hierarchies below the cgroup root, the preferred ones first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hierarchies {
    pub(crate) list: Vec<Hierarchy>,
    /// Whether systemd manages any of them.
    pub(crate) systemd: bool,
}

impl Hierarchies {
    pub(crate) fn layout(&self) -> Layout {
        let unified = self.list.iter().any(|hierarchy| hierarchy.unified);
        let separate = self.list.iter().any(|hierarchy| !hierarchy.unified);
        match (unified, separate) {
            (false, false) => Layout::None,
            (false, true) => Layout::V1,
            (true, false) => Layout::V2,
            (true, true) => Layout::Hybrid,
        }
    }
}

/// Everything below all hierarchies.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) hierarchies: Hierarchies,
    /// By key, each key once, from the preferred hierarchy it is in.
    pub(crate) found: Vec<Found>,
    /// Whether there is more than the limit allowed.
    pub(crate) truncated: bool,
    /// Directories that could not be listed, for reasons other than having vanished.
    pub(crate) unreadable: usize,
}

/// One cgroup.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    /// Its path from the machine's root, or else that of the hierarchy, with a leading slash.
    pub(crate) key: Vec<u8>,
    /// Index into the hierarchies.
    pub(crate) hierarchy: usize,
}

/// The place of a hierarchy in `preferred`; its `name` is a list such as `cpu,cpuacct`, of which the best counts.
pub(crate) fn rank(preferred: &[String], name: &str) -> usize {
    name.split(',')
        .filter_map(|part| preferred.iter().position(|controller| controller == part))
        .min()
        .unwrap_or(preferred.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_controller_of_a_group_counts() {
        let preferred = ["cpuacct", "cpu", "memory"].map(String::from);
        assert_eq!(rank(&preferred, "cpu,cpuacct"), 0);
        assert_eq!(rank(&preferred, "memory"), 2);
        assert_eq!(rank(&preferred, "net_cls,net_prio"), 3);
    }
}
