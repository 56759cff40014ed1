//! Run directories on Unix.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{Access as Mode, AtFlags, CWD, accessat};

use crate::run_dir::Access;

/// Where agents keep their run directory, the likeliest first.
pub(crate) const USUAL_RUN_DIRS: &[&str] = if cfg!(target_os = "linux") {
    &["/run/netdata", "/var/run/netdata", "/tmp/netdata"]
} else if cfg!(target_os = "macos") {
    &[
        "/private/var/run/netdata",
        "/var/run/netdata",
        "/tmp/netdata",
    ]
} else {
    &["/var/run/netdata", "/tmp/netdata"]
};

/// Whether `dir` is a directory in which this process may do what it wants to.
pub(crate) fn is_accessible(dir: &Path, access: Access) -> bool {
    let mode = match access {
        Access::Read => Mode::READ_OK | Mode::EXEC_OK,
        Access::Write => Mode::WRITE_OK | Mode::EXEC_OK,
    };
    dir.is_dir() && accessat(CWD, dir, mode, AtFlags::EACCESS).is_ok()
}

/// Makes `dir`, whose parent must be there.
pub(crate) fn create(dir: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o755).create(dir)
}
