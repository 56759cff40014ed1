use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::policy::Policy;

/// Where to look and how far; [`Default`] is this machine's own `/sys/fs/cgroup` and `/proc`.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The directory that is a cgroup v2 mount, or holds one directory per v1 hierarchy.
    pub cgroup_root: PathBuf,
    /// The directory with one directory per process.
    pub proc_root: PathBuf,
    /// Hierarchies in order of preference on v1 and hybrid machines. A cgroup found in several is reported once, with
    /// its path in the first of these; hierarchies not named here come after, by name.
    pub controllers: Vec<String>,
    /// Which cgroups are enabled.
    pub policy: Policy,
    /// Where container runtimes keep what they know.
    pub sources: Sources,
    /// Bounds on what one refresh reads and keeps.
    pub limits: Limits,
}

impl HostConfig {
    /// The usual places below `root`, as when the machine's file system is mounted at `/host` inside a container.
    pub fn under(root: impl AsRef<Path>) -> Self {
        let root = root.as_ref();
        let controllers = [
            "cpuacct", "cpu", "memory", "blkio", "pids", "systemd", "unified",
        ];
        Self {
            cgroup_root: root.join("sys/fs/cgroup"),
            proc_root: root.join("proc"),
            controllers: controllers.map(String::from).to_vec(),
            policy: Policy::default(),
            sources: Sources::under(root),
            limits: Limits::default(),
        }
    }
}

impl Default for HostConfig {
    fn default() -> Self {
        Self::under("/")
    }
}

/// Where names and labels of containers and machines come from: for each source the files or directories to look at.
///
/// In a path `*` stands for any one name, or for any part of one, and `~` alone for every home directory of the machine.
/// All are optional: a missing or unreadable one gives nothing, which the source's
/// [report](crate::HostSnapshot::sources) says. What several sources know is taken from the first, in the order of
/// [`Sources::NAMES`]. [`Default`] looks nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// `/`, or where the machine's file system is mounted.
    root: PathBuf,
    places: BTreeMap<&'static str, Vec<PathBuf>>,
}

/// The usual places below the root, by source.
const USUAL: [(&str, &[&str]); 9] = [
    (
        "docker",
        &[
            "var/lib/docker/containers",
            "var/lib/docker/*.*/containers",
            "var/snap/docker/common/var-lib-docker/containers",
            "~/.local/share/docker/containers",
        ],
    ),
    (
        "containerd",
        &[
            "run/containerd/io.containerd.runtime.v2.task/*",
            "run/containerd/io.containerd.runtime.v1.linux/*",
            "run/k3s/containerd/io.containerd.runtime.v2.task/*",
            "run/k0s/containerd/io.containerd.runtime.v2.task/*",
            "var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/*",
            "run/user/*/containerd/io.containerd.runtime.v2.task/*",
        ],
    ),
    (
        "crio",
        &[
            "run/containers/storage/*-containers",
            "var/lib/containers/storage/*-containers",
        ],
    ),
    (
        "podman",
        &[
            "var/lib/containers/storage/*-containers/containers.json",
            "run/containers/storage/*-containers/volatile-containers.json",
            "~/.local/share/containers/storage/*-containers/containers.json",
            "run/user/*/containers/*-containers/volatile-containers.json",
        ],
    ),
    (
        "proxmox",
        &[
            "etc/pve/qemu-server",
            "etc/pve/lxc",
            "etc/pve/nodes/*/qemu-server",
            "etc/pve/nodes/*/lxc",
        ],
    ),
    (
        "incus",
        &[
            "run/incus",
            "var/log/incus",
            "var/log/lxd",
            "var/snap/lxd/common/lxd/logs",
        ],
    ),
    ("lxc", &["var/lib/lxc", "~/.local/share/lxc"]),
    ("machined", &["run/systemd/machines"]),
    ("kubelet", &["var/log/containers", "var/log/pods"]),
];

impl Sources {
    /// All sources, the most trusted first.
    pub const NAMES: [&str; 9] = {
        let mut names = [""; 9];
        let mut at = 0;
        while at < names.len() {
            names[at] = USUAL[at].0;
            at += 1;
        }
        names
    };

    /// The usual places below `root`.
    pub fn under(root: impl AsRef<Path>) -> Self {
        let root = root.as_ref();
        let all = |paths: &[&str]| paths.iter().map(|path| root.join(path)).collect();
        Self {
            root: root.to_owned(),
            places: USUAL.map(|(name, paths)| (name, all(paths))).into(),
        }
    }

    /// Looks for the source `name` at these places instead; at none if there are none. False if there is no such source.
    pub fn set(&mut self, name: &str, places: impl IntoIterator<Item = PathBuf>) -> bool {
        let Some(name) = Self::NAMES.into_iter().find(|known| *known == name) else {
            return false;
        };
        self.places.insert(name, places.into_iter().collect());
        true
    }

    /// Where the source `name` is looked for.
    pub fn places(&self, name: &str) -> &[PathBuf] {
        self.places.get(name).map_or(&[], Vec::as_slice)
    }

    /// `/`, or where the machine's file system is mounted.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// Bounds on what one refresh reads and keeps, so that a hostile or broken tree costs no more than this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Cgroups in a snapshot, counted over all hierarchies before merging. Reaching it is reported as truncation.
    pub cgroups: usize,
    /// Levels below a hierarchy's root; deeper cgroups are left out and answered as permanently unknown.
    pub depth: usize,
    /// Processes in a snapshot. Reaching it is reported as truncation.
    pub processes: usize,
    /// Bytes of one container runtime file; a larger file is ignored.
    pub runtime_file_bytes: u64,
    /// Labels of one cgroup; those from the path come first, the rest of a runtime's labels is dropped.
    pub labels: usize,
    /// Bytes of one label value; a longer one is dropped.
    pub label_value_bytes: usize,
    /// How long a refresh waits for a source before it goes on with what that source said before.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cgroups: 262_144,
            depth: 64,
            processes: 4_194_304,
            runtime_file_bytes: 4 << 20,
            labels: 64,
            label_value_bytes: 1024,
            patience: Duration::from_secs(2),
        }
    }
}
