//! Numbers in a context of C that any thread may read at any time, closed or not.

#![expect(unsafe_code, reason = "contexts of C are read and written here")]

use std::sync::atomic::{AtomicU64, Ordering};

/// A reader may see some numbers of one write and some of another. No other memory goes with them:
/// relaxed ordering is enough.
pub(crate) struct Published<'a, const N: usize>(&'a [AtomicU64; N]);

impl<'a, const N: usize> Published<'a, N> {
    /// The numbers at `numbers`.
    ///
    /// # Safety
    /// They are there for `'a`, aligned, and nothing but this type uses them meanwhile.
    #[inline]
    pub(crate) unsafe fn new(numbers: *mut [u64; N]) -> Self {
        // SAFETY: the caller's promise; an atomic number is laid out as a number.
        Self(unsafe { &*numbers.cast::<[AtomicU64; N]>() })
    }

    #[inline]
    pub(crate) fn write(&self, numbers: [u64; N]) {
        for (to, from) in self.0.iter().zip(numbers) {
            to.store(from, Ordering::Relaxed);
        }
    }

    /// Adds 1 to number `index`.
    pub(crate) fn count(&self, index: usize) {
        if let Some(number) = self.0.get(index) {
            number.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> [u64; N] {
        self.0
            .each_ref()
            .map(|number| number.load(Ordering::Relaxed))
    }
}
