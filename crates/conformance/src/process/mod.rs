//! What tests do to processes, and how they see that nothing is left of one: a file for each
//! platform.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

use std::io;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// How long a system may be too busy to start a process.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether an endpoint's name stays taken while a connection that came by it lives, although its
/// listener is gone.
pub const CONNECTIONS_KEEP_NAMES: bool = platform::CONNECTIONS_KEEP_NAMES;

/// What `spawn` gives, which starts a process: tried again where the system was too busy for one.
///
/// # Panics
/// When the process cannot be started.
pub fn start<C>(mut spawn: impl FnMut() -> io::Result<C>) -> C {
    let until = Instant::now() + PATIENCE;
    loop {
        match spawn() {
            Err(error) if platform::is_too_busy(&error) && Instant::now() < until => {}
            started => return started.expect("a process"),
        }
    }
}

/// Kills a process without a word, and waits until it is gone.
///
/// # Panics
/// When the system refuses.
pub fn kill(child: &mut Child) {
    child.kill().expect("a process that can be killed");
    child.wait().expect("its end");
}

/// Freezes a process; once it returns `true`, none of its threads runs any more. `false` where the
/// platform cannot.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn freeze(child: &Child) -> bool {
    platform::freeze(child)
}

/// Lets a frozen process go on.
///
/// # Panics
/// When the process is gone.
pub fn thaw(child: &Child) {
    platform::thaw(child);
}

/// What servers have left of themselves in a run directory.
///
/// # Panics
/// When it cannot be told.
#[must_use]
pub fn left_behind(run_dir: &Path) -> Vec<String> {
    platform::left_behind(run_dir)
}

pub use netipc_transport::testing::open_handles;
