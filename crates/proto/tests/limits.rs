//! The agreed limits, on the way in and on the way out.

mod common;

use common::{client, deliver, deliver_all, limits, request, send, server};
use netipc_proto::session::{DirectionLimits, Limits, SessionError};
use netipc_proto::wire::{Flags, Header, MethodCode, Status};

const LIMITS: Limits = limits(1000, 4, 4096);

#[test]
fn who_proposes_no_items_can_be_answered() {
    let none = limits(1000, 0, 4096);
    let (mut client, mut server) = (client(none), server(none));
    let request = Header {
        item_count: 0,
        ..request(3)
    };
    for status in [Status::OK, Status::UNSUPPORTED] {
        let asked = deliver_all(&mut server, &send(&mut client, request, &[]).unwrap());
        assert_eq!(asked.unwrap().unwrap().0.item_count, 0);
        let answer = send(&mut server, request.answer(status), &[]).unwrap();
        let answered = deliver_all(&mut client, &answer);
        assert_eq!(answered.unwrap().unwrap().0.status, status);
    }
    let one = Header {
        item_count: 1,
        ..request
    };
    let refused = client.send(one, &[]).map(drop);
    assert!(
        matches!(refused, Err(SessionError::LimitExceeded { limit: 0, .. })),
        "{refused:?}"
    );
}

// Rules W5, W19.
#[test]
fn over_limit_is_refused_with_and_without_the_batch_flag() {
    for flags in [Flags::NONE, Flags::BATCH] {
        let over = [
            (
                Header {
                    payload_len: 1001,
                    ..request(3)
                },
                "payload_len",
                1001,
                1000,
            ),
            (
                Header {
                    item_count: 5,
                    ..request(3)
                },
                "item_count",
                5,
                4,
            ),
            (
                Header {
                    payload_len: u32::MAX,
                    ..request(3)
                },
                "payload_len",
                u32::MAX,
                1000,
            ),
            (
                Header {
                    item_count: u32::MAX,
                    ..request(3)
                },
                "item_count",
                u32::MAX,
                4,
            ),
        ];
        for (header, field, found, limit) in over {
            let header = Header { flags, ..header };
            let want = SessionError::LimitExceeded {
                field,
                found,
                limit,
                header,
            };
            assert_eq!(deliver(&mut server(LIMITS), &header.encode()), Err(want));
        }
    }
}

// Rule W5.
#[test]
fn what_is_at_the_limit_passes() {
    let header = Header {
        item_count: 4,
        ..request(3)
    };
    let packets = send(&mut client(LIMITS), header, &[7; 1000]).unwrap();
    let (found, payload) = deliver_all(&mut server(LIMITS), &packets).unwrap().unwrap();
    assert_eq!((found.item_count, payload.len()), (4, 1000));
    // Without BATCH it is a single message, whatever item_count says.
    assert_eq!(
        deliver(
            &mut server(LIMITS),
            &Header {
                item_count: 0,
                ..header
            }
            .encode()
        )
        .map(|m| m.is_some()),
        Ok(true)
    );
}

// Rules W19, W21.
#[test]
fn each_direction_has_its_own_limits() {
    let direction = |payload_bytes, batch_items| DirectionLimits {
        payload_bytes,
        batch_items,
    };
    let limits = Limits {
        request: direction(10, 1),
        response: direction(20, 2),
        packet_size: 4096,
    };
    let (mut client, mut server) = (client(limits), server(limits));
    assert!(client.send(request(1), &[0; 11]).is_err());
    let asked = send(&mut client, request(1), &[0; 10]).unwrap();
    assert!(deliver_all(&mut server, &asked).unwrap().is_some());
    let header = request(1).answer(Status::OK);
    assert!(server.send(header, &[0; 21]).is_err());
    assert!(
        server
            .send(
                Header {
                    item_count: 3,
                    ..header
                },
                &[]
            )
            .is_err()
    );
    let answered = send(
        &mut server,
        Header {
            item_count: 2,
            ..header
        },
        &[0; 20],
    )
    .unwrap();
    assert!(deliver_all(&mut client, &answered).unwrap().is_some());
}

// Rule W21.
#[test]
fn send_checks_the_limits_before_a_byte_leaves() {
    let mut client = client(LIMITS);
    let long = client.send(request(1), &[0; 1001]).unwrap_err();
    let many = client
        .send(Header::batch(MethodCode::INCREMENT, 1, 5), &[])
        .unwrap_err();
    assert!(matches!(
        long,
        SessionError::LimitExceeded {
            found: 1001,
            limit: 1000,
            ..
        }
    ));
    assert!(matches!(
        many,
        SessionError::LimitExceeded {
            found: 5,
            limit: 4,
            ..
        }
    ));
    assert_eq!(client.in_flight(), 0);
    assert_eq!(client.send(request(1), &[0; 1000]).unwrap().len(), 1);
}

#[test]
fn payload_len_is_filled_in() {
    let header = Header {
        payload_len: 999,
        ..request(1)
    };
    let packets = send(&mut client(LIMITS), header, &[1, 2]).unwrap();
    assert_eq!(Header::decode(&packets[0]).unwrap().payload_len, 2);
}
