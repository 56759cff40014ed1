//! What crosses the border: pointers come in checked, panics do not get out.
//!
//! Every pointer that C hands over is turned into a reference here and nowhere else. What C has to
//! keep to is said once, in the headers: a pointer that is not NULL points to what its type and
//! length say, for as long as its function's comment says.

#![expect(unsafe_code, reason = "this is where C's pointers become references")]

use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};

use netipc::ErrorCode;

use crate::error::{CodeResult, nipc_error_t};

/// Panics caught here. No other memory goes with the number: relaxed ordering is enough.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Panics that were caught since the process began.
pub(crate) fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Runs the body of a function of the library; returns `instead` where it panics.
#[inline]
pub(crate) fn catch<T>(instead: T, run: impl FnOnce() -> T) -> T {
    // Unwind safe: what a panic leaves half done is behind a poisoned lock, or in memory of the
    // caller, who gets an error and must not use it.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        instead
    })
}

/// As [`catch`], for functions that return an error code: a panic is `NIPC_ERR_INTERNAL`.
#[inline]
pub(crate) fn catch_code(run: impl FnOnce() -> CodeResult) -> nipc_error_t {
    let instead = nipc_error_t::new(ErrorCode::INTERNAL);
    catch(instead, || run().into())
}

/// As [`catch`], for functions that return a length: every failure is 0.
#[inline]
pub(crate) fn catch_length(run: impl FnOnce() -> CodeResult<usize>) -> usize {
    catch(0, || run().unwrap_or(0))
}

/// What `ptr` points to.
///
/// # Safety
/// `ptr` is NULL, or points to a `T` that nobody writes to during `'a`.
#[inline]
pub(crate) unsafe fn shared<'a, T>(ptr: *const T) -> CodeResult<&'a T> {
    // SAFETY: the caller promises what `as_ref` asks for, but for the alignment, which is checked.
    unsafe { aligned(ptr)?.as_ref() }.ok_or(ErrorCode::INVALID_ARGUMENT)
}

/// What `ptr` points to, to write to.
///
/// # Safety
/// `ptr` is NULL, or points to a `T` that nobody else looks at during `'a`.
#[inline]
pub(crate) unsafe fn unique<'a, T>(ptr: *mut T) -> CodeResult<&'a mut T> {
    aligned(ptr)?;
    // SAFETY: the caller promises what `as_mut` asks for, but for the alignment, which was checked.
    unsafe { ptr.as_mut() }.ok_or(ErrorCode::INVALID_ARGUMENT)
}

/// Writes `value` to where `out` points, whatever was there.
///
/// # Safety
/// `out` is NULL, or points to room for a `T`.
#[inline]
pub(crate) unsafe fn put<T>(out: *mut T, value: T) -> CodeResult {
    aligned(out)?;
    if out.is_null() {
        Err(ErrorCode::INVALID_ARGUMENT)
    } else {
        // SAFETY: not NULL and aligned; the caller promises the room.
        unsafe { out.write(value) };
        Ok(())
    }
}

/// Fills what `out` points to with zeros, the gaps between its fields included.
///
/// # Safety
/// `out` is NULL, or points to room for a `T`, which may be all zeros.
#[inline]
pub(crate) unsafe fn zero<T>(out: *mut T) -> CodeResult {
    aligned(out)?;
    if out.is_null() {
        Err(ErrorCode::INVALID_ARGUMENT)
    } else {
        // SAFETY: not NULL and aligned; the caller promises the room.
        unsafe { out.write_bytes(0, 1) };
        Ok(())
    }
}

/// `count` elements. NULL stands for none.
///
/// # Safety
/// `ptr` is NULL, or points to `count` elements that nobody writes to during `'a`.
#[inline]
pub(crate) unsafe fn elements<'a, T>(ptr: *const T, count: usize) -> CodeResult<&'a [T]> {
    check_len::<T>(aligned(ptr)?.is_null(), count)?;
    // What is told to C of these elements later may reach beyond the part that Rust looked at: see
    // `nipc_str_view_t::of`.
    ptr.expose_provenance();
    match count {
        0 => Ok(&[]),
        // SAFETY: not NULL, aligned, and not larger than memory can be; the caller promises the rest.
        _ => Ok(unsafe { slice::from_raw_parts(ptr, count) }),
    }
}

/// `count` elements to write to. NULL stands for none.
///
/// # Safety
/// `ptr` is NULL, or points to `count` initialised elements that nobody else looks at during `'a`.
#[inline]
pub(crate) unsafe fn elements_mut<'a, T>(ptr: *mut T, count: usize) -> CodeResult<&'a mut [T]> {
    check_len::<T>(aligned(ptr)?.is_null(), count)?;
    match count {
        0 => Ok(&mut []),
        // SAFETY: not NULL, aligned, and not larger than memory can be; the caller promises the rest.
        _ => Ok(unsafe { slice::from_raw_parts_mut(ptr, count) }),
    }
}

/// The bytes that `ptr` points to. NULL stands for none.
///
/// # Safety
/// As for [`elements`].
#[inline]
pub(crate) unsafe fn bytes<'a>(ptr: *const c_void, len: usize) -> CodeResult<&'a [u8]> {
    // SAFETY: the caller's promise is that of `elements`.
    unsafe { elements(ptr.cast(), len) }
}

/// The buffer that `ptr` points to, which is only written to.
///
/// C need not have written to it before: its memory was made beyond what the compiler of Rust sees,
/// which for all that it knows did write there. What such bytes hold is any number, and nobody reads
/// them. The library must not be built into one with the C code that calls it (no LTO across both).
///
/// # Safety
/// `ptr` is NULL, or points to `len` bytes that nobody else looks at during `'a`.
#[inline]
pub(crate) unsafe fn buffer<'a>(ptr: *mut c_void, len: usize) -> CodeResult<&'a mut [u8]> {
    // SAFETY: the caller's promise is that of `elements_mut`, and bytes of C count as initialised.
    unsafe { elements_mut(ptr.cast(), len) }
}

/// The characters that `ptr` points to. NULL stands for none.
///
/// # Safety
/// As for [`elements`].
#[inline]
pub(crate) unsafe fn chars<'a>(ptr: *const c_char, len: u32) -> CodeResult<&'a [u8]> {
    // SAFETY: the caller's promise is that of `elements`.
    unsafe { elements(ptr.cast(), len as usize) }
}

/// A string that ends with NUL.
///
/// # Safety
/// `ptr` is NULL, or points to characters of which one is NUL and which nobody writes to during `'a`.
#[inline]
pub(crate) unsafe fn string<'a>(ptr: *const c_char) -> CodeResult<&'a CStr> {
    if ptr.is_null() {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    // SAFETY: not NULL; the caller promises the NUL.
    Ok(unsafe { CStr::from_ptr(ptr) })
}

/// Copies `text` into a caller's buffer like `snprintf`: as much as fits, with a NUL; returns the
/// length of all of it.
///
/// # Safety
/// As for [`elements_mut`].
pub(crate) unsafe fn copy_text(text: &str, buf: *mut c_char, len: usize) -> usize {
    // SAFETY: the caller's promise is that of `elements_mut`.
    let room = unsafe { elements_mut(buf.cast::<u8>(), len) };
    if let Ok([room @ .., end]) = room {
        let mut fits = room.len().min(text.len());
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        let (copy, rest) = room.split_at_mut(fits);
        copy.copy_from_slice(text.as_bytes().split_at(fits).0);
        *rest.first_mut().unwrap_or(end) = 0;
    }
    text.len()
}

fn check_len<T>(null: bool, count: usize) -> CodeResult {
    let most = isize::MAX.unsigned_abs() / size_of::<T>().max(1);
    match count > most || (null && count > 0) {
        true => Err(ErrorCode::INVALID_ARGUMENT),
        false => Ok(()),
    }
}

/// `ptr`, unless it cannot point to a `T`.
#[inline]
fn aligned<T>(ptr: *const T) -> CodeResult<*const T> {
    match ptr.is_aligned() {
        true => Ok(ptr),
        false => Err(ErrorCode::INVALID_ARGUMENT),
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    #[test]
    fn a_panic_is_an_error_and_counted() {
        let before = panics();
        let failed = catch_code(|| panic!("as a defect does"));
        assert_eq!(failed, nipc_error_t::new(ErrorCode::INTERNAL));
        assert_eq!(catch_length(|| panic!("as a defect does")), 0);
        assert!(catch(true, || panic!("as a defect does")));
        assert!(panics() >= before + 3);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let invalid = Some(ErrorCode::INVALID_ARGUMENT);
        let numbers = [7_u64, 8];
        let odd: *const u64 = ptr::from_ref(&numbers).cast::<u8>().wrapping_add(1).cast();
        macro_rules! refused {
            ($($call:expr;)*) => {$(
                // SAFETY: nothing is followed that is NULL, misaligned or too long.
                assert_eq!(unsafe { $call }.err(), invalid);
            )*};
        }
        refused! {
            shared::<u64>(ptr::null());
            shared(odd);
            unique(odd.cast_mut());
            put(ptr::null_mut(), 1);
            elements::<u64>(ptr::null(), 1);
            elements(numbers.as_ptr(), usize::MAX);
            string(ptr::null());
        }
        // SAFETY: NULL may stand for none.
        assert_eq!(unsafe { elements::<u64>(ptr::null(), 0) }, Ok(&[][..]));
        // SAFETY: there are as many.
        assert_eq!(unsafe { elements(numbers.as_ptr(), 2) }, Ok(&numbers[..]));
    }

    #[test]
    fn texts_are_cut_between_characters() {
        for (room, expected) in [
            (0, ""),
            (1, "\0"),
            (3, "a\0"),
            (4, "a\u{e4}\0"),
            (9, "a\u{e4}b\0"),
        ] {
            let mut buf = [0xee_u8; 9];
            // SAFETY: the buffer is at least as long.
            let len = unsafe { copy_text("a\u{e4}b", buf.as_mut_ptr().cast(), room) };
            assert_eq!(len, 4);
            assert!(buf.starts_with(expected.as_bytes()), "{room}");
        }
    }
}
