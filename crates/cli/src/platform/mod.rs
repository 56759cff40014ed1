//! What differs between platforms: how the program is asked to stop, and where its run directory
//! is. A platform is one file.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(crate) use platform::{
    RUN_DIR_IS_MADE, RUN_DIR_VARIABLE, STOP_REQUESTS, USUAL_RUN_DIR, make_run_dir, on_stop_request,
    usual_run_dir,
};
