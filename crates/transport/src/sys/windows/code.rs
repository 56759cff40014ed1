//! Numbers of errors.
#![expect(unsafe_code, reason = "the last error is asked of the system")]

use std::fmt;
use std::io;

use windows_sys::Win32::Foundation::{self, GetLastError, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::core::BOOL;

/// What the system says when it fails.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct Code(pub(crate) u32);

pub(crate) type Result<T> = std::result::Result<T, Code>;

impl Code {
    pub(crate) const FILE_NOT_FOUND: Self = Self(Foundation::ERROR_FILE_NOT_FOUND);
    pub(crate) const PATH_NOT_FOUND: Self = Self(Foundation::ERROR_PATH_NOT_FOUND);
    pub(crate) const ACCESS_DENIED: Self = Self(Foundation::ERROR_ACCESS_DENIED);
    /// The other end of a pipe is gone.
    pub(crate) const BROKEN_PIPE: Self = Self(Foundation::ERROR_BROKEN_PIPE);
    /// A wait for an instance of a pipe took too long.
    pub(crate) const SEM_TIMEOUT: Self = Self(Foundation::ERROR_SEM_TIMEOUT);
    pub(crate) const ALREADY_EXISTS: Self = Self(Foundation::ERROR_ALREADY_EXISTS);
    /// Every instance of a pipe has a client.
    pub(crate) const PIPE_BUSY: Self = Self(Foundation::ERROR_PIPE_BUSY);
    /// The other end of a pipe closes, or has come and left.
    pub(crate) const NO_DATA: Self = Self(Foundation::ERROR_NO_DATA);
    pub(crate) const PIPE_NOT_CONNECTED: Self = Self(Foundation::ERROR_PIPE_NOT_CONNECTED);
    /// A message is longer than the buffer.
    pub(crate) const MORE_DATA: Self = Self(Foundation::ERROR_MORE_DATA);
    /// The client came before it was waited for.
    pub(super) const PIPE_CONNECTED: Self = Self(Foundation::ERROR_PIPE_CONNECTED);
    /// An operation was cancelled, or the thread that began it has ended.
    pub(super) const OPERATION_ABORTED: Self = Self(Foundation::ERROR_OPERATION_ABORTED);
    pub(super) const IO_INCOMPLETE: Self = Self(Foundation::ERROR_IO_INCOMPLETE);
    pub(super) const IO_PENDING: Self = Self(Foundation::ERROR_IO_PENDING);

    /// Why the last call of this thread failed.
    pub(super) fn last() -> Self {
        // SAFETY: it takes nothing and reads a number of this thread.
        Self(unsafe { GetLastError() })
    }

    /// Whether the other end of a pipe is gone.
    pub(crate) fn is_gone(self) -> bool {
        matches!(
            self,
            Self::BROKEN_PIPE | Self::NO_DATA | Self::PIPE_NOT_CONNECTED
        )
    }
}

/// A call that gives 0 when it fails.
pub(super) fn check(result: BOOL) -> Result<()> {
    if result == 0 {
        Err(Code::last())
    } else {
        Ok(())
    }
}

/// A call that gives no handle when it fails.
pub(super) fn check_handle(handle: HANDLE) -> Result<HANDLE> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        Err(Code::last())
    } else {
        Ok(handle)
    }
}

impl From<Code> for io::Error {
    fn from(code: Code) -> Self {
        Self::from_raw_os_error(code.0.cast_signed())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        io::Error::from(*self).fmt(f)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        io::Error::from(*self).fmt(f)
    }
}
