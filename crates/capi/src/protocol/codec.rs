//! What encoders and decoders share: buffers come in checked, results go out, or zeros.

#![expect(unsafe_code, reason = "buffers and results are memory of C")]

use std::ffi::c_void;

use netipc::ErrorCode;
use netipc::proto::internals::assume_valid;
use netipc::wire::{Decode, WireError, Writer};

use crate::border::{buffer, bytes, catch_code, catch_length, put, shared, zero};
use crate::error::{CodeResult, nipc_error_t, of_wire};

/// The version of the layout of all payloads: decoders take no other.
pub(super) const LAYOUT_VERSION: u16 = 1;

/// What may be all zeros, and is where there is nothing to say.
pub(crate) trait Zeroed: Sized {
    /// Zeros.
    const ZEROED: Self;
}

/// Says that types may be all zeros: they are made of numbers and pointers.
macro_rules! zeroed {
    ($($name:ty),* $(,)?) => {
        $(impl $crate::protocol::Zeroed for $name {
            // SAFETY: numbers may be zero, and pointers NULL.
            const ZEROED: Self = unsafe { std::mem::MaybeUninit::zeroed().assume_init() };
        })*
    };
}
pub(crate) use zeroed;

zeroed!(u64, nipc_error_t);

/// Reads `buf` into `out`, which is zeroed where that fails.
///
/// # Safety
/// As for [`bytes`] and [`put`].
#[inline]
pub(super) unsafe fn decode<'a, V: Zeroed>(
    buf: *const c_void,
    len: usize,
    out: *mut V,
    read: impl FnOnce(&'a [u8]) -> Result<V, WireError>,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: the caller's promise is that of `zero`, and the type may be zeros.
        unsafe { zero(out) }?;
        // SAFETY: the caller's promise is that of `bytes`.
        let bytes = unsafe { bytes(buf, len) }?;
        let value = read(bytes).map_err(of_wire)?;
        // SAFETY: the caller's promise is that of `put`.
        unsafe { put(out, value) }
    })
}

/// The bytes that a view was decoded from. A zeroed view was decoded from none.
///
/// # Safety
/// As for [`bytes`].
#[inline]
pub(super) unsafe fn decoded<'a>(payload: *const u8, len: usize) -> CodeResult<&'a [u8]> {
    // SAFETY: the caller's promise is that of `bytes`.
    let decoded = unsafe { bytes(payload.cast(), len) }?;
    if decoded.is_empty() {
        return Err(ErrorCode::TRUNCATED);
    }
    Ok(decoded)
}

/// What a view was decoded as, again.
///
/// # Safety
/// As for [`decoded`].
#[inline]
pub(super) unsafe fn read_again<'a, V: Decode<'a>>(
    payload: *const u8,
    len: usize,
) -> CodeResult<V> {
    // SAFETY: the caller's promise is that of `decoded`.
    let payload = unsafe { decoded(payload, len) }?;
    Ok(assume_valid::<V>(payload).view())
}

/// Writes to `buf`; returns how much.
///
/// # Safety
/// As for [`buffer`].
#[inline]
pub(super) unsafe fn encode(
    buf: *mut c_void,
    len: usize,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), WireError>,
) -> usize {
    catch_length(|| {
        // SAFETY: the caller's promise is that of `buffer`.
        let mut out = Writer::new(unsafe { buffer(buf, len) }?);
        write(&mut out).map_err(of_wire)?;
        Ok(out.len())
    })
}

/// Writes the bytes of what `value` points to; returns how many.
///
/// # Safety
/// As for [`shared`] and [`buffer`].
#[inline]
pub(super) unsafe fn encode_as<T, const N: usize>(
    value: *const T,
    buf: *mut c_void,
    len: usize,
    to_bytes: impl FnOnce(&T) -> CodeResult<[u8; N]>,
) -> usize {
    catch_length(|| {
        // SAFETY: the caller's promise is that of `shared`.
        let encoded = to_bytes(unsafe { shared(value) }?)?;
        // SAFETY: the caller's promise is that of `buffer`.
        let buf = unsafe { buffer(buf, len) }?;
        let room = buf.first_chunk_mut().ok_or(ErrorCode::OVERFLOW)?;
        *room = encoded;
        Ok(N)
    })
}

/// Reads a part of what `view` points to into `out`, which is zeroed where that fails.
///
/// # Safety
/// As for [`shared`] and [`put`].
#[inline]
pub(super) unsafe fn part<V, T: Zeroed>(
    view: *const V,
    out: *mut T,
    read: impl FnOnce(&V) -> CodeResult<T>,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: the caller's promise is that of `zero`, and the type may be zeros.
        unsafe { zero(out) }?;
        // SAFETY: the caller's promise is that of `shared`.
        let value = read(unsafe { shared(view) }?)?;
        // SAFETY: the caller's promise is that of `put`.
        unsafe { put(out, value) }
    })
}
