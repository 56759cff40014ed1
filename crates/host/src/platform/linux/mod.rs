//! Linux: `/proc`, cgroups of both versions, and the files of container runtimes.

mod files;
mod hierarchy;
mod mounts;
mod parse;
mod places;
mod processes;
mod runtime;
mod walk;

use std::{ffi::OsStr, fs, io, os::unix::ffi::OsStrExt, path::Path, path::PathBuf};

use mounts::Mounts;
pub(crate) use processes::Processes;
pub(crate) use runtime::runtimes;

use crate::{
    cgroups::Tree,
    config::{HostConfig, Limits},
    error::HostError,
};

/// The cgroups of all hierarchies.
pub(crate) struct Cgroups {
    root: PathBuf,
    controllers: Vec<String>,
    limits: Limits,
    mounts: Mounts,
}

impl Cgroups {
    pub(crate) fn new(config: &HostConfig) -> Self {
        Self {
            root: config.cgroup_root.clone(),
            controllers: config.controllers.clone(),
            limits: config.limits.clone(),
            mounts: Mounts::new(&config.proc_root),
        }
    }

    /// Lists every cgroup but the roots.
    pub(crate) fn look(&mut self) -> Result<Tree, HostError> {
        let mut hierarchies =
            hierarchy::detect(&self.root, &self.controllers).map_err(|source| {
                HostError::CgroupRoot {
                    path: self.root.clone(),
                    source,
                }
            })?;
        for hierarchy in &mut hierarchies.list {
            self.mounts.place(hierarchy);
        }
        Ok(walk::walk(hierarchies, &self.limits))
    }
}

/// Whether there is a directory `below` the directory `dir` right now; `below` is empty or begins with a slash.
pub(crate) fn is_directory(dir: &Path, below: &[u8]) -> bool {
    fs::symlink_metadata(joined(dir, below)).is_ok_and(|meta| meta.is_dir())
}

fn joined(dir: &Path, below: &[u8]) -> PathBuf {
    let mut path = dir.as_os_str().to_os_string();
    path.push(OsStr::from_bytes(below));
    path.into()
}

/// Whether `error` says that the thing read is gone: an everyday race, never a fault.
fn vanished(error: &io::Error) -> bool {
    // A process that ends between open and read gives ESRCH, a cgroup removed meanwhile ENODEV; std has no kinds for them.
    const ESRCH: i32 = 3;
    const ENODEV: i32 = 19;
    error.kind() == io::ErrorKind::NotFound || matches!(error.raw_os_error(), Some(ESRCH | ENODEV))
}
