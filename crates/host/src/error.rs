use std::{io, path::PathBuf};

/// Why a refresh gave nothing new; the snapshot from before stays in place.
///
/// Only the two root directories can fail as a whole. Whatever goes wrong below them (a cgroup or a process that
/// vanished, a malformed file) costs that one item and is counted in [`Refresh`](crate::Refresh).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The root of the cgroup hierarchies cannot be listed.
    #[error(
        "cannot list the cgroup root {}; set `cgroup_root` to where cgroups are mounted",
        path.display()
    )]
    CgroupRoot {
        /// The configured directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The root of the process files cannot be listed.
    #[error(
        "cannot list the process root {}; set `proc_root` to where proc is mounted",
        path.display()
    )]
    ProcRoot {
        /// The configured directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Whether `error` says that the thing read is gone: an everyday race, never a fault.
pub(crate) fn vanished(error: &io::Error) -> bool {
    // A process that ends between open and read gives ESRCH, a cgroup removed meanwhile ENODEV; std has no kinds for them.
    const ESRCH: i32 = 3;
    const ENODEV: i32 = 19;
    error.kind() == io::ErrorKind::NotFound || matches!(error.raw_os_error(), Some(ESRCH | ENODEV))
}
