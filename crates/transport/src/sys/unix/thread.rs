//! What threads of ours do not have done to them.
#![expect(
    unsafe_code,
    reason = "the function is one of the C library, which the libc crate does not name"
)]

use std::ffi::c_int;
use std::ptr;

/// As in the C libraries of Linux.
const PTHREAD_CANCEL_DISABLE: c_int = 1;

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
}

/// Has `pthread_cancel` do nothing to the calling thread, from now on: it would unwind the thread in the middle of
/// whatever it does, and so end the process.
pub fn forbid_cancellation() {
    // SAFETY: the old state is not asked for, where the C libraries of Linux take NULL.
    unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, ptr::null_mut()) };
}
