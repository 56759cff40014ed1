//! Calls: a question, and a view of its answer.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::borrow::Cow;
use std::ffi::c_char;
use std::ops::Range;

use netipc::CallError;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::cgroups_snapshot::{CgroupsRequest, CgroupsSnapshot};
use netipc::service::increment::Increment;
use netipc::service::string_reverse::{StringReverse, Text};
use netipc::service::{ReplyOf, Service};
use netipc::wire::MethodCode;

use super::client_handle::{LockedState, call, noted};
use super::types::nipc_client_ctx_t;
use crate::border::{catch_code, chars, elements, elements_mut, put, zero};
use crate::error::{CodeResult, nipc_error_t};
use crate::protocol::apps_lookup::nipc_apps_lookup_resp_view_t;
use crate::protocol::cgroups_lookup::nipc_cgroups_lookup_resp_view_t;
use crate::protocol::keys::{OwnedKeys, lies_in, paths};
use crate::protocol::snapshot::nipc_cgroups_resp_view_t;
use crate::protocol::string_reverse::nipc_string_reverse_view_t;
use crate::protocol::{Zeroed, nipc_str_view_t};

/// Asks for all cgroups of the host.
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
        let reply = CgroupsSnapshot::call(client, &CgroupsRequest, &wait)?;
        Ok(nipc_cgroups_resp_view_t::of_reply(reply))
    };
    // SAFETY: C promises a context and room for a view.
    catch_code(|| unsafe { answer(ctx, out, ask) })
}

/// Asks what is known of any number of cgroups, in as many requests as the limits want.
///
/// \param ctx    the client of a cgroups-lookup endpoint, which is ready
/// \param paths  their paths: not empty, without NUL inside. They may be those of the last answer
/// \param count  how many; 0 asks for the generation of the data only
/// \param out    a view of the answer, one item for each path and in their order, which lives in the
///               client until the next call or close; zeroed on failure.
///               nipc_cgroups_lookup_resp_item reads its items.
/// \return NIPC_OK, or why there is no answer; NIPC_ERR_INVALID_ARGUMENT for a path that is not valid,
///         before anything is sent
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
        let read = || unsafe { self::paths(paths, count) };
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

/// Asks what is known of any number of processes, in as many requests as the limits want.
///
/// \param ctx    the client of an apps-lookup endpoint, which is ready
/// \param pids   their process ids; 0 is legal
/// \param count  how many; 0 asks for the generation of the data only
/// \param out    a view of the answer, one item for each process and in their order, which lives in
///               the client until the next call or close; zeroed on failure.
///               nipc_apps_lookup_resp_item reads its items.
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
        // SAFETY: C promises the process ids, for as long as the call takes.
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
                    MethodCode::INCREMENT,
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
                    MethodCode::INCREMENT,
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
/// \param out  a view of the answer, which lives in the client until the next call or close; zeroed on
///             failure
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
            let text = Text::new(owned.as_deref().unwrap_or(text));
            let (client, wait) = state.within(timeout_ms);
            let reply = StringReverse::call(client, &text, &wait)?;
            Ok(nipc_string_reverse_view_t::of_text(reply))
        };
        // SAFETY: C promises a context and room for a view.
        unsafe { answer(ctx, out, ask) }
    })
}

/// Makes a call and writes its answer to `out`, or zero.
///
/// # Safety
/// As for [`call`], and for [`put`].
#[inline]
unsafe fn answer<V: Answer>(
    ctx: *mut nipc_client_ctx_t,
    out: *mut V,
    ask: impl FnOnce(&mut LockedState) -> Result<V, CallError>,
) -> CodeResult {
    // SAFETY: the caller's promises are those of `arguments`.
    unsafe { arguments(ctx, out, || Ok(())) }?;
    // SAFETY: the caller's promise is that of `call`.
    let view = unsafe {
        call(ctx, |state| {
            let view = ask(state)?;
            state.answer = view.memory();
            Ok(view)
        })
    }?;
    // SAFETY: the caller's promise is that of `put`.
    unsafe { put(out, view) }
}

/// Zeroes `out`, and reads the other arguments of a call.
///
/// # Safety
/// As for [`noted`] and [`zero`].
#[inline]
unsafe fn arguments<T, V: Zeroed>(
    ctx: *mut nipc_client_ctx_t,
    out: *mut V,
    read: impl FnOnce() -> CodeResult<T>,
) -> CodeResult<T> {
    // SAFETY: the caller's promise is that of `zero`.
    let zeroed = unsafe { zero(out) };
    // SAFETY: the caller's promise is that of `noted`.
    unsafe { noted(ctx, zeroed.and_then(|()| read())) }
}

/// Requests, and room for their answers, zeroed. Where they are in the same place, the requests are
/// copied.
///
/// # Safety
/// As for [`elements`] and [`elements_mut`].
unsafe fn pairs<'a>(
    requests: *const u64,
    count: u32,
    out: *mut u64,
) -> CodeResult<(Cow<'a, [u64]>, &'a mut [u64])> {
    let count = count as usize;
    let apart = requests.addr().abs_diff(out.addr()) >= count.saturating_mul(size_of::<u64>());
    // SAFETY: the caller's promise is that of `elements`.
    let requests: &'a [u64] = unsafe { elements(requests, count) }?;
    let requests = if apart {
        Cow::Borrowed(requests)
    } else {
        Cow::Owned(requests.to_vec())
    };
    // SAFETY: the caller's promise is that of `elements_mut`; nobody borrows what overlaps.
    let out = unsafe { elements_mut(out, count) }?;
    out.fill(0);
    Ok((requests, out))
}

/// What a call gives to C.
trait Answer: Zeroed {
    /// The memory of the client that it points into.
    fn memory(&self) -> Range<usize>;
}

/// Implements `Answer` for views of `$len` bytes from `$from` on.
macro_rules! answers {
    ($($view:ty: $from:ident, $len:ident;)*) => {
        $(impl Answer for $view {
            #[inline]
            fn memory(&self) -> Range<usize> {
                let from = self.$from.addr();
                from..from.saturating_add(self.$len as usize)
            }
        })*
    };
}

answers! {
    nipc_cgroups_resp_view_t: payload, payload_len;
    nipc_cgroups_lookup_resp_view_t: payload, payload_len;
    nipc_apps_lookup_resp_view_t: payload, payload_len;
    nipc_string_reverse_view_t: str, str_len;
}

impl Answer for u64 {
    #[inline]
    fn memory(&self) -> Range<usize> {
        0..0
    }
}
