//! Access to memory that another process changes as well, whatever maps it.
#![expect(unsafe_code, reason = "mapped memory is reached through raw pointers")]

use std::ptr;

use super::Mapping;
use super::atomic::{AtomicU32, AtomicU64};

/// The bytes of a mapping that is shared and writable.
///
/// They belong to two processes: they are only copied in and out or reached as atomics, and no
/// reference to plain bytes ever exists. What is read may be anything.
#[derive(Debug)]
pub(crate) struct SharedMap {
    /// Mapped as long as it exists, from its start on for as many bytes as it says.
    mapping: Mapping,
}

impl SharedMap {
    pub(crate) fn new(mapping: Mapping) -> Self {
        Self { mapping }
    }

    /// Its bytes.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.mapping.size()
    }

    /// The atomic word at `offset`, a multiple of 4 inside the mapping.
    #[inline]
    pub(crate) fn word(&self, offset: usize) -> &AtomicU32 {
        let place = self.place(offset, size_of::<AtomicU32>()).cast::<u32>();
        assert!(place.is_aligned(), "a word at {offset} is not aligned");
        // SAFETY: inside the mapping, aligned, mapped as long as `self`, and only ever used atomically.
        unsafe { AtomicU32::from_ptr(place) }
    }

    /// The atomic long word at `offset`, a multiple of 8 inside the mapping.
    #[inline]
    pub(crate) fn long(&self, offset: usize) -> &AtomicU64 {
        let place = self.place(offset, size_of::<AtomicU64>()).cast::<u64>();
        assert!(place.is_aligned(), "a long word at {offset} is not aligned");
        // SAFETY: inside the mapping, aligned, mapped as long as `self`, and only ever used atomically.
        unsafe { AtomicU64::from_ptr(place) }
    }

    /// Copies `bytes` to `offset`.
    #[inline]
    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
        let place = self.place(offset, bytes.len());
        // SAFETY: `place` has room for them, and private memory does not overlap a mapping.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
    }

    /// Fills `bytes` from `offset`.
    #[inline]
    pub(crate) fn read(&self, offset: usize, bytes: &mut [u8]) {
        let place = self.place(offset, bytes.len());
        // SAFETY: `place` has as many bytes, and private memory does not overlap a mapping.
        unsafe { ptr::copy_nonoverlapping(place, bytes.as_mut_ptr(), bytes.len()) };
    }

    /// Where `size` bytes at `offset` are. Offsets come from a validated layout, so a bad one is ours.
    #[inline]
    fn place(&self, offset: usize, size: usize) -> *mut u8 {
        let all = self.size();
        let inside = offset.checked_add(size).is_some_and(|end| end <= all);
        assert!(
            inside,
            "{size} bytes at {offset} are not inside a mapping of {all}"
        );
        // SAFETY: `offset` is inside the mapping, as just checked.
        unsafe { self.mapping.start().as_ptr().add(offset) }
    }
}
