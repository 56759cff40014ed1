//! What C tests cannot see well: builders in both places, zeroed storage, payloads that change.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]
#![expect(
    clippy::undocumented_unsafe_blocks,
    reason = "every pointer here is NULL, or comes from a reference or a slice"
)]

use std::ffi::{c_char, c_void};
use std::{ptr, slice};

use netipc::ErrorCode;
use netipc::lookup::{Key, Lookup, LookupRequest, TextKey, encode_request};
use netipc::service::apps_lookup::{AppsLookup, Pid};
use netipc::service::cgroups_lookup::{
    CgroupStatus, CgroupsLookup, CgroupsLookupBuilder, CgroupsLookupItem,
};
use netipc::service::cgroups_snapshot::CgroupsBuilder;
use netipc::service::{Orchestrator, Service, ValueAnswer};
use netipc::wire::{Decode, Label, Labels};

use super::*;
use crate::error::nipc_error_t;

const PATHS: [&str; 3] = [
    "/init.scope",
    "/kubepods/pod-1",
    "/system.slice/cron.service",
];
const LABELS: [(&str, &str); 2] = [("namespace", "default"), ("empty", "")];

#[test]
fn a_lookup_is_answered_as_in_rust() {
    let (request, expected) = (request::<CgroupsLookup>(&keys()), answer_of_rust());
    let view = request_view(&request);
    let mut buf = [0xee; 1024];
    let mut builder = nipc_cgroups_lookup_builder_t::ZEROED;
    let room = (buf.as_mut_ptr().cast(), buf.len());
    let begun = unsafe {
        nipc_cgroups_lookup_builder_init_for_request(&mut builder, &view, room.0, room.1)
    };
    assert_eq!(begun, nipc_error_t::OK);
    unsafe { nipc_cgroups_lookup_builder_set_generation(&mut builder, 9) };
    let labels = LABELS.map(|(key, value)| nipc_lookup_label_view_t {
        key: text(key),
        value: text(value),
    });
    // The first path comes from C, the others from the request.
    let added = add(&mut builder, PATHS[0], "one", &labels);
    assert_eq!(added, nipc_error_t::OK);
    for index in [1, 2] {
        let added = add_from(&mut builder, &view, index, &labels);
        assert_eq!(added, nipc_error_t::OK);
    }
    assert_eq!(builder.item_count, 3);
    let len = unsafe { nipc_cgroups_lookup_builder_finish(&mut builder) };
    assert_eq!(buf[..len], expected);
    // It is no builder any more.
    assert_eq!(
        unsafe { nipc_cgroups_lookup_builder_finish(&mut builder) },
        0
    );
    let late = add(&mut builder, PATHS[0], "one", &labels);
    assert_eq!(late, error(ErrorCode::INVALID_ARGUMENT));
}

#[test]
fn items_and_labels_are_read_as_they_were_written() {
    let payload = answer_of_rust();
    let view = reply_view(&payload);
    assert_eq!((view.item_count, view.generation), (3, 9));
    let mut item = nipc_cgroups_lookup_item_view_t::ZEROED;
    assert_eq!(read(&view, 2, &mut item), nipc_error_t::OK);
    assert_eq!(
        (string(item.path), string(item.name)),
        (PATHS[2].as_bytes(), &b"one"[..])
    );
    let label = |index| {
        let mut label = nipc_lookup_label_view_t::ZEROED;
        let code = unsafe { nipc_cgroups_lookup_item_label(&item, index, &mut label) };
        (code, label)
    };
    for (index, (key, value)) in (0..).zip(LABELS) {
        let (code, label) = label(index);
        assert_eq!(code, nipc_error_t::OK);
        assert_eq!(
            (string(label.key), string(label.value)),
            (key.as_bytes(), value.as_bytes())
        );
        // A NUL follows what is empty, too.
        let nul = label.value.ptr.wrapping_add(value.len());
        assert_eq!(unsafe { *nul }, 0);
    }
    let (code, beyond) = label(2);
    assert_eq!(code, error(ErrorCode::OUT_OF_BOUNDS));
    assert!(beyond.key.ptr.is_null());
    assert_eq!(read(&view, 3, &mut item), error(ErrorCode::OUT_OF_BOUNDS));
    assert!(item.path.ptr.is_null());
}

#[test]
#[cfg_attr(miri, ignore = "it changes bytes behind a view, as C may by mistake")]
fn payloads_that_change_give_items_inside_them() {
    let original = answer_of_rust();
    for at in 0..original.len() {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut payload = original.clone();
            let view = reply_view(&payload);
            payload[at] = byte;
            for index in 0..view.item_count {
                read_all(&view, index, &payload);
            }
        }
    }
}

#[test]
fn a_handler_fills_in_the_answer_it_was_lent() {
    let payload = request::<CgroupsLookup>(&keys());
    let request = LookupRequest::<CgroupsLookup>::decode(&payload).unwrap();
    let mut buf = [0xee; 1024];
    let mut answer = CgroupsLookup::answer(&request, &mut buf).unwrap();
    let mut builder = nipc_cgroups_lookup_builder_t::lend(&mut answer);
    let view = nipc_cgroups_lookup_req_view_t::of_request(request);
    for index in 0..3 {
        let added = add_from(&mut builder, &view, index, &[]);
        assert_eq!(added, nipc_error_t::OK);
    }
    // It is the server's to finish.
    assert_eq!(
        unsafe { nipc_cgroups_lookup_builder_finish(&mut builder) },
        0
    );
    assert_eq!((builder.error, builder.item_count), (nipc_error_t::OK, 3));
    assert!(CgroupsLookup::finish(answer).unwrap() > 0);
}

#[test]
fn items_are_added_in_the_order_of_the_request() {
    let (first, other) = (
        request::<CgroupsLookup>(&keys()),
        request::<CgroupsLookup>(&keys()),
    );
    let wrong = [
        (&first, 1, ErrorCode::BAD_LAYOUT),
        (&first, 3, ErrorCode::OUT_OF_BOUNDS),
        (&other, 0, ErrorCode::INVALID_ARGUMENT),
    ];
    for (of, index, code) in wrong {
        let request = LookupRequest::<CgroupsLookup>::decode(&first).unwrap();
        let mut buf = [0; 1024];
        let mut answer = CgroupsLookup::answer(&request, &mut buf).unwrap();
        let mut builder = nipc_cgroups_lookup_builder_t::lend(&mut answer);
        assert_eq!(
            add_from(&mut builder, &request_view(of), index, &[]),
            error(code)
        );
        // The first error stays, whatever comes after.
        assert_eq!(add(&mut builder, PATHS[0], "one", &[]), error(code));
        assert_eq!((builder.error, builder.item_count), (error(code), 0));
    }
}

#[test]
fn labels_without_characters_are_refused() {
    let nowhere = nipc_str_view_t {
        ptr: ptr::null(),
        len: 1,
    };
    let labels = [nipc_lookup_label_view_t {
        key: text("key"),
        value: nowhere,
    }];
    let payload = request::<CgroupsLookup>(&keys());
    let request = LookupRequest::<CgroupsLookup>::decode(&payload).unwrap();
    let mut buf = [0; 1024];
    let mut answer = CgroupsLookup::answer(&request, &mut buf).unwrap();
    let mut builder = nipc_cgroups_lookup_builder_t::lend(&mut answer);
    let refused = add(&mut builder, PATHS[0], "one", &labels);
    assert_eq!(refused, error(ErrorCode::INVALID_ARGUMENT));
    assert_eq!(builder.error, refused);
}

#[test]
fn a_snapshot_that_overflows_is_sent_if_the_handler_wants() {
    let mut buf = [0xee; 100];
    let mut answer = CgroupsBuilder::new(&mut buf).unwrap();
    let mut builder = nipc_cgroups_builder_t::lend(&mut answer);
    let add = |builder: &mut _, name: &str| {
        let (name, len) = (name.as_ptr().cast(), 3);
        unsafe { nipc_cgroups_builder_add(builder, 1, 2, 3, name, len, ptr::null(), 0) }
    };
    assert_eq!(add(&mut builder, "one"), nipc_error_t::OK);
    assert_eq!(add(&mut builder, "two"), error(ErrorCode::OVERFLOW));
    // The header may be set at any time.
    unsafe { nipc_cgroups_builder_set_header(&mut builder, 1, 7) };
    unsafe { nipc_cgroups_builder_accept_truncated(&mut builder) };
    assert_eq!((builder.error, builder.item_count), (nipc_error_t::OK, 1));
    let len = answer.finish().unwrap();
    let mut view = nipc_cgroups_resp_view_t::ZEROED;
    let code = unsafe { nipc_cgroups_resp_decode(buf.as_ptr().cast(), len, &mut view) };
    assert_eq!(code, nipc_error_t::OK);
    assert_eq!(
        (view.item_count, view.systemd_enabled, view.generation),
        (1, 1, 7)
    );
    assert_eq!(
        unsafe { nipc_cgroups_resp_validate(&view) },
        nipc_error_t::OK
    );
    let mut item = nipc_cgroups_item_view_t::ZEROED;
    assert_eq!(
        unsafe { nipc_cgroups_resp_item(&view, 0, &mut item) },
        nipc_error_t::OK
    );
    assert_eq!((item.hash, item.options, item.enabled), (1, 2, 3));
    assert_eq!(
        (string(item.name), string(item.path)),
        (&b"one"[..], &b""[..])
    );
}

#[test]
fn an_error_that_a_handler_sets_stops_its_builder() {
    let mut buf = [0; 64];
    let mut builder = nipc_cgroups_builder_t::ZEROED;
    let room = buf.as_mut_ptr().cast();
    unsafe { nipc_cgroups_builder_init(&mut builder, room, buf.len(), 0, 0, 0) };
    builder.error = error(ErrorCode::IO);
    let added =
        unsafe { nipc_cgroups_builder_add(&mut builder, 1, 0, 1, ptr::null(), 0, ptr::null(), 0) };
    assert_eq!(added, error(ErrorCode::IO));
    assert_eq!(unsafe { nipc_cgroups_builder_finish(&mut builder) }, 0);
}

#[test]
fn a_text_is_answered_once() {
    let mut buf = [0; 32];
    let mut slot = ValueAnswer::new(&mut buf);
    let mut builder = nipc_string_reverse_builder_t::lend(&mut slot);
    let mut set = || {
        let text = c"abc".as_ptr();
        unsafe { nipc_string_reverse_builder_set(&mut builder, text, 3) }
    };
    assert_eq!(set(), nipc_error_t::OK);
    assert_eq!(set(), error(ErrorCode::BAD_ITEM_COUNT));
    let mut view = nipc_string_reverse_view_t::ZEROED;
    let code = unsafe { nipc_string_reverse_decode(buf.as_ptr().cast(), buf.len(), &mut view) };
    assert_eq!(code, nipc_error_t::OK);
    assert_eq!(
        unsafe { slice::from_raw_parts(view.str.cast::<u8>(), 3) },
        b"abc"
    );
}

#[test]
fn what_is_zeroed_or_null_is_refused() {
    let null: *const c_char = ptr::null();
    let mut item = nipc_cgroups_lookup_item_view_t::ZEROED;
    let empty = nipc_cgroups_lookup_resp_view_t::ZEROED;
    assert_eq!(read(&empty, 0, &mut item), error(ErrorCode::OUT_OF_BOUNDS));
    let mut label = nipc_lookup_label_view_t::ZEROED;
    let no_label = unsafe { nipc_cgroups_lookup_item_label(&item, 0, &mut label) };
    assert_eq!(no_label, error(ErrorCode::OUT_OF_BOUNDS));
    let view = nipc_cgroups_resp_view_t::ZEROED;
    assert_eq!(
        unsafe { nipc_cgroups_resp_validate(&view) },
        nipc_error_t::OK
    );
    let invalid = error(ErrorCode::INVALID_ARGUMENT);
    let mut builder = nipc_cgroups_builder_t::ZEROED;
    for builder in [&raw mut builder, ptr::null_mut()] {
        let added = unsafe { nipc_cgroups_builder_add(builder, 0, 0, 0, null, 0, null, 0) };
        assert_eq!(added, invalid);
        unsafe { nipc_cgroups_builder_set_header(builder, 1, 1) };
        unsafe { nipc_cgroups_builder_accept_truncated(builder) };
        assert_eq!(unsafe { nipc_cgroups_builder_finish(builder) }, 0);
    }
    let mut buf = [0_u8; 64];
    let room: *mut c_void = buf.as_mut_ptr().cast();
    assert_eq!(unsafe { nipc_string_reverse_encode(null, 0, room, 64) }, 9);
    assert_eq!(unsafe { nipc_string_reverse_encode(null, 1, room, 64) }, 0);
    assert_eq!(unsafe { nipc_increment_encode(1, ptr::null_mut(), 64) }, 0);
    assert_eq!(
        unsafe { nipc_increment_decode(room, 64, ptr::null_mut()) },
        invalid
    );
    assert_eq!(unsafe { nipc_header_encode(ptr::null(), room, 64) }, 0);
    assert_eq!(unsafe { nipc_cgroups_req_encode(ptr::null(), room, 64) }, 4);
    let mut lookup = nipc_cgroups_lookup_builder_t::ZEROED;
    let no_request = nipc_cgroups_lookup_req_view_t::ZEROED;
    let begun =
        unsafe { nipc_cgroups_lookup_builder_init_for_request(&mut lookup, &no_request, room, 64) };
    assert_eq!((begun, lookup.error), (error(ErrorCode::TRUNCATED), begun));
}

#[test]
fn failed_decoding_leaves_zeros() {
    let mut header = nipc_header_t {
        magic: 1,
        message_id: 7,
        ..nipc_header_t::ZEROED
    };
    let bytes = [0_u8; 32];
    let code = unsafe { nipc_header_decode(bytes.as_ptr().cast(), 32, &mut header) };
    assert_eq!(code, error(ErrorCode::BAD_MAGIC));
    assert_eq!(header, nipc_header_t::ZEROED);
}

#[test]
fn requests_are_written_as_in_rust() {
    let mut buf = [0xee; 256];
    let room = buf.as_mut_ptr().cast();
    let paths = PATHS.map(text);
    let len = unsafe { nipc_cgroups_lookup_req_encode(paths.as_ptr(), 3, room, 256) };
    assert_eq!(buf[..len], request::<CgroupsLookup>(&keys()));
    assert_eq!(
        unsafe { nipc_cgroups_lookup_req_encode(paths.as_ptr(), 3, room, len - 1) },
        0
    );
    assert_eq!(
        unsafe { nipc_cgroups_lookup_req_encode(&text(""), 1, room, 256) },
        0
    );
    let len = unsafe { nipc_apps_lookup_req_encode([7, 0].as_ptr(), 2, room, 256) };
    assert_eq!(buf[..len], request::<AppsLookup>(&[Pid(7), Pid(0)]));
    let mut view = nipc_apps_lookup_req_view_t::ZEROED;
    let code = unsafe { nipc_apps_lookup_req_decode(buf.as_ptr().cast(), len, &mut view) };
    assert_eq!((code, view.item_count), (nipc_error_t::OK, 2));
    let mut item = nipc_apps_lookup_req_item_t::ZEROED;
    assert_eq!(
        unsafe { nipc_apps_lookup_req_item(&view, 0, &mut item) },
        nipc_error_t::OK
    );
    assert_eq!(item.pid, 7);
}

fn error(code: ErrorCode) -> nipc_error_t {
    nipc_error_t::new(code)
}

fn text(text: &str) -> nipc_str_view_t {
    nipc_str_view_t::of(text.as_bytes())
}

/// A string of the library, behind which there is a NUL.
fn string<'a>(view: nipc_str_view_t) -> &'a [u8] {
    let with_nul: &[u8] = unsafe { slice::from_raw_parts(view.ptr.cast(), view.len as usize + 1) };
    let (nul, text) = with_nul.split_last().unwrap();
    assert_eq!(*nul, 0);
    text
}

fn keys() -> [TextKey<'static>; 3] {
    PATHS.map(|path| TextKey::new(path.as_bytes()).unwrap())
}

fn request<L: Lookup>(keys: &[Key<'_, L>]) -> Vec<u8> {
    let mut request = Vec::new();
    encode_request::<L>(keys, &mut request).unwrap();
    request
}

/// An answer with two labels for each path, of generation 9.
fn answer_of_rust() -> Vec<u8> {
    let payload = request::<CgroupsLookup>(&keys());
    let request = LookupRequest::decode(&payload).unwrap();
    let mut buf = vec![0; 1024];
    let mut answer = CgroupsLookupBuilder::new(request, &mut buf).unwrap();
    answer.set_generation(9);
    let labels = LABELS.map(|(key, value)| Label::new(key, value));
    for path in keys() {
        let item = CgroupsLookupItem {
            status: CgroupStatus::KNOWN,
            orchestrator: Orchestrator::K8S,
            path,
            name: "one".into(),
            labels: Labels::Pairs(&labels),
        };
        answer.add(&item).unwrap();
    }
    let len = CgroupsLookup::finish(answer).unwrap();
    buf.truncate(len);
    buf
}

fn request_view(payload: &[u8]) -> nipc_cgroups_lookup_req_view_t {
    let mut view = nipc_cgroups_lookup_req_view_t::ZEROED;
    let (ptr, len) = (payload.as_ptr().cast(), payload.len());
    let code = unsafe { nipc_cgroups_lookup_req_decode(ptr, len, &mut view) };
    assert_eq!(code, nipc_error_t::OK);
    view
}

fn reply_view(payload: &[u8]) -> nipc_cgroups_lookup_resp_view_t {
    let mut view = nipc_cgroups_lookup_resp_view_t::ZEROED;
    let (ptr, len) = (payload.as_ptr().cast(), payload.len());
    let code = unsafe { nipc_cgroups_lookup_resp_decode(ptr, len, &mut view) };
    assert_eq!(code, nipc_error_t::OK);
    view
}

fn add(
    builder: &mut nipc_cgroups_lookup_builder_t,
    path: &str,
    name: &str,
    labels: &[nipc_lookup_label_view_t],
) -> nipc_error_t {
    let (path, name) = (text(path), text(name));
    let count = u16::try_from(labels.len()).unwrap();
    unsafe {
        nipc_cgroups_lookup_builder_add(
            builder,
            0,
            Orchestrator::K8S.0,
            path.ptr,
            path.len,
            name.ptr,
            name.len,
            labels.as_ptr(),
            count,
        )
    }
}

fn add_from(
    builder: &mut nipc_cgroups_lookup_builder_t,
    request: &nipc_cgroups_lookup_req_view_t,
    index: u32,
    labels: &[nipc_lookup_label_view_t],
) -> nipc_error_t {
    let name = text("one");
    let count = u16::try_from(labels.len()).unwrap();
    unsafe {
        nipc_cgroups_lookup_builder_add_request_item(
            builder,
            request,
            index,
            0,
            Orchestrator::K8S.0,
            name.ptr,
            name.len,
            labels.as_ptr(),
            count,
        )
    }
}

fn read(
    view: &nipc_cgroups_lookup_resp_view_t,
    index: u32,
    item: &mut nipc_cgroups_lookup_item_view_t,
) -> nipc_error_t {
    unsafe { nipc_cgroups_lookup_resp_item(view, index, item) }
}

/// Reads an item and its labels, of which every byte must lie in `payload`.
fn read_all(view: &nipc_cgroups_lookup_resp_view_t, index: u32, payload: &[u8]) {
    let inside = |view: nipc_str_view_t| {
        // What has changed may be the NUL behind it.
        let text: &[u8] = unsafe { slice::from_raw_parts(view.ptr.cast(), view.len as usize) };
        assert!(text.is_empty() || payload.as_ptr_range().contains(&text.as_ptr()));
        assert!(text.is_empty() || text.as_ptr_range().end <= payload.as_ptr_range().end);
    };
    let mut item = nipc_cgroups_lookup_item_view_t::ZEROED;
    if read(view, index, &mut item) != nipc_error_t::OK {
        return;
    }
    inside(item.path);
    inside(item.name);
    for index in 0..item.label_count.into() {
        let mut label = nipc_lookup_label_view_t::ZEROED;
        let code = unsafe { nipc_cgroups_lookup_item_label(&item, index, &mut label) };
        if code == nipc_error_t::OK {
            inside(label.key);
            inside(label.value);
        }
    }
}
