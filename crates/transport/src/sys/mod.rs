//! What the operating system offers, safe to use. A platform is a whole directory, chosen here.
//!
//! Every platform gives [`WaitObject`], [`Event`] and a few numbers to the shared files of this
//! crate, and to its own transport whatever that needs.

pub(crate) mod atomic;
mod map;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(crate) use map::SharedMap;
#[cfg(feature = "testing")]
pub use platform::testing;
pub(crate) use platform::*;
pub use platform::{WaitObject, monotonic};
