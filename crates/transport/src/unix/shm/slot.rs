//! One direction of a region: how a message is published and taken.
//!
//! One publisher and one taker share three words. Every message moves the counter by one:
//!
//! ```text
//! publisher                              taker (has taken n messages)
//! copy the message in                    load signal          s
//! len    = size                          load seq             n: nothing yet, sleep while signal is s
//! seq    = n + 1                                              n + 1: load len once, copy out, look at seq again
//! signal = s + 1, wake                                        else: overwritten unread
//! ```
//!
//! A wake is never lost: whoever loaded `signal` before it moved does not fall asleep on the moved
//! word, and whoever loaded it after sees the new counter.

use crate::shm::Broken;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// The words of one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'a> {
    /// Messages published so far.
    pub(crate) seq: &'a AtomicU64,
    /// Bytes of the last one.
    pub(crate) len: &'a AtomicU32,
    /// Moves whenever the taker has something to look at.
    pub(crate) signal: &'a AtomicU32,
}

impl Slot<'_> {
    /// Publishes what `copy` writes, `len` bytes, as message `number`, and has `wake` wake the taker.
    #[inline]
    pub(crate) fn publish(
        self,
        number: u64,
        len: u32,
        copy: impl FnOnce(),
        wake: impl FnOnce(&AtomicU32),
    ) {
        copy();
        // Published by the store to `seq`; release besides, because some peers load it on its own.
        self.len.store(len, Ordering::Release);
        // Pairs with the acquire in `arrived`: who sees the count sees message and length. Nobody
        // else counts here, and an addition would wait until the message has left this processor.
        self.seq.store(number, Ordering::Release);
        self.ring(wake);
    }

    /// Makes the taker look, whether or not there is a message.
    #[inline]
    pub(crate) fn ring(self, wake: impl FnOnce(&AtomicU32)) {
        // Pairs with the acquire in `signal`: who sees it moved sees why.
        self.signal.fetch_add(1, Ordering::Release);
        wake(self.signal);
    }

    /// The value to sleep on, loaded before looking whether anything arrived.
    pub(crate) fn signal(self) -> u32 {
        // Pairs with the release in `ring`.
        self.signal.load(Ordering::Acquire)
    }

    /// Takes the message that has arrived after the `taken` ones: `copy` gets its length.
    #[inline]
    pub(crate) fn take(
        self,
        taken: u64,
        capacity: u32,
        copy: impl FnOnce(u32),
    ) -> Result<u32, Broken> {
        // Ordered by the acquire in `arrived`. Loaded once: the peer may change it at any time.
        let len = self.len.load(Ordering::Acquire);
        if len == 0 || len > capacity {
            return Err(Broken::Length);
        }
        copy(len);
        // Keeps the copy before the second look: a message published meanwhile may have torn it.
        fence(Ordering::Acquire);
        match self.seq.load(Ordering::Relaxed).wrapping_sub(taken) {
            1 => Ok(len),
            _ => Err(Broken::Overwritten),
        }
    }
}

/// Messages published so far, by the counter: where a taker starts.
#[inline]
pub(crate) fn published(seq: &AtomicU64) -> u64 {
    // Pairs with the release in `publish`.
    seq.load(Ordering::Acquire)
}

/// Whether there is a message after the `taken` ones, by the counter: what a taker looks at again and again.
#[inline]
pub(crate) fn arrived(seq: &AtomicU64, taken: u64) -> Result<bool, Broken> {
    match published(seq).wrapping_sub(taken) {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Broken::Overwritten),
    }
}
