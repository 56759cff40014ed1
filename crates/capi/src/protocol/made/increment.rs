//! The payloads of `increment`.
//!
//! Made from `increment.toml` by `netipc schema generate`: change that, not this file.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_void;

use netipc::wire::{Decode, Encode};

use crate::error::nipc_error_t;
use crate::protocol::codec::{decode, encode};

/// Writes a number: the request or the response of increment.
///
/// \return 8, or 0 for NULL or a smaller buffer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_increment_encode(
    value: u64,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    // SAFETY: C promises a buffer.
    unsafe { encode(buf, buf_len, |out| value.encode(out)) }
}

/// Reads a number: the request or the response of increment.
///
/// \param out  the number; 0 on failure
/// \return NIPC_OK, or NIPC_ERR_TRUNCATED
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_increment_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut u64,
) -> nipc_error_t {
    // SAFETY: C promises bytes, and room for a number.
    unsafe { decode(buf, buf_len, out, u64::decode) }
}
