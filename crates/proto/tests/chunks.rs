//! Messages longer than a packet.

mod common;

use common::{client, deliver, deliver_all, limits, pattern, put, request, send, server};
use netipc_proto::session::{Limits, SessionError};
use netipc_proto::wire::{ChunkHeader, Header, Status, WireError};

/// 64-byte packets: 32 bytes of data each.
const LIMITS: Limits = limits(1000, 1, 64);

/// A message of 100 bytes in four packets.
fn four_packets() -> Vec<Vec<u8>> {
    send(&mut client(LIMITS), request(7), &pattern(7, 100)).expect("a message within the limits")
}

/// The same message in packets that carry `sizes` bytes, with the count that the first implies.
fn cut_into(sizes: &[usize]) -> Vec<Vec<u8>> {
    let payload = pattern(7, sizes.iter().sum());
    let total = u32::try_from(payload.len()).expect("a short payload");
    let behind = payload.len() - sizes[0];
    let count = u32::try_from(1 + behind.div_ceil(32)).expect("a short payload");
    let mut rest = &payload[..];
    let mut cut = |(index, size): (u32, &usize)| {
        let (data, after) = rest.split_at(*size);
        rest = after;
        let head = match index {
            0 => Header {
                payload_len: total,
                ..request(7)
            }
            .encode(),
            _ => ChunkHeader {
                message_id: 7,
                total_message_len: total + 32,
                chunk_index: index,
                chunk_count: count,
                chunk_payload_len: u32::try_from(*size).expect("a short packet"),
            }
            .encode(),
        };
        [&head, data].concat()
    };
    (0..).zip(sizes).map(&mut cut).collect()
}

/// The rule that the packets break, at the last of them.
fn broken(packets: &[Vec<u8>]) -> WireError {
    let mut server = server(LIMITS);
    let (last, before) = packets.split_last().expect("a packet");
    assert_eq!(deliver_all(&mut server, before), Ok(None));
    let error = deliver(&mut server, last).expect_err("a packet that breaks a rule");
    assert_eq!(error.answer(), None);
    assert_eq!(
        deliver(&mut server, &request(9).encode()),
        Err(SessionError::Ended)
    );
    match error {
        SessionError::Chunk(error) => error,
        other => panic!("{other}"),
    }
}

// Rules W6, W7, W8.
#[test]
fn packets_are_cut_at_the_agreed_size() {
    // payload -> packets, around every edge
    for (payload, count) in [
        (0, 1),
        (1, 1),
        (32, 1),
        (33, 2),
        (64, 2),
        (65, 3),
        (96, 3),
        (97, 4),
    ] {
        let payload = pattern(1, payload);
        let mut client = client(LIMITS);
        let mut packets = client.send(request(1), &payload).unwrap();
        assert_eq!(packets.len(), count);
        assert_eq!(packets.size_hint(), (count, Some(count)));
        assert!(
            packets
                .by_ref()
                .take(count - 1)
                .all(|packet| packet.len() == 64)
        );
        let last = packets.next().unwrap();
        assert!(!last.is_empty() && last.len() <= 64);
        assert!(packets.next().is_none());
    }
}

#[test]
fn both_directions_carry_chunks() {
    let (mut client, mut server) = (client(LIMITS), server(LIMITS));
    let question = pattern(1, 1000);
    let packets = send(&mut client, request(1), &question).unwrap();
    let (asked, read) = deliver_all(&mut server, &packets).unwrap().unwrap();
    assert_eq!(read, question);
    let reply = pattern(2, 999);
    let packets = send(&mut server, asked.answer(Status::OK), &reply).unwrap();
    let (_, read) = deliver_all(&mut client, &packets).unwrap().unwrap();
    assert_eq!(read, reply);
    assert_eq!(client.in_flight(), 0);
}

// Rule W9.
#[test]
fn the_payload_is_not_copied() {
    let payload = pattern(1, 100);
    let mut client = client(LIMITS);
    let starts: Vec<_> = client
        .send(request(1), &payload)
        .unwrap()
        .map(|p| p.body.as_ptr())
        .collect();
    assert_eq!(starts, [0, 32, 64, 96].map(|at| payload[at..].as_ptr()));
}

// Rule W9.
#[test]
fn short_packets_are_accepted_where_the_count_is_exact() {
    let rows: &[&[usize]] = &[
        &[32, 32, 32, 4],
        &[32, 4, 32, 32],
        &[32, 32, 20, 16],
        &[4, 32, 32, 32],
        &[10, 32, 32, 26],
        &[0, 32, 32, 32, 4],
        &[0, 1],
        &[31, 1],
    ];
    for sizes in rows {
        let mut server = server(LIMITS);
        let (header, payload) = deliver_all(&mut server, &cut_into(sizes)).unwrap().unwrap();
        assert_eq!(
            (header.message_id, payload),
            (7, pattern(7, sizes.iter().sum()))
        );
    }
}

// Rule W9.
#[test]
fn packets_too_short_for_their_count_are_refused() {
    // Four packets are announced, and are not enough for what is left.
    for sizes in [&[32, 32, 32, 3, 1][..], &[32, 1, 1, 1, 65]] {
        assert_eq!(broken(&cut_into(sizes)[..4]).field(), "chunk data");
    }
}

// Rules W8, W9.
#[test]
fn every_field_of_a_chunk_is_checked() {
    let rows: &[(usize, &str)] = &[
        (0, "chunk magic"),
        (4, "chunk version"),
        (6, "chunk flags"),
        (8, "chunk message_id"),
        (15, "chunk message_id"),
        (16, "chunk total_message_len"),
        (20, "chunk_index"),
        (24, "chunk_count"),
        (28, "chunk_payload_len"),
        (31, "chunk_payload_len"),
    ];
    for (at, field) in rows {
        for packet in 1..4 {
            for change in [1, 0x80, 0xff] {
                let mut packets = four_packets();
                packets.truncate(packet + 1);
                packets[packet][*at] ^= change;
                let error = broken(&packets);
                assert_eq!(error.field(), *field);
                assert_ne!(error.expected(), error.found());
            }
        }
    }
}

// Rule W9.
#[test]
fn a_packet_above_the_agreed_size_is_refused() {
    let mut first = four_packets();
    first.truncate(1);
    first[0].push(0);
    assert_eq!(broken(&first).field(), "packet size");

    let mut second = four_packets();
    second.truncate(2);
    second[1].push(0);
    put(&mut second[1], 28, &[33]);
    let error = broken(&second);
    assert_eq!(
        (error.field(), error.expected(), error.found()),
        ("packet size", 64, 65)
    );
}

// Rule W9.
#[test]
fn packets_of_another_length_than_they_say_are_refused() {
    for len in [35, 37, 32] {
        let mut packets = four_packets();
        packets[3].resize(len, 0);
        assert_eq!(broken(&packets).field(), "chunk_payload_len");
    }
    for len in [0, 8, 31] {
        let mut packets = four_packets();
        packets[3].truncate(len);
        assert_eq!(broken(&packets).field(), "chunk header");
    }
}

// Rule W9.
#[test]
fn nothing_overshoots() {
    let mut last = four_packets();
    last[3].push(0);
    put(&mut last[3], 28, &[5]);
    let error = broken(&last);
    assert_eq!(
        (error.field(), error.expected(), error.found()),
        ("chunk data", 4, 5)
    );

    let single = [
        &Header {
            payload_len: 3,
            ..request(1)
        }
        .encode()[..],
        &[0; 4],
    ]
    .concat();
    assert_eq!(broken(&[single]).field(), "packet data");
}

#[test]
fn a_chunk_without_data_is_refused() {
    let mut packets = four_packets();
    packets.truncate(2);
    packets[1].truncate(32);
    put(&mut packets[1], 28, &[0]);
    assert_eq!(broken(&packets).field(), "chunk data");
}

// Rule W9.
#[test]
fn messages_never_interleave() {
    let other = send(&mut client(LIMITS), request(8), &pattern(8, 100)).unwrap();
    let packets = four_packets();
    // Another message starts, or goes on, in between.
    assert_eq!(
        broken(&[packets[0].clone(), other[0].clone()]).field(),
        "chunk magic"
    );
    assert_eq!(
        broken(&[packets[0].clone(), other[1].clone()]).field(),
        "chunk message_id"
    );
    assert_eq!(
        broken(&[packets[0].clone(), packets[2].clone()]).field(),
        "chunk_index"
    );
    let twice = [0, 1, 1].map(|i| packets[i].clone());
    assert_eq!(broken(&twice).field(), "chunk_index");
}

#[test]
fn a_continuation_starts_no_message() {
    let error = deliver(&mut server(LIMITS), &four_packets()[1]).unwrap_err();
    assert!(matches!(error, SessionError::Envelope(e) if e.field() == "header magic"));
}

#[test]
fn an_answer_in_chunks_is_open_until_its_last_packet() {
    let (mut client, mut server) = (client(LIMITS), server(LIMITS));
    client.send(request(7), &[]).unwrap();
    let packets = send(&mut server, request(7).answer(Status::OK), &pattern(7, 100)).unwrap();
    assert_eq!(deliver_all(&mut client, &packets[..3]), Ok(None));
    assert_eq!(client.in_flight(), 1);
    assert!(
        client.send(request(8), &[]).is_ok(),
        "sending and receiving are independent"
    );
    assert!(deliver(&mut client, &packets[1]).is_err());
    assert_eq!(client.fail(), [7, 8]);
}

// Rule W9.
#[test]
fn the_first_packet_fixes_the_buffer() {
    let mut server = server(LIMITS);
    assert_eq!(
        server.space().len(),
        32 + 32,
        "no more than a packet before a message needs it"
    );
    assert_eq!(deliver(&mut server, &four_packets()[0]), Ok(None));
    assert_eq!(
        server.space().len(),
        32 + 68,
        "a header, and what is left of the payload"
    );

    let mut server = common::server(LIMITS);
    let over = Header {
        payload_len: 1001,
        ..request(1)
    };
    assert!(deliver(&mut server, &over.encode()).is_err());
    assert_eq!(
        server.space().len(),
        32 + 32,
        "nothing is allocated for what is refused"
    );
}

#[test]
fn a_session_goes_on_after_a_message_in_chunks() {
    let mut server = server(LIMITS);
    for len in [100, 0, 1000, 33, 1, 64] {
        let payload = pattern(7, len);
        let packets = send(&mut client(LIMITS), request(7), &payload).unwrap();
        let message = deliver_all(&mut server, &packets).unwrap();
        assert_eq!(message.unwrap().1, payload);
    }
}
