//! What both lookups share: views that are read again, keys in order, answers over a buffer.

#![expect(unsafe_code, reason = "views point to memory of C")]

use std::ffi::c_void;
use std::ptr;

use netipc::ErrorCode;
use netipc::lookup::{Key, Lookup, LookupAnswer, LookupReply, LookupRequest, write_request};
use netipc::proto::internals::assume_valid;
use netipc::wire::{Labels, WireError};

use super::codec::decoded;
use super::nipc_lookup_label_view_t;
use crate::border::{buffer, catch_length};
use crate::error::{CodeResult, of_wire};

/// Where a view points to, and how many items are said to be there.
#[derive(Clone, Copy)]
pub(super) struct LookupView {
    pub(super) item_count: u32,
    pub(super) payload: *const u8,
    pub(super) payload_len: usize,
}

/// Gives views their `lookup_view`, of which the fields are the same everywhere.
macro_rules! lookup_views {
    ($($name:ident),*) => {$(
        impl $name {
            pub(super) const fn lookup_view(&self) -> $crate::protocol::lookup::LookupView {
                $crate::protocol::lookup::LookupView {
                    item_count: self.item_count,
                    payload: self.payload,
                    payload_len: self.payload_len,
                }
            }
        }
    )*};
}
pub(super) use lookup_views;

impl LookupView {
    /// The bytes that the view points to.
    ///
    /// # Safety
    /// As for [`decoded`].
    #[inline]
    unsafe fn bytes<'a>(self) -> CodeResult<&'a [u8]> {
        // SAFETY: the caller's promise is that of `decoded`.
        unsafe { decoded(self.payload, self.payload_len) }
    }

    const fn check(self, index: u32) -> CodeResult {
        if index < self.item_count {
            Ok(())
        } else {
            Err(ErrorCode::OUT_OF_BOUNDS)
        }
    }
}

/// The request that a view is of.
///
/// # Safety
/// As for [`decoded`].
pub(super) unsafe fn request<'a, L: Lookup>(view: LookupView) -> CodeResult<LookupRequest<'a, L>> {
    // SAFETY: the caller's promise is that of `decoded`.
    let bytes = unsafe { view.bytes() }?;
    Ok(assume_valid::<LookupRequest<'_, L>>(bytes).view())
}

/// Key `index` of a request.
///
/// # Safety
/// As for [`decoded`].
#[inline]
pub(super) unsafe fn key<'a, L: Lookup>(view: LookupView, index: u32) -> CodeResult<Key<'a, L>> {
    view.check(index)?;
    // SAFETY: the caller's promise is that of `decoded`.
    let request = unsafe { request::<L>(view) }?;
    request.key(index as usize).ok_or(ErrorCode::OUT_OF_BOUNDS)
}

/// Item `index` of a reply, and its bytes.
///
/// # Safety
/// As for [`decoded`].
#[inline]
pub(super) unsafe fn item<'a, L: Lookup>(
    view: LookupView,
    index: u32,
) -> CodeResult<(L::Item<'a>, &'a [u8])> {
    view.check(index)?;
    // SAFETY: the caller's promise is that of `decoded`.
    let bytes = unsafe { view.bytes() }?;
    let reply = assume_valid::<LookupReply<'_, L>>(bytes).view();
    let item = reply.list().valid(index as usize);
    let item = item.ok_or(ErrorCode::OUT_OF_BOUNDS)?;
    Ok((item.view(), item.bytes()))
}

/// Beside the length of an item: its bytes are its labels, which stand alone. No item is as long.
pub(super) const LABELS_ALONE: usize = 1 << (usize::BITS - 1);

/// A label of an item of `len` bytes at `item`, of which there are `count`.
///
/// # Safety
/// As for [`decoded`].
#[inline]
pub(super) unsafe fn label<'a, L: Lookup>(
    (item, len): (*const u8, usize),
    index: u32,
    count: u16,
    labels: impl FnOnce(L::Item<'a>) -> Labels<'a>,
) -> CodeResult<nipc_lookup_label_view_t> {
    if index >= count.into() {
        return Err(ErrorCode::OUT_OF_BOUNDS);
    }
    // SAFETY: the caller's promise is that of `decoded`.
    let bytes = unsafe { decoded(item, len & !LABELS_ALONE) }?;
    let labels = if len & LABELS_ALONE == 0 {
        labels(assume_valid::<L::Item<'_>>(bytes).view())
    } else {
        assume_valid::<u64>(bytes).labels(count, 0)
    };
    let label = labels.get(index as usize);
    label
        .map(nipc_lookup_label_view_t::of)
        .ok_or(ErrorCode::OUT_OF_BOUNDS)
}

/// Writes a request; returns its length.
///
/// # Safety
/// As for [`buffer`].
pub(super) unsafe fn encode_request<'k, L: Lookup>(
    keys: CodeResult<impl ExactSizeIterator<Item = Result<Key<'k, L>, WireError>>>,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    catch_length(|| {
        // SAFETY: the caller's promise is that of `buffer`.
        let buf = unsafe { buffer(buf, buf_len) }?;
        write_request::<L>(keys?, buf).map_err(of_wire)
    })
}

/// Starts the answer to a request.
///
/// # Safety
/// As for [`decoded`] and [`buffer`], for as long as the answer is there.
pub(super) unsafe fn start<'a, L: Lookup>(
    request: LookupView,
    buf: *mut c_void,
    buf_len: usize,
) -> CodeResult<LookupAnswer<'a, L>> {
    // SAFETY: the caller's promise is that of `buffer`.
    let buf = unsafe { buffer(buf, buf_len) }?;
    // SAFETY: the caller's promise is that of `decoded`.
    let request = unsafe { self::request::<L>(request) }?;
    LookupAnswer::new(request, buf).map_err(of_wire)
}

/// The key that `answer` needs next, if it is key `index` of the request that it answers.
pub(super) fn next_key<'a, L: Lookup>(
    answer: &LookupAnswer<'a, L>,
    request: LookupView,
    index: u32,
) -> CodeResult<Key<'a, L>> {
    let own = answer.request();
    if !ptr::eq(own.valid().bytes().as_ptr(), request.payload) {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    let key = own.key(index as usize).ok_or(ErrorCode::OUT_OF_BOUNDS)?;
    if index as usize == answer.item_count() {
        Ok(key)
    } else {
        Err(ErrorCode::BAD_LAYOUT)
    }
}
