//! The payloads of `string-reverse`.
//!
//! Made from `string-reverse.toml` by `netipc schema generate`: change that, not this file.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::{c_char, c_void};
use std::ptr;

use netipc::service::ValueAnswer;
use netipc::service::string_reverse::StringReverseValue;
use netipc::wire::{Decode, Encode};

use crate::border::{catch_length, chars};
use crate::error::{nipc_error_t, of_wire};
use crate::layout::layout;
use crate::protocol::builder::{add, builders, nipc_builder_state_t};
use crate::protocol::codec::{decode, encode};
use crate::protocol::{Builder, nipc_str_view_t, zeroed};

/// The text of a request or a response, in the payload it was read from. It may hold NULs, and one
/// follows it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_string_reverse_view_t {
    /// The first character.
    pub str: *const c_char,
    /// How many characters.
    pub str_len: u32,
}

/// The answer of a handler: nipc_string_reverse_builder_set gives it. It ends when the handler
/// returns.
#[repr(C)]
pub struct nipc_string_reverse_builder_t {
    /// The first error, which stays. A handler may set it before it returns false.
    pub error: nipc_error_t,
    /// 1 when there is an answer.
    pub item_count: u32,
    /// Private: do not touch.
    state: nipc_builder_state_t,
}

zeroed!(nipc_string_reverse_view_t);
builders!(nipc_string_reverse_builder_t(ValueAnswer<'static>));

/// Writes a text: the request or the response of string-reverse.
///
/// \param str  any characters; NULL with length 0 is an empty text
/// \return its length, or 0 for NULL or a buffer that is too small
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_string_reverse_encode(
    str: *const c_char,
    str_len: u32,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    catch_length(|| {
        // SAFETY: C promises the characters.
        let text = StringReverseValue::new(unsafe { chars(str, str_len) }?);
        // SAFETY: C promises a buffer.
        Ok(unsafe { encode(buf, buf_len, |out| text.encode(out)) })
    })
}

/// Reads a text: the request or the response of string-reverse.
///
/// \param buf  must stay as it is while the view is used
/// \param out  the text; zeroed on failure
/// \return NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_OUT_OF_BOUNDS, or
///         NIPC_ERR_MISSING_NUL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_string_reverse_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut nipc_string_reverse_view_t,
) -> nipc_error_t {
    let read = |buf| StringReverseValue::decode(buf).map(nipc_string_reverse_view_t::of_text);
    // SAFETY: C promises bytes, and room for a view.
    unsafe { decode(buf, buf_len, out, read) }
}

/// Answers a request with a text. For handlers, once for each request.
///
/// \param str  any characters; NULL with length 0 is an empty text
/// \return NIPC_OK, or the first error of this builder: NIPC_ERR_OVERFLOW where it does not fit (the
///         client is told, and may come back with room for more), NIPC_ERR_BAD_ITEM_COUNT for a
///         second answer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_string_reverse_builder_set(
    builder: *mut nipc_string_reverse_builder_t,
    str: *const c_char,
    str_len: u32,
) -> nipc_error_t {
    let set = |slot: &mut ValueAnswer<'_>| {
        // SAFETY: C promises the characters.
        let text = StringReverseValue::new(unsafe { chars(str, str_len) }?);
        slot.put(&text).map_err(of_wire)
    };
    // SAFETY: C promises a builder that it was lent.
    unsafe { add(builder, set) }
}

impl nipc_string_reverse_view_t {
    /// A view of a text that was read.
    pub(crate) fn of_text(StringReverseValue(text): StringReverseValue<'_>) -> Self {
        let nipc_str_view_t { ptr, len } = nipc_str_view_t::of(text.as_bytes());
        Self {
            str: ptr,
            str_len: len,
        }
    }
}

impl nipc_string_reverse_builder_t {
    /// A builder that fills in `answer`, which must outlive its use.
    pub(crate) fn lend(answer: &mut ValueAnswer<'_>) -> Self {
        Builder::lend(ptr::from_mut(answer).cast())
    }
}

layout! {
    nipc_string_reverse_view_t: 16 { str: 0, str_len: 8 }
    nipc_string_reverse_builder_t: 216 { error: 0, item_count: 4 }
}
