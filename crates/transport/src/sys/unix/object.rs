//! What an event loop watches.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// What an event loop watches on this platform: a descriptor for `poll` and its like, readable when
/// there is something to do.
///
/// It is borrowed from its owner, who alone reads, writes and closes it.
#[derive(Clone, Copy, Debug)]
pub struct WaitObject<'a> {
    fd: BorrowedFd<'a>,
}

impl<'a> WaitObject<'a> {
    /// Its number, in the size of a pointer, as other languages take it.
    #[must_use]
    pub fn as_raw(self) -> isize {
        // A descriptor is a small number on every Unix.
        self.fd.as_raw_fd() as isize
    }

    /// The descriptor, for as long as its owner lives.
    #[must_use]
    pub const fn fd(self) -> BorrowedFd<'a> {
        self.fd
    }
}

impl<'a> From<BorrowedFd<'a>> for WaitObject<'a> {
    fn from(fd: BorrowedFd<'a>) -> Self {
        Self { fd }
    }
}

impl AsFd for WaitObject<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd
    }
}

impl AsRawFd for WaitObject<'_> {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}
