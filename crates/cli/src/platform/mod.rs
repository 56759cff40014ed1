//! What differs between platforms: how the program is asked to stop, whom it notifies, and where its
//! run directory is.

#[cfg(unix)]
mod notify_unix;
#[cfg(unix)]
mod stderr_unix;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(crate) use platform::{
    DRAIN, HAS_CGROUPS, NotifySocket, RUN_DIR_IS_MADE, RUN_DIR_VARIABLE, STOP_REQUESTS, Stderr,
    USUAL_RUN_DIR, make_run_dir, on_stop_request, outlive_truncated_regions, socket_id,
    stderr_is_journal, usual_run_dir,
};
