//! Memory that two processes share by its name.
#![expect(unsafe_code, reason = "mapped memory is reached through raw pointers")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::NonNull;

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_READ, FILE_MAP_WRITE, MEMORY_BASIC_INFORMATION,
    MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile, OpenFileMappingW, PAGE_READWRITE, UnmapViewOfFile,
    VirtualQuery,
};

use super::code::{Code, Result, check_handle};
use super::{Security, wide};

/// A shared, writable view of memory that the page file backs.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    size: usize,
    /// Keeps the name.
    _handle: OwnedHandle,
}

// SAFETY: a view is not tied to a thread; it is unmapped once, by its only owner.
unsafe impl Send for Mapping {}
// SAFETY: it only tells where it is.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Makes `size` bytes, all zero; a mapping that exists already is somebody else's.
    pub(crate) fn create(name: &str, size: u32, security: &Security) -> Result<Self> {
        let name = wide(name);
        let attributes = security.attributes();
        let high = 0;
        // SAFETY: attributes and name are live, and the name ends with a NUL; no file backs it.
        let handle = unsafe {
            CreateFileMappingW(
                INVALID_HANDLE_VALUE,
                &raw const attributes,
                PAGE_READWRITE,
                high,
                size,
                name.as_ptr(),
            )
        };
        // Asked at once, because success says it by this number, too.
        let existed = Code::last() == Code::ALREADY_EXISTS;
        let handle = check_handle(handle)?;
        // SAFETY: a fresh handle, ours alone.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        if existed {
            return Err(Code::ALREADY_EXISTS);
        }
        Self::view(handle)
    }

    /// Maps what the peer has made, the whole of it.
    pub(crate) fn open(name: &str) -> Result<Self> {
        let name = wide(name);
        let (access, inherited) = (FILE_MAP_READ | FILE_MAP_WRITE, 0);
        // SAFETY: the name is live and ends with a NUL.
        let handle = unsafe { OpenFileMappingW(access, inherited, name.as_ptr()) };
        let handle = check_handle(handle)?;
        // SAFETY: a fresh handle, ours alone.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        Self::view(handle)
    }

    /// Where it begins.
    pub(in crate::sys) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Its bytes, in whole pages.
    pub(in crate::sys) fn size(&self) -> usize {
        self.size
    }

    fn view(handle: OwnedHandle) -> Result<Self> {
        let (access, offset, whole) = (FILE_MAP_READ | FILE_MAP_WRITE, 0, 0);
        // SAFETY: a mapping of ours; the system chooses the place.
        let view = unsafe { MapViewOfFile(handle.as_raw_handle(), access, offset, offset, whole) };
        let start = NonNull::new(view.Value.cast::<u8>()).ok_or_else(Code::last)?;
        let mut mapping = Self {
            start,
            size: 0,
            _handle: handle,
        };
        mapping.size = mapping.ask_size()?;
        Ok(mapping)
    }

    fn ask_size(&self) -> Result<usize> {
        let mut about = MEMORY_BASIC_INFORMATION::default();
        let size = size_of_val(&about);
        let place = self.start.as_ptr().cast();
        // SAFETY: a mapped place, and a live structure of that size.
        let told = unsafe { VirtualQuery(place, &raw mut about, size) };
        if told == 0 {
            return Err(Code::last());
        }
        Ok(about.RegionSize)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let view = MEMORY_MAPPED_VIEW_ADDRESS {
            Value: self.start.as_ptr().cast(),
        };
        // SAFETY: our own view, whole, and nobody can reach it any more.
        unsafe { UnmapViewOfFile(view) };
    }
}
