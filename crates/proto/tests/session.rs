//! The rules of a session, over a pair whose packets are moved by hand.

mod common;

use common::{client, deliver, deliver_all, limits, pattern, put, request, send, server};
use netipc_proto::session::{Framing, Limits, Role, Session, SessionError};
use netipc_proto::wire::{Flags, Header, Kind, MethodCode, Status, WireErrorKind};

const LIMITS: Limits = limits(1000, 4, 4096);

/// An answer to request `id`, as the server sends it.
fn answer(id: u64, payload: &[u8]) -> Vec<u8> {
    let packets = send(&mut server(LIMITS), request(id).answer(Status::OK), payload);
    packets.expect("an answer within the limits").concat()
}

/// A client that waits for the answers to `ids`.
fn waiting(ids: &[u64]) -> Session {
    let mut client = client(LIMITS);
    for id in ids {
        client.send(request(*id), &[]).expect("a free id");
    }
    client
}

/// A server and what it says to a request with `header` and `data` bytes behind it.
fn serve(header: Header, data: usize) -> SessionError {
    let packet = [&header.encode()[..], &vec![0; data]].concat();
    let mut server = server(LIMITS);
    let error = deliver(&mut server, &packet).expect_err("a request that breaks a rule");
    assert_eq!(
        deliver(&mut server, &request(1).encode()),
        Err(SessionError::Ended)
    );
    error
}

#[test]
fn a_request_and_its_answer() {
    let (mut client, mut server) = (client(LIMITS), server(LIMITS));
    let packets = send(&mut client, request(9), b"ask").unwrap();
    let (asked, payload) = deliver_all(&mut server, &packets).unwrap().unwrap();
    assert_eq!((asked.message_id, asked.payload_len), (9, 3));
    assert_eq!(payload, b"ask");

    let packets = send(&mut server, asked.answer(Status::OK), b"answer").unwrap();
    let (answered, payload) = deliver_all(&mut client, &packets).unwrap().unwrap();
    assert_eq!((answered.kind, answered.message_id), (Kind::RESPONSE, 9));
    assert_eq!((answered.code, answered.status), (1, Status::OK));
    assert_eq!(payload, b"answer");
    assert_eq!(client.in_flight(), 0);
    assert_eq!(*client.limits(), LIMITS);
}

// Rules W3, W19.
#[test]
fn the_envelope_is_checked_first() {
    let spoil = |at: usize, value: &[u8]| {
        let mut packet = request(1).encode();
        put(&mut packet, at, value);
        deliver(&mut server(LIMITS), &packet)
    };
    let rows = [
        (0, WireErrorKind::BadMagic),
        (4, WireErrorKind::BadVersion),
        (6, WireErrorKind::BadHeaderLen),
        (8, WireErrorKind::BadKind),
    ];
    for (at, kind) in rows {
        let error = spoil(at, &[9]).unwrap_err();
        assert!(
            matches!(error, SessionError::Envelope(e) if e.kind() == kind),
            "{error}"
        );
        assert_eq!(error.answer(), None);
    }
    for len in [0, 1, 31] {
        // What an earlier packet left in the space must not count.
        let mut server = server(LIMITS);
        assert!(
            deliver(&mut server, &request(1).encode())
                .unwrap()
                .is_some()
        );
        let error = deliver(&mut server, &request(2).encode()[..len]).unwrap_err();
        let truncated = WireErrorKind::Truncated;
        assert!(
            matches!(error, SessionError::Envelope(e) if e.kind() == truncated),
            "{error}"
        );
    }
}

// Rule W19.
#[test]
fn receive_checks_in_order() {
    // Each header breaks one rule more, from the last to the first.
    let unknown_id = answer(7, &[]);
    let mut items = unknown_id.clone();
    put(&mut items, 20, &[5]);
    let mut bytes = items.clone();
    put(&mut bytes, 16, &1001_u32.to_le_bytes());
    let mut kind = bytes.clone();
    put(&mut kind, 8, &[3]);
    let mut magic = kind.clone();
    put(&mut magic, 0, &[0]);

    let error = |packet: &[u8]| {
        // A byte too many, which is looked at last.
        let long = [packet, &[0]].concat();
        deliver(&mut waiting(&[1]), &long).unwrap_err()
    };
    assert!(matches!(error(&magic), SessionError::Envelope(_)));
    assert!(matches!(error(&kind), SessionError::Kind { .. }));
    assert!(matches!(
        error(&bytes),
        SessionError::LimitExceeded {
            field: "payload_len",
            ..
        }
    ));
    assert!(matches!(
        error(&items),
        SessionError::LimitExceeded {
            field: "item_count",
            ..
        }
    ));
    assert_eq!(error(&unknown_id), SessionError::UnknownMessageId { id: 7 });
    assert!(matches!(error(&answer(1, &[])), SessionError::Chunk(_)));
}

// Rule W20.
#[test]
fn kind_against_role() {
    for (role, good) in [
        (Role::Client, Kind::RESPONSE),
        (Role::Server, Kind::REQUEST),
    ] {
        for kind in [Kind::REQUEST, Kind::RESPONSE, Kind::CONTROL] {
            let mut session = Session::new(role, LIMITS, Framing::Chunked);
            if role == Role::Client {
                session.send(request(1), &[]).unwrap();
            }
            let header = Header { kind, ..request(1) };
            let result = deliver(&mut session, &header.encode());
            if kind == good {
                assert!(result.unwrap().is_some());
                continue;
            }
            let error = result.unwrap_err();
            let (expected, found) = (good, kind);
            assert_eq!(error, SessionError::Kind { expected, found });
            assert_eq!(error.answer(), None);
            assert_eq!(
                deliver(&mut session, &header.encode()),
                Err(SessionError::Ended)
            );
        }
    }
}

#[test]
fn sending_the_wrong_kind_does_no_harm() {
    for (role, good) in [
        (Role::Client, Kind::REQUEST),
        (Role::Server, Kind::RESPONSE),
    ] {
        let mut session = Session::new(role, LIMITS, Framing::Chunked);
        for kind in [Kind::REQUEST, Kind::RESPONSE, Kind::CONTROL, Kind(77)] {
            let header = Header { kind, ..request(1) };
            let result = session.send(header, &[]).map(|packets| packets.len());
            let (expected, found) = (good, kind);
            match kind == good {
                true => assert_eq!(result, Ok(1)),
                false => assert_eq!(result, Err(SessionError::Kind { expected, found })),
            }
        }
    }
}

// Rule W21.
#[test]
fn a_duplicate_id_is_refused_without_harm() {
    let mut client = waiting(&[5]);
    assert_eq!(
        client.send(request(5), &[]).unwrap_err(),
        SessionError::DuplicateMessageId { id: 5 }
    );
    assert_eq!(client.in_flight(), 1);
    assert!(deliver(&mut client, &answer(5, b"x")).unwrap().is_some());
    assert!(
        client.send(request(5), &[]).is_ok(),
        "an id is free after its answer"
    );
}

// Rule W22.
#[test]
fn answers_come_in_any_order() {
    let ids = [4, 0, u64::MAX, 3, 12];
    let mut client = waiting(&ids);
    for (left, id) in [(4, 3), (3, u64::MAX), (2, 12), (1, 0), (0, 4)] {
        let payload = pattern(id, 16);
        let (header, read) = deliver(&mut client, &answer(id, &payload))
            .unwrap()
            .unwrap();
        assert_eq!((header.message_id, read), (id, payload));
        assert_eq!(client.in_flight(), left);
    }
}

// Rule W19.
#[test]
fn an_unknown_id_ends_the_session() {
    let mut client = waiting(&[1, 2]);
    assert!(deliver(&mut client, &answer(1, &[])).unwrap().is_some());
    // Answered before is as unknown as never asked.
    let error = deliver(&mut client, &answer(1, &[])).unwrap_err();
    assert_eq!(error, SessionError::UnknownMessageId { id: 1 });
    assert_eq!(
        deliver(&mut client, &answer(2, &[])),
        Err(SessionError::Ended)
    );
    assert_eq!(client.fail(), [2]);
}

// Rule W22.
#[test]
fn the_server_echoes_ids_and_tracks_none() {
    let mut server = server(LIMITS);
    for _ in 0..2 {
        assert!(
            deliver(&mut server, &request(6).encode())
                .unwrap()
                .is_some()
        );
    }
    assert_eq!(server.in_flight(), 0);
    for id in [6, 6, 1234] {
        assert!(server.send(request(id).answer(Status::OK), &[]).is_ok());
    }
    assert_eq!(server.fail(), []);
}

// Rule W23.
#[test]
fn a_broken_session_reports_every_id_in_flight() {
    let mut client = waiting(&[3, 1, 2]);
    assert!(deliver(&mut client, &answer(1, &[])).unwrap().is_some());
    assert!(deliver(&mut client, b"nonsense").is_err());
    assert_eq!(
        client.send(request(9), &[]).unwrap_err(),
        SessionError::Ended
    );
    assert_eq!(client.fail(), [3, 2]);
    assert_eq!(client.fail(), []);
}

#[test]
fn a_session_that_failed_has_ended() {
    let mut client = waiting(&[1]);
    assert_eq!(client.fail(), [1]);
    assert_eq!(client.in_flight(), 0);
    assert_eq!(
        client.send(request(2), &[]).unwrap_err(),
        SessionError::Ended
    );
    assert_eq!(
        deliver(&mut client, &answer(1, &[])),
        Err(SessionError::Ended)
    );
}

#[test]
fn a_request_that_its_link_refused_is_taken_back() {
    let mut client = waiting(&[1, 2]);
    client.retract(2);
    client.retract(77);
    assert_eq!(client.in_flight(), 1);
    assert!(client.send(request(2), &[]).is_ok());
    client.retract(2);
    assert_eq!(
        deliver(&mut client, &answer(2, &[])),
        Err(SessionError::UnknownMessageId { id: 2 })
    );
    assert_eq!(client.fail(), [1]);
}

// Rules W5, P18.
#[test]
fn unknown_flags_and_a_status_in_a_request_are_ignored() {
    let header = Header {
        flags: Flags(0xfffe),
        status: Status(3),
        item_count: 3,
        ..request(8)
    };
    let (found, _) = deliver(&mut server(LIMITS), &header.encode())
        .unwrap()
        .unwrap();
    assert_eq!(found, header);
    assert!(!found.flags.is_batch());
}

// Rules W5, S28.
#[test]
fn what_the_server_answers_before_it_closes() {
    let over = Header {
        code: 4,
        payload_len: 1001,
        ..Header::batch(MethodCode(4), 33, 2)
    };
    let answer = serve(over, 0).answer().unwrap();
    let want = Header {
        kind: Kind::RESPONSE,
        code: 4,
        status: Status::LIMIT_EXCEEDED,
        ..request(33)
    };
    assert_eq!(answer, want);
    // A batch of two without a directory.
    let answer = serve(
        Header {
            payload_len: 8,
            ..Header::batch(MethodCode(1), 34, 2)
        },
        8,
    )
    .answer();
    let want = Header {
        kind: Kind::RESPONSE,
        status: Status::BAD_ENVELOPE,
        ..request(34)
    };
    assert_eq!(answer, Some(want));
    assert_eq!(serve(request(1), 1).answer(), None);

    let mut client = waiting(&[1]);
    let over = Header {
        kind: Kind::RESPONSE,
        payload_len: 1001,
        ..request(1)
    };
    assert_eq!(
        deliver(&mut client, &over.encode()).unwrap_err().answer(),
        None
    );
}

// Rules W5, P13.
#[test]
fn an_error_reply_of_a_batch_is_not_taken_for_one() {
    // Deployed peers echo BATCH and the count in error replies.
    let mut client = client(LIMITS);
    let asked = Header::batch(MethodCode::INCREMENT, 1, 4);
    client.send(asked, &[0; 64]).unwrap();
    let reply = Header {
        kind: Kind::RESPONSE,
        status: Status::INTERNAL_ERROR,
        ..asked
    };
    let (header, payload) = deliver(&mut client, &reply.encode()).unwrap().unwrap();
    assert_eq!((header.status, payload.len()), (Status::INTERNAL_ERROR, 0));
}

#[test]
fn one_packet_is_one_message_where_framing_is_whole() {
    let limits = limits(1000, 1, 64);
    let pair =
        || [Role::Client, Role::Server].map(|role| Session::new(role, limits, Framing::Whole));
    let payload = pattern(3, 1000);
    let [mut client, mut server] = pair();
    let packets = send(&mut client, request(3), &payload).unwrap();
    assert_eq!(packets.len(), 1);
    assert_eq!(
        deliver(&mut server, &packets[0]).unwrap().unwrap().1,
        payload
    );

    for (len, field) in [
        (1031, "message length"),
        (32, "message length"),
        (1033, "packet data"),
    ] {
        let [_, mut server] = pair();
        let mut packet = packets[0].clone();
        packet.resize(len, 0);
        let error = deliver(&mut server, &packet).unwrap_err();
        assert!(
            matches!(error, SessionError::Chunk(e) if e.field() == field),
            "{len}: {error}"
        );
        assert_eq!(error.answer(), None);
    }
}
