//! The payloads of `apps-lookup`.
//!
//! Made from `apps-lookup.toml` by `netipc schema generate`: change that, not this file.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::{c_char, c_void};
use std::ptr;

use netipc::service::Orchestrator;
use netipc::service::apps_lookup::{
    AppsCgroupStatus, AppsLookup, AppsLookupBuilder, AppsLookupItem, AppsLookupKey,
    AppsLookupRequestView, AppsLookupResponseView, PidStatus,
};
use netipc::wire::{CStrView, Decode};

use crate::border::{chars, elements, shared};
use crate::error::{CodeResult, nipc_error_t};
use crate::layout::layout;
use crate::protocol::builder::{builders, init, nipc_builder_state_t};
use crate::protocol::codec::{LAYOUT_VERSION, decode, part};
use crate::protocol::item_list::Answer;
use crate::protocol::lookup::{
    LABELS_ALONE, encode_request, item, key, label, lookup_views, start,
};
use crate::protocol::text::LabelViews;
use crate::protocol::{Builder, item_list, nipc_lookup_label_view_t, nipc_str_view_t, zeroed};

/// The pids of a request, in the payload it was read from, which must stay as it is while the view is
/// used. nipc_apps_lookup_req_item reads them. Zeroed, it has none.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_apps_lookup_req_view_t {
    /// Number of pids. A request without any asks for the generation of the data.
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
pub struct nipc_apps_lookup_req_item_t {
    /// The process; 0 is a legal key.
    pub pid: u32,
}

/// The items of an answer, in the order of the pids of the request, in the payload it was read from,
/// which must stay as it is while the view is used. nipc_apps_lookup_resp_item reads them. Zeroed, it
/// has none.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_apps_lookup_resp_view_t {
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

/// What is known of one process. Nothing but its pid is set unless status is NIPC_PID_LOOKUP_KNOWN.
/// The strings lie in the payload.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_apps_lookup_item_view_t {
    /// Whether the process is known, or why not. A NIPC_PID_LOOKUP_ number.
    pub status: u16,
    /// Who runs its cgroup. A NIPC_ORCHESTRATOR_ number, or one that is not in the list yet.
    pub orchestrator: u16,
    /// Whether its cgroup is known, or why not. A NIPC_APPS_CGROUP_ number.
    pub cgroup_status: u16,
    /// The process; 0 is a legal key.
    pub pid: u32,
    /// Its parent.
    pub ppid: u32,
    /// Its user. NIPC_UID_UNSET where it is not known.
    pub uid: u32,
    /// The version of the layout: 1, as decoders take no other.
    pub layout_version: u16,
    /// 0: no flag is defined.
    pub flags: u16,
    /// Field 22 of /proc/PID/stat; 0 off Linux. In clock ticks since boot.
    pub starttime: u64,
    /// Its command. 1 to 15 bytes.
    pub comm: nipc_str_view_t,
    /// Path of its cgroup.
    pub cgroup_path: nipc_str_view_t,
    /// Name of its cgroup.
    pub cgroup_name: nipc_str_view_t,
    /// Number of labels of its cgroup, which nipc_apps_lookup_item_label reads.
    pub label_count: u16,
    /// Private: do not touch.
    item: *const u8,
    /// Private: do not touch.
    item_len: usize,
}

/// Takes an item for each pid of a request, in their order: in a handler, which is given one, or over
/// a buffer of one's own, from nipc_apps_lookup_builder_init to nipc_apps_lookup_builder_finish. Do
/// not copy it, and do not use it after the handler has returned. Zeroed, it is no builder: nothing
/// can be added.
///
/// An answer that gets full says so for each remaining pid, and the client asks for those again: add
/// items for all pids whether or not they fit.
#[repr(C)]
pub struct nipc_apps_lookup_builder_t {
    /// The first error, which stays. A handler may set it before it returns false.
    pub error: nipc_error_t,
    /// Items so far.
    pub item_count: u32,
    /// Private: do not touch.
    state: nipc_builder_state_t,
}

zeroed!(
    nipc_apps_lookup_req_view_t,
    nipc_apps_lookup_req_item_t,
    nipc_apps_lookup_resp_view_t,
    nipc_apps_lookup_item_view_t
);
builders!(nipc_apps_lookup_builder_t(AppsLookupBuilder<'static>));

/// Writes a request.
///
/// \param pids   what is looked up. The process; 0 is a legal key.
/// \param count  how many; 0 asks for the generation of the data
/// \return its length, or 0 for NULL or a buffer that is too small
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_apps_lookup_req_encode(
    pids: *const u32,
    count: u32,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    // SAFETY: C promises as many numbers.
    let pids: CodeResult<&[u32]> = unsafe { elements(pids, count as usize) };
    let keys = pids.map(|pids| pids.iter().map(|pid| Ok(AppsLookupKey(*pid))));

    // SAFETY: C promises a buffer.
    unsafe { encode_request::<AppsLookup>(keys, buf, buf_len) }
}

/// Reads a request, and checks all of it.
///
/// \param buf  must stay as it is while the view is used
/// \param out  the pids; zeroed on failure
/// \return NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_BAD_ALIGNMENT, or
///         NIPC_ERR_OUT_OF_BOUNDS
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_apps_lookup_req_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut nipc_apps_lookup_req_view_t,
) -> nipc_error_t {
    let read = |buf| {
        let request = AppsLookupRequestView::decode(buf)?;
        Ok(nipc_apps_lookup_req_view_t::of_request(request))
    };
    // SAFETY: C promises bytes, and room for a view.
    unsafe { decode(buf, buf_len, out, read) }
}

/// Reads a pid of a request.
///
/// \param index  from 0
/// \param out    the pid; zeroed on failure
/// \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_apps_lookup_req_item(
    view: *const nipc_apps_lookup_req_view_t,
    index: u32,
    out: *mut nipc_apps_lookup_req_item_t,
) -> nipc_error_t {
    let read = |view: &nipc_apps_lookup_req_view_t| {
        // SAFETY: C promises that the payload is still there.
        let AppsLookupKey(pid) = unsafe { key::<AppsLookup>(view.lookup_view(), index) }?;
        Ok(nipc_apps_lookup_req_item_t { pid })
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
pub unsafe extern "C" fn nipc_apps_lookup_resp_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut nipc_apps_lookup_resp_view_t,
) -> nipc_error_t {
    let read = |buf| {
        let reply = AppsLookupResponseView::decode(buf)?;
        Ok(nipc_apps_lookup_resp_view_t::of_reply(reply))
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
pub unsafe extern "C" fn nipc_apps_lookup_resp_item(
    view: *const nipc_apps_lookup_resp_view_t,
    index: u32,
    out: *mut nipc_apps_lookup_item_view_t,
) -> nipc_error_t {
    let read = |view: &nipc_apps_lookup_resp_view_t| {
        // SAFETY: C promises that the payload is still there.
        let (item, bytes) = unsafe { item::<AppsLookup>(view.lookup_view(), index) }?;
        Ok(nipc_apps_lookup_item_view_t::of(item, bytes))
    };
    // SAFETY: C promises a view, and room for an item.
    unsafe { part(view, out, read) }
}

/// Reads a label of an item.
///
/// \param item   as nipc_apps_lookup_resp_item gave it
/// \param index  from 0
/// \param out    the label; zeroed on failure
/// \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_apps_lookup_item_label(
    item: *const nipc_apps_lookup_item_view_t,
    index: u32,
    out: *mut nipc_lookup_label_view_t,
) -> nipc_error_t {
    let read = |view: &nipc_apps_lookup_item_view_t| {
        let bytes = (view.item, view.item_len);
        // SAFETY: C promises that the payload is still there.
        unsafe { label::<AppsLookup>(bytes, index, view.label_count, |item| item.labels) }
    };
    // SAFETY: C promises an item, and room for a label.
    unsafe { part(item, out, read) }
}

/// Starts an answer in a buffer of one's own, without the request that it answers: any items may be
/// added, whatever was asked. nipc_apps_lookup_builder_init_for_request holds them to the request.
///
/// \param builder     need not be initialised
/// \param buf         where the answer is written; the builder uses it until it is finished
/// \param max_items   most items to take
/// \param generation  which generation of the data this is
/// \return NIPC_OK, NIPC_ERR_INVALID_ARGUMENT for NULL, or NIPC_ERR_OVERFLOW for a buffer that is too
///         small
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_apps_lookup_builder_init(
    builder: *mut nipc_apps_lookup_builder_t,
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
pub unsafe extern "C" fn nipc_apps_lookup_builder_init_for_request(
    builder: *mut nipc_apps_lookup_builder_t,
    request: *const nipc_apps_lookup_req_view_t,
    buf: *mut c_void,
    buf_len: usize,
) -> nipc_error_t {
    let start = || {
        // SAFETY: C promises a view.
        let request = unsafe { shared(request) }?.lookup_view();
        // SAFETY: C promises payload and buffer until the builder is finished.
        unsafe { start::<AppsLookup>(request, buf, buf_len) }
    };
    // SAFETY: C promises room for a builder.
    unsafe { init(builder, start) }
}

/// Says which generation of the data this is; 0 unless set. At any time; the last counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_apps_lookup_builder_set_generation(
    builder: *mut nipc_apps_lookup_builder_t,
    generation: u64,
) {
    // SAFETY: C promises a builder.
    unsafe { item_list::set_generation(builder, generation) };
}

/// Adds the item of the next pid; without a request, of any pid. Texts have no NUL inside, and are
/// copied.
///
/// \param status         whether the process is known, or why not. A NIPC_PID_LOOKUP_ number. With
///                       any but NIPC_PID_LOOKUP_KNOWN all but the key is not set
/// \param cgroup_status  whether its cgroup is known, or why not. A NIPC_APPS_CGROUP_ number.
///                       NIPC_APPS_CGROUP_KNOWN with cgroup_path;
///                       NIPC_APPS_CGROUP_UNKNOWN_RETRY_LATER without orchestrator, cgroup_name,
///                       labels; NIPC_APPS_CGROUP_UNKNOWN_PERMANENT with cgroup_path without
///                       orchestrator, cgroup_name, labels; NIPC_APPS_CGROUP_HOST_ROOT without
///                       orchestrator, cgroup_name, labels, cgroup_path
/// \param orchestrator   who runs its cgroup. A NIPC_ORCHESTRATOR_ number, or one that is not in the
///                       list yet
/// \param pid            the process; 0 is a legal key
/// \param ppid           its parent
/// \param uid            its user. NIPC_UID_UNSET where it is not known
/// \param starttime      field 22 of /proc/PID/stat; 0 off Linux. In clock ticks since boot
/// \param comm           its command. 1 to 15 bytes
/// \param cgroup_path    path of its cgroup
/// \param cgroup_name    name of its cgroup
/// \param labels         label_count labels, with keys that are not empty: labels of its cgroup
/// \return NIPC_OK, or the first error of this builder, with which nothing more is added:
///         NIPC_ERR_BAD_LAYOUT for another pid or an item that is not valid, NIPC_ERR_BAD_ITEM_COUNT
///         beyond the last pid, NIPC_ERR_OVERFLOW where the answer cannot even start (the client is
///         told, and asks for less at a time), NIPC_ERR_INVALID_ARGUMENT for NULL with a length
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_apps_lookup_builder_add(
    builder: *mut nipc_apps_lookup_builder_t,
    status: u16,
    cgroup_status: u16,
    orchestrator: u16,
    pid: u32,
    ppid: u32,
    uid: u32,
    starttime: u64,
    comm: *const c_char,
    comm_len: u32,
    cgroup_path: *const c_char,
    cgroup_path_len: u32,
    cgroup_name: *const c_char,
    cgroup_name_len: u32,
    labels: *const nipc_lookup_label_view_t,
    label_count: u16,
) -> nipc_error_t {
    let push = |answer: Answer<'_, AppsLookup>| {
        // SAFETY: C promises the characters.
        let comm = unsafe { chars(comm, comm_len) }?;
        // SAFETY: C promises the characters.
        let cgroup_path = unsafe { chars(cgroup_path, cgroup_path_len) }?;
        // SAFETY: C promises the characters.
        let cgroup_name = unsafe { chars(cgroup_name, cgroup_name_len) }?;
        // SAFETY: C promises the labels.
        let labels = unsafe { LabelViews::new(labels, label_count) }?;

        let item = AppsLookupItem {
            status: PidStatus(status),
            orchestrator: Orchestrator(orchestrator),
            cgroup_status: AppsCgroupStatus(cgroup_status),
            pid,
            ppid,
            uid,
            starttime,
            comm: CStrView::new(comm),
            cgroup_path: CStrView::new(cgroup_path),
            cgroup_name: CStrView::new(cgroup_name),
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
///         NIPC_ERR_BAD_ITEM_COUNT where a pid has no item
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_apps_lookup_builder_finish(
    builder: *mut nipc_apps_lookup_builder_t,
) -> usize {
    // SAFETY: C promises a builder.
    unsafe { item_list::finish(builder) }
}

impl nipc_apps_lookup_req_view_t {
    /// A view of a request that was read.
    pub(crate) fn of_request(request: AppsLookupRequestView<'_>) -> Self {
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

impl nipc_apps_lookup_resp_view_t {
    /// A view of an answer that was read.
    pub(crate) fn of_reply(reply: AppsLookupResponseView<'_>) -> Self {
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

lookup_views!(nipc_apps_lookup_req_view_t, nipc_apps_lookup_resp_view_t);

impl nipc_apps_lookup_item_view_t {
    #[inline]
    pub(crate) fn of(item: AppsLookupItem<'_>, bytes: &[u8]) -> Self {
        Self {
            layout_version: LAYOUT_VERSION,
            flags: 0,
            status: item.status.0,
            orchestrator: item.orchestrator.0,
            cgroup_status: item.cgroup_status.0,
            pid: item.pid,
            ppid: item.ppid,
            uid: item.uid,
            starttime: item.starttime,
            comm: nipc_str_view_t::of(item.comm.as_bytes()),
            cgroup_path: nipc_str_view_t::of(item.cgroup_path.as_bytes()),
            cgroup_name: nipc_str_view_t::of(item.cgroup_name.as_bytes()),
            label_count: item.labels.count().unwrap_or_default(),

            item: bytes.as_ptr(),
            item_len: bytes.len(),
        }
    }

    /// One that is kept in parts, with its labels in these bytes.
    #[inline]
    pub(crate) fn kept(item: AppsLookupItem<'_>, labels: &[u8]) -> Self {
        Self {
            item_len: labels.len() | LABELS_ALONE,
            ..Self::of(item, labels)
        }
    }
}

impl nipc_apps_lookup_builder_t {
    /// A builder that fills in `answer`, which must outlive its use.
    pub(crate) fn lend(answer: &mut AppsLookupBuilder<'_>) -> Self {
        Builder::lend(ptr::from_mut(answer).cast())
    }
}

layout! {
    nipc_apps_lookup_req_view_t: 24 { item_count: 0, layout_version: 4, flags: 6 }
    nipc_apps_lookup_req_item_t: 4 { pid: 0 }
    nipc_apps_lookup_resp_view_t: 32 { item_count: 0, layout_version: 4, flags: 6, generation: 8 }
    nipc_apps_lookup_item_view_t: 104 { status: 0, orchestrator: 2, cgroup_status: 4, pid: 8, ppid: 12, uid: 16, layout_version: 20, flags: 22, starttime: 24, comm: 32, cgroup_path: 48, cgroup_name: 64, label_count: 80 }
    nipc_apps_lookup_builder_t: 216 { error: 0, item_count: 4 }
}
