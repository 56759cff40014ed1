//! A session's life: connect, send, receive, watch, abort, close.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::{c_char, c_void};

use netipc::connection::{Connection, ConnectionError};
use netipc::transport::{Endpoint, Wait, native};
use netipc::{ClientConfig, ClientState, ErrorCode, OpenError, chain};

use super::message::{envelope, nipc_message_t, nipc_session_info_t};
use super::session_handle::{SessionHandle, Shown, close, with_connection};
use super::waiting::{open, set_aborted, wait};
use crate::border::{buffer, bytes, catch, catch_code, catch_length, copy_text, put, shared, zero};
use crate::border::{elements_mut, unique};
use crate::error::{CodeResult, nipc_error_t};
use crate::protocol::nipc_header_t;
use crate::service::config::{EndpointName, config as configured, nipc_client_config_t};
use crate::service::storage::{enter, nipc_storage_t};
use crate::service::types::{NIPC_NATIVE_NONE, nipc_client_state_t, nipc_native_t};

const CLOSED: &str = "the session is closed: connect it, or accept one";
const IN_USE: &str = "the session is in use by another thread";

/// A session with one peer: messages go out and come in, over whatever was negotiated. It lives where
/// the caller wants, zeroed before its first use, and must not be copied or moved while it is open.
///
/// One thread uses it at a time; another gets NIPC_ERR_BUSY. nipc_session_abort, _clear_abort, _state
/// and _close are for any thread. What is sent is in the order of the calls; several requests may be
/// under way, and responses name them by their message_id.
#[repr(C)]
#[derive(Debug)]
pub struct nipc_session_t {
    /// Private.
    pub storage: nipc_storage_t,
    /// Private.
    pub state: u32,
    /// Private.
    pub aborted: u32,
    /// Private: why there is no session.
    pub failure: [u8; 496],
}

/// Connects to the service at run_dir/service.sock and shakes hands.
///
/// Nothing is kept of the arguments. After an error the session is closed, as it was before;
/// nipc_session_state tells whether somebody serves the endpoint and what it made of the token and the
/// profiles, nipc_session_last_error tells it in words.
///
/// \param session     zeroed, or closed
/// \param run_dir     the directory of the endpoints
/// \param service     the name of the service
/// \param config      what to propose; NULL is a zeroed one. Limits do not grow here: 0 proposes
///                    requests of 1024 bytes and of one item, and responses of 1024 bytes, of which the
///                    server may make more. The timeout and what concerns lookups is for clients, and
///                    does not matter here
/// \param timeout_ms  milliseconds that it may take; NIPC_WAIT_FOREVER is no deadline
/// \return NIPC_OK; NIPC_ERR_BUSY for a session that is open; NIPC_ERR_INVALID_ARGUMENT for NULL or a
///         name that is not valid; NIPC_ERR_DISCONNECTED where nobody serves the endpoint, or hung up;
///         NIPC_ERR_REJECTED for the token, or for a server that is full; NIPC_ERR_UNSUPPORTED for
///         another version, or no common profile; NIPC_ERR_OVERFLOW where the server does not take as
///         large requests; NIPC_ERR_TIMEOUT, NIPC_ERR_ABORTED, NIPC_ERR_PROTOCOL, NIPC_ERR_IO
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_connect(
    session: *mut nipc_session_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_client_config_t,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises strings.
        let name = unsafe { EndpointName::new(run_dir, service) }?;
        // SAFETY: C promises a configuration.
        let config: ClientConfig = unsafe { configured(config) }?;
        let endpoint = Endpoint::new(&*name.run_dir, &name.service);
        let endpoint_name = endpoint.as_ref().map(Endpoint::to_string);
        let endpoint_name = endpoint_name.unwrap_or_default();
        let handle = SessionHandle::new(&endpoint_name);
        // SAFETY: C promises a session.
        unsafe { open(session, handle) }?;
        let connect = |wait: &Wait<'_>| {
            let connect = || Connection::connect(&native(), &endpoint?, config.proposal(), wait);
            connect().map_err(|error| Refusal::new(&error, &endpoint_name))
        };
        // SAFETY: C promises a session.
        unsafe { fill(session, timeout_ms, connect) }.map_err(|Refusal { code, state, why }| {
            // SAFETY: C promises a session. Where another thread has closed it, it is closed.
            let _ = unsafe { close(session, state, &why) };
            code
        })
    })
}

/// Shakes hands with a client that nipc_listener_accept_link took. One that is refused is answered why.
///
/// \param timeout_ms  milliseconds that it may take; a few are enough once the wait object is ready
/// \return NIPC_OK, with which the session is there; as nipc_listener_accept for a client that gets none, with
///         which the session is closed, and which nipc_session_last_error explains; NIPC_ERR_NOT_READY for a
///         session that waits for no handshake
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_handshake(
    session: *mut nipc_session_t,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        let shake_hands = || {
            // SAFETY: C promises a session.
            let handle = unsafe { enter(session) }?;
            let mut state = handle.lock()?;
            let greeting = state.greeting.take().ok_or(ErrorCode::NOT_READY)?;
            let shaken = greeting.shake_hands(&wait(timeout_ms, handle.abort()));
            match shaken {
                Ok(connection) => state.connection = Some(connection),
                Err(error) => {
                    let why = format!("{}: {}", state.endpoint(), chain(&error));
                    return Ok(Some((error.code(), why)));
                }
            }
            // SAFETY: C promises a session.
            unsafe { Shown::of(session) }?.set_state(ClientState::Ready);
            Ok(None)
        };
        if let Some((code, why)) = shake_hands()? {
            // SAFETY: C promises a session. Where another thread has closed it, it is closed.
            let _ = unsafe { close(session, ClientState::Disconnected, &why) };
            return Err(code);
        }
        Ok(())
    })
}

/// Sends a message, in as many packets as it takes.
///
/// \param header       its envelope: kind (NIPC_KIND_REQUEST from the side that connected, and
///                     NIPC_KIND_RESPONSE from the other one), code, message_id, and for batches
///                     NIPC_FLAG_BATCH and item_count. An item_count of 0 is 1. Magic, version and both
///                     lengths are filled in: nipc_session_send_packet sends what is wrong
/// \param payload      may be that of the message that the same session received last; NULL with length
///                     0 is none
/// \param payload_len  its bytes
/// \param timeout_ms   milliseconds that it may take, where the peer is slow to make room;
///                     NIPC_WAIT_FOREVER is no deadline
/// \return NIPC_OK; nothing was sent, and the session goes on, after NIPC_ERR_OVERFLOW for more than was
///         agreed, NIPC_ERR_BUSY for a full window, NIPC_ERR_INVALID_ARGUMENT for an id that is in flight
///         or for NULL, and NIPC_ERR_BAD_KIND; after NIPC_ERR_TIMEOUT and NIPC_ERR_ABORTED nothing was
///         sent unless nipc_session_state tells NIPC_CLIENT_BROKEN: then a part was, and the session is
///         over, as after NIPC_ERR_DISCONNECTED and NIPC_ERR_IO; NIPC_ERR_NOT_READY where there is none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_send(
    session: *mut nipc_session_t,
    header: *const nipc_header_t,
    payload: *const c_void,
    payload_len: usize,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises a header.
        let header = envelope(unsafe { shared(header) }?);
        // SAFETY: C promises bytes.
        let payload = unsafe { bytes(payload, payload_len) }?;
        let send =
            |connection: &mut Connection, wait: &Wait<'_>| connection.send(header, payload, wait);
        // SAFETY: C promises a session.
        unsafe { with_connection(session, timeout_ms, send) }
    })
}

/// Receives the next message.
///
/// A request that is above the limits, or whose batch is malformed, is answered here with the status that
/// says so, before the error is returned.
///
/// \param out         the message; zeroed on failure
/// \param timeout_ms  milliseconds to wait for one; 0 takes what is there; NIPC_WAIT_FOREVER waits for it
/// \return NIPC_OK; NIPC_ERR_TIMEOUT or NIPC_ERR_ABORTED, after which it may be tried again; after any
///         other the session is over: NIPC_ERR_DISCONNECTED for a peer that has hung up, NIPC_ERR_OVERFLOW
///         for more than was agreed, NIPC_ERR_PROTOCOL for a response to nothing that was asked, and the
///         errors of decoders for bytes that break the layout; NIPC_ERR_NOT_READY where there is none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_receive(
    session: *mut nipc_session_t,
    out: *mut nipc_message_t,
    timeout_ms: u32,
) -> nipc_error_t {
    let receive = |connection: &mut Connection, wait: &Wait<'_>| {
        connection
            .receive(wait)
            .inspect_err(|error| answer_last(connection, error, wait))?;
        Ok(connection.message().map(nipc_message_t::of))
    };
    catch_code(|| {
        // SAFETY: C promises room for a message, which may be zeros.
        unsafe { zero(out) }?;
        // SAFETY: C promises a session.
        let message = unsafe { with_connection(session, timeout_ms, receive) }?;
        // SAFETY: C promises room for a message.
        unsafe { put(out, message.ok_or(ErrorCode::INTERNAL)?) }
    })
}

/// Sends bytes as one packet, whatever they are: for tests, and for what peers should not send. The session
/// does not know of it: a response to what was sent this way is not one that nipc_session_receive
/// expects.
///
/// \param packet  at least one byte
/// \return as nipc_session_send
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_send_packet(
    session: *mut nipc_session_t,
    packet: *const c_void,
    packet_len: usize,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises bytes.
        let packet = unsafe { bytes(packet, packet_len) }?;
        let send = |connection: &mut Connection, wait: &Wait<'_>| {
            Ok(connection.send_packet(packet, &[], wait)?)
        };
        // SAFETY: C promises a session.
        unsafe { with_connection(session, timeout_ms, send) }
    })
}

/// Receives one packet, whatever it is: the counterpart of nipc_session_send_packet.
///
/// \param buf         where to
/// \param buf_len     its bytes; what does not fit is dropped
/// \param packet_len  bytes of the whole packet; 0 on failure
/// \return as nipc_session_receive, but for the errors that are about messages
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_receive_packet(
    session: *mut nipc_session_t,
    buf: *mut c_void,
    buf_len: usize,
    packet_len: *mut usize,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises room for a number.
        let packet_len = unsafe { unique(packet_len) }?;
        *packet_len = 0;
        // SAFETY: C promises a buffer.
        let packet = unsafe { buffer(buf, buf_len) }?;
        let receive = |connection: &mut Connection, wait: &Wait<'_>| {
            Ok(connection.receive_packet(packet, wait)?)
        };
        // SAFETY: C promises a session.
        *packet_len = unsafe { with_connection(session, timeout_ms, receive) }?;
        Ok(())
    })
}

/// Looks whether the peer is still there, at once and without taking data: the messages that it sent
/// before it hung up can still be received.
///
/// \return NIPC_OK; NIPC_ERR_DISCONNECTED for one that has hung up; NIPC_ERR_NOT_READY without a session
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_check(session: *mut nipc_session_t) -> nipc_error_t {
    let check = |connection: &mut Connection, _: &Wait<'_>| Ok(connection.check()?);
    // SAFETY: C promises a session.
    catch_code(|| unsafe { with_connection(session, 0, check) })
}

/// Makes sure, before the session is closed, that what was sent last arrives, also where the peer has sent
/// what nobody received: nothing can be sent after. Waits at most 100 ms for the peer to go.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_linger(session: *mut nipc_session_t) {
    let linger = |connection: &mut Connection, _: &Wait<'_>| {
        connection.linger();
        Ok(())
    };
    // SAFETY: C promises a session. There is nothing to report.
    catch_code(|| unsafe { with_connection(session, 0, linger) });
}

/// Gives up on what was asked: nothing can be sent after. Tells which requests have no response, the oldest
/// first, for a program that asks them again in another session.
///
/// \param ids   where to write their message_ids; may be NULL where room is 0
/// \param room  how many fit
/// \return how many there are; 0 where there is no session
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_give_up(
    session: *mut nipc_session_t,
    ids: *mut u64,
    room: usize,
) -> usize {
    let give_up = |connection: &mut Connection, _: &Wait<'_>| Ok(connection.fail());
    catch_length(|| {
        // SAFETY: C promises room.
        let out = unsafe { elements_mut(ids, room) }?;
        // SAFETY: C promises a session.
        let unanswered = unsafe { with_connection(session, 0, give_up) }?;
        for (out, id) in out.iter_mut().zip(&unanswered) {
            *out = *id;
        }
        Ok(unanswered.len())
    })
}

/// Where the session stands: NIPC_CLIENT_READY while messages can be sent and received,
/// NIPC_CLIENT_BROKEN when it is over and is to be closed, NIPC_CLIENT_DISCONNECTED when it is closed;
/// after a failed connect why, as nipc_client_state_t says. For any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_state(session: *const nipc_session_t) -> nipc_client_state_t {
    catch(nipc_client_state_t::NIPC_CLIENT_DISCONNECTED, || {
        // SAFETY: C promises a session.
        let shown = unsafe { Shown::of(session) };
        shown.map(|shown| shown.state().into()).unwrap_or_default()
    })
}

/// Tells what was agreed, what carries the data, and who is at the other end.
///
/// \return NIPC_OK; with a zeroed out, NIPC_ERR_NOT_READY without a session, and NIPC_ERR_BUSY while
///         another thread uses it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_info(
    session: *mut nipc_session_t,
    out: *mut nipc_session_info_t,
) -> nipc_error_t {
    let tell = |connection: &mut Connection, _: &Wait<'_>| Ok(nipc_session_info_t::of(connection));
    catch_code(|| {
        // SAFETY: C promises room.
        unsafe { zero(out) }?;
        // SAFETY: C promises a session.
        let info = unsafe { with_connection(session, 0, tell) }?;
        // SAFETY: C promises room.
        unsafe { put(out, info) }
    })
}

/// What an event loop can wait for. Over a socket or a pipe it becomes ready (a descriptor readable, a
/// handle signalled) when a message or a hang-up waits; over shared memory for hang-ups only, so that
/// programs that wait for messages in event loops offer NIPC_PROFILE_BASELINE alone. A ready one may
/// stand for a part of a message: receive with a timeout of 0, until NIPC_ERR_TIMEOUT. Before a handshake it
/// is for nipc_session_handshake. It belongs to the session: neither read nor close it.
///
/// \return a descriptor on Unix, a HANDLE on Windows; NIPC_NATIVE_NONE without a session, and while
///         another thread uses it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_wait_object(session: *const nipc_session_t) -> nipc_native_t {
    catch(NIPC_NATIVE_NONE, || {
        let native = || -> CodeResult<nipc_native_t> {
            // SAFETY: C promises a session.
            let handle = unsafe { enter(session) }?;
            let state = handle.lock()?;
            let native = state.wait_object().ok_or(ErrorCode::NOT_READY)?;
            Ok(native.as_raw())
        };
        native().unwrap_or(NIPC_NATIVE_NONE)
    })
}

/// Aborts what the session is doing, and everything that follows until nipc_session_clear_abort: it
/// returns NIPC_ERR_ABORTED. For any thread, also before it is connected. Closing the session clears it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_abort(session: *mut nipc_session_t) {
    // SAFETY: C promises a session.
    catch((), || unsafe { set_aborted(session, true) });
}

/// Lets the session go on. For any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_clear_abort(session: *mut nipc_session_t) {
    // SAFETY: C promises a session.
    catch((), || unsafe { set_aborted(session, false) });
}

/// Ends the session and frees everything. The message that was received last ends with it. What another
/// thread does with the session is aborted and waited for. Closing twice, or a zeroed session, does
/// nothing. A closed session can be connected again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_close(session: *mut nipc_session_t) {
    catch_code(|| {
        // SAFETY: C promises a session.
        let closed = unsafe { close(session, ClientState::Disconnected, "") };
        // SAFETY: C promises a session.
        unsafe { set_aborted(session, false) };
        closed
    });
}

/// Why the last function that failed did, with the endpoint and the cause; after a failed connect, until
/// the next one. Copies as much as fits, with a NUL, like snprintf.
///
/// \param buf      where to copy to; may be NULL where buf_len is 0
/// \param buf_len  its bytes
/// \return the length of the whole text, without NUL; 0 where nothing has failed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_session_last_error(
    session: *mut nipc_session_t,
    buf: *mut c_char,
    buf_len: usize,
) -> usize {
    catch_length(|| {
        // SAFETY: C promises a session.
        let text = match unsafe { enter(session) } {
            Ok(handle) => handle
                .lock()
                .map_or_else(|_| IN_USE.to_owned(), |state| state.why()),
            Err(_) => {
                // SAFETY: C promises a session.
                let why = unsafe { Shown::of(session) }?.failure.text();
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

/// Why there is no session.
struct Refusal {
    code: ErrorCode,
    state: ClientState,
    why: String,
}

impl Refusal {
    fn new(error: &OpenError, endpoint: &str) -> Self {
        let why = chain(error);
        Self {
            code: error.code(),
            state: error.state(),
            why: if why.contains(endpoint) {
                why
            } else {
                format!("{endpoint}: {why}")
            },
        }
    }
}

impl From<ErrorCode> for Refusal {
    /// Another thread closed the session meanwhile, or uses it.
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            state: ClientState::Disconnected,
            why: IN_USE.to_owned(),
        }
    }
}

/// Connects a session that was opened for it.
///
/// # Safety
/// As for [`enter`].
unsafe fn fill(
    session: *mut nipc_session_t,
    timeout_ms: u32,
    connect: impl FnOnce(&Wait<'_>) -> Result<Connection, Refusal>,
) -> Result<(), Refusal> {
    // SAFETY: the caller's promise.
    let handle = unsafe { enter(session) }?;
    let mut state = handle.lock()?;
    // SAFETY: the caller's promise.
    let shown = unsafe { Shown::of(session) }?;
    shown.set_state(ClientState::Connecting);
    state.connection = Some(connect(&wait(timeout_ms, handle.abort()))?);
    shown.set_state(ClientState::Ready);
    Ok(())
}

/// Answers a request that has ended the session, where the protocol says so.
fn answer_last(connection: &mut Connection, error: &ConnectionError, wait: &Wait<'_>) {
    if let ConnectionError::Session(error) = error
        && let Some(answer) = error.answer()
        && connection.send_packet(&answer.encode(), &[], wait).is_ok()
    {
        connection.linger();
    }
}
