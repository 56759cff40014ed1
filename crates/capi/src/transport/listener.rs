//! A listener's life: bind, accept, watch, abort, close.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_char;

use netipc::{ClientState, ErrorCode, ServerConfig, chain};

use super::listener_handle::{ListenerHandle, failure};
use super::session::nipc_session_t;
use super::session_handle::{SessionHandle, Shown};
use super::waiting::{close, open, set_aborted};
use crate::border::{catch, catch_code, catch_length, copy_text};
use crate::error::{CodeResult, nipc_error_t};
use crate::service::config::{EndpointName, config as configured, nipc_server_config_t};
use crate::service::storage::{enter, nipc_storage_t};
use crate::service::types::{NIPC_NATIVE_NONE, nipc_native_t};

const CLOSED: &str = "the listener is closed: bind it";

/// An endpoint that gives sessions. It lives where the caller wants, zeroed before its first use, and
/// must not be copied or moved while it is open.
///
/// One thread accepts at a time; another gets NIPC_ERR_BUSY. The other functions are for any thread.
#[repr(C)]
#[derive(Debug)]
pub struct nipc_listener_t {
    /// Private.
    pub storage: nipc_storage_t,
    /// Private.
    pub aborted: u32,
    /// Private: why there is no listener.
    pub failure: [u8; 496],
}

/// Becomes the owner of the endpoint run_dir/service.sock. Clients can connect from here on, and get
/// sessions from nipc_listener_accept.
///
/// Nothing is kept of the arguments. After an error the listener is closed, as it was before;
/// nipc_listener_last_error tells more.
///
/// \param listener  zeroed, or closed
/// \param run_dir   the directory of the endpoints; it must exist
/// \param service   the name of the service
/// \param config    what to agree to; NULL is a zeroed one
/// \return NIPC_OK; NIPC_ERR_BUSY for a listener that is open; NIPC_ERR_INVALID_ARGUMENT for NULL or a
///         name that is not valid; NIPC_ERR_ADDRESS_IN_USE where another server has the endpoint;
///         NIPC_ERR_IO where the system failed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_listener_bind(
    listener: *mut nipc_listener_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_server_config_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises strings.
        let name = unsafe { EndpointName::new(run_dir, service) }?;
        // SAFETY: C promises a configuration.
        let config: ServerConfig = unsafe { configured(config) }?;
        // SAFETY: C promises a listener.
        if unsafe { enter(listener) }.is_ok() {
            return Err(ErrorCode::BUSY);
        }
        // SAFETY: C promises a listener.
        let failure = unsafe { failure(listener) }?;
        match ListenerHandle::bind(&name, &config) {
            Ok(handle) => {
                failure.set("");
                // SAFETY: C promises a listener.
                unsafe { open(listener, handle) }
            }
            Err(error) => {
                failure.set(&chain(&error));
                Err(error.code())
            }
        }
    })
}

/// Takes the next client and shakes hands with it. A client that is refused is answered why.
///
/// A client that connects and then says nothing takes 2 seconds at most: programs that must not wait for one
/// use nipc_listener_accept_link. The session is independent of the listener, which may be closed first.
///
/// \param session     zeroed, or closed; its abort ends nothing here: that of the listener does
/// \param timeout_ms  milliseconds to wait for a client and its handshake, together; NIPC_WAIT_FOREVER
///                    is no deadline
/// \return NIPC_OK; NIPC_ERR_TIMEOUT and NIPC_ERR_ABORTED; NIPC_ERR_REJECTED for a client that was
///         refused, NIPC_ERR_DISCONNECTED for one that left, and NIPC_ERR_IO for a system that has no room,
///         after which the next call takes the next client; NIPC_ERR_BUSY for a session that is open, and
///         where another thread accepts; NIPC_ERR_NOT_READY where nothing is bound
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_listener_accept(
    listener: *mut nipc_listener_t,
    session: *mut nipc_session_t,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        let accept = |handle: &ListenerHandle| {
            let connection = handle.accept(timeout_ms)?;
            Ok(SessionHandle::accepted(
                &handle.endpoint().to_string(),
                connection,
            ))
        };
        // SAFETY: C promises a listener and a session.
        unsafe { fill(listener, session, ClientState::Ready, accept) }
    })
}

/// Takes the next client, and does not wait for what it has to say: for programs that serve many clients in one
/// thread. The state of the session is NIPC_CLIENT_CONNECTING then; when its wait object becomes ready,
/// nipc_session_handshake makes it a session, or closes it. How long it may say nothing is for the program to
/// decide, which closes it when it has waited enough.
///
/// \param session     zeroed, or closed; its abort ends nothing here: that of the listener does
/// \param timeout_ms  milliseconds to wait for a client; NIPC_WAIT_FOREVER is no deadline
/// \return as nipc_listener_accept, but for the errors that are about handshakes
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_listener_accept_link(
    listener: *mut nipc_listener_t,
    session: *mut nipc_session_t,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        let accept = |handle: &ListenerHandle| {
            let greeting = handle.accept_link(timeout_ms)?;
            Ok(SessionHandle::greeted(
                &handle.endpoint().to_string(),
                greeting,
            ))
        };
        // SAFETY: C promises a listener and a session.
        unsafe { fill(listener, session, ClientState::Connecting, accept) }
    })
}

/// What an event loop can wait for: it becomes ready (a descriptor readable, a handle signalled) when a
/// client waits. It belongs to the listener: neither read nor close it.
///
/// \return a descriptor on Unix, a HANDLE on Windows; NIPC_NATIVE_NONE where nothing is bound, and while
///         another thread accepts
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_listener_wait_object(
    listener: *const nipc_listener_t,
) -> nipc_native_t {
    catch(NIPC_NATIVE_NONE, || {
        let native = || -> CodeResult<nipc_native_t> {
            // SAFETY: C promises a listener.
            let handle = unsafe { enter(listener) }?;
            let acceptor = handle.lock()?;
            let native = acceptor.wait_object().ok_or(ErrorCode::NOT_READY)?;
            Ok(native.as_raw())
        };
        native().unwrap_or(NIPC_NATIVE_NONE)
    })
}

/// Aborts what the listener is doing, and everything that follows until nipc_listener_clear_abort: it
/// returns NIPC_ERR_ABORTED. For any thread, also before it is bound. Closing the listener clears it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_listener_abort(listener: *mut nipc_listener_t) {
    // SAFETY: C promises a listener.
    catch((), || unsafe { set_aborted(listener, true) });
}

/// Lets the listener go on. For any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_listener_clear_abort(listener: *mut nipc_listener_t) {
    // SAFETY: C promises a listener.
    catch((), || unsafe { set_aborted(listener, false) });
}

/// Gives the endpoint back, and frees everything; sessions go on. A thread that accepts is aborted and
/// waited for. Closing twice, or a zeroed listener, does nothing. A closed one can be bound again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_listener_close(listener: *mut nipc_listener_t) {
    catch_code(|| {
        // SAFETY: C promises a listener.
        let closed = unsafe { close(listener) };
        // SAFETY: C promises a listener.
        unsafe { set_aborted(listener, false) };
        closed.map(drop)
    });
}

/// Why the last function that failed did, with the endpoint and the cause. Copies as much as fits, with a
/// NUL, like snprintf.
///
/// \param buf      where to copy to; may be NULL where buf_len is 0
/// \param buf_len  its bytes
/// \return the length of the whole text, without NUL; 0 where nothing has failed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_listener_last_error(
    listener: *mut nipc_listener_t,
    buf: *mut c_char,
    buf_len: usize,
) -> usize {
    catch_length(|| {
        // SAFETY: C promises a listener.
        let text = match unsafe { enter(listener) } {
            Ok(handle) => handle.why(),
            Err(_) => {
                // SAFETY: C promises a listener.
                let why = unsafe { failure(listener) }?.text();
                if why.is_empty() {
                    CLOSED.to_owned()
                } else {
                    why
                }
            }
        };
        // SAFETY: C promises a buffer.
        Ok(unsafe { copy_text(&text, buf, buf_len) })
    })
}

/// Opens a closed session with what `accept` gives, which is in `state`.
///
/// # Safety
/// As for [`enter`], for both.
unsafe fn fill(
    listener: *mut nipc_listener_t,
    session: *mut nipc_session_t,
    state: ClientState,
    accept: impl FnOnce(&ListenerHandle) -> CodeResult<SessionHandle>,
) -> CodeResult {
    // SAFETY: the caller's promise.
    let handle = unsafe { enter(listener) }?;
    // SAFETY: the caller's promise.
    let shown = unsafe { Shown::of(session) }?;
    // SAFETY: the caller's promise.
    if unsafe { enter(session) }.is_ok() {
        return Err(ErrorCode::BUSY);
    }
    let accepted = accept(&handle)?;
    // SAFETY: the caller's promise.
    unsafe { open(session, accepted) }?;
    // While it is entered, another thread that closes it has the last word.
    // SAFETY: the caller's promise.
    if let Ok(_user) = unsafe { enter(session) } {
        shown.set_state(state);
    }
    Ok(())
}
