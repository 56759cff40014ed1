//! What contexts of C keep: a handle, and who uses it.

#![expect(unsafe_code, reason = "storages of C are read and written here")]

use std::ffi::c_void;
use std::ops::Deref;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::{ptr, thread};

use netipc::ErrorCode;

use crate::error::Outcome;

/// Private: what a context holds. Do not touch or copy it.
#[repr(C)]
#[derive(Debug)]
pub struct nipc_storage_t {
    /// Private: do not touch.
    pub handle: *mut c_void,
    /// Private: do not touch.
    pub users: u64,
}

impl nipc_storage_t {
    /// As zeroed memory is.
    pub(crate) const EMPTY: Self = Self {
        handle: ptr::null_mut(),
        users: 0,
    };

    /// A storage that holds `handle` until [`take`].
    pub(crate) fn of<H>(handle: H) -> Self {
        Self {
            handle: Box::into_raw(Box::new(handle)).cast(),
            users: 0,
        }
    }
}

/// One who uses a handle: it is not freed meanwhile.
pub(crate) struct User<'a, H> {
    handle: &'a H,
    users: &'a AtomicU64,
}

impl<H> Deref for User<'_, H> {
    type Target = H;

    #[inline(always)]
    fn deref(&self) -> &H {
        self.handle
    }
}

impl<H> Drop for User<'_, H> {
    #[inline(always)]
    fn drop(&mut self) {
        // Whoever frees the handle has seen this, and so all that was done with it.
        self.users.fetch_sub(1, Ordering::Release);
    }
}

/// The handle in `storage`, for as long as the user lives.
///
/// # Safety
/// `storage` points to one that is zeroed or initialised with a `H`, there for `'a`, and not
/// initialised anew during it.
#[inline(always)]
pub(crate) unsafe fn enter<'a, H>(storage: *mut nipc_storage_t) -> Outcome<User<'a, H>> {
    // SAFETY: the caller's promise is more than that of `atomics`.
    let (handle, users) = unsafe { atomics(storage) };
    // This and the read behind it, against the two steps of `take` in their order: whoever comes
    // second sees what the other has done.
    users.fetch_add(1, Ordering::SeqCst);
    let handle = handle.load(Ordering::SeqCst).cast::<H>();
    // SAFETY: it is NULL or from `of`, and not freed while it is in use.
    let entered = unsafe { handle.as_ref() };
    entered.map(|handle| User { handle, users }).ok_or_else(|| {
        users.fetch_sub(1, Ordering::Release);
        ErrorCode::NOT_READY
    })
}

/// The handle in `storage`, for those who must not slow one another down by being counted.
///
/// # Safety
/// As for [`enter`]; and nobody takes the handle out during `'a`.
#[inline(always)]
pub(crate) unsafe fn peek<'a, H>(storage: *mut nipc_storage_t) -> Outcome<&'a H> {
    // SAFETY: the caller's promise is more than that of `atomics`.
    let (handle, _) = unsafe { atomics(storage) };
    let handle = handle.load(Ordering::Acquire).cast::<H>();
    // SAFETY: it is NULL or from `of`, and the caller promises that it stays.
    unsafe { handle.as_ref() }.ok_or(ErrorCode::NOT_READY)
}

/// Takes the handle out of `storage`. `quiet` makes those who use it come to an end, and they are
/// waited for.
///
/// # Safety
/// As for [`enter`].
pub(crate) unsafe fn take<H>(
    storage: *mut nipc_storage_t,
    quiet: impl FnOnce(&H),
) -> Outcome<Box<H>> {
    // SAFETY: the caller's promise is more than that of `atomics`.
    let (handle, users) = unsafe { atomics(storage) };
    let taken = handle.swap(ptr::null_mut(), Ordering::SeqCst).cast::<H>();
    // SAFETY: it is NULL or from `of`, and this is who frees it.
    let used = unsafe { taken.as_ref() }.ok_or(ErrorCode::NOT_READY)?;
    quiet(used);
    // What is left of them are the last few instructions of those who were sent away.
    while users.load(Ordering::SeqCst) > 0 {
        thread::yield_now();
    }
    // SAFETY: it is from `of`, taken out of its only place, and nobody uses it any more.
    Ok(unsafe { Box::from_raw(taken) })
}

/// What threads share of `storage`.
///
/// # Safety
/// `storage` points to one that is there for `'a`.
#[inline(always)]
unsafe fn atomics<'a>(storage: *mut nipc_storage_t) -> (&'a AtomicPtr<c_void>, &'a AtomicU64) {
    // SAFETY: the caller promises the storage.
    let handle = unsafe { &raw mut (*storage).handle };
    // SAFETY: as above.
    let users = unsafe { &raw mut (*storage).users };
    // SAFETY: as above; after it was initialised, it is only used through this function.
    let handle = unsafe { AtomicPtr::from_ptr(handle) };
    // SAFETY: as above.
    (handle, unsafe { AtomicU64::from_ptr(users) })
}
