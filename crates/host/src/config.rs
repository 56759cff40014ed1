use std::path::{Path, PathBuf};

use crate::pattern::Exclusions;

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
    /// Cgroups reported as disabled by exclusion.
    pub exclusions: Exclusions,
    /// Where container runtimes keep what they know.
    pub runtime: RuntimeRoots,
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
            exclusions: Exclusions::default(),
            runtime: RuntimeRoots::under(root),
            limits: Limits::default(),
        }
    }
}

impl Default for HostConfig {
    fn default() -> Self {
        Self::under("/")
    }
}

/// Files of container runtimes that give names and labels. All are optional: a missing or unreadable one gives nothing.
/// [`Default`] looks nowhere.
#[derive(Clone, Debug, Default)]
pub struct RuntimeRoots {
    /// Directories with `<id>/config.v2.json`.
    pub docker: Vec<PathBuf>,
    /// Directories with `<id>/config.json`, one for each containerd namespace of interest.
    pub containerd: Vec<PathBuf>,
    /// Directories with `<id>/userdata/config.json`.
    pub crio: Vec<PathBuf>,
    /// Files such as `containers.json`, each an array of containers.
    pub podman: Vec<PathBuf>,
    /// Directories with `<namespace>_<pod>_<uid>` entries, as the kubelet makes in `/var/log/pods`.
    pub pod_logs: Vec<PathBuf>,
    /// Directories with `<pod>_<namespace>_<container>-<id>.log` entries, as in `/var/log/containers`.
    pub container_logs: Vec<PathBuf>,
}

impl RuntimeRoots {
    /// The usual places below `root`.
    pub fn under(root: impl AsRef<Path>) -> Self {
        let root = root.as_ref();
        let all = |paths: &[&str]| paths.iter().map(|path| root.join(path)).collect();
        Self {
            docker: all(&["var/lib/docker/containers"]),
            containerd: all(&[
                "run/containerd/io.containerd.runtime.v2.task/k8s.io",
                "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io",
            ]),
            crio: all(&["run/containers/storage/overlay-containers"]),
            podman: all(&[
                "var/lib/containers/storage/overlay-containers/containers.json",
                "run/containers/storage/overlay-containers/volatile-containers.json",
            ]),
            pod_logs: all(&["var/log/pods"]),
            container_logs: all(&["var/log/containers"]),
        }
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
        }
    }
}
