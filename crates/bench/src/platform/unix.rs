//! Directories that only their owner may enter, process groups, and what the kernel tells of itself and of this process.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::utsname::uname;
use tempfile::TempDir;

use crate::usage::Usage;

/// What says where temporary files are.
pub(crate) const TEMP_VARIABLE: &str = "TMPDIR";
/// Where to try after that, as it may be read-only, or deep in the tree.
pub(crate) const OTHER_PLACES: &[&str] = &["/tmp", "/run", "/dev/shm", "/var/tmp"];

/// A directory that nobody else may enter, and that goes away with this.
#[derive(Debug)]
pub struct RunDir(TempDir);

impl RunDir {
    /// Makes one in `place`.
    pub(crate) fn make_in(place: &Path) -> io::Result<Self> {
        let made = tempfile::Builder::new()
            .prefix("n")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(place);
        made.map(Self)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Keeps the terminal's interrupt from `command`: it is for us to act on, in good order.
pub(crate) fn in_own_group(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

/// What this process has used until now; nothing where the system does not tell.
pub(crate) fn usage() -> Usage {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Usage::default();
    };
    let micros = [usage.user_time(), usage.system_time()]
        .map(|time| count(time.tv_sec()) * 1_000_000 + count(time.tv_usec()));
    let switches = [
        usage.voluntary_context_switches(),
        usage.involuntary_context_switches(),
    ];
    Usage {
        cpu_ns: micros.iter().sum::<u64>() * 1000,
        switches: Some(switches.map(count).iter().sum()),
    }
}

/// A number of the system's, of 32 or 64 bits as its processor has.
fn count(number: impl TryInto<u64>) -> u64 {
    number.try_into().unwrap_or_default()
}

/// System and release: `Linux 6.8.0`.
pub(crate) fn kernel() -> String {
    uname().map_or_else(
        |_| "unknown".to_owned(),
        |names| {
            let [system, release] = [names.sysname(), names.release()];
            format!("{} {}", system.display(), release.display())
        },
    )
}

/// What has to be said beside every figure of this machine, if anything.
#[must_use]
pub const fn caveat() -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_have_a_name_and_a_release() {
        assert!(kernel().split_whitespace().count() >= 2, "{}", kernel());
    }
}
