//! What both lookups share: views that are read again, keys in order, answers over a buffer.

#![expect(unsafe_code, reason = "views point to memory of C")]

use std::ffi::c_void;
use std::ptr;

use netipc::ErrorCode;
use netipc::lookup::{Key, Lookup, LookupAnswer, LookupReply, LookupRequest, write_request};
use netipc::proto::internals::assume_valid;
use netipc::wire::{Labels, WireError};

use super::nipc_lookup_label_view_t;
use crate::border::{buffer, bytes, length};
use crate::error::{Outcome, of_wire};

/// Where a view points to, and how many items are said to be there.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) item_count: u32,
    pub(super) payload: *const u8,
    pub(super) payload_len: usize,
}

impl Place {
    /// The bytes that the view points to.
    ///
    /// # Safety
    /// As for [`bytes`].
    #[inline(always)]
    unsafe fn bytes<'a>(self) -> Outcome<&'a [u8]> {
        // SAFETY: the caller's promise is that of `bytes`.
        let payload = unsafe { bytes(self.payload.cast(), self.payload_len) }?;
        // A zeroed view was never decoded.
        if payload.is_empty() {
            return Err(ErrorCode::TRUNCATED);
        }
        Ok(payload)
    }

    const fn check(self, index: u32) -> Outcome {
        match index < self.item_count {
            true => Ok(()),
            false => Err(ErrorCode::OUT_OF_BOUNDS),
        }
    }
}

/// The request that a view is of.
///
/// # Safety
/// As for [`bytes`].
pub(super) unsafe fn request<'a, L: Lookup>(place: Place) -> Outcome<LookupRequest<'a, L>> {
    // SAFETY: the caller's promise is that of `bytes`.
    let bytes = unsafe { place.bytes() }?;
    Ok(assume_valid::<LookupRequest<'_, L>>(bytes).view())
}

/// Key `index` of a request.
///
/// # Safety
/// As for [`bytes`].
#[inline(always)]
pub(super) unsafe fn key<'a, L: Lookup>(place: Place, index: u32) -> Outcome<Key<'a, L>> {
    place.check(index)?;
    // SAFETY: the caller's promise is that of `bytes`.
    let request = unsafe { request::<L>(place) }?;
    request.key(index as usize).ok_or(ErrorCode::OUT_OF_BOUNDS)
}

/// Item `index` of a reply, and its bytes.
///
/// # Safety
/// As for [`bytes`].
#[inline(always)]
pub(super) unsafe fn item<'a, L: Lookup>(
    place: Place,
    index: u32,
) -> Outcome<(L::Item<'a>, &'a [u8])> {
    place.check(index)?;
    // SAFETY: the caller's promise is that of `bytes`.
    let bytes = unsafe { place.bytes() }?;
    let reply = assume_valid::<LookupReply<'_, L>>(bytes).view();
    let item = reply.list().valid(index as usize);
    let item = item.ok_or(ErrorCode::OUT_OF_BOUNDS)?;
    Ok((item.view(), item.bytes()))
}

/// A label of an item of `len` bytes at `item`, of which there are `count`.
///
/// # Safety
/// As for [`bytes`].
#[inline(always)]
pub(super) unsafe fn label<'a, L: Lookup>(
    (item, len): (*const u8, usize),
    index: u32,
    count: u16,
    labels: impl FnOnce(L::Item<'a>) -> Labels<'a>,
) -> Outcome<nipc_lookup_label_view_t> {
    if index >= count.into() {
        return Err(ErrorCode::OUT_OF_BOUNDS);
    }
    // SAFETY: the caller's promise is that of `bytes`.
    let bytes = unsafe { bytes(item.cast(), len) }?;
    let item = assume_valid::<L::Item<'_>>(bytes).view();
    let label = labels(item).get(index as usize);
    label
        .map(nipc_lookup_label_view_t::of)
        .ok_or(ErrorCode::OUT_OF_BOUNDS)
}

/// Writes a request; returns its length.
///
/// # Safety
/// As for [`buffer`].
pub(super) unsafe fn encode_request<'k, L: Lookup>(
    keys: Outcome<impl ExactSizeIterator<Item = Result<Key<'k, L>, WireError>>>,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    length(|| {
        // SAFETY: the caller's promise is that of `buffer`.
        let buf = unsafe { buffer(buf, buf_len) }?;
        write_request::<L>(keys?, buf).map_err(of_wire)
    })
}

/// Starts the answer to a request.
///
/// # Safety
/// As for [`bytes`] and [`buffer`], for as long as the answer is there.
pub(super) unsafe fn start<'a, L: Lookup>(
    request: Place,
    buf: *mut c_void,
    buf_len: usize,
) -> Outcome<LookupAnswer<'a, L>> {
    // SAFETY: the caller's promise is that of `buffer`.
    let buf = unsafe { buffer(buf, buf_len) }?;
    // SAFETY: the caller's promise is that of `bytes`.
    let request = unsafe { self::request::<L>(request) }?;
    LookupAnswer::new(request, buf).map_err(of_wire)
}

/// The key that `answer` needs next, if it is key `index` of the request that it answers.
pub(super) fn next_key<'a, L: Lookup>(
    answer: &LookupAnswer<'a, L>,
    request: Place,
    index: u32,
) -> Outcome<Key<'a, L>> {
    let own = answer.request();
    if !ptr::eq(own.valid().bytes().as_ptr(), request.payload) {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    let key = own.key(index as usize).ok_or(ErrorCode::OUT_OF_BOUNDS)?;
    match index as usize == answer.item_count() {
        true => Ok(key),
        false => Err(ErrorCode::BAD_LAYOUT),
    }
}
