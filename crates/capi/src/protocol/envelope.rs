//! What is in front of payloads: the envelopes of messages and packets, and the handshake.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_void;

use netipc::wire::{
    ChunkHeader, Fields, Flags, Header, Hello, HelloAck, Kind, Profiles, Status, WireError,
};

use super::codec::{decode, encode_as};
use super::zeroed;
use crate::error::nipc_error_t;

/// The envelope of a message, with the fields of the wire at the offsets of the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct nipc_header_t {
    /// NIPC_MAGIC_MSG.
    pub magic: u32,
    /// NIPC_VERSION.
    pub version: u16,
    /// NIPC_HEADER_LEN.
    pub header_len: u16,
    /// A NIPC_KIND_ number.
    pub kind: u16,
    /// NIPC_FLAG_BATCH where the payload is a batch, else 0. Other bits do not matter.
    pub flags: u16,
    /// A NIPC_METHOD_ number; in a control message a NIPC_CODE_ number.
    pub code: u16,
    /// A NIPC_STATUS_ number; NIPC_STATUS_OK in a request.
    pub transport_status: u16,
    /// Bytes behind the envelope, in all packets of the message together.
    pub payload_len: u32,
    /// Items of a batch, else 1.
    pub item_count: u32,
    /// Pairs a response with its request.
    pub message_id: u64,
}

/// The envelope of every packet of a message but the first, with the fields of the wire at the
/// offsets of the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct nipc_chunk_header_t {
    /// NIPC_MAGIC_CHUNK.
    pub magic: u32,
    /// NIPC_VERSION.
    pub version: u16,
    /// 0: no flag is defined.
    pub flags: u16,
    /// That of the message.
    pub message_id: u64,
    /// Bytes of the whole message, its envelope included and those of its packets not.
    pub total_message_len: u32,
    /// Which packet of the message; 1 is the second, which is the first with this envelope.
    pub chunk_index: u32,
    /// Packets of the message, the first included.
    pub chunk_count: u32,
    /// Bytes of data in this packet.
    pub chunk_payload_len: u32,
}

/// What a client proposes. Its size is larger than that on the wire, which is NIPC_HELLO_LEN.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct nipc_hello_t {
    /// 1.
    pub layout_version: u16,
    /// 0: no flag is defined.
    pub flags: u16,
    /// The NIPC_PROFILE_ bits that the client can use.
    pub supported_profiles: u32,
    /// Those that it would rather use.
    pub preferred_profiles: u32,
    /// Bytes of the largest request payload.
    pub max_request_payload_bytes: u32,
    /// Items of the largest request batch.
    pub max_request_batch_items: u32,
    /// Bytes of the largest response payload: a hint, the server decides.
    pub max_response_payload_bytes: u32,
    /// Items of the largest response batch.
    pub max_response_batch_items: u32,
    /// 0.
    pub padding: u32,
    /// The shared secret of the endpoint.
    pub auth_token: u64,
    /// Bytes of the largest packet.
    pub packet_size: u32,
}

/// What a server has decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct nipc_hello_ack_t {
    /// 1.
    pub layout_version: u16,
    /// 0: no flag is defined.
    pub flags: u16,
    /// The NIPC_PROFILE_ bits that the server can use.
    pub server_supported_profiles: u32,
    /// Those that both can use.
    pub intersection_profiles: u32,
    /// The one of the session.
    pub selected_profile: u32,
    /// Bytes of the largest request payload.
    pub agreed_max_request_payload_bytes: u32,
    /// Items of the largest request batch.
    pub agreed_max_request_batch_items: u32,
    /// Bytes of the largest response payload.
    pub agreed_max_response_payload_bytes: u32,
    /// Items of the largest response batch.
    pub agreed_max_response_batch_items: u32,
    /// Bytes of the largest packet.
    pub agreed_packet_size: u32,
    /// 0, whatever was there.
    pub padding: u32,
    /// The server's number for the session.
    pub session_id: u64,
}

zeroed!(
    nipc_header_t,
    nipc_chunk_header_t,
    nipc_hello_t,
    nipc_hello_ack_t
);

/// Writes the envelope of a message, every field as it is: a decoder may refuse it.
///
/// \return NIPC_HEADER_LEN, or 0 for NULL or a smaller buffer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_header_encode(
    header: *const nipc_header_t,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    let encode = |header: &nipc_header_t| {
        let start = Fields::record(|fields| {
            fields
                .u32(header.magic)
                .u16(header.version)
                .u16(header.header_len)
        });
        Ok(starting_with(start, Header::from(header).encode()))
    };
    // SAFETY: C promises a header and a buffer.
    unsafe { encode_as(header, buf, buf_len, encode) }
}

/// Reads and checks the envelope of a message.
///
/// \param buf  a packet; bytes behind the envelope are not looked at
/// \param out  the envelope; zeroed on failure
/// \return NIPC_OK, or the first that is wrong: NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_MAGIC,
///         NIPC_ERR_BAD_VERSION, NIPC_ERR_BAD_HEADER_LEN, NIPC_ERR_BAD_KIND
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_header_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut nipc_header_t,
) -> nipc_error_t {
    // SAFETY: C promises bytes, and room for a header.
    unsafe { decode(buf, buf_len, out, |buf| Ok(Header::decode(buf)?.into())) }
}

/// Writes the envelope of a packet, every field as it is: a decoder may refuse it.
///
/// \return NIPC_CHUNK_HEADER_LEN, or 0 for NULL or a smaller buffer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_chunk_header_encode(
    header: *const nipc_chunk_header_t,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    let encode = |header: &nipc_chunk_header_t| {
        let start = Fields::record(|fields| {
            fields
                .u32(header.magic)
                .u16(header.version)
                .u16(header.flags)
        });
        Ok(starting_with(start, ChunkHeader::from(header).encode()))
    };
    // SAFETY: C promises a header and a buffer.
    unsafe { encode_as(header, buf, buf_len, encode) }
}

/// Reads and checks the envelope of a packet.
///
/// \param buf  a packet; bytes behind the envelope are not looked at
/// \param out  the envelope; zeroed on failure
/// \return NIPC_OK, or the first that is wrong: NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_MAGIC,
///         NIPC_ERR_BAD_VERSION, and NIPC_ERR_BAD_LAYOUT for flags and for a packet without data
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_chunk_header_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut nipc_chunk_header_t,
) -> nipc_error_t {
    let decode_chunk = |buf: &[u8]| {
        let header = ChunkHeader::decode(buf)?;
        if header.chunk_payload_len == 0 {
            return Err(WireError::layout("chunk_payload_len", 1, 0));
        }
        Ok(header.into())
    };
    // SAFETY: C promises bytes, and room for a header.
    unsafe { decode(buf, buf_len, out, decode_chunk) }
}

/// Writes what a client proposes, every field as it is.
///
/// \return NIPC_HELLO_LEN, or 0 for NULL or a smaller buffer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_hello_encode(
    hello: *const nipc_hello_t,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    // SAFETY: C promises a hello and a buffer.
    unsafe { encode_as(hello, buf, buf_len, |hello| Ok(Hello::from(hello).encode())) }
}

/// Reads what a client proposes. Of all its fields only the padding is checked: the others are for the
/// server to decide on.
///
/// \param out  what was read; zeroed on failure
/// \return NIPC_OK, NIPC_ERR_TRUNCATED, or NIPC_ERR_BAD_LAYOUT for a padding that is not 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_hello_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut nipc_hello_t,
) -> nipc_error_t {
    let decode_hello = |buf: &[u8]| {
        let hello = Hello::decode(buf)?;
        match hello.padding {
            0 => Ok(hello.into()),
            padding => Err(WireError::layout("hello padding", 0, padding.into())),
        }
    };
    // SAFETY: C promises bytes, and room for a hello.
    unsafe { decode(buf, buf_len, out, decode_hello) }
}

/// Writes what a server has decided, every field as it is, but for the padding, which is 0.
///
/// \return NIPC_HELLO_ACK_LEN, or 0 for NULL or a smaller buffer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_hello_ack_encode(
    hello_ack: *const nipc_hello_ack_t,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    let encode = |ack: &nipc_hello_ack_t| Ok(HelloAck::from(ack).encode());
    // SAFETY: C promises a decision and a buffer.
    unsafe { encode_as(hello_ack, buf, buf_len, encode) }
}

/// Reads what a server has decided. No field is checked: that is for the client.
///
/// \param out  what was read; zeroed on failure
/// \return NIPC_OK, or NIPC_ERR_TRUNCATED
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_hello_ack_decode(
    buf: *const c_void,
    buf_len: usize,
    out: *mut nipc_hello_ack_t,
) -> nipc_error_t {
    // SAFETY: C promises bytes, and room for a decision.
    unsafe { decode(buf, buf_len, out, |buf| Ok(HelloAck::decode(buf)?.into())) }
}

/// `encoded`, with other bytes in front: those that the library itself never gets wrong.
fn starting_with<const N: usize>(start: [u8; 8], mut encoded: [u8; N]) -> [u8; N] {
    if let Some(front) = encoded.first_chunk_mut() {
        *front = start;
    }
    encoded
}

impl From<&nipc_header_t> for Header {
    fn from(header: &nipc_header_t) -> Self {
        Self {
            kind: Kind(header.kind),
            flags: Flags(header.flags),
            code: header.code,
            status: Status(header.transport_status),
            payload_len: header.payload_len,
            item_count: header.item_count,
            message_id: header.message_id,
        }
    }
}

impl From<Header> for nipc_header_t {
    fn from(header: Header) -> Self {
        Self {
            magic: Header::MAGIC,
            version: Header::VERSION,
            header_len: Header::LEN_FIELD,
            kind: header.kind.0,
            flags: header.flags.0,
            code: header.code,
            transport_status: header.status.0,
            payload_len: header.payload_len,
            item_count: header.item_count,
            message_id: header.message_id,
        }
    }
}

impl From<&nipc_chunk_header_t> for ChunkHeader {
    fn from(header: &nipc_chunk_header_t) -> Self {
        Self {
            message_id: header.message_id,
            total_message_len: header.total_message_len,
            chunk_index: header.chunk_index,
            chunk_count: header.chunk_count,
            chunk_payload_len: header.chunk_payload_len,
        }
    }
}

impl From<ChunkHeader> for nipc_chunk_header_t {
    fn from(header: ChunkHeader) -> Self {
        Self {
            magic: ChunkHeader::MAGIC,
            version: Header::VERSION,
            flags: 0,
            message_id: header.message_id,
            total_message_len: header.total_message_len,
            chunk_index: header.chunk_index,
            chunk_count: header.chunk_count,
            chunk_payload_len: header.chunk_payload_len,
        }
    }
}

impl From<&nipc_hello_t> for Hello {
    fn from(hello: &nipc_hello_t) -> Self {
        Self {
            layout_version: hello.layout_version,
            flags: hello.flags,
            supported: Profiles(hello.supported_profiles),
            preferred: Profiles(hello.preferred_profiles),
            max_request_payload_bytes: hello.max_request_payload_bytes,
            max_request_batch_items: hello.max_request_batch_items,
            max_response_payload_bytes: hello.max_response_payload_bytes,
            max_response_batch_items: hello.max_response_batch_items,
            padding: hello.padding,
            auth_token: hello.auth_token,
            packet_size: hello.packet_size,
        }
    }
}

impl From<Hello> for nipc_hello_t {
    fn from(hello: Hello) -> Self {
        Self {
            layout_version: hello.layout_version,
            flags: hello.flags,
            supported_profiles: hello.supported.0,
            preferred_profiles: hello.preferred.0,
            max_request_payload_bytes: hello.max_request_payload_bytes,
            max_request_batch_items: hello.max_request_batch_items,
            max_response_payload_bytes: hello.max_response_payload_bytes,
            max_response_batch_items: hello.max_response_batch_items,
            padding: hello.padding,
            auth_token: hello.auth_token,
            packet_size: hello.packet_size,
        }
    }
}

impl From<&nipc_hello_ack_t> for HelloAck {
    fn from(ack: &nipc_hello_ack_t) -> Self {
        Self {
            layout_version: ack.layout_version,
            flags: ack.flags,
            supported: Profiles(ack.server_supported_profiles),
            intersection: Profiles(ack.intersection_profiles),
            selected: Profiles(ack.selected_profile),
            max_request_payload_bytes: ack.agreed_max_request_payload_bytes,
            max_request_batch_items: ack.agreed_max_request_batch_items,
            max_response_payload_bytes: ack.agreed_max_response_payload_bytes,
            max_response_batch_items: ack.agreed_max_response_batch_items,
            packet_size: ack.agreed_packet_size,
            session_id: ack.session_id,
        }
    }
}

impl From<HelloAck> for nipc_hello_ack_t {
    fn from(ack: HelloAck) -> Self {
        Self {
            padding: 0,
            layout_version: ack.layout_version,
            flags: ack.flags,
            server_supported_profiles: ack.supported.0,
            intersection_profiles: ack.intersection.0,
            selected_profile: ack.selected.0,
            agreed_max_request_payload_bytes: ack.max_request_payload_bytes,
            agreed_max_request_batch_items: ack.max_request_batch_items,
            agreed_max_response_payload_bytes: ack.max_response_payload_bytes,
            agreed_max_response_batch_items: ack.max_response_batch_items,
            agreed_packet_size: ack.packet_size,
            session_id: ack.session_id,
        }
    }
}
