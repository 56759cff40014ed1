use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{config::HostConfig, error::HostError};

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
    /// Whether it is a version 2 hierarchy.
    pub(crate) unified: bool,
}

/// All hierarchies below the cgroup root, the preferred ones first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hierarchies {
    pub(crate) layout: Layout,
    pub(crate) list: Vec<Hierarchy>,
}

impl Hierarchies {
    /// Looks what is mounted: the kernel's own files tell a hierarchy and its version, so that no mount table is needed
    /// and a tree copied from another machine reads the same.
    pub(crate) fn detect(config: &HostConfig) -> Result<Self, HostError> {
        let root = &config.cgroup_root;
        if let Some(hierarchy) = Hierarchy::at(root) {
            return Ok(Self::of(vec![hierarchy]));
        }
        let unreadable = |source| HostError::CgroupRoot {
            path: root.clone(),
            source,
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(root).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            // `cpu -> cpu,cpuacct` is the same hierarchy once more.
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if let Some(hierarchy) = Hierarchy::at(&entry.path()) {
                let name = entry.file_name().to_string_lossy().into_owned();
                found.push((rank(&config.controllers, &name), name, hierarchy));
            }
        }
        found.sort_by(|(a_rank, a, _), (b_rank, b, _)| (a_rank, a).cmp(&(b_rank, b)));
        Ok(Self::of(found.into_iter().map(|found| found.2).collect()))
    }

    /// Whether systemd manages any of them.
    pub(crate) fn systemd(&self) -> bool {
        self.list.iter().any(|hierarchy| {
            ["system.slice", "init.scope"]
                .iter()
                .any(|name| hierarchy.dir.join(name).is_dir())
        })
    }

    fn of(list: Vec<Hierarchy>) -> Self {
        let unified = list.iter().any(|hierarchy| hierarchy.unified);
        let separate = list.iter().any(|hierarchy| !hierarchy.unified);
        let layout = match (unified, separate) {
            (false, false) => Layout::None,
            (false, true) => Layout::V1,
            (true, false) => Layout::V2,
            (true, true) => Layout::Hybrid,
        };
        Self { layout, list }
    }
}

impl Hierarchy {
    /// The hierarchy mounted at `dir`, if one is.
    fn at(dir: &Path) -> Option<Self> {
        let has = |file| dir.join(file).exists();
        let unified = has("cgroup.controllers");
        (unified || has("cgroup.procs") || has("tasks")).then(|| Self {
            dir: dir.to_path_buf(),
            unified,
        })
    }
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
