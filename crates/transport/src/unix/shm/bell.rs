//! What wakes the owner of a link that sleeps: a word of our own, which no peer can write.
//!
//! The signal of a region would do, but for a peer that writes the old value back after it was rung: whoever had looked
//! before would sleep on.

use crate::sys::atomic::{AtomicU32, Ordering};

/// How often it was rung.
#[derive(Debug, Default)]
pub(crate) struct Bell(AtomicU32);

impl Bell {
    /// The value to sleep on, loaded before looking why it might have been rung.
    pub(crate) fn rung(&self) -> u32 {
        // Pairs with the release in `ring`.
        self.0.load(Ordering::Acquire)
    }

    /// Rings it, and has `wake` wake who sleeps.
    pub(crate) fn ring(&self, wake: impl FnOnce(&AtomicU32)) {
        // Pairs with the acquire in `rung`: who sees it rung sees why.
        self.0.fetch_add(1, Ordering::Release);
        wake(&self.0);
    }

    /// What is slept on.
    pub(crate) fn word(&self) -> &AtomicU32 {
        &self.0
    }
}
