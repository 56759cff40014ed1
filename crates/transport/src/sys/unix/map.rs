//! Memory that another process maps as well.
#![expect(unsafe_code, reason = "mapped memory is reached through raw pointers")]

use std::fmt;
use std::os::fd::AsFd;
use std::ptr::{self, NonNull};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::{Errno, Result};
use crate::sys::atomic::{AtomicU32, AtomicU64};

/// A shared, writable mapping of a file from its start.
///
/// Its bytes belong to two processes: they are only copied in and out or reached as atomics, and no
/// reference to plain bytes ever exists. What is read may be anything.
pub(crate) struct SharedMap {
    start: NonNull<u8>,
    size: usize,
}

// SAFETY: the mapping is not tied to a thread; it is unmapped once, by its only owner.
unsafe impl Send for SharedMap {}
// SAFETY: shared use copies bytes or goes through atomics; another process may do so at any time anyway.
unsafe impl Sync for SharedMap {}

impl SharedMap {
    /// Maps the first `size` bytes of `file`, which the caller has checked to be there.
    pub(crate) fn new(file: impl AsFd, size: usize) -> Result<Self> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses the place, so nothing that exists is mapped over.
        let start = unsafe { mmap(ptr::null_mut(), size, access, MapFlags::SHARED, file, 0) }?;
        let start = NonNull::new(start.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self { start, size })
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
        let inside = offset.checked_add(size).is_some_and(|end| end <= self.size);
        assert!(
            inside,
            "{size} bytes at {offset} are not inside a mapping of {}",
            self.size
        );
        // SAFETY: `offset` is inside the mapping, as just checked.
        unsafe { self.start.as_ptr().add(offset) }
    }
}

impl fmt::Debug for SharedMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMap")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Drop for SharedMap {
    fn drop(&mut self) {
        // SAFETY: our own mapping, whole, and nobody can reach it any more.
        let unmapped = unsafe { munmap(self.start.as_ptr().cast(), self.size) };
        debug_assert!(unmapped.is_ok(), "unmapping failed: {unmapped:?}");
    }
}
