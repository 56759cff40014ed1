//! The handshake as a matrix: every check of the server and every result, row by row.

mod common;

use common::{TOKEN, policy, proposal, put};
use netipc_proto::session::DirectionLimits;
use netipc_proto::session::handshake::{
    ACK_PACKET_LEN, Agreed, ClientHandshake, HandshakeError, Policy, Proposal, Refusal,
    ServerHandshake,
};
use netipc_proto::wire::{Header, Kind, Opcode, Profiles, Status};

/// What a client sees of the server's judgement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Accepted,
    /// Closed without a reply.
    Closed,
    /// Told why.
    Told(Status),
}

/// A way to break a packet.
type Break = (&'static str, fn(&mut Vec<u8>));

/// What the server checks, in order.
const SERVER_ROWS: &[(Break, Verdict)] = &[
    (("31 bytes", |p| p.truncate(31)), Verdict::Closed),
    (("129 bytes", |p| p.resize(129, 0)), Verdict::Closed),
    (("magic", |p| put(p, 0, b"NIPC")), Verdict::Closed),
    (("header_len", |p| put(p, 6, &[33])), Verdict::Closed),
    (("kind", |p| put(p, 8, &[1])), Verdict::Closed),
    (("unknown kind", |p| put(p, 8, &[9])), Verdict::Closed),
    (("code", |p| put(p, 12, &[2])), Verdict::Closed),
    (
        ("version", |p| put(p, 4, &[2])),
        Verdict::Told(Status::INCOMPATIBLE),
    ),
    (("75 bytes", |p| p.truncate(75)), Verdict::Closed),
    (("32 bytes", |p| p.truncate(32)), Verdict::Closed),
    (
        ("layout", |p| put(p, 32, &[2])),
        Verdict::Told(Status::INCOMPATIBLE),
    ),
    (
        ("flags", |p| put(p, 34, &[1])),
        Verdict::Told(Status::BAD_ENVELOPE),
    ),
    (
        ("padding", |p| put(p, 60, &[1])),
        Verdict::Told(Status::BAD_ENVELOPE),
    ),
    (
        ("token", |p| put(p, 71, &[0xff])),
        Verdict::Told(Status::AUTH_FAILED),
    ),
    (
        ("no profile", |p| put(p, 36, &[0])),
        Verdict::Told(Status::UNSUPPORTED),
    ),
    (
        ("foreign profile", |p| put(p, 36, &[0x70])),
        Verdict::Told(Status::UNSUPPORTED),
    ),
    (
        ("request bytes", |p| {
            put(p, 44, &(MAX_REQUEST + 1).to_le_bytes())
        }),
        Verdict::Told(Status::LIMIT_EXCEEDED),
    ),
    (
        ("request items", |p| put(p, 48, &[17])),
        Verdict::Told(Status::LIMIT_EXCEEDED),
    ),
    (
        ("packet size", |p| put(p, 72, &[32, 0, 0, 0])),
        Verdict::Told(Status::INCOMPATIBLE),
    ),
];

const MAX_REQUEST: u32 = 0x1_0000;

/// A server that decides row 8 within what one row changes.
fn strict_server() -> ServerHandshake {
    ServerHandshake::new(Policy {
        request: DirectionLimits {
            payload_bytes: MAX_REQUEST,
            batch_items: 16,
        },
        ..policy()
    })
}

fn hello() -> Vec<u8> {
    ClientHandshake::new(proposal()).hello().to_vec()
}

fn verdict(packet: &[u8], peer_allowed: bool) -> Verdict {
    match strict_server().hello(packet, peer_allowed) {
        Ok(_) => Verdict::Accepted,
        Err(refusal) => match refusal.packet() {
            None => Verdict::Closed,
            Some(answer) => Verdict::Told(told(&answer)),
        },
    }
}

/// The status of a refusal, whose every other byte is given.
fn told(answer: &[u8; ACK_PACKET_LEN]) -> Status {
    let header = Header::decode(answer).expect("a header");
    let want = Header {
        kind: Kind::CONTROL,
        code: Opcode::HELLO_ACK.0,
        payload_len: 48,
        status: header.status,
        ..common::request(0)
    };
    assert_eq!(header, want);
    let mut payload = [0; 48];
    payload[0] = 1;
    assert_eq!(answer[Header::LEN..], payload);
    assert_ne!(header.status, Status::OK);
    header.status
}

// Rule W11.
#[test]
fn the_server_refuses_by_row() {
    assert_eq!(verdict(&hello(), true), Verdict::Accepted);
    for ((name, spoil), want) in SERVER_ROWS {
        let mut packet = hello();
        spoil(&mut packet);
        assert_eq!(verdict(&packet, true), *want, "{name}");
    }
}

#[test]
fn the_first_row_that_is_broken_decides() {
    for (i, ((name, spoil), want)) in SERVER_ROWS.iter().enumerate() {
        for ((later, spoil_later), _) in &SERVER_ROWS[i + 1..] {
            let mut packet = hello();
            spoil_later(&mut packet);
            spoil(&mut packet);
            assert_eq!(verdict(&packet, true), *want, "{name} and {later}");
        }
    }
}

// Rule L8.
#[test]
fn a_peer_that_is_not_allowed_is_told_where_the_token_is_judged() {
    let auth = Verdict::Told(Status::AUTH_FAILED);
    assert_eq!(verdict(&hello(), false), auth);
    let token = SERVER_ROWS
        .iter()
        .position(|((name, _), _)| *name == "token");
    for (i, ((name, spoil), want)) in SERVER_ROWS.iter().enumerate() {
        let mut packet = hello();
        spoil(&mut packet);
        let want = if Some(i) < token { *want } else { auth };
        assert_eq!(verdict(&packet, false), want, "{name}");
    }
}

#[test]
fn every_bit_of_the_token_counts() {
    for bit in 0..64 {
        let mut packet = hello();
        put(&mut packet, 64, &(TOKEN ^ (1 << bit)).to_le_bytes());
        assert_eq!(verdict(&packet, true), Verdict::Told(Status::AUTH_FAILED));
    }
}

#[test]
fn a_server_without_a_free_slot_says_so() {
    let packet = Refusal::busy().packet().unwrap();
    assert_eq!(told(&packet), Status::INTERNAL_ERROR);
    let seen = ClientHandshake::new(proposal()).ack(&packet);
    let status = Status::INTERNAL_ERROR;
    assert_eq!(seen, Err(HandshakeError::Rejected { status }));
}

// Rule P3. Deployed servers close where padding is not zero, and look at no flags: neither has a bit set, whatever is proposed.
#[test]
fn what_a_hello_does_not_use_is_zero() {
    for supported in [Profiles::BASELINE, Profiles(0x07), Profiles(0x17)] {
        let proposal = Proposal {
            supported,
            preferred: supported,
            request: DirectionLimits {
                payload_bytes: u32::MAX,
                batch_items: u32::MAX,
            },
            auth_token: u64::MAX,
            ..proposal()
        };
        let packet = ClientHandshake::new(proposal).hello();
        assert_eq!(packet[34..36], [0; 2], "flags");
        assert_eq!(packet[60..64], [0; 4], "padding");
    }
}

#[test]
fn a_hello_is_between_76_and_128_bytes() {
    for len in 0..=140 {
        let mut packet = hello();
        packet.resize(len, 0xaa);
        let want = match len {
            76..=128 => Verdict::Accepted,
            _ => Verdict::Closed,
        };
        assert_eq!(verdict(&packet, true), want, "{len} bytes");
    }
}

#[test]
fn the_server_does_not_look_at_the_rest_of_the_envelope() {
    // flags, transport_status, then payload_len, item_count and message_id
    for range in [10..12, 14..16, 16..20, 20..24, 24..32] {
        let mut packet = hello();
        packet[range].fill(0xff);
        assert_eq!(verdict(&packet, true), Verdict::Accepted);
    }
}

#[test]
fn proposals_are_never_clamped() {
    let at_the_limit = [(44, MAX_REQUEST), (48, 16), (72, 33)];
    for (at, value) in at_the_limit {
        let mut packet = hello();
        put(&mut packet, at, &value.to_le_bytes());
        assert_eq!(verdict(&packet, true), Verdict::Accepted);
    }
    let small_packets = ServerHandshake::new(Policy {
        packet_size: 32,
        ..policy()
    });
    let refusal = small_packets.hello(&hello(), true).unwrap_err();
    assert_eq!(told(&refusal.packet().unwrap()), Status::INCOMPATIBLE);
}

/// Both sides of a handshake that goes well.
fn shake(proposal: Proposal, policy: Policy, session_id: u64) -> Agreed {
    let client = ClientHandshake::new(proposal);
    let offer = ServerHandshake::new(policy)
        .hello(&client.hello(), true)
        .expect("a HELLO that is fine");
    let agreed = client
        .ack(&offer.accept(session_id))
        .expect("an ACK that is fine");
    assert_eq!(agreed, offer.agreed(session_id));
    assert_eq!(agreed.profile, offer.profile());
    agreed
}

fn with_profiles(client: [u32; 2], server: [u32; 2]) -> (Proposal, Policy) {
    let [[cs, cp], [ss, sp]] = [client.map(Profiles), server.map(Profiles)];
    let proposal = Proposal {
        supported: cs,
        preferred: cp,
        ..proposal()
    };
    let policy = Policy {
        supported: ss,
        preferred: sp,
        ..policy()
    };
    (proposal, policy)
}

// Rule W14.
#[test]
fn selected_profile() {
    // supported and preferred of the client, of the server -> selected
    let rows = [
        ([0x01, 0x00], [0x01, 0x00], 0x01),
        ([0x07, 0x00], [0x07, 0x00], 0x04), // no preference is not the baseline
        ([0x07, 0x04], [0x07, 0x00], 0x04),
        ([0x07, 0x03], [0x07, 0x06], 0x02),
        ([0x07, 0x01], [0x07, 0x01], 0x01),
        ([0x07, 0x01], [0x07, 0x04], 0x04), // nothing both prefer
        ([0x07, 0x08], [0x07, 0x08], 0x04), // what both prefer, neither has
        ([0x03, 0xff], [0x07, 0xff], 0x02),
        ([0x01, 0x04], [0x07, 0x04], 0x01),
        ([0xffff_ffff, 0], [0x03, 0], 0x02), // bits that only the client knows
        ([0x01, 0], [0xffff_ffff, 0], 0x01),
        ([0x11, 0], [0x11, 0], 0x10), // an extension of our own
    ];
    for (client, server, want) in rows {
        let (proposal, policy) = with_profiles(client, server);
        let agreed = shake(proposal, policy, 1);
        assert_eq!(agreed.profile, Profiles(want), "{client:x?} {server:x?}");
        assert_eq!(agreed.server_supported, Profiles(server[0]));
    }
}

// Rule W14.
#[test]
fn every_choice_of_four_profiles() {
    for bits in 0..=0xffff_u32 {
        let [cs, cp, ss, sp] = [0, 4, 8, 12].map(|at| bits >> at & 0xf);
        let (both, wanted) = (cs & ss, cs & ss & cp & sp);
        if both == 0 {
            continue;
        }
        let from = if wanted == 0 { both } else { wanted };
        let want = [8, 4, 2, 1].into_iter().find(|bit| from & bit != 0);
        let (proposal, policy) = with_profiles([cs, cp], [ss, sp]);
        assert_eq!(want, Some(shake(proposal, policy, 1).profile.0));
    }
}

// Rule W15.
#[test]
fn the_next_best_profile_when_one_cannot_be_had() {
    let rows: [([u32; 2], [u32; 2], &[u32]); 4] = [
        ([0x07, 0x00], [0x07, 0x00], &[4, 2, 1]),
        ([0x07, 0x03], [0x07, 0x03], &[2, 1, 4]), // what both prefer first
        ([0x05, 0x00], [0x07, 0x00], &[4, 1]),
        ([0x01, 0x00], [0x01, 0x00], &[1]),
    ];
    for (client, server, want) in rows {
        let (proposal, policy) = with_profiles(client, server);
        let client = ClientHandshake::new(proposal);
        let mut offer = ServerHandshake::new(policy)
            .hello(&client.hello(), true)
            .unwrap();
        for (i, profile) in want.iter().enumerate() {
            assert_eq!(offer.profile(), Profiles(*profile));
            assert_eq!(client.ack(&offer.accept(3)), Ok(offer.agreed(3)));
            match offer.without_profile() {
                Ok(next) => offer = next,
                Err(refusal) => {
                    assert_eq!(i, want.len() - 1);
                    assert_eq!(told(&refusal.packet().unwrap()), Status::UNSUPPORTED);
                }
            }
        }
    }
}

#[test]
fn response_payload_bytes_are_the_servers_decision() {
    let mib = 1 << 20;
    // hint, the server's minimum and maximum -> agreed
    let rows = [
        (0, 1024, mib, 1024),
        (1, 1024, mib, 1024),
        (1024, 1024, mib, 1024),
        (1025, 1024, mib, 1025),
        (65536, 1024, mib, 65536),
        (u32::MAX, 1024, mib, mib),
        (0, 65536, mib, 65536),
        (1024, 65536, mib, 65536),
        (65535, 65536, mib, 65536),
        (65537, 65536, mib, 65537),
        (0, 1024, 100, 100), // a maximum below the least
        (4096, 1024, 100, 100),
    ];
    for (hint, min_response_bytes, max_response_bytes, want) in rows {
        let mut proposal = proposal();
        proposal.response.payload_bytes = hint;
        let policy = Policy {
            min_response_bytes,
            max_response_bytes,
            ..policy()
        };
        let agreed = shake(proposal, policy, 1);
        assert_eq!(agreed.limits.response.payload_bytes, want, "hint {hint}");
    }
}

#[test]
fn request_limits_and_packet_size() {
    let mut proposal = proposal();
    proposal.request = DirectionLimits {
        payload_bytes: 777,
        batch_items: 9,
    };
    proposal.response.batch_items = 5;
    let mut policy = policy();
    policy.request.batch_items = 100;
    for (ours, theirs, want) in [(4096, 8192, 4096), (8192, 4096, 4096), (33, 33, 33)] {
        proposal.packet_size = ours;
        policy.packet_size = theirs;
        let limits = shake(proposal, policy, 1).limits;
        assert_eq!(limits.packet_size, want);
        assert_eq!(limits.request, proposal.request);
        assert_eq!(limits.response.batch_items, 9);
    }
}

// Rule W16.
#[test]
fn a_zero_on_the_wire_means_zero() {
    let mut proposal = proposal();
    proposal.request = DirectionLimits {
        payload_bytes: 0,
        batch_items: 0,
    };
    let limits = shake(proposal, policy(), 1).limits;
    assert_eq!(limits.request, proposal.request);
    assert_eq!(limits.response.batch_items, 0);
}

// Rules W17, P6.
#[test]
fn every_session_id_is_fine() {
    for id in [0, 1, 77, u64::MAX] {
        assert_eq!(shake(proposal(), policy(), id).session_id, id);
    }
}

#[test]
fn sides_without_a_common_profile_are_both_named() {
    let policy = Policy {
        supported: Profiles::BASELINE,
        ..policy()
    };
    let proposal = Proposal {
        supported: Profiles::SHM_HYBRID,
        ..proposal()
    };
    let client = ClientHandshake::new(proposal);
    let refusal = ServerHandshake::new(policy).hello(&client.hello(), true);
    let refusal = refusal.unwrap_err();
    let lists = "the client offers shm-hybrid, this server takes baseline";
    assert!(refusal.to_string().contains(lists), "{refusal}");
    let error = client.ack(&refusal.packet().unwrap()).unwrap_err();
    assert!(
        error.to_string().contains("offered was shm-hybrid"),
        "{error}"
    );
}
