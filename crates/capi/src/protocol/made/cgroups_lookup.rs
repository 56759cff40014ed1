//! The payloads of `cgroups-lookup`.
//!
//! Made from `cgroups-lookup.toml` by `netipc schema generate`: change that, not this file.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::{c_char, c_void};
use std::ptr;

use netipc::lookup::TextKey;
use netipc::service::Orchestrator;
use netipc::service::cgroups_lookup::{
    CgroupStatus, CgroupsLookup, CgroupsLookupBuilder, CgroupsLookupItem, CgroupsLookupRequestView,
    CgroupsLookupResponseView,
};
use netipc::wire::{CStrView, Decode};

use crate::border::{chars, shared};
use crate::error::{nipc_error_t, of_wire};
use crate::layout::layout;
use crate::protocol::builder::{builders, init, nipc_builder_state_t};
use crate::protocol::codec::{LAYOUT_VERSION, decode, part};
use crate::protocol::item_list::Answer;
use crate::protocol::lookup::{
    LABELS_ALONE, encode_request, item, key, label, lookup_views, next_key, start,
};
use crate::protocol::text::LabelViews;
use crate::protocol::{
    Builder, item_list, keys, nipc_lookup_label_view_t, nipc_str_view_t, zeroed,
};

/// The paths of a request, in the payload it was read from, which must stay as it is while the view
/// is used. nipc_cgroups_lookup_req_item reads them. Zeroed, it has none.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_cgroups_lookup_req_view_t {
    /// Number of paths. A request without any asks for the generation of the data.
    pub item_count: u32,
    /// The version of the layout: 1, as decoders take no other.
    pub layout_version: u16,
    /// 0: no flag is defined.
    pub flags: u16,
    /// Private: do not touch.
    payload: *const u8,
    /// Private: do not touch.
    payload_len: usize,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_cgroups_lookup_req_item_t {
    /// Path below the cgroup root. It is not empty.
    pub path: nipc_str_view_t,
}

/// The items of an answer, in the order of the paths of the request, in the payload it was read from,
/// which must stay as it is while the view is used. nipc_cgroups_lookup_resp_item reads them. Zeroed,
/// it has none.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_cgroups_lookup_resp_view_t {
    /// Number of items.
    pub item_count: u32,
    /// The version of the layout: 1, as decoders take no other.
    pub layout_version: u16,
    /// 0: no flag is defined.
    pub flags: u16,
    /// Changes when the provider's data does.
    pub generation: u64,
    /// Private: do not touch.
    pub(crate) payload: *const u8,
    /// Private: do not touch.
    pub(crate) payload_len: usize,
}

/// What is known of one cgroup. Nothing but its path is set unless status is
/// NIPC_CGROUP_LOOKUP_KNOWN. The strings lie in the payload.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_cgroups_lookup_item_view_t {
    /// Whether it is known, or why not. A NIPC_CGROUP_LOOKUP_ number.
    pub status: u16,
    /// Who runs it. A NIPC_ORCHESTRATOR_ number, or one that is not in the list yet.
    pub orchestrator: u16,
    /// The version of the layout: 1, as decoders take no other.
    pub layout_version: u16,
    /// 0: no flag is defined.
    pub flags: u16,
    /// Path below the cgroup root. It is not empty.
    pub path: nipc_str_view_t,
    /// Its name; may be empty.
    pub name: nipc_str_view_t,
    /// Number of its labels, which nipc_cgroups_lookup_item_label reads.
    pub label_count: u16,
    /// Private: do not touch.
    item: *const u8,
    /// Private: do not touch.
    item_len: usize,
}

/// Takes an item for each path of a request, in their order: in a handler, which is given one, or
/// over a buffer of one's own, from nipc_cgroups_lookup_builder_init to
/// nipc_cgroups_lookup_builder_finish. Do not copy it, and do not use it after the handler has
/// returned. Zeroed, it is no builder: nothing can be added.
///
/// An answer that gets full says so for each remaining path, and the client asks for those again: add
/// items for all paths whether or not they fit.
#[repr(C)]
pub struct nipc_cgroups_lookup_builder_t {
    /// The first error, which stays. A handler may set it before it returns false.
    pub error: nipc_error_t,
    /// Items so far.
    pub item_count: u32,
    /// Private: do not touch.
    state: nipc_builder_state_t,
}

zeroed!(
    nipc_cgroups_lookup_req_view_t,
    nipc_cgroups_lookup_req_item_t,
    nipc_cgroups_lookup_resp_view_t,
    nipc_cgroups_lookup_item_view_t
);
builders!(nipc_cgroups_lookup_builder_t(CgroupsLookupBuilder<'static>));

/// Writes a request.
///
/// \param paths  not empty, without NUL inside
/// \param count  how many; 0 asks for the generation of the data
/// \return its length, or 0 for a path that is not valid, NULL, or a buffer that is too small
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_req_encode(
    paths: *const nipc_str_view_t,
    count: u32,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    // SAFETY: C promises as many paths, and their characters.
    let paths = unsafe { keys::paths(paths, count) };
    let keys = paths.map(|paths| paths.iter().map(|path| TextKey::try_from(*path)));

    // SAFETY: C promises a buffer.
    unsafe { encode_request::<CgroupsLookup>(keys, buf, buf_len) }
}

/// Reads a request, and checks all of it.
///
/// \param buf  must stay as it is while the view is used
/// \param out  the paths; zeroed on failure
/// \return NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_BAD_ALIGNMENT,
///         NIPC_ERR_OUT_OF_BOUNDS, or NIPC_ERR_MISSING_NUL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_req_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut nipc_cgroups_lookup_req_view_t,
) -> nipc_error_t {
    let read = |buf| {
        let request = CgroupsLookupRequestView::decode(buf)?;
        Ok(nipc_cgroups_lookup_req_view_t::of_request(request))
    };
    // SAFETY: C promises bytes, and room for a view.
    unsafe { decode(buf, buf_len, out, read) }
}

/// Reads a path of a request.
///
/// \param index  from 0
/// \param out    the path; zeroed on failure
/// \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_req_item(
    view: *const nipc_cgroups_lookup_req_view_t,
    index: u32,
    out: *mut nipc_cgroups_lookup_req_item_t,
) -> nipc_error_t {
    let read = |view: &nipc_cgroups_lookup_req_view_t| {
        // SAFETY: C promises that the payload is still there.
        let path = unsafe { key::<CgroupsLookup>(view.lookup_view(), index) }?;
        let path = nipc_str_view_t::of(path.as_bytes());
        Ok(nipc_cgroups_lookup_req_item_t { path })
    };
    // SAFETY: C promises a view, and room for an item.
    unsafe { part(view, out, read) }
}

/// Reads an answer, and checks every item of it.
///
/// \param buf  must stay as it is while the view is used
/// \param out  the items; zeroed on failure
/// \return NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_BAD_ALIGNMENT,
///         NIPC_ERR_OUT_OF_BOUNDS, or NIPC_ERR_MISSING_NUL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_resp_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut nipc_cgroups_lookup_resp_view_t,
) -> nipc_error_t {
    let read = |buf| {
        let reply = CgroupsLookupResponseView::decode(buf)?;
        Ok(nipc_cgroups_lookup_resp_view_t::of_reply(reply))
    };
    // SAFETY: C promises bytes, and room for a view.
    unsafe { decode(buf, buf_len, out, read) }
}

/// Reads an item of an answer.
///
/// \param index  from 0
/// \param out    the item; zeroed on failure
/// \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_resp_item(
    view: *const nipc_cgroups_lookup_resp_view_t,
    index: u32,
    out: *mut nipc_cgroups_lookup_item_view_t,
) -> nipc_error_t {
    let read = |view: &nipc_cgroups_lookup_resp_view_t| {
        // SAFETY: C promises that the payload is still there.
        let (item, bytes) = unsafe { item::<CgroupsLookup>(view.lookup_view(), index) }?;
        Ok(nipc_cgroups_lookup_item_view_t::of(item, bytes))
    };
    // SAFETY: C promises a view, and room for an item.
    unsafe { part(view, out, read) }
}

/// Reads a label of an item.
///
/// \param item   as nipc_cgroups_lookup_resp_item gave it
/// \param index  from 0
/// \param out    the label; zeroed on failure
/// \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_item_label(
    item: *const nipc_cgroups_lookup_item_view_t,
    index: u32,
    out: *mut nipc_lookup_label_view_t,
) -> nipc_error_t {
    let read = |view: &nipc_cgroups_lookup_item_view_t| {
        let bytes = (view.item, view.item_len);
        // SAFETY: C promises that the payload is still there.
        unsafe { label::<CgroupsLookup>(bytes, index, view.label_count, |item| item.labels) }
    };
    // SAFETY: C promises an item, and room for a label.
    unsafe { part(item, out, read) }
}

/// Starts an answer in a buffer of one's own, without the request that it answers: any items may be
/// added, whatever was asked. nipc_cgroups_lookup_builder_init_for_request holds them to the request.
///
/// \param builder     need not be initialised
/// \param buf         where the answer is written; the builder uses it until it is finished
/// \param max_items   most items to take
/// \param generation  which generation of the data this is
/// \return NIPC_OK, NIPC_ERR_INVALID_ARGUMENT for NULL, or NIPC_ERR_OVERFLOW for a buffer that is too
///         small
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_builder_init(
    builder: *mut nipc_cgroups_lookup_builder_t,
    buf: *mut c_void,
    buf_len: usize,
    max_items: u32,
    generation: u64,
) -> nipc_error_t {
    // SAFETY: C promises room for a builder, and a buffer until it is finished.
    unsafe { item_list::init(builder, buf, buf_len, max_items, generation) }
}

/// Starts the answer to a request in a buffer of one's own: an item for each of its keys, in order.
///
/// \param builder  need not be initialised
/// \param request  what is answered; its payload must stay as it is until the builder is finished
/// \param buf      where the answer is written; the builder uses it until it is finished
/// \return NIPC_OK, NIPC_ERR_INVALID_ARGUMENT for NULL, NIPC_ERR_OVERFLOW where not even the
///         directory fits, or another error for a request that was not decoded
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_builder_init_for_request(
    builder: *mut nipc_cgroups_lookup_builder_t,
    request: *const nipc_cgroups_lookup_req_view_t,
    buf: *mut c_void,
    buf_len: usize,
) -> nipc_error_t {
    let start = || {
        // SAFETY: C promises a view.
        let request = unsafe { shared(request) }?.lookup_view();
        // SAFETY: C promises payload and buffer until the builder is finished.
        unsafe { start::<CgroupsLookup>(request, buf, buf_len) }
    };
    // SAFETY: C promises room for a builder.
    unsafe { init(builder, start) }
}

/// Says which generation of the data this is; 0 unless set. At any time; the last counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_builder_set_generation(
    builder: *mut nipc_cgroups_lookup_builder_t,
    generation: u64,
) {
    // SAFETY: C promises a builder.
    unsafe { item_list::set_generation(builder, generation) };
}

/// Adds the item of the next path; without a request, of any path. Texts have no NUL inside, and are
/// copied.
///
/// \param status        whether it is known, or why not. A NIPC_CGROUP_LOOKUP_ number. With any but
///                      NIPC_CGROUP_LOOKUP_KNOWN all but the key is not set
/// \param orchestrator  who runs it. A NIPC_ORCHESTRATOR_ number, or one that is not in the list yet
/// \param path          path below the cgroup root. It is not empty
/// \param name          its name; may be empty
/// \param labels        label_count labels, with keys that are not empty: its labels
/// \return NIPC_OK, or the first error of this builder, with which nothing more is added:
///         NIPC_ERR_BAD_LAYOUT for another path or an item that is not valid, NIPC_ERR_BAD_ITEM_COUNT
///         beyond the last path, NIPC_ERR_OVERFLOW where the answer cannot even start (the client is
///         told, and asks for less at a time), NIPC_ERR_INVALID_ARGUMENT for NULL with a length
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_builder_add(
    builder: *mut nipc_cgroups_lookup_builder_t,
    status: u16,
    orchestrator: u16,
    path: *const c_char,
    path_len: u32,
    name: *const c_char,
    name_len: u32,
    labels: *const nipc_lookup_label_view_t,
    label_count: u16,
) -> nipc_error_t {
    let push = |answer: Answer<'_, CgroupsLookup>| {
        // SAFETY: C promises the characters.
        let path = unsafe { chars(path, path_len) }?;
        let next = match &answer {
            Answer::ToRequest(answer) => answer.request().key(answer.item_count()),
            Answer::Items(_) => None,
        };
        let path = match next {
            // It comes from the request, and was checked there.
            Some(key) if ptr::eq(key.as_bytes(), path) => key,
            _ => TextKey::new(path).map_err(of_wire)?,
        };

        // SAFETY: C promises the characters.
        let name = unsafe { chars(name, name_len) }?;
        // SAFETY: C promises the labels.
        let labels = unsafe { LabelViews::new(labels, label_count) }?;

        let item = CgroupsLookupItem {
            status: CgroupStatus(status),
            orchestrator: Orchestrator(orchestrator),
            path,
            name: CStrView::new(name),
            labels: labels.labels(),
        };

        answer.add(&item)
    };
    // SAFETY: C promises a builder.
    unsafe { item_list::add(builder, push) }
}

/// Adds the item of path index of the request, which must be the next one where the builder answers
/// that request. The path itself is taken from the request.
///
/// \param request  the request that is answered
/// \param index    from 0
/// \return as nipc_cgroups_lookup_builder_add; NIPC_ERR_INVALID_ARGUMENT for another request,
///         NIPC_ERR_OUT_OF_BOUNDS beyond its last path, NIPC_ERR_BAD_LAYOUT for another path than the
///         next
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_builder_add_request_item(
    builder: *mut nipc_cgroups_lookup_builder_t,
    request: *const nipc_cgroups_lookup_req_view_t,
    index: u32,
    status: u16,
    orchestrator: u16,
    name: *const c_char,
    name_len: u32,
    labels: *const nipc_lookup_label_view_t,
    label_count: u16,
) -> nipc_error_t {
    let push = |answer: Answer<'_, CgroupsLookup>| {
        // SAFETY: C promises a view.
        let request = unsafe { shared(request) }?.lookup_view();
        let path = match &answer {
            Answer::ToRequest(answer) => next_key(answer, request, index)?,
            // SAFETY: C promises that the payload is still there.
            Answer::Items(_) => unsafe { key::<CgroupsLookup>(request, index) }?,
        };
        // SAFETY: C promises the characters.
        let name = unsafe { chars(name, name_len) }?;
        // SAFETY: C promises the labels.
        let labels = unsafe { LabelViews::new(labels, label_count) }?;

        let item = CgroupsLookupItem {
            status: CgroupStatus(status),
            orchestrator: Orchestrator(orchestrator),
            path,
            name: CStrView::new(name),
            labels: labels.labels(),
        };

        answer.add(&item)
    };
    // SAFETY: C promises a builder.
    unsafe { item_list::add(builder, push) }
}

/// Ends an answer in a buffer of one's own; nothing can be added after. Not for handlers: theirs is
/// ended when they return.
///
/// \return its length, or 0 where there was an error, which builder->error tells:
///         NIPC_ERR_BAD_ITEM_COUNT where a path has no item
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_lookup_builder_finish(
    builder: *mut nipc_cgroups_lookup_builder_t,
) -> usize {
    // SAFETY: C promises a builder.
    unsafe { item_list::finish(builder) }
}

impl nipc_cgroups_lookup_req_view_t {
    /// A view of a request that was read.
    pub(crate) fn of_request(request: CgroupsLookupRequestView<'_>) -> Self {
        let payload = request.valid().bytes();
        Self {
            item_count: u32::try_from(request.len()).unwrap_or(u32::MAX),
            layout_version: LAYOUT_VERSION,
            flags: 0,
            payload: payload.as_ptr(),
            payload_len: payload.len(),
        }
    }
}

impl nipc_cgroups_lookup_resp_view_t {
    /// A view of an answer that was read.
    pub(crate) fn of_reply(reply: CgroupsLookupResponseView<'_>) -> Self {
        let payload = reply.valid().bytes();
        Self {
            item_count: reply.item_count,
            layout_version: LAYOUT_VERSION,
            flags: 0,
            generation: reply.generation,
            payload: payload.as_ptr(),
            payload_len: payload.len(),
        }
    }
}

lookup_views!(
    nipc_cgroups_lookup_req_view_t,
    nipc_cgroups_lookup_resp_view_t
);

impl nipc_cgroups_lookup_item_view_t {
    #[inline]
    pub(crate) fn of(item: CgroupsLookupItem<'_>, bytes: &[u8]) -> Self {
        Self {
            layout_version: LAYOUT_VERSION,
            flags: 0,
            status: item.status.0,
            orchestrator: item.orchestrator.0,
            path: nipc_str_view_t::of(item.path.as_bytes()),
            name: nipc_str_view_t::of(item.name.as_bytes()),
            label_count: item.labels.count().unwrap_or_default(),

            item: bytes.as_ptr(),
            item_len: bytes.len(),
        }
    }

    /// One that is kept in parts, with its labels in these bytes.
    #[inline]
    pub(crate) fn kept(item: CgroupsLookupItem<'_>, labels: &[u8]) -> Self {
        Self {
            item_len: labels.len() | LABELS_ALONE,
            ..Self::of(item, labels)
        }
    }
}

impl nipc_cgroups_lookup_builder_t {
    /// A builder that fills in `answer`, which must outlive its use.
    pub(crate) fn lend(answer: &mut CgroupsLookupBuilder<'_>) -> Self {
        Builder::lend(ptr::from_mut(answer).cast())
    }
}

layout! {
    nipc_cgroups_lookup_req_view_t: 24 { item_count: 0, layout_version: 4, flags: 6 }
    nipc_cgroups_lookup_req_item_t: 16 { path: 0 }
    nipc_cgroups_lookup_resp_view_t: 32 { item_count: 0, layout_version: 4, flags: 6, generation: 8 }
    nipc_cgroups_lookup_item_view_t: 64 { status: 0, orchestrator: 2, layout_version: 4, flags: 6, path: 8, name: 24, label_count: 40 }
    nipc_cgroups_lookup_builder_t: 216 { error: 0, item_count: 4 }
}
