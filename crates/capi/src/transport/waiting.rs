//! How long functions wait, and aborts that stay in a context while there is nothing behind it.

#![expect(unsafe_code, reason = "contexts of C are read and written here")]

use std::time::Duration;

use netipc::transport::{Abort, Wait};

use super::NIPC_WAIT_FOREVER;
use crate::abort_flag::AbortFlag;
use crate::error::CodeResult;
use crate::service::storage::{self, Context, enter};
use crate::sync::AtomicU32;

/// A wait of at most `timeout_ms` milliseconds that `abort` ends.
pub(super) fn wait(timeout_ms: u32, abort: &Abort) -> Wait<'_> {
    let wait = if timeout_ms == NIPC_WAIT_FOREVER {
        Wait::forever()
    } else {
        Wait::timeout(Duration::from_millis(timeout_ms.into()))
    };
    wait.or_abort(abort)
}

/// A context whose abort outlives what is behind it.
pub(super) trait Abortable: Context {
    /// Where it keeps whether it is aborted.
    ///
    /// # Safety
    /// `context` points to one.
    unsafe fn aborted(context: *mut Self) -> *mut u32;

    /// The abort of what is behind it.
    fn abort(handle: &Self::Handle) -> &Abort;
}

/// The flag of a context.
///
/// # Safety
/// `context` points to one that is zeroed or was used, there for `'a`.
unsafe fn flag<'a, C: Abortable + 'a>(context: *mut C) -> AbortFlag<'a> {
    // SAFETY: the caller promises a context.
    let aborted = unsafe { C::aborted(context) };
    // SAFETY: as above; only this function looks at it.
    AbortFlag::new(unsafe { AtomicU32::from_ptr(aborted) })
}

/// Puts `handle` behind a context, which must be closed; aborted, where the context is.
///
/// # Safety
/// As for [`enter`].
pub(super) unsafe fn open<C: Abortable>(context: *mut C, handle: C::Handle) -> CodeResult {
    // SAFETY: the caller's promise is that of `open`, which refuses NULL.
    unsafe { storage::open(context, handle) }?;
    // SAFETY: it was opened, so that it is a context.
    if unsafe { flag(context) }.is_raised() {
        // SAFETY: the caller's promise.
        C::abort(&*unsafe { enter(context) }?).raise();
    }
    Ok(())
}

/// Aborts what a context does, or lets it go on.
///
/// # Safety
/// As for [`enter`].
pub(super) unsafe fn set_aborted<C: Abortable>(context: *mut C, raised: bool) {
    if context.is_null() || !context.is_aligned() {
        return;
    }
    // SAFETY: the caller promises a context.
    unsafe { flag(context) }.set(raised);
    // SAFETY: the caller's promise.
    let Ok(handle) = (unsafe { enter(context) }) else {
        return;
    };
    if raised {
        C::abort(&handle).raise();
    } else {
        C::abort(&handle).clear();
    }
}

/// Closes a context: who uses it is aborted and waited for. What was behind it is given. Whether the
/// context is aborted stays.
///
/// # Safety
/// As for [`enter`].
pub(super) unsafe fn close<C: Abortable>(context: *mut C) -> CodeResult<C::Handle> {
    // SAFETY: the caller's promise is that of `close`, which refuses NULL.
    let closing = unsafe { storage::close(context) };
    if let Ok(closing) = &closing {
        C::abort(closing).raise();
    }
    Ok(closing?.wait())
}
