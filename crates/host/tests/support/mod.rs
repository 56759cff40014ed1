//! A machine made of files: a cgroup tree, processes and container runtimes in a directory of their own.
#![allow(dead_code, reason = "every test program uses a part of it")]
#![expect(
    clippy::unwrap_used,
    reason = "a machine that cannot be made is a failed test"
)]

use std::{
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use netipc_host::{Host, HostConfig, HostSnapshot, Refresh};
use tempfile::TempDir;

/// Whole container ids.
pub(crate) const ID_A: &str = "aaaaaaaaaaaa0123456789abcdef0123456789abcdef0123456789abcdef0123";
pub(crate) const ID_B: &str = "bbbbbbbbbbbb0123456789abcdef0123456789abcdef0123456789abcdef0123";

/// The uid of a pod.
pub(crate) const POD: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

pub(crate) struct Machine {
    root: TempDir,
}

impl Machine {
    /// Nothing but the two root directories.
    pub(crate) fn bare() -> Self {
        let root = tempfile::tempdir().unwrap();
        for dir in ["sys/fs/cgroup", "proc"] {
            fs::create_dir_all(root.path().join(dir)).unwrap();
        }
        Self { root }
    }

    /// A version 2 machine with these cgroups.
    pub(crate) fn v2(cgroups: &[&str]) -> Self {
        let machine = Self::bare();
        machine.write("sys/fs/cgroup/cgroup.controllers", "cpu memory");
        for cgroup in cgroups {
            machine.cgroup(cgroup);
        }
        machine
    }

    /// A machine with these hierarchies of version 1, `unified` among them standing for one of version 2.
    pub(crate) fn v1(hierarchies: &[&str]) -> Self {
        let machine = Self::bare();
        for name in hierarchies {
            let file = match *name {
                "unified" => "cgroup.controllers",
                _ => "tasks",
            };
            machine.write(&format!("sys/fs/cgroup/{name}/{file}"), "");
        }
        machine
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    pub(crate) fn cgroup_path(&self, cgroup: &str) -> PathBuf {
        self.path(&format!("sys/fs/cgroup{cgroup}"))
    }

    /// A cgroup of a version 2 machine; on version 1 the path begins with the hierarchy.
    pub(crate) fn cgroup(&self, cgroup: &str) {
        fs::create_dir_all(self.cgroup_path(cgroup)).unwrap();
    }

    pub(crate) fn remove_cgroup(&self, cgroup: &str) {
        fs::remove_dir_all(self.cgroup_path(cgroup)).unwrap();
    }

    pub(crate) fn write(&self, relative: &str, content: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// A process whose `cgroup` file has this one line of version 2.
    pub(crate) fn process(&self, pid: u32, comm: &str, cgroup: &str) {
        self.write(
            &format!("proc/{pid}/stat"),
            stat(pid, comm.as_bytes(), 1, 5),
        );
        self.write(&format!("proc/{pid}/cgroup"), format!("0::{cgroup}\n"));
    }

    pub(crate) fn config(&self) -> HostConfig {
        HostConfig::under(self.root.path())
    }

    pub(crate) fn host(&self) -> Host {
        Host::new(self.config())
    }

    /// Looks once.
    pub(crate) fn look(&self) -> std::sync::Arc<HostSnapshot> {
        let host = self.host();
        refresh(&host);
        host.current()
    }
}

/// A `stat` file.
pub(crate) fn stat(pid: u32, comm: &[u8], ppid: u32, ticks: u64) -> Vec<u8> {
    let head = [format!("{pid} (").as_bytes(), comm].concat();
    let tail =
        format!(") S {ppid} 1 1 0 -1 4194560 0 0 0 0 {ticks} 7 0 0 20 0 1 0 {pid}00 4096 1\n");
    [head, tail.into_bytes()].concat()
}

pub(crate) fn refresh(host: &Host) -> Refresh {
    host.refresh()
}

pub(crate) fn names(snapshot: &HostSnapshot) -> Vec<String> {
    let cgroups = snapshot.cgroups().iter();
    cgroups.map(|cgroup| text(cgroup.name())).collect()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

pub(crate) fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}
