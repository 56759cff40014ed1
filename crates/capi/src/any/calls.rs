//! Calls of any method, with payloads as bytes.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_void;

use netipc::ErrorCode;
use netipc::wire::{Bytes, MethodCode, WireError, WireErrorKind};

use super::types::{Payloads, nipc_bytes_view_t};
use crate::border::{bytes, catch_code, elements, elements_mut, put, zero};
use crate::calling::{calling, returned};
use crate::error::nipc_error_t;
use crate::protocol::keys::lies_in;
use crate::service::client_handle::{LockedState, call, noted};
use crate::service::types::nipc_client_ctx_t;

/// Says whether bytes are what they must be. It is called while the client is in use: calls there are
/// NIPC_ERR_BUSY, and a close takes effect when the call that is under way ends, as NIPC_ERR_ABORTED. It must
/// return: not by an exception, longjmp, the end of the thread, or in a child that it forked, which ends by
/// SIGABRT.
///
/// \param user  what came with the function
/// \param ptr   the bytes; valid until it returns
/// \param len   how many
/// \return NIPC_OK, or which rule they break: NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT,
///         NIPC_ERR_OUT_OF_BOUNDS, NIPC_ERR_MISSING_NUL, NIPC_ERR_BAD_ALIGNMENT or
///         NIPC_ERR_BAD_ITEM_COUNT; everything else counts as NIPC_ERR_BAD_LAYOUT
pub type nipc_any_check_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, ptr: *const c_void, len: usize) -> nipc_error_t>;

/// Asks any method with any payload.
///
/// The call needs a client that is ready (nipc_client_init, nipc_client_refresh), and takes at most the
/// given time, whatever happens: a lost session is made anew and the question asked once more within
/// it. Everything else that is said of clients and their calls in netipc_service.h is true here, too.
///
/// \param ctx          the client
/// \param method       the number of the method
/// \param request      the payload of the request
/// \param request_len  its bytes
/// \param check        what says whether a reply is one; one that is not counts as that of a server
///                     that broke the protocol: the question is asked once more. NULL takes any
/// \param user         the first argument of check
/// \param out          the payload of the reply, which lives in the client until the next call or
///                     close; zeroed on failure
/// \param timeout_ms   milliseconds that all of it may take; 0 is the client's own timeout
/// \return NIPC_OK, or why there is no answer; nipc_client_last_error says more
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_any(
    ctx: *mut nipc_client_ctx_t,
    method: u16,
    request: *const c_void,
    request_len: usize,
    check: nipc_any_check_fn,
    user: *mut c_void,
    out: *mut nipc_bytes_view_t,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises room for a view.
        let read = unsafe { zero(out) }
            // SAFETY: C promises the request, for as long as the call takes.
            .and_then(|()| unsafe { bytes(request, request_len) });
        // SAFETY: C promises a context.
        let request = unsafe { noted(ctx, read) }?;
        let check = Check { check, user };
        let ask = |state: &mut LockedState| {
            let owned = lies_in(request, &state.answer).then(|| request.to_vec());
            let request = owned.as_deref().unwrap_or(request);
            let (client, wait) = state.within(timeout_ms);
            let method = MethodCode(method);
            let reply = client.call_bytes(method, request, &wait, |reply| check.of(reply))?;
            let view = nipc_bytes_view_t::of(reply);
            state.answer = view.memory();
            Ok(view)
        };
        // SAFETY: C promises a context.
        let view = calling(ctx, || unsafe { call(ctx, ask) })?;
        // SAFETY: C promises room for a view.
        unsafe { put(out, view) }
    })
}

/// Asks any method many requests in one message.
///
/// \param requests    the payloads of the requests
/// \param count       how many; 0 needs no input or output
/// \param out         room for count views of the payloads of the replies, which come in the order of
///                    the requests and live in the client until the next call or close; zeroed on
///                    failure. What they say is not checked
/// \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
/// \return NIPC_OK, or why there is no answer; one request that fails fails all
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_any_batch(
    ctx: *mut nipc_client_ctx_t,
    method: u16,
    requests: *const nipc_bytes_view_t,
    count: u32,
    out: *mut nipc_bytes_view_t,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        let read = || {
            // SAFETY: C promises room for the views.
            let out = unsafe { elements_mut(out, count as usize) }?;
            out.fill(nipc_bytes_view_t::NONE);
            // SAFETY: C promises the requests, which are not where the replies go.
            let requests = unsafe { elements(requests, count as usize) }?;
            // SAFETY: C promises their bytes, for as long as the call takes. Whether one lies in the
            // last answer is asked again below.
            unsafe { Payloads::new(requests, &(0..0)) }?;
            Ok((requests, out))
        };
        // SAFETY: C promises a context.
        let (requests, out) = unsafe { noted(ctx, read()) }?;
        let ask = |state: &mut LockedState| {
            // SAFETY: as above.
            let payloads = unsafe { Payloads::new(requests, &state.answer) };
            let payloads = payloads.unwrap_or_else(|_| Payloads::Given(Vec::new()));
            let (client, wait) = state.within(timeout_ms);
            let requests = payloads.as_slices();
            let replies = client.call_batch::<Bytes>(MethodCode(method), &requests, &wait)?;
            for (out, reply) in out.iter_mut().zip(replies.iter()) {
                *out = nipc_bytes_view_t::of(reply);
            }
            let memory = || out.iter().map(nipc_bytes_view_t::memory);
            let start = memory().map(|range| range.start).min();
            let end = memory().map(|range| range.end).max();
            state.answer = start.unwrap_or_default()..end.unwrap_or_default();
            Ok(())
        };
        // SAFETY: C promises a context.
        unsafe { call(ctx, ask) }
    })
}

/// Takes the reply to one of many requests. It is called while the client is in use, and must return, as a
/// nipc_any_check_fn.
///
/// \param user   what came with the function
/// \param index  which request it answers, from 0 on
/// \param reply  the payload; valid until it returns
/// \return NIPC_OK, or which rule it breaks, as for nipc_any_check_fn
pub type nipc_any_reply_fn = Option<
    unsafe extern "C" fn(user: *mut c_void, index: u32, reply: nipc_bytes_view_t) -> nipc_error_t,
>;

/// Asks any method many requests, each in a message of its own, with several under way: over a socket
/// that takes less time than one after the other. Over shared memory with one message at a time, they
/// go one by one. After a lost session only those without a reply are asked again.
///
/// \param requests    the payloads of the requests
/// \param count       how many; 0 needs no input or output
/// \param window      how many may be under way; 0 is 1
/// \param each        takes the replies, each once, in the order in which they come. One that it
///                    refuses counts as that of a server that broke the protocol
/// \param user        the first argument of each
/// \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
/// \return NIPC_OK where each has taken all replies; otherwise it may have taken some
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_any_pipelined(
    ctx: *mut nipc_client_ctx_t,
    method: u16,
    requests: *const nipc_bytes_view_t,
    count: u32,
    window: u32,
    each: nipc_any_reply_fn,
    user: *mut c_void,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        let read = || {
            let each = each.ok_or(ErrorCode::INVALID_ARGUMENT)?;
            // SAFETY: C promises the requests.
            let requests = unsafe { elements(requests, count as usize) }?;
            // SAFETY: C promises their bytes, for as long as the call takes. Whether one lies in the
            // last answer is asked again below.
            unsafe { Payloads::new(requests, &(0..0)) }?;
            Ok((requests, each))
        };
        // SAFETY: C promises a context.
        let (requests, each) = unsafe { noted(ctx, read()) }?;
        let ask = |state: &mut LockedState| {
            // SAFETY: as above.
            let payloads = unsafe { Payloads::new(requests, &state.answer) };
            let payloads = payloads.unwrap_or_else(|_| Payloads::Given(Vec::new()));
            let (client, wait) = state.within(timeout_ms);
            let requests = payloads.as_slices();
            let window = window.max(1) as usize;
            let method = MethodCode(method);
            client.call_pipelined_bytes(method, &requests, window, &wait, |index, reply| {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                // SAFETY: it is called as the header says.
                let each = || unsafe { each(user, index, nipc_bytes_view_t::of(reply)) };
                verdict(returned(each))
            })
        };
        // SAFETY: C promises a context.
        calling(ctx, || unsafe { call(ctx, ask) })
    })
}

/// A function of C that checks bytes.
pub(super) struct Check {
    pub(super) check: nipc_any_check_fn,
    pub(super) user: *mut c_void,
}

impl Check {
    pub(super) fn of(&self, bytes: &[u8]) -> Result<(), WireError> {
        let Some(check) = self.check else {
            return Ok(());
        };
        // SAFETY: it is called as the header says.
        let check = || unsafe { check(self.user, bytes.as_ptr().cast(), bytes.len()) };
        verdict(returned(check))
    }
}

/// What a function of C says of bytes.
fn verdict(error: nipc_error_t) -> Result<(), WireError> {
    match error.code() {
        ErrorCode::OK => Ok(()),
        code => Err(WireError::new(kind_of(code), "payload", 0, 0)),
    }
}

/// The rule of that number.
const fn kind_of(code: ErrorCode) -> WireErrorKind {
    match code {
        ErrorCode::TRUNCATED => WireErrorKind::Truncated,
        ErrorCode::OUT_OF_BOUNDS => WireErrorKind::OutOfBounds,
        ErrorCode::MISSING_NUL => WireErrorKind::MissingNul,
        ErrorCode::BAD_ALIGNMENT => WireErrorKind::BadAlignment,
        ErrorCode::BAD_ITEM_COUNT => WireErrorKind::BadItemCount,
        _ => WireErrorKind::BadLayout,
    }
}
