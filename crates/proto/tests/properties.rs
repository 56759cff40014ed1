//! What holds for every payload, every packet and every order of events.

mod common;

use common::model::{self, Op};
use common::{deliver, deliver_all, limits, pattern, policy, proposal, request, send};
use netipc_proto::session::handshake::{
    ClientHandshake, ServerHandshake, response_bytes, select_profile,
};
use netipc_proto::session::{Framing, Role, Session, SessionError};
use netipc_proto::wire::{ChunkHeader, Flags, Header, Hello, HelloAck, Kind, Profiles, Status};
use proptest::collection::vec;
use proptest::prelude::*;

const MAX_PAYLOAD: u32 = 2000;

fn framing() -> impl Strategy<Value = Framing> {
    prop_oneof![Just(Framing::Chunked), Just(Framing::Whole)]
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn header() -> impl Strategy<Value = Header> {
    (
        1_u16..=3,
        any::<[u16; 3]>(),
        any::<[u32; 2]>(),
        any::<u64>(),
    )
        .prop_map(
            |(kind, [flags, code, status], [payload_len, item_count], message_id)| Header {
                kind: Kind(kind),
                flags: Flags(flags),
                code,
                status: Status(status),
                payload_len,
                item_count,
                message_id,
            },
        )
}

/// Packets that begin like a message: an envelope with fields that mostly pass, and some bytes.
fn likely_packet() -> impl Strategy<Value = Vec<u8>> {
    let field = |usual: u32| prop_oneof![4 => 0..usual, 1 => any::<u32>()];
    let parts = (
        1_u16..=2,
        0_u16..2,
        field(2 * MAX_PAYLOAD),
        field(4),
        0_u64..3,
        vec(any::<u8>(), 0..200),
    );
    parts.prop_map(|(kind, flags, payload_len, item_count, id, data)| {
        let header = Header {
            kind: Kind(kind),
            flags: Flags(flags),
            payload_len,
            item_count,
            ..request(id)
        };
        [&header.encode()[..], &data].concat()
    })
}

/// Continuations of what [`likely_packet`] starts.
fn likely_chunk() -> impl Strategy<Value = Vec<u8>> {
    let parts = (
        0_u64..3,
        32..2 * MAX_PAYLOAD,
        1_u32..4,
        1_u32..40,
        vec(any::<u8>(), 0..200),
    );
    parts.prop_map(
        |(message_id, total_message_len, chunk_index, chunk_count, data)| {
            let header = ChunkHeader {
                message_id,
                total_message_len,
                chunk_index,
                chunk_count,
                chunk_payload_len: u32::try_from(data.len()).expect("a short packet"),
            };
            [&header.encode()[..], &data].concat()
        },
    )
}

/// Hands `packets` to a session that waits for everything they may answer.
fn survive(role: Role, framing: Framing, packets: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let mut session = Session::new(role, limits(MAX_PAYLOAD, 3, 128), framing);
    if role == Role::Client {
        for id in 0..3 {
            prop_assert!(session.send(request(id), &[]).is_ok());
        }
    }
    let mut ended = false;
    for packet in packets {
        let result = deliver(&mut session, packet);
        if ended {
            prop_assert_eq!(&result, &Err(SessionError::Ended));
        }
        ended |= result.is_err();
        prop_assert!(session.space().len() <= Header::LEN + MAX_PAYLOAD as usize);
        if let Ok(Some((header, payload))) = result {
            prop_assert_eq!(payload.len(), header.payload_len as usize);
            prop_assert!(header.payload_len <= MAX_PAYLOAD && header.item_count <= 3);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_message_comes_out_as_it_went_in(
        len in 0..=MAX_PAYLOAD as usize,
        packet_size in prop_oneof![33_u32..200, 200_u32..4000],
        id: u64,
        framing in framing(),
        from in role(),
    ) {
        let limits = limits(MAX_PAYLOAD, 1, packet_size);
        let [mut client, mut server] =
            [Role::Client, Role::Server].map(|role| Session::new(role, limits, framing));
        let payload = pattern(id, len);
        let asked = send(&mut client, request(id), &payload).unwrap();
        let (packets, to) = match from {
            Role::Client => (asked, &mut server),
            Role::Server => {
                let answer = request(id).answer(Status::OK);
                (send(&mut server, answer, &payload).unwrap(), &mut client)
            }
        };
        if framing == Framing::Whole {
            prop_assert_eq!(packets.len(), 1);
        } else {
            prop_assert!(packets.iter().all(|packet| packet.len() <= packet_size as usize));
        }
        let (header, read) = deliver_all(to, &packets).unwrap().unwrap();
        prop_assert_eq!(header.message_id, id);
        prop_assert_eq!(header.payload_len as usize, len);
        prop_assert_eq!(read, payload);
    }

    #[test]
    fn any_packets_are_messages_or_the_end(
        packets in vec(
            prop_oneof![vec(any::<u8>(), 0..150), likely_packet(), likely_chunk()],
            1..6,
        ),
        framing in framing(),
        role in role(),
    ) {
        survive(role, framing, &packets)?;
    }

    #[test]
    fn spoilt_packets_are_messages_or_the_end(
        len in 0..=MAX_PAYLOAD as usize,
        spoils in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..4),
        framing in framing(),
        role in role(),
    ) {
        let header = match role {
            Role::Client => request(1).answer(Status::OK),
            Role::Server => request(1),
        };
        let sender = match role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        let mut sender = Session::new(sender, limits(MAX_PAYLOAD, 3, 128), framing);
        let mut packets = send(&mut sender, header, &pattern(1, len)).unwrap();
        for (packet, at, value) in spoils {
            let packet = packet.get_mut(&mut packets);
            *at.get_mut(packet) = value;
        }
        survive(role, framing, &packets)?;
    }

    #[test]
    fn cut_packets_never_make_the_whole_message(
        len in 1..=MAX_PAYLOAD as usize,
        packet: prop::sample::Index,
        at: prop::sample::Index,
    ) {
        let limits = limits(MAX_PAYLOAD, 1, 128);
        let [mut client, mut server] =
            [Role::Client, Role::Server].map(|role| Session::new(role, limits, Framing::Chunked));
        let mut packets = send(&mut client, request(1), &pattern(1, len)).unwrap();
        let packet = packet.get_mut(&mut packets);
        packet.truncate(at.index(packet.len()));
        if let Ok(message) = deliver_all(&mut server, &packets) {
            prop_assert_eq!(message, None);
        }
    }

    #[test]
    fn sessions_agree_with_a_plain_model(
        ops in vec(any::<(u8, u8, u16)>().prop_map(Op::from), 0..120),
        framing in framing(),
    ) {
        model::run(framing, ops);
    }

    #[test]
    fn sessions_agree_with_a_plain_model_when_nothing_is_spoilt(
        ops in vec((0_u8..14, any::<u8>(), any::<u16>()).prop_map(Op::from), 0..200),
        framing in framing(),
    ) {
        model::run(framing, ops);
    }

    #[test]
    fn headers_round_trip(header in header()) {
        prop_assert_eq!(Header::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn chunk_headers_round_trip(message_id: u64, fields: [u32; 4]) {
        let chunk = ChunkHeader {
            message_id,
            total_message_len: fields[0],
            chunk_index: fields[1],
            chunk_count: fields[2],
            chunk_payload_len: fields[3],
        };
        prop_assert_eq!(ChunkHeader::decode(&chunk.encode()), Ok(chunk));
        prop_assert_eq!(chunk.expect(&chunk), Ok(()));
    }

    #[test]
    fn whatever_is_read_is_written_back(bytes in vec(any::<u8>(), 0..64)) {
        if let Ok(hello) = Hello::decode(&bytes) {
            prop_assert_eq!(&hello.encode()[..], &bytes[..Hello::LEN]);
        }
        if let Ok(ack) = HelloAck::decode(&bytes) {
            let again = ack.encode();
            prop_assert_eq!(&again[..36], &bytes[..36]);
            prop_assert_eq!(&again[40..], &bytes[40..HelloAck::LEN]);
        }
        prop_assert_eq!(Hello::decode(&bytes).is_ok(), bytes.len() >= Hello::LEN);
        prop_assert_eq!(HelloAck::decode(&bytes).is_ok(), bytes.len() >= HelloAck::LEN);
    }

    #[test]
    fn spoilt_handshakes_are_judged(
        at in 0_usize..80,
        value: u8,
        len in 0_usize..130,
        allowed: bool,
    ) {
        let (client, server) = (ClientHandshake::new(proposal()), ServerHandshake::new(policy()));
        let mut packet = client.hello().to_vec();
        packet.resize(len, 0);
        if let Some(byte) = packet.get_mut(at) {
            *byte = value;
        }
        if let Ok(offer) = server.hello(&packet, allowed) {
            let agreed = offer.agreed(1);
            prop_assert!(allowed && agreed.profile.is_one());
            prop_assert!(agreed.limits.packet_size > 32);
            prop_assert!(agreed.limits.request.payload_bytes <= policy().request.payload_bytes);
        }
        let mut packet = server.hello(&client.hello(), true).unwrap().accept(1).to_vec();
        if let Some(byte) = packet.get_mut(at) {
            *byte = value;
        }
        if let Ok(agreed) = client.ack(&packet) {
            prop_assert_eq!(agreed.profile, Profiles::BASELINE);
            prop_assert!((33..=proposal().packet_size).contains(&agreed.limits.packet_size));
            prop_assert!(agreed.limits.response.payload_bytes <= proposal().response_ceiling);
        }
    }

    #[test]
    fn one_profile_of_the_intersection(both: u32, client: u32, server: u32) {
        let selected = select_profile(Profiles(both), Profiles(client), Profiles(server));
        prop_assert_eq!(selected.is_one(), both != 0);
        prop_assert_eq!(selected.and(Profiles(both)), selected);
        let wanted = both & client & server;
        prop_assert!(wanted == 0 || selected.0 & wanted != 0);
        let from = if wanted == 0 { both } else { wanted };
        prop_assert_eq!(from.leading_zeros(), selected.0.leading_zeros());
    }

    #[test]
    fn a_server_never_exceeds_its_maximum(hint: u32, minimum: u32, maximum: u32) {
        let agreed = response_bytes(hint, minimum, maximum);
        prop_assert!(agreed <= maximum);
        prop_assert!(agreed >= minimum || agreed == maximum);
        prop_assert!(agreed == hint || hint < minimum || hint > maximum);
    }
}
