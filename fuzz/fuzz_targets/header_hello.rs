//! Every parser of the handshake, on any bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netipc_proto::session::DirectionLimits;
use netipc_proto::session::handshake::{ClientHandshake, Policy, Proposal, ServerHandshake};
use netipc_proto::wire::{ChunkHeader, Header, Hello, HelloAck, Profiles};

const REQUEST: DirectionLimits = DirectionLimits {
    payload_bytes: 1 << 20,
    batch_items: 1000,
};

fuzz_target!(|data: &[u8]| {
    headers(data);
    hello(data);
    ack(data);
});

fn headers(data: &[u8]) {
    if let Ok(header) = Header::decode(data) {
        assert_eq!(header.encode()[..], data[..Header::LEN]);
    }
    if let Ok(chunk) = ChunkHeader::decode(data) {
        assert_eq!(chunk.encode()[..], data[..ChunkHeader::LEN]);
    }
    if let Ok(hello) = Hello::decode(data) {
        assert_eq!(hello.encode()[..], data[..Hello::LEN]);
    }
    if let Ok(ack) = HelloAck::decode(data) {
        assert_eq!(HelloAck::decode(&ack.encode()), Ok(ack));
    }
}

/// Whatever a server accepts is within its policy, also after every fall back.
fn hello(data: &[u8]) {
    let policy = Policy {
        supported: Profiles(0x07),
        preferred: Profiles(0x04),
        request: REQUEST,
        min_response_bytes: 1024,
        max_response_bytes: 1 << 20,
        auth_token: 0,
        packet_size: 4096,
    };
    let mut checked = ServerHandshake::new(policy).hello(data, true);
    while let Ok(offer) = checked {
        let agreed = offer.agreed(1);
        assert!(agreed.profile.is_one() && !agreed.profile.and(policy.supported).is_empty());
        assert!(agreed.limits.request.payload_bytes <= REQUEST.payload_bytes);
        assert!(agreed.limits.request.batch_items <= REQUEST.batch_items);
        assert!(agreed.limits.response.payload_bytes <= policy.max_response_bytes);
        assert!((33..=4096).contains(&agreed.limits.packet_size));
        checked = offer.without_profile();
    }
}

/// Whatever a client accepts is within its proposal.
fn ack(data: &[u8]) {
    let proposal = Proposal {
        supported: Profiles(0x07),
        preferred: Profiles(0x04),
        request: REQUEST,
        response: REQUEST,
        auth_token: 0,
        packet_size: 4096,
        response_ceiling: 64 << 20,
    };
    if let Ok(agreed) = ClientHandshake::new(proposal).ack(data) {
        assert!(agreed.profile.is_one() && !agreed.profile.and(proposal.supported).is_empty());
        assert!(agreed.limits.request.payload_bytes <= REQUEST.payload_bytes);
        assert!(agreed.limits.response.payload_bytes <= proposal.response_ceiling);
        assert!((33..=4096).contains(&agreed.limits.packet_size));
    }
}
