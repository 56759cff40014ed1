//! Handlers of each service, and what calls them with the bytes of a request.
//!
//! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.

#![expect(unsafe_code, reason = "functions of C are called here")]

use std::ffi::c_void;

use netipc::ErrorCode;
use netipc::service::Service;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::service::increment::Increment;
use netipc::service::string_reverse::StringReverse;

use crate::error::{nipc_error_t, of_wire};
use crate::protocol::dispatch::{Payloads, dispatch, handled};
use crate::protocol::{
    Builder, nipc_apps_lookup_builder_t, nipc_apps_lookup_req_view_t, nipc_cgroups_builder_t,
    nipc_cgroups_lookup_builder_t, nipc_cgroups_lookup_req_view_t, nipc_cgroups_req_t,
    nipc_string_reverse_builder_t, nipc_string_reverse_view_t,
};

/// Answers a cgroups-snapshot request by filling the builder.
///
/// A server calls it on the threads of sessions: in several at once, each session in order. What they
/// share is theirs to lock; copy what you need under the lock, and build the answer after it.
/// Requests may come twice. A handler must return: not by an exception, longjmp, or the end of the
/// thread. What request and builder point to is valid until it returns.
///
/// \param user     what the handler was given with
/// \param request  what is asked
/// \param builder  takes the answer, as it is: it must not be initialised
/// \return true where the answer is in the builder. After false, or where builder->error is set, the
///         client is told by that error: NIPC_ERR_OVERFLOW that the answer is above the limits,
///         NIPC_ERR_UNSUPPORTED and NIPC_ERR_REJECTED the same, and everything else that the handler
///         failed, as does a builder that was initialised again. All but NIPC_ERR_UNSUPPORTED end the
///         session
pub type nipc_cgroups_handler_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        request: *const nipc_cgroups_req_t,
        builder: *mut nipc_cgroups_builder_t,
    ) -> bool,
>;

/// Answers a cgroups-lookup request: one item for each path, in order. The rest is as for
/// nipc_cgroups_handler_fn.
pub type nipc_cgroups_lookup_handler_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        request: *const nipc_cgroups_lookup_req_view_t,
        builder: *mut nipc_cgroups_lookup_builder_t,
    ) -> bool,
>;

/// Answers an apps-lookup request: one item for each pid, in order. The rest is as for
/// nipc_cgroups_handler_fn.
pub type nipc_apps_lookup_handler_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        request: *const nipc_apps_lookup_req_view_t,
        builder: *mut nipc_apps_lookup_builder_t,
    ) -> bool,
>;

/// Answers an increment request. A server calls it for each number of a batch. The rest is as for
/// nipc_cgroups_handler_fn.
pub type nipc_increment_handler_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, request: u64, response: *mut u64) -> bool>;

/// Answers a string-reverse request. A server calls it for each text of a batch. The rest is as for
/// nipc_cgroups_handler_fn.
pub type nipc_string_reverse_handler_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        request: *const nipc_string_reverse_view_t,
        builder: *mut nipc_string_reverse_builder_t,
    ) -> bool,
>;

/// Answers the payload of an increment request: decodes it, calls the handler, encodes what it gave.
/// For programs that receive messages themselves; the items of a batch are dispatched one by one.
///
/// \param request        the payload of the request
/// \param response       where the payload of the answer is written; it must not overlap the request
/// \param response_size  bytes of room: as many as an answer may have
/// \param response_len   bytes of the answer; 0 on failure
/// \param handler        what answers
/// \param user           its first argument
/// \return NIPC_OK; an error of the decoder (1 to 10) for a request that breaks its layout, with
///         which the handler is not called; NIPC_ERR_OVERFLOW for an answer that does not fit;
///         NIPC_ERR_UNSUPPORTED and NIPC_ERR_REJECTED as the handler says; NIPC_ERR_HANDLER_FAILED
///         where it failed, or gave what may not be sent; NIPC_ERR_INVALID_ARGUMENT for NULL.
///         nipc_dispatch_status gives the status to answer with
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_dispatch_increment(
    request: *const c_void,
    request_len: usize,
    response: *mut c_void,
    response_size: usize,
    response_len: *mut usize,
    handler: nipc_increment_handler_fn,
    user: *mut c_void,
) -> nipc_error_t {
    let Some(handle) = handler else {
        return nipc_error_t::new(ErrorCode::INVALID_ARGUMENT);
    };
    // SAFETY: C promises bytes, and a buffer apart from them.
    let bytes = unsafe { Payloads::new(request, request_len, response, response_size) };
    let answer = |request: &u64, answer: &mut <Increment as Service>::Answer<'_>| {
        let mut response = 0;
        // SAFETY: it is called as the header says.
        let answered = unsafe { handle(user, *request, &mut response) };
        handled(answered, Some(nipc_error_t::OK))?;
        answer.put(&response).map_err(of_wire)
    };
    // SAFETY: C promises room for a number.
    unsafe { dispatch::<Increment>(bytes, response_len, answer) }
}

/// Answers the payload of a string-reverse request; the rest is as for nipc_dispatch_increment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_dispatch_string_reverse(
    request: *const c_void,
    request_len: usize,
    response: *mut c_void,
    response_size: usize,
    response_len: *mut usize,
    handler: nipc_string_reverse_handler_fn,
    user: *mut c_void,
) -> nipc_error_t {
    let Some(handle) = handler else {
        return nipc_error_t::new(ErrorCode::INVALID_ARGUMENT);
    };
    // SAFETY: C promises bytes, and a buffer apart from them.
    let bytes = unsafe { Payloads::new(request, request_len, response, response_size) };
    let answer = |request: &<StringReverse as Service>::Request<'_>,
                  answer: &mut <StringReverse as Service>::Answer<'_>| {
        let request = nipc_string_reverse_view_t::of_text(*request);
        let mut builder = nipc_string_reverse_builder_t::lend(answer);
        // SAFETY: it is called as the header says.
        let answered = unsafe { handle(user, &request, &mut builder) };
        handled(answered, builder.returned())
    };
    // SAFETY: C promises room for a number.
    unsafe { dispatch::<StringReverse>(bytes, response_len, answer) }
}

/// Answers the payload of a cgroups-snapshot request; the rest is as for nipc_dispatch_increment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_dispatch_cgroups_snapshot(
    request: *const c_void,
    request_len: usize,
    response: *mut c_void,
    response_size: usize,
    response_len: *mut usize,
    handler: nipc_cgroups_handler_fn,
    user: *mut c_void,
) -> nipc_error_t {
    let Some(handle) = handler else {
        return nipc_error_t::new(ErrorCode::INVALID_ARGUMENT);
    };
    // SAFETY: C promises bytes, and a buffer apart from them.
    let bytes = unsafe { Payloads::new(request, request_len, response, response_size) };
    let answer = |request: &<CgroupsSnapshot as Service>::Request<'_>,
                  answer: &mut <CgroupsSnapshot as Service>::Answer<'_>| {
        let request = nipc_cgroups_req_t::of_request(*request);
        let mut builder = nipc_cgroups_builder_t::lend(answer);
        // SAFETY: it is called as the header says.
        let answered = unsafe { handle(user, &request, &mut builder) };
        handled(answered, builder.returned())
    };
    // SAFETY: C promises room for a number.
    unsafe { dispatch::<CgroupsSnapshot>(bytes, response_len, answer) }
}

/// Answers the payload of a cgroups-lookup request; the rest is as for nipc_dispatch_increment. An
/// answer that gets full says so for each path that has no room, and the client asks for those again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_dispatch_cgroups_lookup(
    request: *const c_void,
    request_len: usize,
    response: *mut c_void,
    response_size: usize,
    response_len: *mut usize,
    handler: nipc_cgroups_lookup_handler_fn,
    user: *mut c_void,
) -> nipc_error_t {
    let Some(handle) = handler else {
        return nipc_error_t::new(ErrorCode::INVALID_ARGUMENT);
    };
    // SAFETY: C promises bytes, and a buffer apart from them.
    let bytes = unsafe { Payloads::new(request, request_len, response, response_size) };
    let answer = |request: &<CgroupsLookup as Service>::Request<'_>,
                  answer: &mut <CgroupsLookup as Service>::Answer<'_>| {
        let request = nipc_cgroups_lookup_req_view_t::of_request(*request);
        let mut builder = nipc_cgroups_lookup_builder_t::lend(answer);
        // SAFETY: it is called as the header says.
        let answered = unsafe { handle(user, &request, &mut builder) };
        handled(answered, builder.returned())
    };
    // SAFETY: C promises room for a number.
    unsafe { dispatch::<CgroupsLookup>(bytes, response_len, answer) }
}

/// Answers the payload of an apps-lookup request; the rest is as for nipc_dispatch_increment. An
/// answer that gets full says so for each pid that has no room, and the client asks for those again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_dispatch_apps_lookup(
    request: *const c_void,
    request_len: usize,
    response: *mut c_void,
    response_size: usize,
    response_len: *mut usize,
    handler: nipc_apps_lookup_handler_fn,
    user: *mut c_void,
) -> nipc_error_t {
    let Some(handle) = handler else {
        return nipc_error_t::new(ErrorCode::INVALID_ARGUMENT);
    };
    // SAFETY: C promises bytes, and a buffer apart from them.
    let bytes = unsafe { Payloads::new(request, request_len, response, response_size) };
    let answer = |request: &<AppsLookup as Service>::Request<'_>,
                  answer: &mut <AppsLookup as Service>::Answer<'_>| {
        let request = nipc_apps_lookup_req_view_t::of_request(*request);
        let mut builder = nipc_apps_lookup_builder_t::lend(answer);
        // SAFETY: it is called as the header says.
        let answered = unsafe { handle(user, &request, &mut builder) };
        handled(answered, builder.returned())
    };
    // SAFETY: C promises room for a number.
    unsafe { dispatch::<AppsLookup>(bytes, response_len, answer) }
}
