//! Why there is nothing behind a context, in memory of C: nothing is allocated, so that callers who try
//! again and again leak nothing.

#![expect(unsafe_code, reason = "contexts of C are read and written here")]

use std::sync::atomic::{AtomicU8, Ordering};

/// Bytes that a context has for it.
pub(crate) const ROOM: usize = 496;

/// A text that any thread may read and write.
pub(crate) struct FailureText<'a>(&'a [AtomicU8; ROOM]);

impl FailureText<'_> {
    /// The text at `room`.
    ///
    /// # Safety
    /// `room` is there for as long as this is, and used through this type only.
    pub(crate) unsafe fn new(room: *mut [u8; ROOM]) -> Self {
        // SAFETY: the caller's promise; an atomic byte is laid out as a byte.
        Self(unsafe { &*room.cast::<[AtomicU8; ROOM]>() })
    }

    /// Writes as much of `why` as there is room for, with a NUL behind it.
    pub(crate) fn set(&self, why: &str) {
        let whole = why.bytes().chain([0]);
        let cut = why.bytes().take(self.0.len() - 4).chain(*b"...\0");
        let write = |(to, byte): (&AtomicU8, u8)| to.store(byte, Ordering::Relaxed);
        if why.len() < self.0.len() {
            self.0.iter().zip(whole).for_each(write);
        } else {
            self.0.iter().zip(cut).for_each(write);
        }
    }

    /// What was written; less of it while another thread writes.
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.iter().map(|byte| byte.load(Ordering::Relaxed));
        let text: Vec<u8> = bytes.take_while(|byte| *byte != 0).collect();
        String::from_utf8_lossy(&text).into_owned()
    }
}
