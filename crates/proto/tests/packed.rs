//! Packed lists: the rules that lists differ in, and what a writer does when room is short.

mod common;

use common::Blob;
use netipc_proto::wire::{
    Encode, ListRules, Packed, PackedWriter, WireError, WireErrorKind, Writer,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// An item whose encoder finds a fault in it.
struct Faulty;

impl Encode for Faulty {
    fn size(&self) -> usize {
        4
    }

    fn encode(&self, _: &mut Writer<'_>) -> Result<(), WireError> {
        Err(WireError::layout("faulty", 0, 1))
    }
}

/// Offset and length.
type Entry = (u32, u32);

/// A list of these entries before `room` bytes of items.
fn list(entries: &[Entry], room: usize) -> Vec<u8> {
    let entries = entries.iter().flat_map(|(offset, len)| [offset, len]);
    let mut payload: Vec<u8> = entries.flat_map(|n| n.to_le_bytes()).collect();
    payload.resize(payload.len() + room, 0);
    payload
}

fn verdict(entries: &[Entry], rules: ListRules) -> Option<WireErrorKind> {
    let count = u32::try_from(entries.len()).expect("few");
    let result = Packed::parse(&list(entries, 32), 0, count, rules).map(drop);
    result.err().map(|error| error.kind())
}

// Rules C17, C24.
#[test]
fn ordered_lists_have_no_overlap() {
    use WireErrorKind::{BadAlignment, BadLayout, OutOfBounds};
    let rules = ListRules {
        min_len: 2,
        ordered: true,
    };
    let rows: &[(&[Entry], Option<WireErrorKind>)] = &[
        (&[(0, 8), (8, 8)], None),
        (&[(0, 3), (16, 2)], None),
        (&[(8, 8), (0, 8)], Some(BadLayout)),
        (&[(0, 9), (8, 8)], Some(BadLayout)),
        (&[(0, 8), (0, 8)], Some(BadLayout)),
        (&[(0, 1)], Some(BadLayout)),
        (&[(4, 8)], Some(BadAlignment)),
        (&[(24, 9)], Some(OutOfBounds)),
        (&[(0xffff_fff8, 0xffff_ffff)], Some(OutOfBounds)),
    ];
    for (entries, want) in rows {
        assert_eq!(verdict(entries, rules), *want, "{entries:?}");
    }
}

// Rule C10.
#[test]
fn items_too_short_are_truncated_where_order_is_free() {
    let rules = ListRules {
        min_len: 8,
        ordered: false,
    };
    assert_eq!(verdict(&[(8, 8), (0, 9)], rules), None);
    assert_eq!(verdict(&[(0, 7)], rules), Some(WireErrorKind::Truncated));
    assert_eq!(verdict(&[(32, 7)], rules), Some(WireErrorKind::OutOfBounds));
}

// Rule C3.
#[test]
fn a_directory_must_fit_behind_its_header() {
    let payload = list(&[(0, 0), (0, 0)], 0);
    for (header, count, fits) in [
        (0, 2, true),
        (8, 1, true),
        (16, 0, true),
        (0, 3, false),
        (9, 1, false),
        (17, 0, false),
        (0, u32::MAX, false),
        (usize::MAX, 1, false),
    ] {
        let result =
            Packed::parse(&payload, header, count, ListRules::BATCH).map(|list| list.len());
        match fits {
            true => assert_eq!(result, Ok(count as usize)),
            false => assert_eq!(result.unwrap_err().kind(), WireErrorKind::Truncated),
        }
    }
}

#[test]
fn beyond_the_end_there_is_nothing() {
    let payload = list(&[(0, 4)], 8);
    let list = Packed::parse(&payload, 0, 1, ListRules::BATCH).unwrap();
    assert_eq!(
        (list.len(), list.is_empty(), list.get(0)),
        (1, false, Some(&[0; 4][..]))
    );
    for index in [1, 2, usize::MAX] {
        assert_eq!(list.get(index), None);
    }
}

#[test]
fn an_exact_list_takes_its_count() {
    let mut buf = [0; 64];
    let mut list = PackedWriter::exact(&mut buf, 16, 1).unwrap();
    assert!(list.is_empty());
    list.push(&Blob(b"one")).unwrap();
    let error = list.push(&Blob(b"two")).unwrap_err();
    assert_eq!(
        (error.kind(), error.found()),
        (WireErrorKind::BadItemCount, 2)
    );
    assert_eq!(
        (list.len(), list.capacity(), list.next_start()),
        (1, 64, 32)
    );
    let error = PackedWriter::exact(&mut buf, 16, 7).unwrap_err();
    assert_eq!((error.kind(), error.found()), (WireErrorKind::Overflow, 72));
}

// Rule W4.
#[test]
fn an_exact_list_with_fewer_items_shows_no_hole() {
    let mut buf = [0xee; 64];
    let mut list = PackedWriter::exact(&mut buf, 0, 3).unwrap();
    list.push(&Blob(b"alone")).unwrap();
    let (_, len) = list.finish();
    assert_eq!(
        buf[..len],
        [&[0, 0, 0, 0, 5, 0, 0, 0][..], b"alone"].concat()
    );
}

#[test]
fn a_failed_push_changes_nothing() {
    let mut buf = [0xee; 40];
    let mut list = PackedWriter::growing(&mut buf, 0).unwrap();
    list.push(&Blob(b"first")).unwrap();
    assert_eq!(list.push(&Faulty).unwrap_err().field(), "faulty");
    assert_eq!(
        list.push(&Blob(&[1; 40])).unwrap_err().kind(),
        WireErrorKind::Overflow
    );
    list.push(&Blob(b"second")).unwrap();
    let (_, len) = list.finish();
    let read = Packed::parse(&buf[..len], 0, 2, ListRules::BATCH).unwrap();
    assert!(read.iter().eq([&b"first"[..], b"second"]));
}

proptest! {
    #[test]
    fn a_writer_in_any_room_writes_what_an_exact_one_does(
        items in vec(vec(any::<u8>(), 0..20), 1..24),
        room in 0_usize..700,
    ) {
        let mut buf = vec![0xee; room];
        let mut list = PackedWriter::growing(&mut buf, 0).unwrap();
        let taken = items.iter().take_while(|item| list.push(&Blob(item)).is_ok()).count();
        let (_, len) = list.finish();

        let mut exact = vec![0xdd; 1024];
        let mut list = PackedWriter::exact(&mut exact, 0, taken).unwrap();
        for item in &items[..taken] {
            list.push(&Blob(item)).unwrap();
        }
        let (_, exact_len) = list.finish();
        prop_assert_eq!(&buf[..len], &exact[..exact_len]);

        // The first that was refused would really not have fitted.
        if let Some(refused) = items.get(taken) {
            let mut list = PackedWriter::exact(&mut exact, 0, taken + 1).unwrap();
            for item in &items[..taken] {
                list.push(&Blob(item)).unwrap();
            }
            prop_assert!(list.next_start() + refused.len() > room);
        }
    }
}
