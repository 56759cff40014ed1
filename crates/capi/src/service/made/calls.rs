//! Calls: a question to each service, and a view of its answer.
//!
//! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_char;

use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::cgroups_snapshot::{CgroupsSnapshot, CgroupsSnapshotRequest};
use netipc::service::increment::Increment;
use netipc::service::string_reverse::{StringReverse, StringReverseValue};
use netipc::service::{ReplyOf, Service};

use crate::border::{catch_code, chars, elements};
use crate::error::nipc_error_t;
use crate::protocol::keys::{OwnedKeys, lies_in};
use crate::protocol::{
    keys, nipc_apps_lookup_resp_view_t, nipc_cgroups_lookup_resp_view_t, nipc_cgroups_resp_view_t,
    nipc_str_view_t, nipc_string_reverse_view_t,
};
use crate::service::calls::{answer, answers, arguments, pairs};
use crate::service::client_handle::{LockedState, call, noted};
use crate::service::types::nipc_client_ctx_t;

/// Asks for a snapshot. All cgroups of the host, at once.
///
/// The call needs a client that is ready, and takes at most the client's call timeout, whatever
/// happens: a lost session is made anew and the question asked once more within it.
///
/// \param ctx  the client of a cgroups-snapshot endpoint
/// \param out  a view of the answer, which lives in the client until the next call or close; zeroed
///             on failure. nipc_cgroups_resp_item reads its items.
/// \return NIPC_OK, or why there is no answer; nipc_client_last_error says more
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_cgroups_snapshot(
    ctx: *mut nipc_client_ctx_t,
    out: *mut nipc_cgroups_resp_view_t,
) -> nipc_error_t {
    // SAFETY: the same promises, and 0 is the client's own timeout.
    unsafe { nipc_client_call_cgroups_snapshot_timeout(ctx, out, 0) }
}

/// As nipc_client_call_cgroups_snapshot, within timeout_ms milliseconds; 0 is the client's own
/// timeout.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_cgroups_snapshot_timeout(
    ctx: *mut nipc_client_ctx_t,
    out: *mut nipc_cgroups_resp_view_t,
    timeout_ms: u32,
) -> nipc_error_t {
    let ask = |state: &mut LockedState| {
        let (client, wait) = state.within(timeout_ms);
        let reply = CgroupsSnapshot::call(client, &CgroupsSnapshotRequest, &wait)?;
        Ok(nipc_cgroups_resp_view_t::of_reply(reply))
    };
    // SAFETY: C promises a context and room for a view.
    catch_code(|| unsafe { answer(ctx, out, ask) })
}

/// Asks for what is known of any number of paths, in as many requests as the limits want.
///
/// \param ctx    the client of a cgroups-lookup endpoint, which is ready
/// \param paths  not empty, without NUL inside. They may be those of the last answer
/// \param count  how many; 0 asks for the generation of the data only
/// \param out    a view of the answer, one item for each path and in their order, which lives in the
///               client until the next call or close; zeroed on failure.
///               nipc_cgroups_lookup_resp_item reads its items.
/// \return NIPC_OK, or why there is no answer; NIPC_ERR_INVALID_ARGUMENT for a path that is not
///         valid, before anything is sent
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_cgroups_lookup(
    ctx: *mut nipc_client_ctx_t,
    paths: *const nipc_str_view_t,
    count: u32,
    out: *mut nipc_cgroups_lookup_resp_view_t,
) -> nipc_error_t {
    // SAFETY: the same promises, and 0 is the client's own timeout.
    unsafe { nipc_client_call_cgroups_lookup_timeout(ctx, paths, count, out, 0) }
}

/// As nipc_client_call_cgroups_lookup, within timeout_ms milliseconds; 0 is the client's own timeout.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_cgroups_lookup_timeout(
    ctx: *mut nipc_client_ctx_t,
    paths: *const nipc_str_view_t,
    count: u32,
    out: *mut nipc_cgroups_lookup_resp_view_t,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises the paths, for as long as the call takes.
        let read = || unsafe { keys::paths(paths, count) };
        // SAFETY: C promises a context and room for a view.
        let keys = unsafe { arguments(ctx, out, read) }?;
        let ask = |state: &mut LockedState| {
            let owned = OwnedKeys::new(keys, &state.answer);
            let copies = owned.as_ref().map(OwnedKeys::paths);
            let keys = copies.as_deref().unwrap_or(keys);
            let (client, wait) = state.within(timeout_ms);
            let reply = client.lookup::<CgroupsLookup, _>(keys, &wait)?;

            Ok(nipc_cgroups_lookup_resp_view_t::of_reply(reply))
        };
        // SAFETY: C promises a context and room for a view.
        unsafe { answer(ctx, out, ask) }
    })
}

/// Asks for what is known of any number of pids, in as many requests as the limits want.
///
/// \param ctx    the client of an apps-lookup endpoint, which is ready
/// \param pids   what is looked up. The process; 0 is a legal key.
/// \param count  how many; 0 asks for the generation of the data only
/// \param out    a view of the answer, one item for each pid and in their order, which lives in the
///               client until the next call or close; zeroed on failure. nipc_apps_lookup_resp_item
///               reads its items.
/// \return NIPC_OK, or why there is no answer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_apps_lookup(
    ctx: *mut nipc_client_ctx_t,
    pids: *const u32,
    count: u32,
    out: *mut nipc_apps_lookup_resp_view_t,
) -> nipc_error_t {
    // SAFETY: the same promises, and 0 is the client's own timeout.
    unsafe { nipc_client_call_apps_lookup_timeout(ctx, pids, count, out, 0) }
}

/// As nipc_client_call_apps_lookup, within timeout_ms milliseconds; 0 is the client's own timeout.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_apps_lookup_timeout(
    ctx: *mut nipc_client_ctx_t,
    pids: *const u32,
    count: u32,
    out: *mut nipc_apps_lookup_resp_view_t,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises the pids, for as long as the call takes.
        let read = || unsafe { elements(pids, count as usize) };
        // SAFETY: C promises a context and room for a view.
        let keys = unsafe { arguments(ctx, out, read) }?;
        let ask = |state: &mut LockedState| {
            let (client, wait) = state.within(timeout_ms);
            let reply = AppsLookup::call(client, keys, &wait)?;

            Ok(nipc_apps_lookup_resp_view_t::of_reply(reply))
        };
        // SAFETY: C promises a context and room for a view.
        unsafe { answer(ctx, out, ask) }
    })
}

/// Asks an increment endpoint for request + 1. For tests and measurements.
///
/// \param out  the answer; 0 on failure
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_increment(
    ctx: *mut nipc_client_ctx_t,
    request: u64,
    out: *mut u64,
) -> nipc_error_t {
    // SAFETY: the same promises, and 0 is the client's own timeout.
    unsafe { nipc_client_call_increment_timeout(ctx, request, out, 0) }
}

/// As nipc_client_call_increment, within timeout_ms milliseconds; 0 is the client's own timeout.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_increment_timeout(
    ctx: *mut nipc_client_ctx_t,
    request: u64,
    out: *mut u64,
    timeout_ms: u32,
) -> nipc_error_t {
    let ask = |state: &mut LockedState| {
        let (client, wait) = state.within(timeout_ms);
        Increment::call(client, &request, &wait)
    };
    // SAFETY: C promises a context and room for a number.
    catch_code(|| unsafe { answer(ctx, out, ask) })
}

/// Asks an increment endpoint many requests in one message.
///
/// \param requests  the requests
/// \param count     how many; 0 needs no input or output
/// \param out       room for count answers, which come in the order of the requests; zeroed on
///                  failure. May be where the requests are
/// \return NIPC_OK, or why there is no answer; one request that fails fails all
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_increment_batch(
    ctx: *mut nipc_client_ctx_t,
    requests: *const u64,
    count: u32,
    out: *mut u64,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises the requests, and room for the answers.
        let read = unsafe { pairs(requests, count, out) };
        // SAFETY: C promises a context.
        let (requests, out) = unsafe { noted(ctx, read) }?;
        // SAFETY: C promises a context.
        unsafe {
            call(ctx, |state| {
                let (client, wait) = state.within(0);
                let replies = client.call_batch::<ReplyOf<Increment>>(
                    Increment::METHOD.code,
                    &requests,
                    &wait,
                )?;
                out.iter_mut()
                    .zip(replies.iter())
                    .for_each(|(out, reply)| *out = reply);
                Ok(())
            })
        }
    })
}

/// Asks an increment endpoint many requests, with up to window of them under way at once. Over shared
/// memory, where one message is under way at a time, they go one by one.
///
/// \param requests  the requests
/// \param count     how many; 0 needs no input or output
/// \param window    how many may be under way; 0 is 1
/// \param out       room for count answers, which come in the order of the requests; those that did
///                  not come are 0 on failure. May be where the requests are
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_increment_pipelined(
    ctx: *mut nipc_client_ctx_t,
    requests: *const u64,
    count: u32,
    window: u32,
    out: *mut u64,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises the requests, and room for the answers.
        let read = unsafe { pairs(requests, count, out) };
        // SAFETY: C promises a context.
        let (requests, out) = unsafe { noted(ctx, read) }?;
        // SAFETY: C promises a context.
        unsafe {
            call(ctx, |state| {
                let (client, wait) = state.within(0);
                client.call_pipelined::<ReplyOf<Increment>>(
                    Increment::METHOD.code,
                    &requests,
                    window.max(1) as usize,
                    &wait,
                    |index, reply| {
                        if let Some(out) = out.get_mut(index) {
                            *out = reply;
                        }
                    },
                )
            })
        }
    })
}

/// Asks a string-reverse endpoint for the bytes of str backwards. For tests and measurements.
///
/// \param out  a view of the answer, which lives in the client until the next call or close; zeroed
///             on failure
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_string_reverse(
    ctx: *mut nipc_client_ctx_t,
    str: *const c_char,
    str_len: u32,
    out: *mut nipc_string_reverse_view_t,
) -> nipc_error_t {
    // SAFETY: the same promises, and 0 is the client's own timeout.
    unsafe { nipc_client_call_string_reverse_timeout(ctx, str, str_len, out, 0) }
}

/// As nipc_client_call_string_reverse, within timeout_ms milliseconds; 0 is the client's own timeout.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_string_reverse_timeout(
    ctx: *mut nipc_client_ctx_t,
    str: *const c_char,
    str_len: u32,
    out: *mut nipc_string_reverse_view_t,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises the characters, for as long as the call takes.
        let read = || unsafe { chars(str, str_len) };
        // SAFETY: C promises a context and room for a view.
        let text = unsafe { arguments(ctx, out, read) }?;
        let ask = |state: &mut LockedState| {
            let owned = lies_in(text, &state.answer).then(|| text.to_vec());
            let text = StringReverseValue::new(owned.as_deref().unwrap_or(text));
            let (client, wait) = state.within(timeout_ms);
            let reply = StringReverse::call(client, &text, &wait)?;
            Ok(nipc_string_reverse_view_t::of_text(reply))
        };
        // SAFETY: C promises a context and room for a view.
        unsafe { answer(ctx, out, ask) }
    })
}

answers! {
    nipc_cgroups_resp_view_t: payload, payload_len;
    nipc_cgroups_lookup_resp_view_t: payload, payload_len;
    nipc_apps_lookup_resp_view_t: payload, payload_len;
    nipc_string_reverse_view_t: str, str_len;
}
