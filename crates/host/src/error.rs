use std::{io, path::PathBuf};

/// Why a source gave nothing new; what it gave before stays in place.
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

impl HostError {
    /// The directory, and what the system said of it.
    pub(crate) fn cause(&self) -> (&PathBuf, &io::Error) {
        match self {
            Self::CgroupRoot { path, source } | Self::ProcRoot { path, source } => (path, source),
        }
    }
}
