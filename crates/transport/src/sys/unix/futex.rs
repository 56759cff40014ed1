//! Shared futexes.

use std::time::Duration;

use rustix::thread::futex::{self, Flags};

use super::event::timespec;
use super::{Errno, Result};
use crate::sys::atomic::AtomicU32;

/// Sleeps while `word` is `value`, for at most `limit`; may return early.
///
/// Fails only for what would fail again.
pub(crate) fn futex_wait(word: &AtomicU32, value: u32, limit: Duration) -> Result<()> {
    match futex::wait(word, Flags::empty(), value, Some(&timespec(limit))) {
        Ok(()) | Err(Errno::AGAIN | Errno::INTR | Errno::TIMEDOUT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Wakes one sleeper, in whatever process it is.
pub(crate) fn futex_wake(word: &AtomicU32) {
    // A mapped word cannot fail, and nobody could do better if it did: sleepers wait in slices.
    let _ = futex::wake(word, Flags::empty(), 1);
}
