//! Batches: what a session checks in a directory, and when.

mod common;

use common::{Whole, client, deliver, deliver_all, limits, put, send, server};
use netipc_proto::session::{Limits, Message, SessionError};
use netipc_proto::wire::{
    Flags, Header, Kind, MethodCode, Status, WireError, WireErrorKind, write_batch,
};

const LIMITS: Limits = limits(4096, 100, 512);

/// The payload of a batch of `items`.
fn batch(items: &[&[u8]]) -> Vec<u8> {
    let mut payload = vec![0xee; 4096];
    let write = |item: &&[u8], out: &mut [u8]| {
        out[..item.len()].copy_from_slice(item);
        Ok::<_, WireError>(item.len())
    };
    let len = write_batch(&mut payload, items.iter(), write, |error| error).expect("an item");
    payload.truncate(len);
    payload
}

const fn header(items: u32) -> Header {
    Header::batch(MethodCode::INCREMENT, 1, items)
}

/// A batch with a directory of these entries and `room` bytes of items: 0, 1, 2, ...
fn directory(entries: &[(u32, u32)], room: u8) -> Vec<u8> {
    let entries = entries.iter().flat_map(|(offset, len)| [offset, len]);
    let mut payload: Vec<u8> = entries.flat_map(|n| n.to_le_bytes()).collect();
    payload.extend(0..room);
    payload
}

/// What a server makes of a batch.
fn serve(items: u32, payload: &[u8]) -> Result<Whole, SessionError> {
    let packets = send(&mut client(LIMITS), header(items), payload)?;
    Ok(deliver_all(&mut server(LIMITS), &packets)?.expect("all packets of a message"))
}

fn items((header, payload): &Whole) -> Vec<&[u8]> {
    let header = *header;
    let message = Message::new(header, payload).expect("a checked directory");
    message.items().expect("a batch").iter().collect()
}

fn refused(result: Result<Whole, SessionError>) -> WireErrorKind {
    let error = result.expect_err("a directory that breaks a rule");
    let answer = error.answer().expect("an answer");
    assert_eq!(
        (answer.status, answer.message_id),
        (Status::BAD_ENVELOPE, 1)
    );
    assert_eq!((answer.flags, answer.item_count), (Flags::NONE, 1));
    match error {
        SessionError::Batch { source, .. } => source.kind(),
        other => panic!("{other}"),
    }
}

// Rules W4, W5.
#[test]
fn items_keep_their_place() {
    let sent: &[&[u8]] = &[b"one", b"", b"twelve bytes", b"12345678"];
    let message = serve(4, &batch(sent)).unwrap();
    assert_eq!(message.0.item_count, 4);
    assert_eq!(items(&message), sent);
}

// Rule W5.
#[test]
fn a_batch_of_one_is_a_batch() {
    let message = serve(1, &batch(&[b"alone"])).unwrap();
    assert!(message.0.flags.is_batch());
    assert_eq!(items(&message), [b"alone"]);
    assert_eq!(refused(serve(1, b"alone")), WireErrorKind::Truncated);
    let answer = message.0.answer(Status::OK);
    assert_eq!((answer.flags, answer.item_count), (Flags::BATCH, 1));
}

// Rules W4, C2.
#[test]
fn the_tail_is_padded_and_need_not_be() {
    let payload = batch(&[b"12345678", b"odd"]);
    assert_eq!(payload.len(), 16 + 8 + 8);
    assert_eq!(payload[27..], [0; 5]);
    for len in 27..=32 {
        assert_eq!(
            items(&serve(2, &payload[..len]).unwrap()),
            [&b"12345678"[..], b"odd"]
        );
    }
    assert_eq!(
        refused(serve(2, &payload[..26])),
        WireErrorKind::OutOfBounds
    );
}

// Rules W5, C3.
#[test]
fn a_directory_must_fit() {
    let payload = batch(&[b"", b"", b""]);
    assert_eq!(payload.len(), 24);
    assert!(serve(3, &payload).is_ok());
    for len in [0, 8, 23] {
        assert_eq!(refused(serve(3, &payload[..len])), WireErrorKind::Truncated);
    }
    assert_eq!(refused(serve(4, &payload)), WireErrorKind::Truncated);
}

// Rule W5.
#[test]
fn a_batch_of_none_is_refused() {
    assert_eq!(refused(serve(0, &[])), WireErrorKind::BadItemCount);
    assert_eq!(refused(serve(0, &[0; 8])), WireErrorKind::BadItemCount);
}

// Rule W5.
#[test]
fn offsets_are_multiples_of_8() {
    for offset in 1..8 {
        assert_eq!(
            refused(serve(1, &directory(&[(offset, 0)], 16))),
            WireErrorKind::BadAlignment
        );
        let second = directory(&[(0, 1), (8 + offset, 1)], 32);
        assert_eq!(refused(serve(2, &second)), WireErrorKind::BadAlignment);
    }
}

// Rule W5.
#[test]
fn items_lie_inside() {
    assert!(serve(1, &directory(&[(8, 8)], 16)).is_ok());
    assert!(serve(1, &directory(&[(16, 0)], 16)).is_ok());
    // The last two wrap around in 32 bits.
    let rows = [
        (8, 9),
        (16, 1),
        (24, 0),
        (0, 17),
        (0xffff_fff8, 8),
        (0xffff_fff8, 0xffff_ffff),
    ];
    for entry in rows {
        assert_eq!(
            refused(serve(1, &directory(&[entry], 16))),
            WireErrorKind::OutOfBounds
        );
    }
}

// Rule W5.
#[test]
fn overlap_disorder_gaps_and_zero_lengths_are_accepted() {
    let payload = directory(&[(16, 4), (0, 10), (0, 3), (8, 0), (24, 1)], 32);
    let message = serve(5, &payload).unwrap();
    let all: Vec<u8> = (0..32).collect();
    let want = [&all[16..20], &all[..10], &all[..3], &[], &all[24..25]];
    assert_eq!(items(&message), want);
}

#[test]
fn a_batch_in_chunks_is_checked_as_well() {
    // The directory is looked at when the last packet has come.
    let mut good = directory(&[(0, 100), (104, 80)], 255);
    good.resize(600, 0);
    assert_eq!(items(&serve(2, &good).unwrap()).len(), 2);
    put(&mut good, 8, &[1]);
    assert_eq!(refused(serve(2, &good)), WireErrorKind::BadAlignment);
    put(&mut good, 8, &u32::to_le_bytes(1024));
    assert_eq!(refused(serve(2, &good)), WireErrorKind::OutOfBounds);
}

/// What a client makes of a response with `status` to its batch of two.
fn receive(
    status: Status,
    flags: Flags,
    payload: &[u8],
) -> (Result<Whole, SessionError>, Vec<u64>) {
    let mut client = client(LIMITS);
    client.send(header(2), &[0; 32]).expect("a batch");
    let reply = Header {
        kind: Kind::RESPONSE,
        status,
        flags,
        ..header(2)
    };
    let packets = send(&mut server(LIMITS), reply, payload).expect("a response");
    let result = deliver_all(&mut client, &packets).map(|m| m.expect("all packets of a message"));
    (result, client.fail())
}

// Rule W5.
#[test]
fn a_response_directory_is_looked_at_only_when_the_status_is_ok() {
    for payload in [directory(&[(1, 1), (0, 999)], 8), vec![7; 600], Vec::new()] {
        let (result, left) = receive(Status::OK, Flags::BATCH, &payload);
        let error = result.unwrap_err();
        assert!(matches!(error, SessionError::Batch { .. }), "{error}");
        assert_eq!((error.answer(), left), (None, vec![1]));

        for status in (1..8).map(Status) {
            let (result, left) = receive(status, Flags::BATCH, &payload);
            assert_eq!((result.unwrap().1, left), (payload.clone(), vec![]));
        }
        let (result, _) = receive(Status::OK, Flags::NONE, &payload);
        assert_eq!(
            result.unwrap().1,
            payload,
            "without the flag it is a single message"
        );
    }
}

#[test]
fn a_request_with_a_status_is_checked_all_the_same() {
    let bad = Header {
        status: Status::INTERNAL_ERROR,
        payload_len: 8,
        ..header(2)
    };
    let packet = [&bad.encode()[..], &[0; 8]].concat();
    let error = deliver(&mut server(LIMITS), &packet).unwrap_err();
    assert!(matches!(error, SessionError::Batch { .. }));
}

#[test]
fn items_of_what_is_no_batch() {
    let header = header(3);
    let payload = [0; 23];
    let error = Message::new(header, &payload).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::Truncated);
    let refusal = header.answer(Status::INTERNAL_ERROR);
    assert_eq!(
        Message::new(refusal, &[]).map(|message| message.items()),
        Ok(None)
    );
}
