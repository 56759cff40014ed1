//! The items of lookups as bytes: taken out of one answer, put into another; and how many fit.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_void;

use netipc::lookup::{LOOKUP_HEADER_LEN, Lookup, LookupItem};
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem};
use netipc::service::cgroups_lookup::{CgroupsLookup, CgroupsLookupItem};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::snapshot::{SNAPSHOT_HEADER_LEN, Snapshot};
use netipc::wire::{Decode, ENTRY_LEN, align8};

use super::batch::Item;
use super::codec::part;
use super::item_list::ItemList;
use super::lookup::{LookupView, item};
use super::{nipc_apps_lookup_resp_view_t, nipc_cgroups_lookup_resp_view_t, zeroed};
use crate::border::{buffer, bytes, catch_length, elements};
use crate::error::{CodeResult, nipc_error_t, of_wire};

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

/// Finds an item of an answer, without reading what is in it: it was checked when the answer was decoded.
///
/// \param index  from 0
/// \param out    the item, in the payload; zeroed on failure
/// \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_resp_raw_item(
    view: *const nipc_cgroups_lookup_resp_view_t,
    index: u32,
    out: *mut nipc_lookup_raw_item_t,
) -> nipc_error_t {
    let read = |view: &nipc_cgroups_lookup_resp_view_t| {
        // SAFETY: C promises that the payload is still there.
        unsafe { raw_item::<CgroupsLookup>(view.lookup_view(), index) }
    };
    // SAFETY: C promises a view, and room for an item.
    unsafe { part(view, out, read) }
}

/// As nipc_cgroups_lookup_resp_raw_item, of apps-lookup.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_apps_lookup_resp_raw_item(
    view: *const nipc_apps_lookup_resp_view_t,
    index: u32,
    out: *mut nipc_lookup_raw_item_t,
) -> nipc_error_t {
    let read = |view: &nipc_apps_lookup_resp_view_t| {
        // SAFETY: C promises that the payload is still there.
        unsafe { raw_item::<AppsLookup>(view.lookup_view(), index) }
    };
    // SAFETY: C promises a view, and room for an item.
    unsafe { part(view, out, read) }
}

/// Writes an answer of cgroups-lookup from items that are bytes already, such as those that
/// nipc_cgroups_lookup_resp_raw_item finds in other answers. Each of them is checked.
///
/// \param items       the items, in the order of the paths that they answer
/// \param count       how many
/// \param generation  which generation of the data this is
/// \return its length, or 0 for an item that is not valid, NULL, or a buffer that is too small
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_raw_resp_encode(
    items: *const nipc_lookup_raw_item_t,
    count: u32,
    generation: u64,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    // SAFETY: C promises the items, and a buffer.
    unsafe { encode::<CgroupsLookup>(items, count, generation, buf, buf_len) }
}

/// As nipc_cgroups_lookup_raw_resp_encode, of apps-lookup.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_apps_lookup_raw_resp_encode(
    items: *const nipc_lookup_raw_item_t,
    count: u32,
    generation: u64,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    // SAFETY: C promises the items, and a buffer.
    unsafe { encode::<AppsLookup>(items, count, generation, buf, buf_len) }
}

/// How many items a snapshot of that many bytes can have: as many as fit where all strings are empty.
///
/// \param buf_len  bytes of the whole snapshot
#[unsafe(no_mangle)]
pub extern "C" fn nipc_cgroups_builder_estimate_max_items(buf_len: usize) -> u32 {
    // Two strings, each with a NUL.
    let smallest = CgroupsSnapshot::ITEM_HEADER_LEN + 2;
    most_items(buf_len, SNAPSHOT_HEADER_LEN, smallest)
}

/// How many items an answer of cgroups-lookup of that many bytes can have: as many as fit where each path
/// is one character, and all other strings are empty.
///
/// \param buf_len  bytes of the whole answer
#[unsafe(no_mangle)]
pub extern "C" fn nipc_cgroups_lookup_builder_estimate_max_items(buf_len: usize) -> u32 {
    // The character, and two strings, each with a NUL.
    let smallest = CgroupsLookupItem::HEADER_LEN + 3;
    most_items(buf_len, LOOKUP_HEADER_LEN, smallest)
}

/// How many items an answer of apps-lookup of that many bytes can have: as many as fit where all strings are
/// empty.
///
/// \param buf_len  bytes of the whole answer
#[unsafe(no_mangle)]
pub extern "C" fn nipc_apps_lookup_builder_estimate_max_items(buf_len: usize) -> u32 {
    // Three strings, each with a NUL.
    let smallest = AppsLookupItem::HEADER_LEN + 3;
    most_items(buf_len, LOOKUP_HEADER_LEN, smallest)
}

/// How many items of `smallest` bytes fit behind a header, each with its entry of the directory. The last
/// one needs no padding.
fn most_items(buf_len: usize, header: usize, smallest: usize) -> u32 {
    let padded = align8(smallest);
    let room = buf_len.saturating_sub(header);
    let items = room.saturating_add(padded - smallest) / (ENTRY_LEN + padded);
    u32::try_from(items).unwrap_or(u32::MAX)
}

/// # Safety
/// As for [`item`].
unsafe fn raw_item<L: Lookup>(view: LookupView, index: u32) -> CodeResult<nipc_lookup_raw_item_t> {
    // SAFETY: the caller's promise is that of `item`.
    let (_, bytes) = unsafe { item::<L>(view, index) }?;
    Ok(nipc_lookup_raw_item_t {
        ptr: bytes.as_ptr().cast(),
        len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
    })
}

/// # Safety
/// As for [`elements`], for [`bytes`] of each of them, and for [`buffer`].
unsafe fn encode<L: Lookup>(
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
