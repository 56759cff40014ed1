//! What a C program sees of a client.

use std::ffi::c_void;
use std::ptr;

use netipc::transport::link::LinkKind;
use netipc::{ClientState, Counters, SessionStatus};

use super::origin::nipc_client_origin_t;
use super::storage::nipc_storage_t;

/// What the event loops of the platform watch: a descriptor on Unix, a HANDLE on Windows.
pub type nipc_native_t = isize;

/// Nothing to watch.
pub const NIPC_NATIVE_NONE: nipc_native_t = -1;

/// Where a client stands.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum nipc_client_state_t {
    /// Not connected: not yet, closed, or for a reason that nipc_client_last_error tells, such as a
    /// name that is not valid or a server without a free session.
    #[default]
    NIPC_CLIENT_DISCONNECTED = 0,
    /// In the middle of a connect.
    NIPC_CLIENT_CONNECTING = 1,
    /// Calls can be made.
    NIPC_CLIENT_READY = 2,
    /// Nobody serves the endpoint: normal, refresh again later.
    NIPC_CLIENT_NOT_FOUND = 3,
    /// The token or the user is not accepted. Refreshing tries again, less and less often.
    NIPC_CLIENT_AUTH_FAILED = 4,
    /// The versions or the profiles do not match. Refreshing tries again, less and less often.
    NIPC_CLIENT_INCOMPATIBLE = 5,
    /// The session was lost: the next refresh makes a new one.
    NIPC_CLIENT_BROKEN = 6,
}

/// What carries the data of a session.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum nipc_transport_t {
    /// There is no session.
    #[default]
    NIPC_TRANSPORT_NONE = 0,
    /// The packet socket; on Windows, the named pipe.
    NIPC_TRANSPORT_SOCKET = 1,
    /// Shared memory.
    NIPC_TRANSPORT_SHM = 2,
}

/// The session of a client, while session_valid says that there is one.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct nipc_client_session_t {
    /// The profile that was negotiated: one NIPC_PROFILE_* bit.
    pub selected_profile: u32,
    /// The server's number for the session.
    pub session_id: u64,
    /// Bytes that a request payload may have.
    pub max_request_payload_bytes: u32,
    /// Items that a request batch may have.
    pub max_request_batch_items: u32,
    /// Bytes that a response payload may have.
    pub max_response_payload_bytes: u32,
    /// Items that a response batch may have.
    pub max_response_batch_items: u32,
    /// What nipc_client_wait_object gives; NIPC_NATIVE_NONE over a ring (NIPC_PROFILE_SHM_RING), which is slower once
    /// it is watched: ask nipc_client_wait_object there.
    pub native: nipc_native_t,
}

/// A client's state and counters.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct nipc_client_status_t {
    /// Where it stands.
    pub state: nipc_client_state_t,
    /// Sessions made from scratch.
    pub connect_count: u32,
    /// Sessions made by the attempt that follows a loss, or to have room for more.
    pub reconnect_count: u32,
    /// Requests that were answered.
    pub call_count: u32,
    /// Calls that returned an error.
    pub error_count: u32,
    /// Requests that were sent again after a failure.
    pub retry_count: u32,
    /// Calls that ran out of time.
    pub timeout_count: u32,
    /// Calls that were aborted.
    pub abort_count: u32,
    /// Bytes of requests sent, headers included.
    pub bytes_sent: u64,
    /// Bytes of answers received, headers included.
    pub bytes_received: u64,
}

/// A client. It lives where the caller wants, zeroed or not before nipc_client_init, and must not be
/// copied or moved afterwards. One thread uses it at a time; abort and clear_abort are for any
/// thread.
#[repr(C)]
#[derive(Debug)]
pub struct nipc_client_ctx_t {
    /// Where the client stands. True after every call; to read, as everything here.
    pub state: nipc_client_state_t,
    /// Whether there is a session.
    pub session_valid: bool,
    /// The session; zeroed while there is none.
    pub session: nipc_client_session_t,
    /// Not NULL exactly while the data goes over shared memory. What it points to is not for the
    /// caller.
    pub shm: *mut c_void,
    /// Private.
    pub storage: nipc_storage_t,
    /// Private.
    pub origin: nipc_client_origin_t,
    /// Private: what nipc_client_status tells.
    pub published: [u64; 10],
}

/// How many numbers a client's status is made of.
pub(crate) const STATUS_NUMBERS: usize = 10;

/// Which of them counts calls that failed.
pub(crate) const STATUS_ERRORS: usize = 4;

/// A client's state and counters, as [`numbers`] makes them.
pub(crate) type Numbers = [u64; STATUS_NUMBERS];

/// What carries a client's session, and what was agreed.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct nipc_transport_info_t {
    /// What the data really goes over.
    pub transport: nipc_transport_t,
    /// The profile that was negotiated: one NIPC_PROFILE_* bit.
    pub profile: u32,
    /// The server's number for the session.
    pub session_id: u64,
    /// Bytes that a request payload may have.
    pub max_request_payload_bytes: u32,
    /// Items that a request batch may have.
    pub max_request_batch_items: u32,
    /// Bytes that a response payload may have.
    pub max_response_payload_bytes: u32,
    /// Items that a response batch may have.
    pub max_response_batch_items: u32,
    /// The server's process; 0 where it is not known.
    pub peer_pid: u32,
    /// The server's user; NIPC_UID_UNSET where it is not known.
    pub peer_uid: u32,
}

impl nipc_client_session_t {
    /// There is no session.
    pub(crate) const NONE: Self = Self {
        selected_profile: 0,
        session_id: 0,
        max_request_payload_bytes: 0,
        max_request_batch_items: 0,
        max_response_payload_bytes: 0,
        max_response_batch_items: 0,
        native: 0,
    };

    pub(crate) fn new(session: &SessionStatus, native: nipc_native_t) -> Self {
        let (request, response) = (session.limits.request, session.limits.response);
        Self {
            selected_profile: session.profile.0,
            session_id: session.session_id,
            max_request_payload_bytes: request.payload_bytes,
            max_request_batch_items: request.batch_items,
            max_response_payload_bytes: response.payload_bytes,
            max_response_batch_items: response.batch_items,
            native,
        }
    }
}

impl nipc_client_ctx_t {
    /// A client that was never initialised: as zeroed memory is.
    pub(crate) const EMPTY: Self = Self {
        state: nipc_client_state_t::NIPC_CLIENT_DISCONNECTED,
        session_valid: false,
        session: nipc_client_session_t::NONE,
        shm: ptr::null_mut(),
        storage: nipc_storage_t::EMPTY,
        origin: nipc_client_origin_t::EMPTY,
        published: [0; STATUS_NUMBERS],
    };
}

impl From<ClientState> for nipc_client_state_t {
    fn from(state: ClientState) -> Self {
        match state {
            ClientState::Disconnected => Self::NIPC_CLIENT_DISCONNECTED,
            ClientState::Connecting => Self::NIPC_CLIENT_CONNECTING,
            ClientState::Ready => Self::NIPC_CLIENT_READY,
            ClientState::NotFound => Self::NIPC_CLIENT_NOT_FOUND,
            ClientState::AuthFailed => Self::NIPC_CLIENT_AUTH_FAILED,
            ClientState::Incompatible => Self::NIPC_CLIENT_INCOMPATIBLE,
            ClientState::Broken => Self::NIPC_CLIENT_BROKEN,
        }
    }
}

impl From<LinkKind> for nipc_transport_t {
    fn from(kind: LinkKind) -> Self {
        match kind {
            LinkKind::SharedMemory => Self::NIPC_TRANSPORT_SHM,
            _ => Self::NIPC_TRANSPORT_SOCKET,
        }
    }
}

impl nipc_client_status_t {
    /// What [`numbers`] were made of.
    pub(crate) fn from_numbers(numbers: Numbers) -> Self {
        let [state, counters @ ..] = numbers;
        let [
            connects,
            reconnects,
            calls,
            errors,
            retries,
            timeouts,
            aborts,
            sent,
            received,
        ] = counters;
        let state = u8::try_from(state).map(ClientState::from_number);
        let cap = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            state: state.unwrap_or_default().into(),
            connect_count: cap(connects),
            reconnect_count: cap(reconnects),
            call_count: cap(calls),
            error_count: cap(errors),
            retry_count: cap(retries),
            timeout_count: cap(timeouts),
            abort_count: cap(aborts),
            bytes_sent: sent,
            bytes_received: received,
        }
    }
}

/// State and counters as numbers.
#[inline]
pub(crate) const fn numbers(state: ClientState, counters: Counters) -> Numbers {
    [
        state as u64,
        counters.connects,
        counters.reconnects,
        counters.calls,
        counters.errors,
        counters.retries,
        counters.timeouts,
        counters.aborts,
        counters.bytes_sent,
        counters.bytes_received,
    ]
}

impl From<SessionStatus> for nipc_transport_info_t {
    fn from(session: SessionStatus) -> Self {
        let (request, response) = (session.limits.request, session.limits.response);
        Self {
            transport: session.transport.into(),
            profile: session.profile.0,
            session_id: session.session_id,
            max_request_payload_bytes: request.payload_bytes,
            max_request_batch_items: request.batch_items,
            max_response_payload_bytes: response.payload_bytes,
            max_response_batch_items: response.batch_items,
            peer_pid: session.peer.pid.unwrap_or(0),
            peer_uid: session.peer.uid.unwrap_or(u32::MAX),
        }
    }
}
