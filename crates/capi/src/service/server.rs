//! A server's life: run, stop, destroy; and what binds it.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::{c_char, c_int};
use std::time::Duration;

use netipc::{ErrorCode, ServeError, Server, ServerConfig, chain};

use super::config::{EndpointName, config as configured, nipc_server_config_t};
use super::handler::Callback;
use super::inherited::bind_options;
use super::managed_server::nipc_managed_server_t;
use super::server_handle::{ServerHandle, ServerId, destroy, failure, last_error};
use super::stats::nipc_server_stats_t;
use super::storage::{enter, open};
use crate::border::{catch, catch_code, catch_length, copy_text, put, shared};
use crate::error::nipc_error_t;

/// Serves until the server is stopped, drained or destroyed, and returns when its last session has
/// ended. Sessions have threads of their own, in which handlers are called: with 8 MiB of stack, and
/// with the signal mask of the thread that runs the server. So block, before this, the signals that
/// other threads are to handle.
///
/// Returns at once where the server was stopped before, where there is none, and where another
/// thread runs it already; nipc_server_last_error tells of the latter. Returns, too, where its
/// endpoint was taken away: its socket was removed or replaced, and cannot be bound again;
/// nipc_server_last_error says why and by whom, and the server does not run again. nipc_server_serve
/// does the same and returns an error then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_run(server: *mut nipc_managed_server_t) {
    // A void function has no way to tell; nipc_server_last_error has.
    // SAFETY: C promises a server.
    catch_code(|| unsafe { enter(server) }?.run());
}

/// Serves as nipc_server_run does, and returns how that ended. nipc_server_last_error has the words.
///
/// \code
/// if (nipc_server_serve(&server) != NIPC_OK) {
///     nipc_server_last_error(&server, why, sizeof(why));
///     fprintf(stderr, "%s\n", why);
/// }
/// \endcode
///
/// \return NIPC_OK where the server was stopped, drained or destroyed; NIPC_ERR_NOT_READY where there is
///         none; NIPC_ERR_BUSY where another thread runs it; otherwise why its endpoint, which
///         was taken away, cannot be bound again: NIPC_ERR_ADDRESS_IN_USE where another server has it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_serve(server: *mut nipc_managed_server_t) -> nipc_error_t {
    // SAFETY: C promises a server.
    catch_code(|| unsafe { enter(server) }?.run())
}

/// Ends everything, from any thread and from handlers too, and does not wait: no new client and no new
/// request is taken. What a handler is working on is not interrupted, and its answer may be lost;
/// nipc_server_drain lets answers leave first. A server that does not run yet never will.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_stop(server: *mut nipc_managed_server_t) {
    catch((), || {
        // SAFETY: C promises a server.
        if let Ok(serving) = unsafe { enter(server) } {
            serving.stop();
        }
    });
}

/// Takes no new client and no new request, lets what is being answered finish, and stops. From any
/// thread; a handler of the server would wait for itself, in vain.
///
/// \param timeout_ms  milliseconds that answers may take; 0 does not wait
/// \return whether all finished in time; false where there is no server
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_drain(
    server: *mut nipc_managed_server_t,
    timeout_ms: u32,
) -> bool {
    catch(false, || {
        let timeout = Duration::from_millis(timeout_ms.into());
        // SAFETY: C promises a server.
        unsafe { enter(server) }.is_ok_and(|serving| serving.drain(timeout))
    })
}

/// Stops the server, waits until nipc_server_run and every other function that uses it have
/// returned, and frees it. Its endpoint is free and no handler is called any more afterwards, so that
/// its user may be freed, too. Does nothing where there is no server: zeroed, destroyed, or failed to
/// be initialised.
///
/// A handler of the server may destroy it, too, which then does not wait: the server is freed, and
/// handlers are over, when nipc_server_run returns; its memory must stay that long, and must not be
/// initialised anew before. But a handler must not wait for another thread
/// that destroys its server: that thread waits for the handler, so that neither would ever end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_destroy(server: *mut nipc_managed_server_t) {
    catch_code(|| {
        // SAFETY: C promises a server.
        unsafe { destroy(server) }
    });
}

/// Tells in words why the server could not be initialised or run, until it is destroyed or
/// initialised again. Works as snprintf does.
///
/// \param buf      where to; ends in NUL unless buf_len is 0
/// \param buf_len  bytes of room
/// \return bytes of the whole text without its NUL; 0 where nothing went wrong
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_last_error(
    server: *mut nipc_managed_server_t,
    buf: *mut c_char,
    buf_len: usize,
) -> usize {
    catch_length(|| {
        // SAFETY: C promises a server.
        let text = unsafe { last_error(server) }.unwrap_or_default();
        // SAFETY: C promises a buffer.
        Ok(unsafe { copy_text(&text, buf, buf_len) })
    })
}

/// Tells what the server has done so far, at any time; all zeros where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_stats(
    server: *mut nipc_managed_server_t,
    out: *mut nipc_server_stats_t,
) {
    let tell = || {
        // SAFETY: C promises a server.
        let stats = unsafe { enter(server) }.map(|serving| serving.stats());
        let stats = stats
            .as_ref()
            .map_or_else(|_| Default::default(), Into::into);
        // SAFETY: C promises room for the statistics.
        unsafe { put(out, stats) }
    };
    // The function returns nothing: a NULL cannot be reported.
    catch_code(tell);
}

/// Why there is no server.
pub(crate) struct Refusal {
    code: ErrorCode,
    why: String,
}

impl Refusal {
    /// A mistake of the caller's.
    pub(crate) fn invalid(why: &str) -> Self {
        Self {
            code: ErrorCode::INVALID_ARGUMENT,
            why: why.to_owned(),
        }
    }
}

impl From<ServeError> for Refusal {
    fn from(error: ServeError) -> Self {
        Self {
            code: error.code(),
            why: chain(&error),
        }
    }
}

/// Makes a server of the service that `handler` is for.
///
/// # Safety
/// As for [`init`]; and `handler` is NULL or points to one that keeps to what the header asks of it.
pub(super) unsafe fn init_typed<C: Callback>(
    server: *mut nipc_managed_server_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_server_config_t,
    workers: c_int,
    handler: *const C,
) -> nipc_error_t {
    let serve = |endpoint: &EndpointName<'_>, config, id| {
        let mut callback = C::ZEROED;
        if !handler.is_null() {
            // SAFETY: the caller promises a handler.
            let handler = unsafe { shared(handler) };
            callback = *handler.or(Err(Refusal::invalid("handler is not aligned")))?;
        }
        let handler = callback.bound_to(id);
        let workers = usize::try_from(workers).unwrap_or(0);
        let EndpointName { run_dir, service } = endpoint;
        let server = Server::with_workers(run_dir, service, config, handler, workers)
            .listening(bind_options());
        Ok(ServerHandle::bind(server, id)?)
    };
    // SAFETY: the caller's promise is that of `init`.
    unsafe { init(server, run_dir, service, config, serve) }
}

/// Makes the server that `serve` makes of an endpoint and a configuration.
///
/// # Safety
/// `server` is NULL or points to room for a server that nobody uses meanwhile; the others are NULL or
/// point to what they say.
pub(crate) unsafe fn init(
    server: *mut nipc_managed_server_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_server_config_t,
    serve: impl FnOnce(&EndpointName<'_>, ServerConfig, ServerId) -> Result<ServerHandle, Refusal>,
) -> nipc_error_t {
    let bind = || {
        // SAFETY: the caller promises strings.
        let endpoint = unsafe { EndpointName::new(run_dir, service) };
        let endpoint = endpoint.or(Err(Refusal::invalid("run_dir or service is NULL")))?;
        // SAFETY: the caller promises a configuration.
        let config = unsafe { configured::<_, ServerConfig>(config) };
        let config = config.or(Err(Refusal::invalid("config is not aligned")))?;
        serve(&endpoint, config, ServerId::next())
    };
    catch_code(|| {
        // SAFETY: the caller promises room that nobody uses.
        unsafe { put(server, nipc_managed_server_t::EMPTY) }?;
        match bind() {
            // SAFETY: it was initialised just now, as closed.
            Ok(serving) => unsafe { open(server, serving) },
            Err(Refusal { code, why }) => {
                // SAFETY: as above.
                unsafe { failure(server) }?.set(&why);
                Err(code)
            }
        }
    })
}

#[cfg(test)]
mod tests;
