//! Packets to messages: headers, chunks, payloads by their schemas.

use std::collections::HashMap;

use netipc::wire::{
    ChunkHeader, Header, Hello, HelloAck, Kind, Opcode, Profiles, Status, WireError,
};
use netipc_schema::Schema;
use netipc_schema::codec::{Malformed, Way, decode_batch_at};
use netipc_schema::document::Style;
use serde_json::{Value, json};

use super::Decoded;
use super::input::{Over, Packet};
use super::violation::Violation;
use crate::{profile, schema};

/// One direction of one connection.
type Stream = (Over, Option<&'static str>);

/// Why a payload is none, and the byte of it.
type Broken = (usize, String);

/// A message that has not come whole yet.
struct Partial {
    header: Header,
    /// Bytes of data in its first packet.
    first: usize,
    payload: Vec<u8>,
    chunks: u32,
    /// The packets, each with the byte of the payload that its data begins with.
    parts: Vec<(usize, usize)>,
    decoded: Decoded,
}

/// Takes packets in their order.
pub(super) struct Decoder {
    schemas: Vec<Schema>,
    partial: HashMap<Stream, Partial>,
    decoded: Vec<Decoded>,
    packets: usize,
}

impl Decoder {
    /// Knows `schemas` besides those of the program.
    pub(super) fn new(schemas: Vec<Schema>) -> Self {
        Self {
            schemas,
            partial: HashMap::new(),
            decoded: Vec::new(),
            packets: 0,
        }
    }

    pub(super) fn take(&mut self, packet: Packet) {
        self.packets += 1;
        let stream = (packet.over.clone(), packet.way);
        let magic = ChunkHeader::MAGIC.to_le_bytes();
        if packet.missing > 0 {
            let mut decoded = self.decoded(&packet, "cut packet".to_owned());
            let why = format!(
                "{} more bytes were not captured: run strace with -s 1000000",
                packet.missing
            );
            self.violate(&mut decoded, packet.bytes.len(), why);
            self.decoded.push(decoded);
        } else if packet.bytes.starts_with(&magic) {
            self.chunk(stream, &packet);
        } else {
            self.give_up(&stream);
            self.first(stream, &packet);
        }
    }

    /// Everything, what is not whole included.
    pub(super) fn finish(mut self) -> Vec<Decoded> {
        let streams: Vec<Stream> = self.partial.keys().cloned().collect();
        for stream in streams {
            self.give_up(&stream);
        }
        self.decoded.sort_by_key(|one| one.packets.first().copied());
        self.decoded
    }

    fn decoded(&self, packet: &Packet, what: String) -> Decoded {
        Decoded {
            time: packet.time,
            transport: packet.over.transport(),
            packets: vec![self.packets],
            way: packet.way,
            pid: packet.over.pid,
            fd: packet.over.fd,
            ends: packet.over.ends.clone(),
            bytes: packet.bytes.len(),
            what,
            payload: Vec::new(),
            violations: Vec::new(),
        }
    }

    fn violate(&self, decoded: &mut Decoded, offset: usize, why: impl Into<String>) {
        decoded
            .violations
            .push(Violation::new(self.packets, offset, why));
    }

    /// A message whose rest does not come.
    fn give_up(&mut self, stream: &Stream) {
        let Some(mut partial) = self.partial.remove(stream) else {
            return;
        };
        let (has, needs) = (partial.payload.len(), partial.header.payload_len);
        let why = format!(
            "the message has {has} of {needs} payload bytes, and its next chunk does not follow"
        );
        let last = partial.decoded.packets.last().copied().unwrap_or_default();
        partial
            .decoded
            .violations
            .push(Violation::new(last, 16, why));
        self.decoded.push(partial.decoded);
    }

    /// A packet that begins a message.
    fn first(&mut self, stream: Stream, packet: &Packet) {
        let header = match Header::decode(&packet.bytes) {
            Ok(header) => header,
            Err(error) => {
                let mut decoded = self.decoded(packet, "no message".to_owned());
                let violation = Violation::of_header(self.packets, packet.bytes.len(), &error);
                decoded.violations.push(violation);
                self.decoded.push(decoded);
                return;
            }
        };
        let mut decoded = self.decoded(packet, self.what(&header));
        let payload = packet.bytes.get(Header::LEN..).unwrap_or_default();
        let needed = header.payload_len as usize;
        if payload.len() > needed {
            let why = format!(
                "payload_len is {needed}, and {} bytes follow",
                payload.len()
            );
            self.violate(&mut decoded, 16, why);
        } else if payload.len() < needed {
            let partial = Partial {
                header,
                first: payload.len(),
                payload: payload.to_vec(),
                chunks: 1,
                parts: vec![(self.packets, 0)],
                decoded,
            };
            self.partial.insert(stream, partial);
            return;
        } else {
            let parts = [(self.packets, 0)];
            self.payload(&header, payload, &parts, &mut decoded);
        }
        self.decoded.push(decoded);
    }

    /// A packet that goes on with a message.
    fn chunk(&mut self, stream: Stream, packet: &Packet) {
        let Some(mut partial) = self.partial.remove(&stream) else {
            let mut decoded = self.decoded(packet, "chunk".to_owned());
            self.violate(&mut decoded, 0, "a chunk of no message that began before");
            self.decoded.push(decoded);
            return;
        };
        partial.decoded.packets.push(self.packets);
        partial.decoded.bytes += packet.bytes.len();
        let data = packet.bytes.get(ChunkHeader::LEN..).unwrap_or_default();
        let chunk = ChunkHeader::decode(&packet.bytes);
        let checked = chunk.and_then(|chunk| partial.check(&chunk, data.len()));
        if let Err(error) = checked {
            let violation = Violation::of_header(self.packets, packet.bytes.len(), &error);
            partial.decoded.violations.push(violation);
            self.decoded.push(partial.decoded);
            return;
        }
        partial.parts.push((self.packets, partial.payload.len()));
        partial.payload.extend_from_slice(data);
        partial.chunks += 1;
        if partial.payload.len() < partial.header.payload_len as usize {
            self.partial.insert(stream, partial);
            return;
        }
        let Partial {
            header,
            payload,
            parts,
            mut decoded,
            ..
        } = partial;
        self.payload(&header, &payload, &parts, &mut decoded);
        self.decoded.push(decoded);
    }

    /// What a whole message carries, which came in these parts.
    fn payload(
        &self,
        header: &Header,
        payload: &[u8],
        parts: &[(usize, usize)],
        decoded: &mut Decoded,
    ) {
        let read = match header.kind {
            Kind::CONTROL => control(header, payload).map(|said| vec![said]),
            Kind::RESPONSE if header.status != Status::OK => Ok(Vec::new()),
            kind => self.by_schema(header, kind, payload),
        };
        match read {
            Ok(payload) => decoded.payload = payload,
            Err((at, why)) => {
                let (packet, byte) = place(parts, at);
                decoded.violations.push(Violation::new(packet, byte, why));
            }
        }
    }

    /// The header in a line.
    fn what(&self, header: &Header) -> String {
        let Header {
            kind,
            code,
            status,
            item_count,
            message_id,
            ..
        } = header;
        if *kind == Kind::CONTROL {
            return format!("{kind} {}, {status}", Opcode(*code));
        }
        let items = if header.flags.is_batch() {
            format!(", batch of {item_count}")
        } else {
            String::new()
        };
        let status = if *kind == Kind::RESPONSE {
            format!(", {status}")
        } else {
            String::new()
        };
        let method = match self.schema(*code) {
            Some(schema) => schema.name.clone(),
            None => format!("method {code:#06x}"),
        };
        format!("{kind} {method}, id {message_id}{items}{status}")
    }

    fn schema(&self, method: u16) -> Option<&Schema> {
        let mut known = self.schemas.iter().chain(schema::built_in());
        known.find(|schema| schema.method == method)
    }

    fn by_schema(&self, header: &Header, kind: Kind, payload: &[u8]) -> Result<Vec<Value>, Broken> {
        let Some(schema) = self.schema(header.code) else {
            return Ok(vec![json!(format!(
                "{} bytes of a method without a schema",
                payload.len()
            ))]);
        };
        let way = if kind == Kind::REQUEST {
            Way::Request
        } else {
            Way::Response
        };
        let items = if header.flags.is_batch() {
            decode_batch_at(payload, header.item_count).map_err(|error| broken(0, &error))?
        } else {
            vec![(0, payload)]
        };
        let read = |(start, item): (usize, &[u8])| {
            let message = schema.decode(way, item);
            let message = message.map_err(|error| broken(start, &error))?;
            serde_json::to_value(schema.to_json(way, &message, Style::Names))
                .map_err(|error| (start, error.to_string()))
        };
        items.into_iter().map(read).collect()
    }
}

impl Partial {
    /// Whether this is the next chunk, with `data` bytes.
    fn check(&self, chunk: &ChunkHeader, data: usize) -> Result<(), WireError> {
        let needed = self
            .header
            .payload_len
            .saturating_sub(u32::try_from(self.first).unwrap_or(u32::MAX));
        let most = u32::try_from(self.first.max(1)).unwrap_or(u32::MAX);
        let left = (self.header.payload_len as usize).saturating_sub(self.payload.len());
        chunk.expect(&ChunkHeader {
            message_id: self.header.message_id,
            total_message_len: self.header.payload_len.saturating_add(32),
            chunk_index: self.chunks,
            chunk_count: 1 + needed.div_ceil(most),
            chunk_payload_len: u32::try_from(data.min(left)).unwrap_or(u32::MAX),
        })
    }
}

/// A rule that is broken in what begins at byte `start` of a payload.
fn broken(start: usize, why: &Malformed) -> Broken {
    (start + why.offset(), why.to_string())
}

/// The packet that byte `at` of a payload came in, and the byte of that packet.
fn place(parts: &[(usize, usize)], at: usize) -> (usize, usize) {
    // Also the header of a chunk is as long.
    const _: () = assert!(Header::LEN == ChunkHeader::LEN);
    let (packet, start) = parts
        .iter()
        .rfind(|(_, start)| *start <= at)
        .copied()
        .unwrap_or_default();
    (packet, Header::LEN + (at - start))
}

/// A handshake. Its token is not shown.
fn control(header: &Header, payload: &[u8]) -> Result<Value, Broken> {
    let short = |error: WireError| (payload.len(), error.to_string());
    if Opcode(header.code) == Opcode::HELLO {
        return hello(&Hello::decode(payload).map_err(short)?);
    }
    let ack = HelloAck::decode(payload).map_err(short)?;
    if ack.layout_version != Hello::LAYOUT || ack.flags != 0 {
        let HelloAck {
            layout_version,
            flags,
            ..
        } = ack;
        let at = first_wrong(&[(0, layout_version != Hello::LAYOUT), (2, true)]);
        let why = format!("layout {layout_version}, flags {flags}: 1 and 0 expected");
        return Err((at, why));
    }
    if header.status != Status::OK {
        return Ok(json!({ "refused": header.status.to_string() }));
    }
    if !ack.selected.is_one() {
        let why = format!(
            "selected_profile is {}: one bit expected",
            list(ack.selected)
        );
        return Err((12, why));
    }
    Ok(json!({
        "server_supported": list(ack.supported),
        "intersection": list(ack.intersection),
        "selected": list(ack.selected),
        "max_request_payload_bytes": ack.max_request_payload_bytes,
        "max_request_batch_items": ack.max_request_batch_items,
        "max_response_payload_bytes": ack.max_response_payload_bytes,
        "packet_size": ack.packet_size,
        "session_id": ack.session_id,
    }))
}

/// The byte of the first field that is wrong.
fn first_wrong(fields: &[(usize, bool)]) -> usize {
    let mut wrong = fields.iter().filter(|(_, is_wrong)| *is_wrong);
    wrong.next().map_or(0, |(at, _)| *at)
}

/// What a client says of itself.
fn hello(hello: &Hello) -> Result<Value, Broken> {
    if hello.layout_version != Hello::LAYOUT || hello.flags != 0 || hello.padding != 0 {
        let Hello {
            layout_version,
            flags,
            padding,
            ..
        } = *hello;
        let at = first_wrong(&[
            (0, layout_version != Hello::LAYOUT),
            (2, flags != 0),
            (28, true),
        ]);
        let why = format!(
            "layout {layout_version}, flags {flags}, padding {padding}: 1, 0 and 0 expected"
        );
        return Err((at, why));
    }
    Ok(json!({
        "supported": list(hello.supported),
        "preferred": list(hello.preferred),
        "max_request_payload_bytes": hello.max_request_payload_bytes,
        "max_request_batch_items": hello.max_request_batch_items,
        "max_response_payload_bytes": hello.max_response_payload_bytes,
        "has_token": hello.auth_token != 0,
        "packet_size": hello.packet_size,
    }))
}

fn list(profiles: Profiles) -> String {
    profile::list(profiles.0)
}
