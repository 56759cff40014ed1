//! The items of each lookup as bytes, and how many fit.
//!
//! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_void;

use netipc::lookup::{LOOKUP_HEADER_LEN, LookupItem};
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem};
use netipc::service::cgroups_lookup::{CgroupsLookup, CgroupsLookupItem};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::snapshot::{SNAPSHOT_HEADER_LEN, Snapshot};

use crate::error::nipc_error_t;
use crate::protocol::codec::part;
use crate::protocol::raw_items::{encode_raw, most_items, nipc_lookup_raw_item_t, raw_item};
use crate::protocol::{nipc_apps_lookup_resp_view_t, nipc_cgroups_lookup_resp_view_t};

/// Finds an item of an answer of cgroups-lookup, without reading what is in it: it was checked when
/// the answer was decoded.
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

/// Finds an item of an answer of apps-lookup, without reading what is in it: it was checked when the
/// answer was decoded.
///
/// \param index  from 0
/// \param out    the item, in the payload; zeroed on failure
/// \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
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
    unsafe { encode_raw::<CgroupsLookup>(items, count, generation, buf, buf_len) }
}

/// Writes an answer of apps-lookup from items that are bytes already, such as those that
/// nipc_apps_lookup_resp_raw_item finds in other answers. Each of them is checked.
///
/// \param items       the items, in the order of the pids that they answer
/// \param count       how many
/// \param generation  which generation of the data this is
/// \return its length, or 0 for an item that is not valid, NULL, or a buffer that is too small
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_apps_lookup_raw_resp_encode(
    items: *const nipc_lookup_raw_item_t,
    count: u32,
    generation: u64,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    // SAFETY: C promises the items, and a buffer.
    unsafe { encode_raw::<AppsLookup>(items, count, generation, buf, buf_len) }
}

/// How many items an answer of cgroups-snapshot of that many bytes can have: as many as fit where all
/// texts are as short as they may be.
///
/// \param buf_len  bytes of the whole answer
#[unsafe(no_mangle)]
pub extern "C" fn nipc_cgroups_builder_estimate_max_items(buf_len: usize) -> u32 {
    most_items(
        buf_len,
        SNAPSHOT_HEADER_LEN,
        CgroupsSnapshot::ITEM_HEADER_LEN + 2,
    )
}

/// How many items an answer of cgroups-lookup of that many bytes can have: as many as fit where all
/// texts are as short as they may be.
///
/// \param buf_len  bytes of the whole answer
#[unsafe(no_mangle)]
pub extern "C" fn nipc_cgroups_lookup_builder_estimate_max_items(buf_len: usize) -> u32 {
    most_items(
        buf_len,
        LOOKUP_HEADER_LEN,
        CgroupsLookupItem::HEADER_LEN + 3,
    )
}

/// How many items an answer of apps-lookup of that many bytes can have: as many as fit where all
/// texts are as short as they may be.
///
/// \param buf_len  bytes of the whole answer
#[unsafe(no_mangle)]
pub extern "C" fn nipc_apps_lookup_builder_estimate_max_items(buf_len: usize) -> u32 {
    most_items(buf_len, LOOKUP_HEADER_LEN, AppsLookupItem::HEADER_LEN + 3)
}
