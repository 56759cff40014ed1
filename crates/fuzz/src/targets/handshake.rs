//! Envelopes, and both sides of the handshake.

use netipc_proto::session::DirectionLimits;
use netipc_proto::session::handshake::{ClientHandshake, Policy, Proposal, ServerHandshake};
use netipc_proto::wire::{ChunkHeader, Header, Hello, HelloAck, Profiles};

use crate::Seen;

const REQUEST: DirectionLimits = DirectionLimits {
    payload_bytes: 1 << 20,
    batch_items: 1000,
};

/// What is accepted is written as it came.
pub(super) fn header(bytes: &[u8]) -> Seen {
    match Header::decode(bytes) {
        Ok(header) => {
            assert_eq!(header.encode()[..], bytes[..Header::LEN]);
            Seen::of((header.kind.0, header.flags.is_batch()))
        }
        Err(error) => Seen::of("refused").and_error(&error),
    }
}

/// What is accepted is written as it came.
pub(super) fn chunk_header(bytes: &[u8]) -> Seen {
    match ChunkHeader::decode(bytes) {
        Ok(chunk) => {
            assert_eq!(chunk.encode()[..], bytes[..ChunkHeader::LEN]);
            Seen::of("accepted")
        }
        Err(error) => Seen::of("refused").and_error(&error),
    }
}

/// Whatever a server accepts is within its policy, also after every fall back.
pub(super) fn hello(bytes: &[u8]) -> Seen {
    let mut seen = match Hello::decode(bytes) {
        Ok(hello) => {
            assert_eq!(hello.encode()[..], bytes[..Hello::LEN]);
            Seen::of("accepted")
        }
        Err(error) => Seen::of("refused").and_error(&error),
    };
    for (preferred, batch_items, allowed) in
        [(0x04, 1000, true), (0, u32::MAX, true), (0, 1, false)]
    {
        let policy = Policy {
            supported: Profiles(0x17),
            preferred: Profiles(preferred),
            request: DirectionLimits {
                batch_items,
                ..REQUEST
            },
            min_response_bytes: 1024,
            max_response_bytes: 1 << 20,
            auth_token: 0,
            packet_size: 4096,
        };
        let mut checked = ServerHandshake::new(policy).hello(bytes, allowed);
        seen = seen.and(checked.is_ok());
        while let Ok(offer) = checked {
            let agreed = offer.agreed(1);
            assert!(agreed.profile.is_one() && !agreed.profile.and(policy.supported).is_empty());
            assert!(agreed.limits.request.payload_bytes <= policy.request.payload_bytes);
            assert!(agreed.limits.request.batch_items <= policy.request.batch_items);
            assert!(agreed.limits.response.payload_bytes <= policy.max_response_bytes);
            assert!((33..=4096).contains(&agreed.limits.packet_size));
            seen = seen.and(agreed.profile.0);
            checked = offer.without_profile();
        }
        if let Err(refusal) = checked {
            seen = seen.and(verdict(&refusal));
        }
    }
    seen
}

/// Whatever a client accepts is within its proposal.
pub(super) fn ack(bytes: &[u8]) -> Seen {
    let seen = match HelloAck::decode(bytes) {
        Ok(ack) => {
            assert_eq!(HelloAck::decode(&ack.encode()), Ok(ack));
            Seen::of("accepted")
        }
        Err(error) => Seen::of("refused").and_error(&error),
    };
    let proposal = Proposal {
        supported: Profiles(0x17),
        preferred: Profiles(0x04),
        request: REQUEST,
        response: REQUEST,
        auth_token: 0,
        packet_size: 4096,
        response_ceiling: 64 << 20,
    };
    match ClientHandshake::new(proposal).ack(bytes) {
        Ok(agreed) => {
            assert!(agreed.profile.is_one() && !agreed.profile.and(proposal.supported).is_empty());
            assert!(agreed.limits.request.payload_bytes <= REQUEST.payload_bytes);
            assert!(agreed.limits.response.payload_bytes <= proposal.response_ceiling);
            assert!((33..=4096).contains(&agreed.limits.packet_size));
            seen.and(agreed.profile.0)
        }
        Err(error) => seen.and(verdict(&error)),
    }
}

/// Which rule it was, without the numbers that came.
fn verdict(error: &impl std::fmt::Debug) -> String {
    format!("{error:?}")
        .chars()
        .filter(|c| !c.is_ascii_digit())
        .collect()
}
