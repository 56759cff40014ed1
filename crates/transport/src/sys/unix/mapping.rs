//! Memory that another process maps as well.
#![expect(unsafe_code, reason = "mapped memory is reached through raw pointers")]

use std::os::fd::AsFd;
use std::ptr::{self, NonNull};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::fault::PLACES;
use super::places::Place;
use super::{Errno, Result};

/// A shared, writable mapping of a file from its start.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    size: usize,
    /// Where it is noted.
    place: &'static Place,
}

/// Tells whether the memory of a mapping was lost, as long as there is the mapping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loss(&'static Place);

impl Loss {
    /// Whether its file was cut off, so that it has private memory instead.
    pub(crate) fn has_come(self) -> bool {
        self.0.is_lost()
    }
}

// SAFETY: the mapping is not tied to a thread; it is unmapped once, by its only owner.
unsafe impl Send for Mapping {}
// SAFETY: it only tells where it is.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps the first `size` bytes of `file`, which the caller has checked to be there.
    pub(crate) fn new(file: impl AsFd, size: usize) -> Result<Self> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses the place, so nothing that exists is mapped over.
        let start = unsafe { mmap(ptr::null_mut(), size, access, MapFlags::SHARED, file, 0) }?;
        let start = NonNull::new(start.cast()).ok_or(Errno::NOMEM)?;
        let place = PLACES.take(start.addr().get(), size);
        Ok(Self { start, size, place })
    }

    /// What tells whether its memory was lost.
    pub(crate) fn loss(&self) -> Loss {
        Loss(self.place)
    }

    /// Where it begins.
    #[inline]
    pub(in crate::sys) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Its bytes.
    #[inline]
    pub(in crate::sys) fn size(&self) -> usize {
        self.size
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.place.give_back();
        // SAFETY: our own mapping, whole, and nobody can reach it any more.
        let unmapped = unsafe { munmap(self.start.as_ptr().cast(), self.size) };
        debug_assert!(unmapped.is_ok(), "unmapping failed: {unmapped:?}");
    }
}
