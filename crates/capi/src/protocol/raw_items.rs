//! The items of lookups as bytes: taken out of one answer, put into another; and how many fit.

#![expect(unsafe_code, reason = "items are memory of C")]

use std::ffi::c_void;

use netipc::lookup::Lookup;
use netipc::wire::{Decode, ENTRY_LEN, align8};

use super::batch::Item;
use super::item_list::ItemList;
use super::lookup::{LookupView, item};
use super::zeroed;
use crate::border::{buffer, bytes, catch_length, elements};
use crate::error::{CodeResult, of_wire};

/// An item of a lookup's answer, as bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_lookup_raw_item_t {
    /// The first byte; the offsets of the item's strings count from there.
    pub ptr: *const c_void,
    /// How many bytes.
    pub len: u32,
}

zeroed!(nipc_lookup_raw_item_t);

/// How many items of `smallest` bytes fit behind a header, each with its entry of the directory. The last
/// one needs no padding.
pub(super) fn most_items(buf_len: usize, header: usize, smallest: usize) -> u32 {
    let padded = align8(smallest);
    let room = buf_len.saturating_sub(header);
    let items = room.saturating_add(padded - smallest) / (ENTRY_LEN + padded);
    u32::try_from(items).unwrap_or(u32::MAX)
}

/// Item `index` of an answer, as bytes.
///
/// # Safety
/// As for [`item`].
pub(super) unsafe fn raw_item<L: Lookup>(
    view: LookupView,
    index: u32,
) -> CodeResult<nipc_lookup_raw_item_t> {
    // SAFETY: the caller's promise is that of `item`.
    let (_, bytes) = unsafe { item::<L>(view, index) }?;
    Ok(nipc_lookup_raw_item_t {
        ptr: bytes.as_ptr().cast(),
        len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
    })
}

/// Writes an answer of items that are bytes; returns its length.
///
/// # Safety
/// As for [`elements`], for [`bytes`] of each of them, and for [`buffer`].
pub(super) unsafe fn encode_raw<L: Lookup>(
    items: *const nipc_lookup_raw_item_t,
    count: u32,
    generation: u64,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    catch_length(|| {
        // SAFETY: the caller's promise is that of `elements`.
        let items = unsafe { elements(items, count as usize) }?;
        // SAFETY: the caller's promise is that of `buffer`.
        let mut list = ItemList::new(unsafe { buffer(buf, buf_len) }?, count, generation)?;
        for item in items {
            // SAFETY: the caller's promise is that of `bytes`.
            let bytes = unsafe { bytes(item.ptr, item.len as usize) }?;
            L::Item::decode(bytes).map_err(of_wire)?;
            list.add(&Item(bytes))?;
        }
        Ok(list.finish())
    })
}
