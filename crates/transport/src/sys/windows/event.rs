//! Events: flags that can be waited for.
#![expect(unsafe_code, reason = "events are made and moved by system calls")]

use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::Threading::{
    CreateEventW, EVENT_MODIFY_STATE, OpenEventW, ResetEvent, SYNCHRONIZATION_SYNCHRONIZE, SetEvent,
};

use super::code::{Code, Result, check_handle};
use super::{Security, WaitObject, wide};

/// A flag of this process that can be waited for, and stays set until it is reset.
#[derive(Debug)]
pub(crate) struct Event {
    handle: OwnedHandle,
}

impl Event {
    pub(crate) fn new() -> Result<Self> {
        let (manual_reset, unset) = (1, 0);
        // SAFETY: no attributes and no name: nothing is read through the pointers.
        let handle = unsafe { CreateEventW(ptr::null(), manual_reset, unset, ptr::null()) };
        let handle = check_handle(handle)?;
        // SAFETY: a fresh handle, ours alone.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        Ok(Self { handle })
    }

    pub(crate) fn set(&self) {
        set(&self.handle);
    }

    pub(crate) fn reset(&self) {
        // SAFETY: an event of ours, open as long as `self`. It cannot fail on one.
        unsafe { ResetEvent(self.handle.as_raw_handle()) };
    }

    /// What to watch.
    pub(crate) fn object(&self) -> Option<WaitObject<'_>> {
        Some(self.watched())
    }

    /// The same, where nothing is in doubt.
    pub(crate) fn watched(&self) -> WaitObject<'_> {
        self.handle.as_handle().into()
    }

    pub(super) fn raw(&self) -> HANDLE {
        self.handle.as_raw_handle()
    }
}

/// A flag that two processes share by its name, and that lets one waiter go for each time it is set.
#[derive(Debug)]
pub(crate) struct NamedEvent {
    handle: OwnedHandle,
}

impl NamedEvent {
    /// Makes it; one that exists already is somebody else's.
    pub(crate) fn create(name: &str, security: &Security) -> Result<Self> {
        let name = wide(name);
        let attributes = security.attributes();
        let (auto_reset, unset) = (0, 0);
        // SAFETY: attributes and name are live, and the name ends with a NUL.
        let handle =
            unsafe { CreateEventW(&raw const attributes, auto_reset, unset, name.as_ptr()) };
        // Asked at once, because success says it by this number, too.
        let existed = Code::last() == Code::ALREADY_EXISTS;
        let handle = check_handle(handle)?;
        // SAFETY: a fresh handle, ours alone.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        if existed {
            return Err(Code::ALREADY_EXISTS);
        }
        Ok(Self { handle })
    }

    /// Opens what the peer has made.
    pub(crate) fn open(name: &str) -> Result<Self> {
        let name = wide(name);
        let (access, inherited) = (EVENT_MODIFY_STATE | SYNCHRONIZATION_SYNCHRONIZE, 0);
        // SAFETY: the name is live and ends with a NUL.
        let handle = unsafe { OpenEventW(access, inherited, name.as_ptr()) };
        let handle = check_handle(handle)?;
        // SAFETY: a fresh handle, ours alone.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        Ok(Self { handle })
    }

    pub(crate) fn set(&self) {
        set(&self.handle);
    }

    pub(crate) fn object(&self) -> WaitObject<'_> {
        self.handle.as_handle().into()
    }
}

fn set(event: &OwnedHandle) {
    // SAFETY: an event of ours, open as long as the borrow. It cannot fail on one.
    unsafe { SetEvent(event.as_raw_handle()) };
}
