//! One direction of a region: how a message is published and taken, and how its taker sleeps.
//!
//! One publisher and one taker share four words and, where they sleep, an event:
//!
//! ```text
//! publisher                              taker (has taken n messages)
//! copy the message in                    look at seq     n + 1: take it
//! len = size                                             n: nothing yet, sleep:
//! seq = n + 1                            waiting = 1
//! full barrier                           full barrier
//! waiting? set the event                 look at seq again; wait for the event only if still n
//!                                        waiting = 0
//! ```
//!
//! Of the two barriers one comes first: either the publisher sees the taker wait, or the taker sees
//! the message. A publisher that leaves sets `closed` in place of `seq`.

use crate::shm::Broken;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// The words of one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'a> {
    /// Messages published so far.
    pub(crate) seq: &'a AtomicU64,
    /// Bytes of the last one.
    pub(crate) len: &'a AtomicU32,
    /// Not 0 once the publisher has left.
    pub(crate) closed: &'a AtomicU32,
    /// Not 0 while the taker sleeps, or is about to.
    pub(crate) waiting: &'a AtomicU32,
}

impl Slot<'_> {
    /// Publishes what `copy` writes, `len` bytes, as message `number`, and has `wake` wake a taker
    /// that sleeps.
    #[inline]
    pub(crate) fn publish(self, number: u64, len: u32, copy: impl FnOnce(), wake: impl FnOnce()) {
        copy();
        // Published by the store to `seq`; release besides, because some peers load it on its own.
        self.len.store(len, Ordering::Release);
        // Pairs with the acquire in `published`: who sees the count sees message and length.
        self.seq.store(number, Ordering::Release);
        self.wake_if_waiting(wake);
    }

    /// Says that nothing more is published.
    pub(crate) fn close(self, wake: impl FnOnce()) {
        // Pairs with the acquire in `is_closed`: who sees it sees the last message.
        self.closed.store(1, Ordering::Release);
        // Whether it sleeps or not: this happens once.
        wake();
    }

    /// Whether the publisher has left.
    #[inline]
    pub(crate) fn is_closed(self) -> bool {
        // Pairs with the release in `close`.
        self.closed.load(Ordering::Acquire) != 0
    }

    /// Says that the taker is about to sleep: it looks once more after this, and then waits for the
    /// event.
    pub(crate) fn begin_waiting(self) {
        self.waiting.store(1, Ordering::Relaxed);
        // With the one in `wake_if_waiting`: what is not seen after this wakes us.
        fence(Ordering::SeqCst);
    }

    /// Says that the taker is awake.
    pub(crate) fn end_waiting(self) {
        // An event that is set because this comes late ends the next sleep early, no more.
        self.waiting.store(0, Ordering::Relaxed);
    }

    /// Messages published so far: where a taker starts.
    #[inline]
    pub(crate) fn published(self) -> u64 {
        // Pairs with the release in `publish`.
        self.seq.load(Ordering::Acquire)
    }

    /// Whether there is a message after the `taken` ones.
    #[inline]
    pub(crate) fn arrived(self, taken: u64) -> Result<bool, Broken> {
        match self.published().wrapping_sub(taken) {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Broken::Overwritten),
        }
    }

    /// Takes the message that has arrived after the `taken` ones: `copy` gets its length.
    #[inline]
    pub(crate) fn take(
        self,
        taken: u64,
        capacity: u32,
        copy: impl FnOnce(u32),
    ) -> Result<u32, Broken> {
        // Ordered by the acquire in `arrived`. What is copied is decided by this load alone.
        let len = self.len.load(Ordering::Acquire);
        if len == 0 || len > capacity {
            return Err(Broken::Length);
        }
        copy(len);
        // Keeps the copy before the second look: a message published meanwhile may have torn it.
        fence(Ordering::Acquire);
        let same = self.seq.load(Ordering::Relaxed).wrapping_sub(taken) == 1
            && self.len.load(Ordering::Relaxed) == len;
        if same {
            Ok(len)
        } else {
            Err(Broken::Overwritten)
        }
    }

    #[inline]
    fn wake_if_waiting(self, wake: impl FnOnce()) {
        // With the one in `begin_waiting`: who waits and is not seen here has seen the message.
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) != 0 {
            wake();
        }
    }
}
