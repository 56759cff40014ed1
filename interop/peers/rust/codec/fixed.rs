use netipc::wire::{ChunkHeader, Flags, Header, Hello, HelloAck, Kind, Profiles, Status};
use netipc_interop::differential::{Line, Words};

use super::{Failure, hex, numbers};

pub(super) fn encode_header(words: &mut Words<'_>) -> Result<Line, Failure> {
    let header = Header {
        kind: Kind(words.number()?),
        flags: Flags(words.number()?),
        code: words.number()?,
        status: Status(words.number()?),
        payload_len: words.number()?,
        item_count: words.number()?,
        message_id: words.number()?,
    };
    Ok(hex(&header.encode()))
}

pub(super) fn decode_header(bytes: &[u8]) -> Result<Line, Failure> {
    let header = Header::decode(bytes)?;
    Ok(numbers([
        header.kind.0.into(),
        header.flags.0.into(),
        header.code.into(),
        header.status.0.into(),
        header.payload_len.into(),
        header.item_count.into(),
        header.message_id,
    ]))
}

pub(super) fn encode_chunk(words: &mut Words<'_>) -> Result<Line, Failure> {
    let chunk = ChunkHeader {
        message_id: words.number()?,
        total_message_len: words.number()?,
        chunk_index: words.number()?,
        chunk_count: words.number()?,
        chunk_payload_len: words.number()?,
    };
    Ok(hex(&chunk.encode()))
}

pub(super) fn decode_chunk(bytes: &[u8]) -> Result<Line, Failure> {
    let chunk = ChunkHeader::decode(bytes)?;
    Ok(numbers([
        chunk.message_id,
        chunk.total_message_len.into(),
        chunk.chunk_index.into(),
        chunk.chunk_count.into(),
        chunk.chunk_payload_len.into(),
    ]))
}

pub(super) fn encode_hello(words: &mut Words<'_>) -> Result<Line, Failure> {
    let hello = Hello {
        layout_version: words.number()?,
        flags: words.number()?,
        supported: Profiles(words.number()?),
        preferred: Profiles(words.number()?),
        max_request_payload_bytes: words.number()?,
        max_request_batch_items: words.number()?,
        max_response_payload_bytes: words.number()?,
        max_response_batch_items: words.number()?,
        padding: words.number()?,
        auth_token: words.number()?,
        packet_size: words.number()?,
    };
    Ok(hex(&hello.encode()))
}

pub(super) fn decode_hello(bytes: &[u8]) -> Result<Line, Failure> {
    let hello = Hello::decode(bytes)?;
    Ok(numbers([
        hello.layout_version.into(),
        hello.flags.into(),
        hello.supported.0.into(),
        hello.preferred.0.into(),
        hello.max_request_payload_bytes.into(),
        hello.max_request_batch_items.into(),
        hello.max_response_payload_bytes.into(),
        hello.max_response_batch_items.into(),
        hello.padding.into(),
        hello.auth_token,
        hello.packet_size.into(),
    ]))
}

pub(super) fn encode_hello_ack(words: &mut Words<'_>) -> Result<Line, Failure> {
    let ack = HelloAck {
        layout_version: words.number()?,
        flags: words.number()?,
        supported: Profiles(words.number()?),
        intersection: Profiles(words.number()?),
        selected: Profiles(words.number()?),
        max_request_payload_bytes: words.number()?,
        max_request_batch_items: words.number()?,
        max_response_payload_bytes: words.number()?,
        max_response_batch_items: words.number()?,
        packet_size: words.number()?,
        session_id: words.number()?,
    };
    Ok(hex(&ack.encode()))
}

pub(super) fn decode_hello_ack(bytes: &[u8]) -> Result<Line, Failure> {
    let ack = HelloAck::decode(bytes)?;
    Ok(numbers([
        ack.layout_version.into(),
        ack.flags.into(),
        ack.supported.0.into(),
        ack.intersection.0.into(),
        ack.selected.0.into(),
        ack.max_request_payload_bytes.into(),
        ack.max_request_batch_items.into(),
        ack.max_response_payload_bytes.into(),
        ack.max_response_batch_items.into(),
        ack.packet_size.into(),
        ack.session_id,
    ]))
}
