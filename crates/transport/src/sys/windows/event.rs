//! Events: flags that can be waited for.
#![expect(unsafe_code, reason = "events are made and moved by system calls")]

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::System::Threading::{CreateEventW, ResetEvent, SetEvent};

use super::WaitObject;

/// A flag of this process that can be waited for, and stays set until it is reset.
#[derive(Debug)]
pub(crate) struct Event {
    handle: OwnedHandle,
}

impl Event {
    pub(crate) fn new() -> io::Result<Self> {
        let (manual_reset, unset) = (1, 0);
        // SAFETY: no attributes and no name: nothing is read through the pointers.
        let handle = unsafe { CreateEventW(ptr::null(), manual_reset, unset, ptr::null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a fresh handle, ours alone.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        Ok(Self { handle })
    }

    pub(crate) fn set(&self) {
        // SAFETY: an event of ours, open as long as `self`. It cannot fail on one.
        unsafe { SetEvent(self.handle.as_raw_handle()) };
    }

    pub(crate) fn reset(&self) {
        // SAFETY: an event of ours, open as long as `self`. It cannot fail on one.
        unsafe { ResetEvent(self.handle.as_raw_handle()) };
    }

    /// What to watch.
    pub(crate) fn object(&self) -> Option<WaitObject<'_>> {
        Some(self.handle.as_handle().into())
    }
}
