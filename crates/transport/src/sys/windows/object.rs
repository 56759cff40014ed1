//! What an event loop watches.

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, RawHandle};

/// What an event loop watches on this platform: a handle for `WaitForMultipleObjects` and its like,
/// signalled when there is something to do.
///
/// It is borrowed from its owner, who alone sets, resets and closes it.
#[derive(Clone, Copy, Debug)]
pub struct WaitObject<'a> {
    handle: BorrowedHandle<'a>,
}

impl<'a> WaitObject<'a> {
    /// Its number, in the size of a pointer, as other languages take it.
    #[must_use]
    pub fn as_raw(self) -> isize {
        self.handle.as_raw_handle() as isize
    }

    /// The handle, for as long as its owner lives.
    #[must_use]
    pub const fn handle(self) -> BorrowedHandle<'a> {
        self.handle
    }
}

impl<'a> From<BorrowedHandle<'a>> for WaitObject<'a> {
    fn from(handle: BorrowedHandle<'a>) -> Self {
        Self { handle }
    }
}

impl AsHandle for WaitObject<'_> {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle
    }
}

impl AsRawHandle for WaitObject<'_> {
    fn as_raw_handle(&self) -> RawHandle {
        self.handle.as_raw_handle()
    }
}
