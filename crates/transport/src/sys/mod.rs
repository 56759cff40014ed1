//! What the operating system offers, safe to use. A platform is a whole directory, chosen here.
//!
//! Every platform gives [`WaitObject`], [`Event`] and a few numbers to the shared files of this
//! crate, and to its own transport whatever that needs.

#[cfg(any(target_os = "linux", windows))]
pub(crate) mod atomic;
#[cfg(any(target_os = "linux", windows))]
mod map;

#[cfg(all(unix, not(target_os = "linux")))]
mod posix;
#[cfg(target_os = "linux")]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(all(unix, not(target_os = "linux")))]
use posix as platform;
#[cfg(target_os = "linux")]
use unix as platform;
#[cfg(windows)]
use windows as platform;

#[cfg(any(target_os = "linux", windows))]
pub(crate) use map::SharedMap;
#[cfg(unix)]
pub use platform::handle_sigbus;
#[cfg(all(feature = "testing", any(target_os = "linux", windows)))]
pub use platform::testing;
pub(crate) use platform::*;
#[cfg(windows)]
pub use platform::{ConsoleEvent, on_console_event};
pub use platform::{WaitObject, forbid_cancellation, forks, forks_seen, monotonic};
