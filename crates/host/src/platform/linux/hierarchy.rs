use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::cgroups::{Hierarchies, Hierarchy, rank};

/// Looks what is mounted below `root`: the kernel's own files tell a hierarchy and its version, so that no mount table is
/// needed and a tree copied from another machine reads the same.
pub(super) fn detect(root: &Path, controllers: &[String]) -> io::Result<Hierarchies> {
    if let Some(hierarchy) = at(root) {
        return Ok(of(vec![hierarchy]));
    }
    let (mut found, mut links) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        // `cpu -> cpu,cpuacct` is the same hierarchy once more.
        if kind.is_symlink() {
            links.push(entry.path());
        } else if kind.is_dir()
            && let Some(hierarchy) = at(&entry.path())
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push((rank(controllers, &name), name, hierarchy));
        }
    }
    found.sort_by(|(a_rank, a, _), (b_rank, b, _)| (a_rank, a).cmp(&(b_rank, b)));
    let mut list = Vec::new();
    for (_, name, mut hierarchy) in found {
        hierarchy.aliases = aliases(root, &name, &hierarchy.dir, &links);
        list.push(hierarchy);
    }
    Ok(of(list))
}

/// Links to the hierarchy, and those that there would be where systemd mounts it.
fn aliases(root: &Path, name: &str, dir: &Path, links: &[PathBuf]) -> Vec<PathBuf> {
    let joint = name.contains(',').then(|| name.split(','));
    let usual = joint.into_iter().flatten().map(|part| root.join(part));
    let same = |link: &&PathBuf| match (fs::canonicalize(link), fs::canonicalize(dir)) {
        (Ok(link), Ok(dir)) => link == dir,
        _ => false,
    };
    let linked = links.iter().filter(same).cloned();
    let mut aliases: Vec<PathBuf> = linked.collect();
    for path in usual {
        if !aliases.contains(&path) && !path.exists() {
            aliases.push(path);
        }
    }
    aliases.sort();
    aliases
}

fn of(list: Vec<Hierarchy>) -> Hierarchies {
    let managed = |hierarchy: &Hierarchy| {
        ["system.slice", "init.scope"]
            .iter()
            .any(|name| hierarchy.dir.join(name).is_dir())
    };
    Hierarchies {
        systemd: list.iter().any(managed),
        list,
    }
}

/// The hierarchy mounted at `dir`, if one is.
fn at(dir: &Path) -> Option<Hierarchy> {
    let has = |file| dir.join(file).exists();
    let unified = has("cgroup.controllers");
    (unified || has("cgroup.procs") || has("tasks")).then(|| Hierarchy {
        dir: dir.to_path_buf(),
        aliases: Vec::new(),
        unified,
        inside: Vec::new(),
        // The kernel gives this file to every cgroup but the machine's root.
        partial: unified && has("cgroup.type"),
    })
}
