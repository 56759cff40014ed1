//! The directory that the agent's endpoints lie in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::platform;

/// The variable that names the run directory, before any usual place is looked at.
pub const RUN_DIR_VARIABLE: &str = "NETDATA_RUN_DIR";

/// What somebody wants to do in the run directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Connect to endpoints: a consumer.
    Read,
    /// Make endpoints: a provider.
    Write,
}

/// The agent's run directory: the value of `NETDATA_RUN_DIR` if that directory is accessible, else the first of the
/// platform's usual places that is.
///
/// # Errors
/// [`RunDirError`] names every directory that was looked at.
pub fn run_dir(access: Access) -> Result<PathBuf, RunDirError> {
    let configured = std::env::var_os(RUN_DIR_VARIABLE);
    run_dir_among(configured, platform::USUAL_RUN_DIRS, access)
}

/// Like [`run_dir`] for a provider, and makes the first directory that can be made where none is there yet (mode 0755 on
/// Unix).
///
/// A provider that starts others hands the result on to them as `NETDATA_RUN_DIR`
/// ([`Command::env`](std::process::Command::env)), so that they cannot find another one.
///
/// # Errors
/// [`RunDirError`] names every directory that was looked at.
pub fn create_run_dir() -> Result<PathBuf, RunDirError> {
    let configured = std::env::var_os(RUN_DIR_VARIABLE);
    create_run_dir_among(configured, platform::USUAL_RUN_DIRS)
}

/// The rule of [`create_run_dir`] over given places: `configured` first, unless it is missing or empty, then `usual` in
/// order.
///
/// # Errors
/// [`RunDirError`] names every directory that was looked at.
pub fn create_run_dir_among(
    configured: Option<OsString>,
    usual: &[&str],
) -> Result<PathBuf, RunDirError> {
    let writable = |dir: &Path| platform::is_accessible(dir, Access::Write);
    first(configured, usual, Access::Write, |dir| {
        writable(dir) || platform::create(dir).is_ok() && writable(dir)
    })
}

/// The rule of [`run_dir`] over given places: `configured` first, unless it is missing or empty, then `usual` in order.
///
/// # Errors
/// [`RunDirError`] names every directory that was looked at.
pub fn run_dir_among(
    configured: Option<OsString>,
    usual: &[&str],
    access: Access,
) -> Result<PathBuf, RunDirError> {
    first(configured, usual, access, |dir| {
        platform::is_accessible(dir, access)
    })
}

fn first(
    configured: Option<OsString>,
    usual: &[&str],
    access: Access,
    mut usable: impl FnMut(&Path) -> bool,
) -> Result<PathBuf, RunDirError> {
    let configured = configured.filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let tried: Vec<PathBuf> = configured
        .into_iter()
        .chain(usual.iter().map(PathBuf::from))
        .collect();
    match tried.iter().position(|dir| usable(dir)) {
        Some(found) => Ok(tried.into_iter().nth(found).unwrap_or_default()),
        None => Err(RunDirError { tried, access }),
    }
}

/// No directory is accessible.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "no run directory can be {}: looked at {}; set {RUN_DIR_VARIABLE} to the agent's",
    match access { Access::Read => "read", Access::Write => "written" },
    list(tried)
)]
pub struct RunDirError {
    /// Every directory that was looked at, in order.
    pub tried: Vec<PathBuf>,
    /// What was wanted there.
    pub access: Access,
}

fn list(dirs: &[PathBuf]) -> String {
    if dirs.is_empty() {
        return "none, as this platform has no usual place".to_owned();
    }
    let names: Vec<_> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    names.join(", ")
}
