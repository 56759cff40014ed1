//! A client's life: connect, watch, abort, close.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_char;
use std::sync::MutexGuard;

use netipc::ErrorCode;

use super::client_handle::{LockedState, close, open, published, refresh};
use super::config::{EndpointName, nipc_client_config_t};
use super::origin::{Origin, nipc_client_origin_t};
use super::storage::enter;
use super::types::{
    NIPC_NATIVE_NONE, nipc_client_ctx_t, nipc_client_state_t, nipc_client_status_t, nipc_native_t,
    nipc_transport_info_t,
};
use crate::border::{catch, catch_code, copy_text, put, zero};
use crate::error::nipc_error_t;

const NEVER_INITIALISED: &str =
    "the client is not initialised: nipc_client_init needs a run_dir and a service";
const CLOSED: &str = "the client is closed: nipc_client_refresh connects it again";
const TOO_LONG: &str = "the client is closed, and its run_dir and service are too long to connect \
                        again: nipc_client_init makes a new one";
const BAD_ARGUMENT: &str =
    "an argument of the last call was NULL, or not aligned: nothing was asked";
const IN_USE: &str = "the client is in use by another thread";

/// Makes a client of the service at run_dir/service.sock. Connects to nothing, and does not need the
/// provider to exist: nipc_client_refresh connects.
///
/// A name that is not valid shows as the error of the first refresh. Nothing is kept of the arguments.
/// A client that was used before must have been closed.
///
/// \param ctx      where the client will be; need not be initialised
/// \param run_dir  the directory of the endpoints
/// \param service  the name of the service
/// \param config   how to connect and call; NULL is a zeroed one
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_init(
    ctx: *mut nipc_client_ctx_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_client_config_t,
) {
    let init = || {
        // SAFETY: C promises room for a context.
        unsafe { put(ctx, nipc_client_ctx_t::EMPTY) }?;
        // SAFETY: C promises strings and a configuration.
        let origin = unsafe { nipc_client_origin_t::new(run_dir, service, config) }?;
        // SAFETY: it was initialised just now.
        unsafe { (*ctx).origin = origin };
        // SAFETY: C promises strings.
        let endpoint = unsafe { EndpointName::new(run_dir, service) }?;
        // SAFETY: it was initialised just now, as closed.
        unsafe { open(ctx, &endpoint) }
    };
    // What fails leaves a closed context, and every function says so.
    catch_code(init);
}

/// Connects where there is no session, and looks whether there still is one: after
/// nipc_client_init, after the provider has gone, and after nipc_client_close, too. Call it at your own
/// pace, for instance once a second; it takes at most two seconds for each attempt to connect.
///
/// \return whether something changed, for the better or the worse: not whether there is a session.
///         ctx->state tells that, and nipc_client_last_error why there is none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_refresh(ctx: *mut nipc_client_ctx_t) -> bool {
    catch(false, || {
        let connect = |state: &mut LockedState| {
            let (client, wait) = state.unlimited();
            client.refresh(&wait)
        };
        // SAFETY: C promises a context that it does not use elsewhere.
        unsafe { refresh(ctx, connect) }.unwrap_or(false)
    })
}

/// As nipc_client_refresh, for at most timeout_ms milliseconds, for callers that must not wait for a
/// provider that says nothing; 0 is as nipc_client_refresh.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_refresh_timeout(
    ctx: *mut nipc_client_ctx_t,
    timeout_ms: u32,
) -> bool {
    let connect = |state: &mut LockedState| {
        let (client, wait) = if timeout_ms == 0 {
            state.unlimited()
        } else {
            state.within(timeout_ms)
        };
        client.refresh(&wait)
    };
    catch(false, || {
        // SAFETY: C promises a context that it does not use elsewhere.
        unsafe { refresh(ctx, connect) }.unwrap_or(false)
    })
}

/// Whether calls can be made. No input or output.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_ready(ctx: *const nipc_client_ctx_t) -> bool {
    catch(false, || {
        // SAFETY: C promises a context.
        let status = unsafe { published(ctx) }.map(|status| status.read());
        status
            .map(nipc_client_status_t::from_numbers)
            .is_ok_and(|status| status.state == nipc_client_state_t::NIPC_CLIENT_READY)
    })
}

/// Tells state and counters. Counters stay when the client is closed, until it is initialised again.
/// For any thread: what is counted while a call runs shows when it has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_status(
    ctx: *const nipc_client_ctx_t,
    out: *mut nipc_client_status_t,
) {
    let tell = || {
        // SAFETY: C promises room for a status.
        unsafe { zero(out) }?;
        // SAFETY: C promises a context.
        let status = unsafe { published(ctx) }?.read();
        // SAFETY: C promises room for a status.
        unsafe { put(out, nipc_client_status_t::from_numbers(status)) }
    };
    catch_code(tell);
}

/// Sets how long a whole call may take, in milliseconds, from the next call on; 0 is 30000. For any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_set_call_timeout(
    ctx: *mut nipc_client_ctx_t,
    timeout_ms: u32,
) {
    catch((), || {
        // SAFETY: C promises a context.
        if let Ok(origin) = unsafe { Origin::of(ctx) } {
            origin.set_call_timeout_ms(timeout_ms);
        }
    });
}

/// Aborts what the client is doing, in any phase, and everything that follows until
/// nipc_client_clear_abort: such calls return NIPC_ERR_ABORTED. For any thread. Closing the client clears it, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_abort(ctx: *mut nipc_client_ctx_t) {
    catch((), || {
        // SAFETY: C promises a context.
        if let Ok(origin) = unsafe { Origin::of(ctx) } {
            origin.abort_flag().set(true);
        }
        // SAFETY: C promises a context.
        if let Ok(handle) = unsafe { enter(ctx) } {
            handle.abort().raise();
        }
    });
}

/// Lets calls be made again. For any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_clear_abort(ctx: *mut nipc_client_ctx_t) {
    catch((), || {
        // SAFETY: C promises a context.
        if let Ok(origin) = unsafe { Origin::of(ctx) } {
            origin.abort_flag().set(false);
        }
        // SAFETY: C promises a context.
        if let Ok(handle) = unsafe { enter(ctx) } {
            handle.abort().clear();
        }
    });
}

/// Ends the session and frees everything. Views of answers end with it. A call that runs in another
/// thread is aborted and waited for; calls that follow return NIPC_ERR_NOT_READY. Closing twice, or
/// a zeroed context, does nothing.
///
/// The client can be refreshed again, and then has to be closed again. Counters go on, and the call
/// timeout stays; an abort ends with the close.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_close(ctx: *mut nipc_client_ctx_t) {
    // SAFETY: C promises a context that no call begins on any more.
    catch_code(|| unsafe { close(ctx) });
}

/// Why the last call or refresh that failed did, with the endpoint and the cause. It stays after a
/// success: ctx->state and the result of a call say whether something is wrong now. Copies as much as
/// fits, with a NUL, like snprintf.
///
/// \param buf      where to copy to; may be NULL where buf_len is 0
/// \param buf_len  its bytes
/// \return the length of the whole text, without NUL; 0 where nothing has failed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_last_error(
    ctx: *mut nipc_client_ctx_t,
    buf: *mut c_char,
    buf_len: usize,
) -> usize {
    catch(0, || {
        // SAFETY: C promises a context.
        let text = match unsafe { enter(ctx) } {
            Ok(handle) if handle.had_bad_argument() => BAD_ARGUMENT.to_owned(),
            Ok(handle) => handle.lock().map_or_else(
                |_| IN_USE.to_owned(),
                |state| state.client.status().last_error.unwrap_or_default(),
            ),
            // SAFETY: C promises a context.
            Err(_) => match unsafe { Origin::of(ctx) }.map(|origin| origin.endpoint()) {
                Ok(Some(_)) => CLOSED.to_owned(),
                Ok(None) => TOO_LONG.to_owned(),
                Err(_) => NEVER_INITIALISED.to_owned(),
            },
        };
        // SAFETY: C promises the buffer.
        unsafe { copy_text(&text, buf, buf_len) }
    })
}

/// Tells what carries the session, who is at its other end, and what was agreed.
///
/// \return NIPC_OK; with a zeroed out, NIPC_ERR_NOT_READY without a session, and NIPC_ERR_BUSY while
///         another thread uses the client
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_transport(
    ctx: *mut nipc_client_ctx_t,
    out: *mut nipc_transport_info_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises room.
        unsafe { zero(out) }?;
        // SAFETY: C promises a context.
        let handle = unsafe { enter(ctx) }?;
        let session = handle.lock()?.client.session();
        let session = session.ok_or(ErrorCode::NOT_READY)?;
        // SAFETY: C promises room.
        unsafe { put(out, session.into()) }
    })
}

/// What an event loop can wait for: it becomes ready (a descriptor readable, a handle signalled) when
/// the provider has hung up, so that it is time for nipc_client_refresh. It belongs to the client and
/// changes with the session: ask for it again after every call, and neither read nor close it.
///
/// \return a descriptor on Unix, a HANDLE on Windows; NIPC_NATIVE_NONE without a session, and while
///         another thread uses the client
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_wait_object(ctx: *const nipc_client_ctx_t) -> nipc_native_t {
    catch(NIPC_NATIVE_NONE, || {
        let native = |state: MutexGuard<'_, LockedState>| {
            let native = state.client.wait_object()?;
            Some(native.as_raw())
        };
        // SAFETY: C promises a context.
        let handle = unsafe { enter(ctx) };
        let watched = handle.and_then(|handle| handle.lock().map(native));
        watched.ok().flatten().unwrap_or(NIPC_NATIVE_NONE)
    })
}
