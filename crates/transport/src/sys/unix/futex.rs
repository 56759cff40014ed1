//! Shared futexes.

use std::time::Duration;

use rustix::thread::futex::{self, Flags, WaitFlags, WaitPtr, WaitvFlags};
use rustix::time::ClockId;

use super::event::timespec;
use super::{Errno, Result, monotonic};
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

/// Sleeps while each of the words has the value beside it, for at most `limit`; may return early. Where the system
/// has no such sleep (before Linux 5.16), that of the first alone.
///
/// Fails only for what would fail again.
pub(crate) fn futex_wait_either(words: [(&AtomicU32, u32); 2], limit: Duration) -> Result<()> {
    let waits = words.map(|(word, value)| {
        let mut wait = futex::Wait::new();
        wait.val = value.into();
        wait.uaddr = WaitPtr::new(word.as_ptr().cast());
        wait.flags = WaitFlags::SIZE_U32;
        wait
    });
    let until = monotonic().checked_add(limit).map(timespec);
    match futex::waitv(
        &waits,
        WaitvFlags::empty(),
        until.as_ref(),
        ClockId::Monotonic,
    ) {
        Ok(_) | Err(Errno::AGAIN | Errno::INTR | Errno::TIMEDOUT) => Ok(()),
        Err(Errno::NOSYS | Errno::PERM | Errno::ACCESS) => {
            let [(word, value), _] = words;
            futex_wait(word, value, limit)
        }
        Err(errno) => Err(errno),
    }
}

/// Wakes one sleeper, in whatever process it is.
pub(crate) fn futex_wake(word: &AtomicU32) {
    // A mapped word cannot fail, and nobody could do better if it did: sleepers wait in slices.
    let _ = futex::wake(word, Flags::empty(), 1);
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const HANG: Duration = Duration::from_secs(60);

    #[test]
    fn a_sleep_on_two_words_ends_with_a_wake_of_either() {
        let words = [AtomicU32::new(7), AtomicU32::new(9)];
        let [first, second] = &words;
        for word in &words {
            thread::scope(|scope| {
                scope.spawn(|| futex_wait_either([(first, 7), (second, 9)], HANG).unwrap());
                // Nothing moves: only who sleeps can be woken.
                let deadline = monotonic() + HANG;
                while futex::wake(word, Flags::empty(), 1).unwrap() == 0 {
                    assert!(monotonic() < deadline, "nobody sleeps on it");
                    thread::yield_now();
                }
            });
        }
    }

    #[test]
    fn a_sleep_on_two_words_has_a_limit() {
        let words = [AtomicU32::new(7), AtomicU32::new(9)];
        let [first, second] = &words;
        let limit = Duration::from_millis(5);
        let start = monotonic();
        while monotonic() - start < limit {
            futex_wait_either([(first, 7), (second, 9)], limit).unwrap();
        }
        // One that has moved already is not slept on.
        futex_wait_either([(first, 7), (second, 8)], HANG).unwrap();
        futex_wait_either([(first, 6), (second, 9)], HANG).unwrap();
    }
}
