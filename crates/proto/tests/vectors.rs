//! The golden bytes of the envelope, the handshake and the chunks, both ways.

mod common;

use common::{client, deliver, deliver_all, limits, policy, proposal, send, server, unhex};
use netipc_proto::session::DirectionLimits;
use netipc_proto::session::handshake::{
    ClientHandshake, HandshakeError, Proposal, Refusal, ServerHandshake,
};
use netipc_proto::wire::{
    ChunkHeader, Flags, Header, Hello, HelloAck, Kind, MethodCode, Profiles, Status,
};
use serde_json::Value;

const CODEC: &str = include_str!("../../../vectors/codec.json");
const HANDSHAKE: &str = include_str!("../../../vectors/handshake.json");
const CHUNKS: &str = include_str!("../../../vectors/chunks.json");

/// The entry of `file` whose `name` is `name`.
fn entry(file: &str, name: &str) -> Value {
    let entries: Vec<Value> = serde_json::from_str(file).expect("a list");
    let found = entries.into_iter().find(|entry| entry["name"] == name);
    found.unwrap_or_else(|| panic!("no vector {name}"))
}

fn bytes(value: &Value) -> Vec<u8> {
    unhex(value.as_str().expect("hex"))
}

fn number<T: TryFrom<u64>>(input: &Value, field: &str) -> T {
    let number = input[field].as_u64().and_then(|n| T::try_from(n).ok());
    number.unwrap_or_else(|| panic!("no {field} of this size in {input}"))
}

#[test]
fn header() {
    let vector = entry(CODEC, "header");
    let input = &vector["input"];
    let header = Header {
        kind: Kind(number(input, "kind")),
        flags: Flags(number(input, "flags")),
        code: number(input, "code"),
        status: Status(number(input, "transport_status")),
        payload_len: number(input, "payload_len"),
        item_count: number(input, "item_count"),
        message_id: number(input, "message_id"),
    };
    let bytes = bytes(&vector["hex"]);
    assert_eq!(header.encode()[..], bytes);
    assert_eq!(Header::decode(&bytes), Ok(header));
}

// Rule W8.
#[test]
fn chunk_header() {
    let vector = entry(CODEC, "chunk_header");
    let input = &vector["input"];
    let chunk = ChunkHeader {
        message_id: number(input, "message_id"),
        total_message_len: number(input, "total_message_len"),
        chunk_index: number(input, "chunk_index"),
        chunk_count: number(input, "chunk_count"),
        chunk_payload_len: number(input, "chunk_payload_len"),
    };
    let bytes = bytes(&vector["hex"]);
    assert_eq!(chunk.encode()[..], bytes);
    assert_eq!(ChunkHeader::decode(&bytes), Ok(chunk));
}

// Rule W12.
#[test]
fn hello() {
    let vector = entry(CODEC, "hello");
    let input = &vector["input"];
    let hello = Hello {
        layout_version: Hello::LAYOUT,
        flags: 0,
        supported: Profiles(number(input, "supported_profiles")),
        preferred: Profiles(number(input, "preferred_profiles")),
        max_request_payload_bytes: number(input, "max_request_payload_bytes"),
        max_request_batch_items: number(input, "max_request_batch_items"),
        max_response_payload_bytes: number(input, "max_response_payload_bytes"),
        max_response_batch_items: number(input, "max_response_batch_items"),
        padding: 0,
        auth_token: number(input, "auth_token"),
        packet_size: number(input, "packet_size"),
    };
    let bytes = bytes(&vector["hex"]);
    assert_eq!(hello.encode()[..], bytes);
    assert_eq!(Hello::decode(&bytes), Ok(hello));
}

// Rule W13.
#[test]
fn hello_ack() {
    let vector = entry(CODEC, "hello_ack");
    let input = &vector["input"];
    let ack = HelloAck {
        layout_version: Hello::LAYOUT,
        flags: 0,
        supported: Profiles(number(input, "server_supported_profiles")),
        intersection: Profiles(number(input, "intersection_profiles")),
        selected: Profiles(number(input, "selected_profile")),
        max_request_payload_bytes: number(input, "agreed_max_request_payload_bytes"),
        max_request_batch_items: number(input, "agreed_max_request_batch_items"),
        max_response_payload_bytes: number(input, "agreed_max_response_payload_bytes"),
        max_response_batch_items: number(input, "agreed_max_response_batch_items"),
        packet_size: number(input, "agreed_packet_size"),
        session_id: number(input, "session_id"),
    };
    let bytes = bytes(&vector["hex"]);
    assert_eq!(ack.encode()[..], bytes);
    assert_eq!(HelloAck::decode(&bytes), Ok(ack));
}

// Rules W11, W12.
#[test]
fn hello_packet() {
    let packet = bytes(&entry(HANDSHAKE, "hello_packet")["hex"]);
    assert_eq!(ClientHandshake::new(proposal()).hello()[..], packet);

    let offer = ServerHandshake::new(policy()).hello(&packet, true).unwrap();
    let limits = offer.agreed(1).limits;
    let direction = DirectionLimits {
        payload_bytes: 1024,
        batch_items: 1,
    };
    assert_eq!((limits.request, limits.response), (direction, direction));
}

// Rules W11, W13.
#[test]
fn ack_packet() {
    let packet = bytes(&entry(HANDSHAKE, "ack_packet")["hex"]);
    let client = ClientHandshake::new(Proposal {
        packet_size: 4096,
        ..proposal()
    });
    let server = ServerHandshake::new(policy());
    let offer = server.hello(&client.hello(), true).unwrap();
    assert_eq!(offer.accept(7)[..], packet);

    let agreed = client.ack(&packet).unwrap();
    assert_eq!(agreed, offer.agreed(7));
    assert_eq!((agreed.session_id, agreed.limits.packet_size), (7, 4096));
}

// Rule W11.
#[test]
fn ack_auth_failed_packet() {
    let packet = bytes(&entry(HANDSHAKE, "ack_auth_failed_packet")["hex"]);
    let client = ClientHandshake::new(Proposal {
        auth_token: 1,
        ..proposal()
    });
    let refusal = ServerHandshake::new(policy()).hello(&client.hello(), true);
    let answer = refusal.as_ref().err().and_then(Refusal::packet).unwrap();
    assert_eq!(answer[..], packet);
    assert_eq!(client.ack(&packet), Err(HandshakeError::AuthFailed));
}

// Rules W6, W7, W8, W10.
#[test]
fn chunks() {
    let vectors: Vec<Value> = serde_json::from_str(CHUNKS).unwrap();
    assert!(!vectors.is_empty());
    for vector in vectors {
        let payload = bytes(&vector["payload"]);
        let packets: Vec<_> = vector["packets"]
            .as_array()
            .unwrap()
            .iter()
            .map(bytes)
            .collect();
        let header = Header {
            kind: Kind(number(&vector, "kind")),
            ..Header::request(
                MethodCode(number(&vector, "code")),
                number(&vector, "message_id"),
            )
        };
        let limits = limits(1024, 1, number(&vector, "agreed_packet_size"));
        assert_eq!(
            send(&mut client(limits), header, &payload),
            Ok(packets.clone())
        );

        let mut server = server(limits);
        let (found, read) = deliver_all(&mut server, &packets).unwrap().unwrap();
        assert_eq!(
            (found.message_id, found.code),
            (header.message_id, header.code)
        );
        assert_eq!(read, payload);
        assert_eq!(
            deliver(&mut server, &request_of(header)),
            Ok(Some((header, Vec::new())))
        );
    }
}

/// An empty request: the session goes on after the last chunk.
fn request_of(header: Header) -> Vec<u8> {
    header.encode().to_vec()
}
