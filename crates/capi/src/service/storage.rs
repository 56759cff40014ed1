//! The memory of a context of C in which its lifetime is kept.

#![expect(unsafe_code, reason = "contexts of C are read and written here")]

use std::ffi::c_void;
use std::ptr;

use netipc::ErrorCode;

use crate::error::CodeResult;
use crate::lifetime::{Closing, Lifetime, Shared, User};
use crate::sync::{AtomicPtr, AtomicUsize};

/// Private: what a context holds. Do not touch or copy it.
#[repr(C)]
#[derive(Debug)]
pub struct nipc_storage_t {
    /// Private: do not touch.
    pub handle: *mut c_void,
    /// Private: do not touch.
    pub users: usize,
}

impl nipc_storage_t {
    /// As zeroed memory is.
    pub(crate) const EMPTY: Self = Self {
        handle: ptr::null_mut(),
        users: 0,
    };
}

/// A context of C that has a storage.
pub(crate) trait Context: Sized {
    /// What is behind it.
    type Handle: 'static;

    /// Whether a forked child may use it: what is bound and not yet served may be served there.
    fn survives_fork(handle: &Self::Handle) -> bool {
        let _ = handle;
        false
    }

    /// Where its storage is. No reference is made: another thread may be writing other fields.
    ///
    /// # Safety
    /// `context` points to one.
    unsafe fn storage(context: *mut Self) -> *mut nipc_storage_t;
}

/// Puts `handle` behind a context, which must be closed.
///
/// # Safety
/// As for [`enter`].
pub(crate) unsafe fn open<C: Context>(context: *const C, handle: C::Handle) -> CodeResult {
    // SAFETY: the caller's promise is that of `lifetime`.
    if unsafe { lifetime(context) }?.open(handle) {
        Ok(())
    } else {
        Err(ErrorCode::BUSY)
    }
}

/// The handle of a context, for as long as the user lives.
///
/// # Safety
/// `context` is NULL, or points to one that is zeroed or initialised, there for `'a`, and not
/// initialised anew during it.
#[inline]
pub(crate) unsafe fn enter<'a, C: Context>(context: *const C) -> CodeResult<User<'a, C::Handle>> {
    // SAFETY: the caller's promise is that of `lifetime`.
    let lifetime = unsafe { lifetime(context) }?;
    let user = lifetime.enter().ok_or(ErrorCode::NOT_READY)?;
    if user.is_of_this_process() || C::survives_fork(&user) {
        Ok(user)
    } else {
        Err(ErrorCode::FORKED)
    }
}

/// The handle of a context that nobody closes meanwhile.
///
/// # Safety
/// As for [`enter`]; and nobody closes the context during `'a`.
#[inline]
pub(crate) unsafe fn peek<'a, C: Context>(context: *const C) -> CodeResult<&'a C::Handle> {
    // SAFETY: the caller's promise is that of `lifetime`.
    let lifetime = unsafe { lifetime(context) }?;
    // SAFETY: the caller promises that nobody closes it.
    let shared = unsafe { lifetime.peek() }.ok_or(ErrorCode::NOT_READY)?;
    if shared.is_of_this_process() || C::survives_fork(shared.handle()) {
        Ok(shared.handle())
    } else {
        Err(ErrorCode::FORKED)
    }
}

/// Closes a context: nobody else enters.
///
/// # Safety
/// As for [`enter`].
pub(crate) unsafe fn close<'a, C: Context>(
    context: *const C,
) -> CodeResult<Closing<'a, C::Handle>> {
    // SAFETY: the caller's promise is that of `enter`. In a child the handle stays: what it holds is
    // its parent's, too.
    drop(unsafe { enter(context) }?);
    // SAFETY: the caller's promise is that of `lifetime`.
    let lifetime = unsafe { lifetime(context) }?;
    lifetime.close().ok_or(ErrorCode::NOT_READY)
}

/// The lifetime of what is behind a context.
///
/// # Safety
/// As for [`enter`].
#[inline]
unsafe fn lifetime<'a, C: Context>(context: *const C) -> CodeResult<Lifetime<'a, C::Handle>> {
    if context.is_null() || !context.is_aligned() {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    // SAFETY: the caller promises a context.
    let storage = unsafe { C::storage(context.cast_mut()) };
    // SAFETY: as above.
    let users = unsafe { &raw mut (*storage).users };
    // SAFETY: as above.
    let handle = unsafe { &raw mut (*storage).handle };
    // SAFETY: as above; once it is initialised, only this function looks at it.
    let users = unsafe { AtomicUsize::from_ptr(users) };
    // SAFETY: as above.
    let handle = unsafe { AtomicPtr::from_ptr(handle.cast::<*mut Shared<C::Handle>>()) };
    // SAFETY: zeroed or initialised, both of which begin with no users, and `C` has one `Handle`.
    Ok(unsafe { Lifetime::new(users, handle) })
}
