//! A client's life: connect, watch, abort, close.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::{c_char, c_int};
use std::sync::MutexGuard;

use netipc::{ClientConfig, ErrorCode};

use super::config::{Place, config as configured, nipc_client_config_t};
use super::handle::{Asker, Handle, close, handle, with_client};
use super::storage::nipc_storage_t;
use super::types::{
    nipc_client_ctx_t, nipc_client_state_t, nipc_client_status_t, nipc_transport_info_t,
};
use crate::border::{code, copy_text, guard, put, shared, zero};
use crate::error::nipc_error_t;

const NEVER_INITIALISED: &str =
    "the client is not initialised: nipc_client_init needs a run_dir and a service";
const BAD_ARGUMENT: &str =
    "an argument of the last call was NULL, or not aligned: nothing was asked";
const IN_USE: &str = "the client is in use by another thread";

/// Makes a client of the service at run_dir/service.sock. Connects to nothing, and does not need the
/// provider to exist: nipc_client_refresh connects.
///
/// A name that cannot be shows as the error of the first refresh. Nothing is kept of the arguments.
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
        let closed = nipc_client_ctx_t::closed(nipc_client_status_t::default());
        // SAFETY: C promises room for a context.
        unsafe { put(ctx, closed) }?;
        // SAFETY: C promises strings.
        let place = unsafe { Place::new(run_dir, service) }?;
        // SAFETY: C promises a configuration.
        let config: ClientConfig = unsafe { configured(config) }?;
        let storage = nipc_storage_t::of(Handle::new(&place, config));
        // SAFETY: it was written to just now.
        unsafe { (*ctx).storage = storage };
        Ok(())
    };
    // Whoever uses a context without handle is told.
    code(init);
}

/// Connects where there is no session, and looks whether there still is one. Call it at your own
/// pace, for instance once a second; it takes at most two seconds for each attempt to connect.
///
/// \return whether something changed, for the better or the worse: not whether there is a session.
///         ctx->state tells that, and nipc_client_last_error why there is none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_refresh(ctx: *mut nipc_client_ctx_t) -> bool {
    guard(false, || {
        let refresh = |asker: &mut Asker| {
            let (client, wait) = asker.unlimited();
            client.refresh(&wait)
        };
        // SAFETY: C promises a context that it does not use elsewhere.
        unsafe { with_client(ctx, refresh) }.unwrap_or(false)
    })
}

/// As nipc_client_refresh, for at most timeout_ms milliseconds, for callers that must not wait for a
/// provider that says nothing; 0 is as nipc_client_refresh.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_refresh_timeout(
    ctx: *mut nipc_client_ctx_t,
    timeout_ms: u32,
) -> bool {
    let refresh = |asker: &mut Asker| {
        let (client, wait) = if timeout_ms == 0 {
            asker.unlimited()
        } else {
            asker.within(timeout_ms)
        };
        client.refresh(&wait)
    };
    guard(false, || {
        // SAFETY: C promises a context that it does not use elsewhere.
        unsafe { with_client(ctx, refresh) }.unwrap_or(false)
    })
}

/// Whether calls can be made. No input or output.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_ready(ctx: *const nipc_client_ctx_t) -> bool {
    guard(false, || {
        // SAFETY: C promises a context.
        unsafe { handle(ctx) }
            .is_ok_and(|handle| handle.status().state == nipc_client_state_t::NIPC_CLIENT_READY)
    })
}

/// Tells state and counters. Counters stay when the client is closed, until it is initialised again.
/// For any thread, as long as the client is not closed meanwhile: what is counted while a call runs
/// shows when it has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_status(
    ctx: *const nipc_client_ctx_t,
    out: *mut nipc_client_status_t,
) {
    let tell = || {
        // SAFETY: C promises room for a status.
        unsafe { zero(out) }?;
        // SAFETY: C promises a context.
        let status = match unsafe { handle(ctx) } {
            Ok(handle) => handle.status(),
            // SAFETY: C promises a context, or NULL.
            Err(_) => unsafe { shared(ctx) }?.last,
        };
        // SAFETY: C promises room for a status.
        unsafe { put(out, status) }
    };
    code(tell);
}

/// Sets how long a whole call may take, in milliseconds, from the next call on; 0 is 30000. For any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_set_call_timeout(
    ctx: *mut nipc_client_ctx_t,
    timeout_ms: u32,
) {
    guard((), || {
        // SAFETY: C promises a context.
        if let Ok(handle) = unsafe { handle(ctx) } {
            handle.set_timeout(timeout_ms);
        }
    });
}

/// Calls off what the client is doing, in any phase, and all that follows until
/// nipc_client_clear_abort: such calls return NIPC_ERR_ABORTED. For any thread, as long as the client
/// is not closed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_abort(ctx: *mut nipc_client_ctx_t) {
    guard((), || {
        // SAFETY: C promises a context.
        if let Ok(handle) = unsafe { handle(ctx) } {
            handle.abort().raise();
        }
    });
}

/// Lets calls be made again. For any thread, as long as the client is not closed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_clear_abort(ctx: *mut nipc_client_ctx_t) {
    guard((), || {
        // SAFETY: C promises a context.
        if let Ok(handle) = unsafe { handle(ctx) } {
            handle.abort().clear();
        }
    });
}

/// Ends the session and frees everything. Views of answers end with it. A call that runs in another
/// thread is called off and waited for. Closing twice, or a zeroed context, does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_close(ctx: *mut nipc_client_ctx_t) {
    // SAFETY: C promises a context that no call begins on any more.
    code(|| unsafe { close(ctx) });
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
    guard(0, || {
        // SAFETY: C promises a context.
        let text = match unsafe { handle(ctx) } {
            Ok(handle) if handle.was_refused() => BAD_ARGUMENT.to_owned(),
            Ok(handle) => handle.asker().map_or_else(
                |_| IN_USE.to_owned(),
                |asker| asker.client.status().last_error.unwrap_or_default(),
            ),
            Err(_) => NEVER_INITIALISED.to_owned(),
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
    code(|| {
        // SAFETY: C promises room.
        unsafe { zero(out) }?;
        // SAFETY: C promises a context.
        let handle = unsafe { handle(ctx) }?;
        let session = handle.asker()?.client.session();
        let session = session.ok_or(ErrorCode::NOT_READY)?;
        // SAFETY: C promises room.
        unsafe { put(out, session.into()) }
    })
}

/// A descriptor for poll() and its like: readable when the provider has hung up, so that it is time
/// for nipc_client_refresh. It belongs to the client and changes with the session: ask for it again
/// after every call, and neither read nor close it.
///
/// \return the descriptor; -1 without a session, and while another thread uses the client
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_fd(ctx: *const nipc_client_ctx_t) -> c_int {
    guard(-1, || {
        // SAFETY: C promises a context.
        let Ok(handle) = (unsafe { handle(ctx) }) else {
            return -1;
        };
        let fd = |asker: MutexGuard<'_, Asker>| {
            c_int::try_from(asker.client.wait_object()?.as_raw()).ok()
        };
        handle.asker().ok().and_then(fd).unwrap_or(-1)
    })
}
