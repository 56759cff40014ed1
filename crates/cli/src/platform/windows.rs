//! Console events, and run directories that are names and no places.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use netipc::transport::Endpoint;
use netipc::transport::windows::on_console_event;

/// What a program ends with that Ctrl-C has ended: `STATUS_CONTROL_C_EXIT`.
const ENDED_BY_CTRL_C: i32 = 0xC000_013A_u32.cast_signed();

/// What asks the program to stop, for `--help`.
pub(crate) const STOP_REQUESTS: &str =
    "Ctrl-C, Ctrl-Break, or the end of the console, of the user's session or of Windows";
/// How long requests may go on once the program is asked to stop. The system ends it five seconds
/// after its console was closed.
pub(crate) const DRAIN: Duration = Duration::from_secs(4);
/// What becomes of the run directory, for `--help`.
pub(crate) const RUN_DIR_IS_MADE: &str =
    "The run directory is a name that both sides agree on: nothing is made on disk.";
/// Which run directory is the usual one, for `--help`.
pub(crate) const USUAL_RUN_DIR: &str = "%LOCALAPPDATA%\\netipc";
/// What has to be set for it.
pub(crate) const RUN_DIR_VARIABLE: &str = "LOCALAPPDATA";

/// Whether there are cgroups to show.
pub(crate) const HAS_CGROUPS: bool = false;

/// No peer can truncate what it shares with this process.
pub(crate) const fn outlive_truncated_regions() {}

/// Calls `first` once this process is asked to stop. A second request ends the process at once, unless
/// the system does so soon by itself.
///
/// # Errors
/// Where the system lets nobody wait for console events.
pub(crate) fn on_stop_request(first: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let first = Mutex::new(Some(first));
    on_console_event(move |event| {
        let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
        match first {
            Some(first) => first(),
            None if event.is_final() => {}
            None => process::exit(ENDED_BY_CTRL_C),
        }
    })
}

/// The name that endpoints of this user share unless the user gives another one; `None` for a user
/// without a profile.
pub(crate) fn usual_run_dir() -> Option<PathBuf> {
    let dir = env::var_os(RUN_DIR_VARIABLE).filter(|dir| !dir.is_empty())?;
    Some(PathBuf::from(dir).join("netipc"))
}

/// Makes nothing, as a run directory is a name here.
///
/// # Errors
/// None.
pub(crate) fn make_run_dir(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

/// What tells the endpoint's socket from any that it had before: pipes are no files.
pub(crate) fn socket_id(_endpoint: &Endpoint) -> Option<(u64, u64)> {
    None
}

/// Where a supervisor listens: there is none that does.
pub(crate) enum NotifySocket {}

impl NotifySocket {
    /// Reaches nobody.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn connect(_address: &OsStr) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Sends a message.
    ///
    /// # Errors
    /// None: there is nothing to send it on.
    pub(crate) fn send(&self, _message: &[u8]) -> io::Result<()> {
        match *self {}
    }
}

/// Writes to stderr, where nothing tells whether anybody reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Whether the journal of systemd reads stderr: it is not here.
pub(crate) fn stderr_is_journal() -> bool {
    false
}
