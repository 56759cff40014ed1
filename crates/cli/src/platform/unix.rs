//! Signals, and directories that only their owner may enter.

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use netipc::transport::{Endpoint, handle_sigbus};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

pub(crate) use super::notify_unix::NotifySocket;
pub(crate) use super::stderr_unix::{Stderr, stderr_is_journal};

/// What asks the program to stop, for `--help`.
pub(crate) const STOP_REQUESTS: &str =
    "SIGINT, SIGTERM or SIGHUP (SIGHUP not where it was ignored at the start, as under nohup)";
/// How long requests may go on once the program is asked to stop.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);
/// What becomes of the run directory, for `--help`.
pub(crate) const RUN_DIR_IS_MADE: &str =
    "The run directory is made with mode 0700 where there is none, and removed again then.";
/// Which run directory is the usual one, for `--help`.
pub(crate) const USUAL_RUN_DIR: &str = "/run/netipc for root, else $XDG_RUNTIME_DIR/netipc";
/// What has to be set for it.
pub(crate) const RUN_DIR_VARIABLE: &str = "XDG_RUNTIME_DIR";

/// Whether there are cgroups to show.
pub(crate) const HAS_CGROUPS: bool = cfg!(target_os = "linux");

/// Has a peer that truncates a region, which it shares with this process, end that session and nothing else.
pub(crate) fn outlive_truncated_regions() {
    if let Err(error) = handle_sigbus() {
        tracing::debug!(%error, "a peer that truncates a region will end this process");
    }
}

/// Calls `first` once this process is asked to stop. A second request ends the process at once.
///
/// # Errors
/// Where the system lets nobody wait for signals.
pub(crate) fn on_stop_request(first: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut wanted = vec![SIGINT, SIGTERM];
    if !is_ignored(SIGHUP) {
        wanted.push(SIGHUP);
    }
    let mut signals = Signals::new(wanted)?;
    let wait = move || {
        let mut signals = signals.forever();
        if signals.next().is_some() {
            first();
        }
        if let Some(second) = signals.next() {
            // It fails for no signal of ours.
            let _ = emulate_default_handler(second);
        }
    };
    thread::Builder::new()
        .name("netipc-signals".to_owned())
        .spawn(wait)
        .map(drop)
}

/// Whether this process was started with `signal` ignored; taken to be false where the system does
/// not tell.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored(&status).is_some_and(|signals| signals & (1 << (signal - 1)) != 0)
}

/// The bits of ignored signals in a `status` of procfs.
fn ignored(status: &str) -> Option<u64> {
    let mut lines = status.lines();
    let bits = lines.find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(bits.trim(), 16).ok()
}

/// Where endpoints are unless the user says so; `None` for a user whose session has no such place.
pub(crate) fn usual_run_dir() -> Option<PathBuf> {
    let root = rustix::process::geteuid().is_root();
    run_dir_of(root, env::var_os(RUN_DIR_VARIABLE))
}

/// Root's is the machine's own, whatever session root works in.
fn run_dir_of(root: bool, xdg_runtime_dir: Option<OsString>) -> Option<PathBuf> {
    if root {
        return Some("/run/netipc".into());
    }
    let dir = xdg_runtime_dir.filter(|dir| !dir.is_empty())?;
    Some(PathBuf::from(dir).join("netipc"))
}

/// Makes the run directory `path` for our own user alone, where there is none; whether it did.
///
/// # Errors
/// Where it cannot be made, or something else is there.
pub(crate) fn make_run_dir(path: &Path) -> io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(error) => Err(error),
    }
}

/// What tells the endpoint's socket from any that it had before; `None` if there is none.
pub(crate) fn socket_id(endpoint: &Endpoint) -> Option<(u64, u64)> {
    let meta = fs::symlink_metadata(endpoint.socket_path()).ok()?;
    Some((meta.dev(), meta.ino()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn every_user_has_a_usual_run_directory() {
        let xdg = || Some(OsString::from("/run/user/7"));
        assert_eq!(run_dir_of(true, xdg()), Some("/run/netipc".into()));
        assert_eq!(run_dir_of(false, xdg()), Some("/run/user/7/netipc".into()));
        assert_eq!(run_dir_of(false, Some(OsString::new())), None);
        assert_eq!(run_dir_of(false, None), None);
    }

    #[test]
    fn a_run_directory_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        assert!(make_run_dir(&path).unwrap());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(!make_run_dir(&path).unwrap(), "it was there before");
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(make_run_dir(file.path()).is_err());
    }

    #[test]
    fn ignored_signals_are_bits() {
        let status = "Name:\tnetipc\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000004002\n";
        assert_eq!(ignored(status), Some(0x1001));
        assert_eq!(ignored("Name:\tnetipc\n"), None);
    }
}
