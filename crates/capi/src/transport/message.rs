//! What a session carries, and what was agreed for it.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_void;

use netipc::connection::{Connection, Message};
use netipc::transport::link::LinkInfo;
use netipc::wire::{Header, Status};

use crate::border::{catch_code, put, shared, zero};
use crate::error::nipc_error_t;
use crate::protocol::{nipc_header_t, zeroed};
use crate::service::types::nipc_transport_t;

/// Waits as long as it takes, unless it is aborted.
pub const NIPC_WAIT_FOREVER: u32 = 0xffff_ffff;

/// A message that was received. Its payload lies in the session, until the next message is received or
/// the session is closed. The items of a batch are read by nipc_batch_item_get; the directory was
/// checked.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_message_t {
    /// Its envelope.
    pub header: nipc_header_t,
    /// Its payload, of all packets together.
    pub payload: *const c_void,
    /// Bytes of the payload.
    pub payload_len: usize,
}

zeroed!(nipc_message_t);

/// What the handshake of a session agreed on, what carries its data, and who is at its other end.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct nipc_session_info_t {
    /// What the data really goes over: NIPC_TRANSPORT_SHM is shared memory.
    pub transport: nipc_transport_t,
    /// The profile that was selected: one NIPC_PROFILE_* bit.
    pub profile: u32,
    /// The server's number for the session.
    pub session_id: u64,
    /// The profiles that the server can use.
    pub server_profiles: u32,
    /// Bytes of a packet. A longer message goes in several, unless they lie in shared memory.
    pub packet_size: u32,
    /// Bytes that a request payload may have.
    pub max_request_payload_bytes: u32,
    /// Items that a request batch may have.
    pub max_request_batch_items: u32,
    /// Bytes that a response payload may have.
    pub max_response_payload_bytes: u32,
    /// Items that a response batch may have.
    pub max_response_batch_items: u32,
    /// Messages that may be under way in one direction; sending one more gives NIPC_ERR_BUSY. 0 where
    /// that is up to the peer: sending then waits.
    pub window: u32,
    /// Requests that were sent and have no response yet.
    pub in_flight: u32,
    /// The process at the other end; 0 where it is not known.
    pub peer_pid: u32,
    /// Its user; NIPC_UID_UNSET where it is not known.
    pub peer_uid: u32,
}

/// Makes the envelope of the response to a request: with its code, its id, and the items of its batch
/// where the status is NIPC_STATUS_OK.
///
/// \param request  the request's envelope
/// \param status   a NIPC_STATUS_ number. A response with another than NIPC_STATUS_OK has no payload
/// \param out      the envelope; zeroed on failure
/// \return NIPC_OK, or NIPC_ERR_INVALID_ARGUMENT for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_header_answer(
    request: *const nipc_header_t,
    status: u16,
    out: *mut nipc_header_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises a header. It is copied: `out` may be the same.
        let request = *unsafe { shared(request) }?;
        // SAFETY: C promises room for a header.
        unsafe { zero(out) }?;
        let answer = Header::from(&request).answer(Status(status));
        // SAFETY: C promises room for a header.
        unsafe { put(out, answer.into()) }
    })
}

impl nipc_message_t {
    /// A view of a message that was received.
    pub(super) fn of(message: Message<'_>) -> Self {
        let payload = message.payload();
        Self {
            header: message.header().into(),
            payload: payload.as_ptr().cast(),
            payload_len: payload.len(),
        }
    }
}

impl nipc_session_info_t {
    pub(super) fn of(connection: &Connection) -> Self {
        let LinkInfo {
            kind, window, peer, ..
        } = connection.info();
        let agreed = connection.agreed();
        let (request, response) = (agreed.limits.request, agreed.limits.response);
        Self {
            transport: kind.into(),
            profile: agreed.profile.0,
            session_id: agreed.session_id,
            server_profiles: agreed.server_supported.0,
            packet_size: agreed.limits.packet_size,
            max_request_payload_bytes: request.payload_bytes,
            max_request_batch_items: request.batch_items,
            max_response_payload_bytes: response.payload_bytes,
            max_response_batch_items: response.batch_items,
            window: window.unwrap_or(0),
            in_flight: u32::try_from(connection.in_flight()).unwrap_or(u32::MAX),
            peer_pid: peer.pid.unwrap_or(0),
            peer_uid: peer.uid.unwrap_or(u32::MAX),
        }
    }
}

/// The envelope that C asks for. Where it says 0 items and is no batch, 1 is meant.
pub(super) fn envelope(header: &nipc_header_t) -> Header {
    let mut envelope = Header::from(header);
    if !envelope.flags.is_batch() && envelope.item_count == 0 {
        envelope.item_count = 1;
    }
    envelope
}
