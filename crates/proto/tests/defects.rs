//! Defects of deployed peers that ours must not have; the numbers are those of the specification.

mod common;

use common::{client, deliver, limits, pattern, policy, proposal, put, request, send, server};
use netipc_proto::session::handshake::{
    ClientHandshake, HandshakeError, Proposal, ServerHandshake,
};
use netipc_proto::session::{Framing, Role, Session, SessionError};
use netipc_proto::wire::{Header, HelloAck, MethodCode, Status};

#[test]
fn defect_11_a_cut_packet_is_not_taken_for_a_chunk() {
    // The peer's packets are longer than agreed: what fits into the space is the front of one, and
    // would pass for the first of two.
    let (ours, theirs) = (limits(1000, 1, 128), limits(1000, 1, 256));
    let packets = send(&mut client(theirs), request(1), &pattern(1, 300)).unwrap();
    let mut server = server(ours);
    let error = deliver(&mut server, &packets[0]).unwrap_err();
    assert!(
        matches!(error, SessionError::Chunk(e) if e.field() == "packet size"),
        "{error}"
    );

    // Where one packet is one message there is no agreed size to compare with.
    let mut server = Session::new(Role::Server, ours, Framing::Whole);
    let mut packet = send(&mut client(limits(2000, 1, 4096)), request(1), &[0; 1001]).unwrap();
    put(&mut packet[0], 16, &1000_u32.to_le_bytes());
    assert!(matches!(
        deliver(&mut server, &packet[0]),
        Err(SessionError::Chunk(_))
    ));
}

#[test]
fn defect_11_what_follows_a_cut_packet_is_not_joined_to_it() {
    let mut client = client(limits(1000, 1, 4096));
    let mut server = server(limits(1000, 1, 4096));
    let mut cut = send(&mut client, request(1), &[1; 64]).unwrap();
    cut[0].truncate(60);
    assert_eq!(deliver(&mut server, &cut[0]), Ok(None));
    let next = send(&mut client, request(2), &[2; 36]).unwrap();
    let error = deliver(&mut server, &next[0]).unwrap_err();
    assert!(
        matches!(error, SessionError::Chunk(e) if e.field() == "chunk magic"),
        "{error}"
    );
}

// Rule L29.
#[test]
fn defect_19_the_published_length_is_that_of_the_message() {
    let limits = limits(1000, 1, 64);
    let packet = send(&mut client(limits), request(1), &[7; 20])
        .unwrap()
        .concat();
    for published in 32..=1032 {
        let mut server = Session::new(Role::Server, limits, Framing::Whole);
        server.space()[..packet.len()].copy_from_slice(&packet);
        match server.received(published) {
            Ok(message) => assert_eq!((published, message.unwrap().payload()), (52, &[7; 20][..])),
            Err(error) => {
                assert_ne!(published, 52);
                assert!(matches!(error, SessionError::Chunk(_)), "{error}");
            }
        }
    }
}

// Rule W17.
#[test]
fn defect_21_agreed_sizes_up_to_4_gib_are_not_trusted() {
    let ours = Proposal {
        response_ceiling: 1 << 20,
        ..proposal()
    };
    let client = ClientHandshake::new(ours);
    let offer = ServerHandshake::new(policy())
        .hello(&client.hello(), true)
        .unwrap();
    let mut packet = offer.accept(1);
    let good = HelloAck::decode(&packet[Header::LEN..]).unwrap();
    let mut judge = |ack: HelloAck| {
        put(&mut packet, Header::LEN, &ack.encode());
        client.ack(&packet)
    };
    for bytes in [(1 << 20) + 1, 0x8000_0000, u32::MAX] {
        let response = HelloAck {
            max_response_payload_bytes: bytes,
            ..good
        };
        assert!(
            matches!(judge(response), Err(HandshakeError::Limit { agreed, .. }) if agreed == bytes)
        );
        let request = HelloAck {
            max_request_payload_bytes: bytes,
            ..good
        };
        assert!(
            matches!(judge(request), Err(HandshakeError::Limit { agreed, .. }) if agreed == bytes)
        );
        let packets = HelloAck {
            packet_size: bytes,
            ..good
        };
        assert!(
            matches!(judge(packets), Err(HandshakeError::PacketSize { agreed, .. }) if agreed == bytes)
        );
    }
    let at_the_ceiling = HelloAck {
        max_response_payload_bytes: 1 << 20,
        ..good
    };
    assert_eq!(
        judge(at_the_ceiling).unwrap().limits.response.payload_bytes,
        1 << 20
    );
}

#[test]
fn defect_22_an_oversized_batch_reply_is_an_error_on_both_sides() {
    let limits = limits(1000, 100, 512);
    let asked = Header::batch(MethodCode::INCREMENT, 1, 100);
    let reply = asked.answer(Status::OK);

    // The server's own: refused before a byte leaves, and the session can still say so.
    let mut server = server(limits);
    let error = server.send(reply, &[0; 1600]).unwrap_err();
    assert!(
        matches!(
            error,
            SessionError::LimitExceeded {
                found: 1600,
                limit: 1000,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        server
            .send(asked.answer(Status::LIMIT_EXCEEDED), &[])
            .is_ok()
    );

    // A peer's: the session ends, with no more memory than agreed.
    let oversized = Header {
        payload_len: 1600,
        ..reply
    };
    let too_many = Header {
        item_count: 101,
        ..reply
    };
    let no_room = Header {
        payload_len: 32,
        ..reply
    };
    for header in [oversized, too_many, no_room] {
        let mut client = client(limits);
        client.send(asked, &[0; 800]).unwrap();
        let packet = [&header.encode()[..], &[0; 32]].concat();
        assert!(deliver(&mut client, &packet).is_err());
        assert!(client.space().len() <= 32 + 1000);
        assert_eq!(client.fail(), [1]);
    }
}
