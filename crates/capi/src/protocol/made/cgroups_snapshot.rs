//! The payloads of `cgroups-snapshot`.
//!
//! Made from `cgroups-snapshot.toml` by `netipc schema generate`: change that, not this file.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::{c_char, c_void};
use std::ptr;

use netipc::ErrorCode;
use netipc::service::cgroups_snapshot::{
    CgroupsSnapshotBuilder, CgroupsSnapshotHeader, CgroupsSnapshotItem, CgroupsSnapshotRequest,
    CgroupsSnapshotResponseView,
};
use netipc::wire::{CStrView, Decode, Writer};

use crate::border::{buffer, catch_code, catch_length, chars, shared};
use crate::error::{nipc_error_t, of_wire};
use crate::layout::layout;
use crate::protocol::builder::{add, builders, change, finish, init, nipc_builder_state_t};
use crate::protocol::codec::{LAYOUT_VERSION, decode, encode, part, read_again};
use crate::protocol::{Builder, Zeroed, nipc_str_view_t, zeroed};

/// The request of a snapshot. It says nothing but its version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct nipc_cgroups_req_t {
    /// 1; the encoder takes a request of zeros for that, too.
    pub layout_version: u16,
    /// 0: no flag is defined.
    pub flags: u16,
}

/// A snapshot, in the payload it was read from, which must stay as it is while the view is used.
/// nipc_cgroups_resp_item reads its items. Zeroed, it has none.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_cgroups_resp_view_t {
    /// The version of the layout: 1, as decoders take no other.
    pub layout_version: u16,
    /// 0: no flag is defined.
    pub flags: u16,
    /// Number of items.
    pub item_count: u32,
    /// Whether systemd runs the host; any number but 0 is yes.
    pub systemd_enabled: u32,
    /// Changes when the provider's data does.
    pub generation: u64,
    /// Private: do not touch.
    pub(crate) payload: *const u8,
    /// Private: do not touch.
    pub(crate) payload_len: usize,
}

/// What lies in front of the directory of a snapshot, with the fields of the wire at the offsets of
/// the wire. For programs that make or read the bytes themselves.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_cgroups_resp_header_t {
    /// 1.
    pub layout_version: u16,
    /// 0: no flag is defined.
    pub flags: u16,
    /// Number of items.
    pub item_count: u32,
    /// Whether systemd runs the host; any number but 0 is yes.
    pub systemd_enabled: u32,
    /// 0.
    pub reserved: u32,
    /// Changes when the provider's data does.
    pub generation: u64,
}

/// What is known of one cgroup. The strings lie in the payload.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_cgroups_item_view_t {
    /// The provider's hash of the name. nipc_simple_hash, mostly.
    pub hash: u32,
    /// What was found out about it. Bits: 1 Another cgroup has the same name; this one is disabled; 2
    /// A service slice of systemd; 4 It lies in the unified hierarchy; 8 The configuration excludes
    /// it.
    pub options: u32,
    /// Whether it is to be monitored; any number but 0 is yes.
    pub enabled: u32,
    /// The version of the layout: 1, as decoders take no other.
    pub layout_version: u16,
    /// 0: no flag is defined.
    pub flags: u16,
    /// Its name; may be empty.
    pub name: nipc_str_view_t,
    /// Its path in the file system; may be empty.
    pub path: nipc_str_view_t,
}

/// Takes the items of a snapshot: in a handler, which is given one, or over a buffer of one's own,
/// from nipc_cgroups_builder_init to nipc_cgroups_builder_finish. Do not copy it, and do not use it
/// after the handler has returned. Zeroed, it is no builder: nothing can be added.
#[repr(C)]
pub struct nipc_cgroups_builder_t {
    /// The first error, which stays. A handler may set it before it returns false.
    pub error: nipc_error_t,
    /// Items so far.
    pub item_count: u32,
    /// Private: do not touch.
    state: nipc_builder_state_t,
}

zeroed!(
    nipc_cgroups_req_t,
    nipc_cgroups_resp_view_t,
    nipc_cgroups_item_view_t
);
builders!(nipc_cgroups_builder_t(CgroupsSnapshotBuilder<'static>));

/// Writes the request of a snapshot.
///
/// \param request  written as it is, so that a decoder may refuse it; NULL or zeroed is the one there
///                 is, with layout_version 1
/// \return NIPC_CGROUPS_REQ_HDR_SIZE, or 0 for NULL or a smaller buffer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_req_encode(
    request: *const nipc_cgroups_req_t,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    catch_length(|| {
        let mut fields = nipc_cgroups_req_t::ZEROED;
        if !request.is_null() {
            // SAFETY: C promises a request.
            fields = *unsafe { shared(request) }?;
        }
        if fields == nipc_cgroups_req_t::ZEROED {
            fields.layout_version = CgroupsSnapshotRequest::LAYOUT;
        }
        let write = |out: &mut Writer<'_>| {
            out.record::<{ CgroupsSnapshotRequest::LEN }>(|record| {
                record.u16(fields.layout_version).u16(fields.flags)
            })
        };
        // SAFETY: C promises a buffer.
        Ok(unsafe { encode(buf, buf_len, write) })
    })
}

/// Reads the request of a snapshot.
///
/// \param out  what was read; zeroed on failure
/// \return NIPC_OK, NIPC_ERR_TRUNCATED, or NIPC_ERR_BAD_LAYOUT for another version, or flags
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_req_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut nipc_cgroups_req_t,
) -> nipc_error_t {
    let read = |buf: &[u8]| CgroupsSnapshotRequest::decode(buf).map(nipc_cgroups_req_t::of_request);
    // SAFETY: C promises bytes, and room for a request.
    unsafe { decode(buf, buf_len, out, read) }
}

/// Reads a snapshot, and checks its directory. Items are checked when they are read, so that a bad
/// one spoils only itself.
///
/// \param buf  must stay as it is while the view is used
/// \param out  the snapshot; zeroed on failure
/// \return NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_BAD_ALIGNMENT, or
///         NIPC_ERR_OUT_OF_BOUNDS
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_resp_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut nipc_cgroups_resp_view_t,
) -> nipc_error_t {
    let read =
        |buf| CgroupsSnapshotResponseView::decode(buf).map(nipc_cgroups_resp_view_t::of_reply);
    // SAFETY: C promises bytes, and room for a view.
    unsafe { decode(buf, buf_len, out, read) }
}

/// Checks every item of a snapshot at once.
///
/// \return NIPC_OK, or what is wrong with the first bad one: NIPC_ERR_BAD_LAYOUT,
///         NIPC_ERR_OUT_OF_BOUNDS, NIPC_ERR_MISSING_NUL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_resp_validate(
    view: *const nipc_cgroups_resp_view_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises a view.
        let view = unsafe { shared(view) }?;
        if view.item_count == 0 {
            return Ok(());
        }
        // SAFETY: C promises that the payload is still there.
        unsafe { read_again::<CgroupsSnapshotResponseView<'_>>(view.payload, view.payload_len) }?
            .validate()
            .map_err(of_wire)
    })
}

/// Reads an item of a snapshot, and checks it.
///
/// \param index  from 0
/// \param out    the item; zeroed on failure
/// \return NIPC_OK, NIPC_ERR_OUT_OF_BOUNDS beyond the last item, or what is wrong with the item:
///         NIPC_ERR_BAD_LAYOUT, NIPC_ERR_OUT_OF_BOUNDS, NIPC_ERR_MISSING_NUL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_resp_item(
    view: *const nipc_cgroups_resp_view_t,
    index: u32,
    out: *mut nipc_cgroups_item_view_t,
) -> nipc_error_t {
    let read = |view: &nipc_cgroups_resp_view_t| {
        if index >= view.item_count {
            return Err(ErrorCode::OUT_OF_BOUNDS);
        }
        // SAFETY: C promises that the payload is still there.
        let reply = unsafe {
            read_again::<CgroupsSnapshotResponseView<'_>>(view.payload, view.payload_len)
        }?;
        let item = reply.item(index).map_err(of_wire)?;
        Ok(nipc_cgroups_item_view_t::of(item))
    };
    // SAFETY: C promises a view, and room for an item.
    unsafe { part(view, out, read) }
}

/// Starts a snapshot in a buffer of one's own.
///
/// \param builder          need not be initialised
/// \param buf              where it is written; the builder uses it until it is finished
/// \param max_items        ignored: the directory takes what it needs
/// \param systemd_enabled  whether systemd runs the host; any number but 0 is yes
/// \param generation       changes when the data does
/// \return NIPC_OK, NIPC_ERR_INVALID_ARGUMENT for NULL, or NIPC_ERR_OVERFLOW where not even the
///         header fits
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_builder_init(
    builder: *mut nipc_cgroups_builder_t,
    buf: *mut c_void,
    buf_len: usize,
    max_items: u32,
    systemd_enabled: u32,

    generation: u64,
) -> nipc_error_t {
    let _ = max_items;
    let start = || {
        // SAFETY: C promises a buffer until the builder is finished.
        let buf = unsafe { buffer(buf, buf_len) }?;
        let mut answer = CgroupsSnapshotBuilder::new(buf).map_err(of_wire)?;
        answer.set(CgroupsSnapshotHeader { systemd_enabled }, generation);
        Ok(answer)
    };
    // SAFETY: C promises room for a builder.
    unsafe { init(builder, start) }
}

/// Says what holds for all items, and which generation of the data this is: 0 unless set. At any
/// time, and as often as one likes; the last counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_builder_set_header(
    builder: *mut nipc_cgroups_builder_t,
    systemd_enabled: u32,

    generation: u64,
) {
    // SAFETY: C promises a builder.
    unsafe {
        change(builder, |answer, _| {
            answer.set(CgroupsSnapshotHeader { systemd_enabled }, generation)
        })
    };
}

/// Adds an item. Texts have no NUL inside, and are copied.
///
/// \param hash     the provider's hash of the name. nipc_simple_hash, mostly
/// \param options  what was found out about it. Bits: 1 Another cgroup has the same name; this one is
///                 disabled; 2 A service slice of systemd; 4 It lies in the unified hierarchy; 8 The
///                 configuration excludes it
/// \param enabled  whether it is to be monitored; any number but 0 is yes
/// \param name     its name; may be empty
/// \param path     its path in the file system; may be empty
/// \return NIPC_OK, or the first error of this builder, with which nothing more is added:
///         NIPC_ERR_OVERFLOW where it does not fit (the client is told, and comes back with room for
///         more), NIPC_ERR_BAD_LAYOUT for a NUL inside, NIPC_ERR_INVALID_ARGUMENT for NULL with a
///         length
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_builder_add(
    builder: *mut nipc_cgroups_builder_t,
    hash: u32,
    options: u32,
    enabled: u32,
    name: *const c_char,
    name_len: u32,
    path: *const c_char,
    path_len: u32,
) -> nipc_error_t {
    let push = |answer: &mut CgroupsSnapshotBuilder<'_>| {
        // SAFETY: C promises the characters.
        let name = unsafe { chars(name, name_len) }?;
        // SAFETY: C promises the characters.
        let path = unsafe { chars(path, path_len) }?;

        let item = CgroupsSnapshotItem {
            hash,
            options,
            enabled,
            name: CStrView::new(name),
            path: CStrView::new(path),
        };

        answer.push(&item).map_err(of_wire)
    };
    // SAFETY: C promises a builder.
    unsafe { add(builder, push) }
}

/// Forgets that something did not fit: what did is sent as if it were all. Other errors stay. It is
/// for after the last item; the client cannot tell that something is missing, and does not come back
/// with more room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_builder_accept_truncated(
    builder: *mut nipc_cgroups_builder_t,
) {
    let accept = |answer: &mut CgroupsSnapshotBuilder<'_>, error: &mut nipc_error_t| {
        answer.accept_truncated();
        if *error == nipc_error_t::new(ErrorCode::OVERFLOW) {
            *error = nipc_error_t::OK;
        }
    };
    // SAFETY: C promises a builder.
    unsafe { change(builder, accept) };
}

/// Ends a snapshot in a buffer of one's own; nothing can be added after. Not for handlers: theirs is
/// ended when they return.
///
/// \return its length, or 0 where there was an error, which builder->error tells
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_builder_finish(
    builder: *mut nipc_cgroups_builder_t,
) -> usize {
    // SAFETY: C promises a builder.
    unsafe { finish(builder, CgroupsSnapshotBuilder::finish) }
}

impl nipc_cgroups_req_t {
    /// A request that was read.
    pub(crate) const fn of_request(_: CgroupsSnapshotRequest) -> Self {
        Self {
            layout_version: CgroupsSnapshotRequest::LAYOUT,
            flags: 0,
        }
    }
}

impl nipc_cgroups_resp_view_t {
    /// A view of a snapshot that was read.
    pub(crate) fn of_reply(reply: CgroupsSnapshotResponseView<'_>) -> Self {
        let payload = reply.valid().bytes();
        Self {
            layout_version: LAYOUT_VERSION,
            flags: 0,
            item_count: reply.item_count,
            systemd_enabled: reply.systemd_enabled,

            generation: reply.generation,
            payload: payload.as_ptr(),
            payload_len: payload.len(),
        }
    }
}

impl nipc_cgroups_item_view_t {
    fn of(item: CgroupsSnapshotItem<'_>) -> Self {
        Self {
            layout_version: LAYOUT_VERSION,
            flags: 0,
            hash: item.hash,
            options: item.options,
            enabled: item.enabled,
            name: nipc_str_view_t::of(item.name.as_bytes()),
            path: nipc_str_view_t::of(item.path.as_bytes()),
        }
    }
}

impl nipc_cgroups_builder_t {
    /// A builder that fills in `answer`, which must outlive its use.
    pub(crate) fn lend(answer: &mut CgroupsSnapshotBuilder<'_>) -> Self {
        Builder::lend(ptr::from_mut(answer).cast())
    }
}

layout! {
    nipc_cgroups_req_t: 4 { layout_version: 0, flags: 2 }
    nipc_cgroups_resp_view_t: 40 { layout_version: 0, flags: 2, item_count: 4, systemd_enabled: 8, generation: 16 }
    nipc_cgroups_resp_header_t: 24 { layout_version: 0, flags: 2, item_count: 4, systemd_enabled: 8, reserved: 12, generation: 16 }
    nipc_cgroups_item_view_t: 48 { hash: 0, options: 4, enabled: 8, layout_version: 12, flags: 14, name: 16, path: 32 }
    nipc_cgroups_builder_t: 216 { error: 0, item_count: 4 }
}
