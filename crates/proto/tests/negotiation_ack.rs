//! The other half of the handshake matrix: what the client checks in HELLO_ACK, row by row.

mod common;

use common::{policy, proposal, put};
use netipc_proto::session::handshake::{
    ClientHandshake, HandshakeError, Proposal, ServerHandshake,
};
use netipc_proto::wire::{Header, HelloAck, Profiles, Status};

/// A way to break a packet.
type Break = (&'static str, fn(&mut Vec<u8>));

/// Whether an error is the one of its row.
type IsRight = fn(&HandshakeError) -> bool;

/// What the client checks, in order, and what it then says.
const CLIENT_ROWS: &[(Break, IsRight)] = {
    use HandshakeError as E;
    const fn envelope(error: &E) -> bool {
        matches!(error, E::Protocol(_))
    }
    &[
        (("no bytes", Vec::clear), envelope),
        (("31 bytes", |p| p.truncate(31)), envelope),
        (("magic", |p| put(p, 0, &[0])), |e| {
            is_protocol(e, "header magic")
        }),
        (("version", |p| put(p, 4, &[2])), |e| {
            matches!(e, E::Incompatible { source: Some(_) })
        }),
        (("header_len", |p| put(p, 6, &[40])), |e| {
            is_protocol(e, "header length")
        }),
        (("unknown kind", |p| put(p, 8, &[4])), |e| {
            is_protocol(e, "message kind")
        }),
        (("kind", |p| put(p, 8, &[2])), |e| {
            is_protocol(e, "hello_ack kind")
        }),
        (("code", |p| put(p, 12, &[1])), |e| {
            is_protocol(e, "hello_ack opcode")
        }),
        (("auth failed", |p| put(p, 14, &[2, 0])), |e| {
            *e == E::AuthFailed
        }),
        (("unsupported", |p| put(p, 14, &[4, 0])), |e| {
            matches!(e, E::NoProfile { .. })
        }),
        (("incompatible", |p| put(p, 14, &[3, 0])), |e| {
            *e == E::Incompatible { source: None }
        }),
        (("limit exceeded", |p| put(p, 14, &[5, 0])), |e| {
            *e == E::LimitExceeded
        }),
        (("bad envelope", |p| put(p, 14, &[1, 0])), |e| {
            is_rejected(e, 1)
        }),
        (("internal error", |p| put(p, 14, &[6, 0])), |e| {
            is_rejected(e, 6)
        }),
        (("unknown status", |p| put(p, 14, &[0, 9])), |e| {
            is_rejected(e, 0x900)
        }),
        (("79 bytes", |p| p.truncate(79)), |e| {
            is_protocol(e, "hello_ack length")
        }),
        (("81 bytes", |p| p.resize(81, 0)), |e| {
            is_protocol(e, "hello_ack length")
        }),
        (("layout", |p| put(p, 32, &[2])), |e| {
            matches!(e, E::Incompatible { source: Some(_) })
        }),
        (("flags", |p| put(p, 34, &[1])), |e| {
            is_protocol(e, "hello_ack flags")
        }),
        (("no profile", |p| put(p, 44, &[0])), |e| is_profile(e, 0)),
        (("two profiles", |p| put(p, 44, &[3])), |e| is_profile(e, 3)),
        (("not offered", |p| put(p, 44, &[4])), |e| is_profile(e, 4)),
        (("packet size 32", |p| put(p, 64, &[32, 0, 0, 0])), |e| {
            is_packet_size(e, 32)
        }),
        (("packet size", |p| put(p, 64, &[1, 0, 9, 0])), |e| {
            is_packet_size(e, 0x9_0001)
        }),
        (("request bytes", |p| put(p, 48, &[1, 4])), |e| {
            is_limit(e, "request payload bytes")
        }),
        (("request items", |p| put(p, 52, &[2])), |e| {
            is_limit(e, "request batch items")
        }),
        (("response", |p| put(p, 56, &[1, 0, 0, 4])), |e| {
            is_limit(e, "response payload bytes")
        }),
    ]
};

fn is_protocol(error: &HandshakeError, field: &str) -> bool {
    matches!(error, HandshakeError::Protocol(error) if error.field() == field)
}

fn is_rejected(error: &HandshakeError, code: u16) -> bool {
    matches!(error, HandshakeError::Rejected { status } if status.0 == code)
}

fn is_profile(error: &HandshakeError, bits: u32) -> bool {
    matches!(error, HandshakeError::Profile { selected, .. } if selected.0 == bits)
}

fn is_packet_size(error: &HandshakeError, size: u32) -> bool {
    matches!(error, HandshakeError::PacketSize { agreed, .. } if *agreed == size)
}

fn is_limit(error: &HandshakeError, name: &str) -> bool {
    matches!(error, HandshakeError::Limit { what, .. } if *what == name)
}

fn two_profile_client() -> ClientHandshake {
    ClientHandshake::new(Proposal {
        supported: Profiles(3),
        ..proposal()
    })
}

fn ack() -> Vec<u8> {
    let offer = ServerHandshake::new(policy()).hello(&two_profile_client().hello(), true);
    offer.expect("a HELLO that is fine").accept(1).to_vec()
}

// Rules W2, W17.
#[test]
fn the_client_refuses_by_row_and_the_first_decides() {
    assert!(two_profile_client().ack(&ack()).is_ok());
    for (i, ((name, spoil), is_right)) in CLIENT_ROWS.iter().enumerate() {
        let mut packet = ack();
        spoil(&mut packet);
        let error = two_profile_client().ack(&packet).unwrap_err();
        assert!(is_right(&error), "{name}: {error:?}");
        for ((later, spoil_later), _) in &CLIENT_ROWS[i + 1..] {
            let mut packet = ack();
            spoil_later(&mut packet);
            spoil(&mut packet);
            let both = two_profile_client().ack(&packet).unwrap_err();
            assert_eq!(both, error, "{name} and {later}");
        }
    }
}

#[test]
fn an_ack_is_80_bytes() {
    for len in (32..=128).filter(|len| *len != 80) {
        let mut packet = ack();
        packet.resize(len, 0);
        let error = two_profile_client().ack(&packet).unwrap_err();
        assert!(is_protocol(&error, "hello_ack length"), "{len}: {error:?}");
    }
}

// Rule W17.
#[test]
fn the_client_takes_what_it_does_not_check() {
    let change = |change: &dyn Fn(&mut HelloAck)| {
        let mut packet = ack();
        let mut ack = HelloAck::decode(&packet[Header::LEN..]).unwrap();
        change(&mut ack);
        put(&mut packet, Header::LEN, &ack.encode());
        two_profile_client().ack(&packet).unwrap()
    };
    // Unknown bits of the server; a response limit beside the hint, up to the ceiling; smaller request limits.
    assert_eq!(
        change(&|ack| ack.supported = Profiles(u32::MAX))
            .server_supported
            .0,
        u32::MAX
    );
    for bytes in [0, 1, 64 << 20] {
        let agreed = change(&|ack| ack.max_response_payload_bytes = bytes);
        assert_eq!(agreed.limits.response.payload_bytes, bytes);
    }
    let agreed = change(&|ack| ack.max_request_payload_bytes = 3);
    assert_eq!(agreed.limits.request.payload_bytes, 3);

    let mut packet = ack();
    packet[68..72].fill(0xff); // the padding at 36
    packet[10..12].fill(0xff); // flags of the envelope
    packet[16..32].fill(0xff); // payload_len, item_count, message_id
    assert!(two_profile_client().ack(&packet).is_ok());
}

// Rule W17.
#[test]
fn a_refusal_is_understood_without_its_payload() {
    let packet = &mut ack()[..32];
    put(packet, 14, &Status::AUTH_FAILED.0.to_le_bytes());
    assert_eq!(
        two_profile_client().ack(packet),
        Err(HandshakeError::AuthFailed)
    );
}
