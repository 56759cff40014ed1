//! Console events, and run directories that are names and no places.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

/// What a program ends with that Ctrl-C has ended: `STATUS_CONTROL_C_EXIT`.
const ENDED_BY_CTRL_C: i32 = 0xC000_013A_u32.cast_signed();

/// What asks the program to stop, for `--help`.
pub(crate) const STOP_REQUESTS: &str =
    "Ctrl-C or Ctrl-Break (closing the console ends it at once, and leaves nothing behind either)";
/// What becomes of the run directory, for `--help`.
pub(crate) const RUN_DIR_IS_MADE: &str =
    "The run directory is a name that both sides agree on: nothing is made on disk.";
/// Which run directory is the usual one, for `--help`.
pub(crate) const USUAL_RUN_DIR: &str = "%LOCALAPPDATA%\\netipc";
/// What has to be set for it.
pub(crate) const RUN_DIR_VARIABLE: &str = "LOCALAPPDATA";

/// Whether there are cgroups to show.
pub(crate) const HAS_CGROUPS: bool = false;

/// Calls `first` once this process is asked to stop. A second request ends the process at once.
///
/// # Errors
/// Where the system lets nobody wait for console events.
pub(crate) fn on_stop_request(first: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut first = Some(first);
    let asked = move || match first.take() {
        Some(first) => first(),
        None => process::exit(ENDED_BY_CTRL_C),
    };
    ctrlc::set_handler(asked).map_err(io::Error::other)
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
