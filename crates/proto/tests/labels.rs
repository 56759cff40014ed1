//! Labels: what is written, what is read, and every way in which they may be wrong.

mod common;

use common::put;
use netipc_proto::wire::{LABEL_ENTRY_LEN, Label, Labels, WireError, WireErrorKind, Writer};
use proptest::collection::vec;
use proptest::prelude::*;

/// Where the item's own strings end, and where its table starts.
const END: usize = 13;
const TABLE: usize = 16;
/// Where the strings of the two labels start.
const STRINGS: usize = TABLE + 2 * LABEL_ENTRY_LEN;

/// An item with own bytes up to `end` and `labels` behind.
fn item(end: usize, labels: &Labels<'_>) -> Result<Vec<u8>, WireError> {
    let mut item = vec![0xee; labels.end_after(end)];
    let mut w = Writer::new(&mut item);
    w.bytes(&vec![0xaa; end])?;
    labels.encode(&mut w)?;
    assert_eq!(w.len(), item.len());
    Ok(item)
}

/// `aaaaaaaaaaaaa 000 | 48 3 52 3 | 56 1 58 0 | app0 web0 | k0 0`
fn two_labels() -> Vec<u8> {
    let pairs = [Label::new("app", "web"), Label::new("k", "")];
    item(END, &Labels::Pairs(&pairs)).expect("labels that may be sent")
}

// Rule C23.
#[test]
fn the_bytes_of_two_labels() {
    let item = two_labels();
    let table: Vec<u8> = [48_u32, 3, 52, 3, 56, 1, 58, 0]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect();
    assert_eq!(item[END..TABLE], [0; 3]);
    assert_eq!(item[TABLE..STRINGS], table);
    assert_eq!(item[STRINGS..], *b"app\0web\0k\0\0");

    let labels = Labels::parse(&item, 2, END).unwrap();
    assert_eq!((labels.len(), labels.is_empty()), (2, false));
    assert_eq!(labels.get(0), Some(Label::new("app", "web")));
    assert_eq!(labels.get(1), Some(Label::new("k", "")));
    assert_eq!(labels.get(2), None);
    assert_eq!(labels.get(usize::MAX), None);
}

// Rule C23.
#[test]
fn no_labels_take_no_room() {
    assert_eq!(Labels::NONE.end_after(END), END);
    assert_eq!(item(END, &Labels::NONE).unwrap().len(), END);
    assert_eq!(Labels::parse(&[1; END], 0, END), Ok(Labels::NONE));
    assert!(Labels::NONE.is_empty() && Labels::NONE.get(0).is_none());
}

// Rules C23, C24.
#[test]
fn every_rule_of_the_layout() {
    use WireErrorKind::{BadLayout, MissingNul, OutOfBounds};
    let rows: &[(usize, &[u8], WireErrorKind, &str)] = &[
        (END, &[1], BadLayout, "gap before the labels"),
        (TABLE - 1, &[0xff], BadLayout, "gap before the labels"),
        (TABLE, &[49], BadLayout, "label key"),
        (TABLE, &[47], BadLayout, "label key"),
        (TABLE, &[0], BadLayout, "label key"),
        (TABLE + 4, &[0], BadLayout, "label key length"),
        (TABLE + 4, &[2], MissingNul, "label key"),
        (TABLE + 4, &[4], MissingNul, "label key"),
        (TABLE + 4, &[11], OutOfBounds, "label key"),
        (TABLE + 4, &[0xff; 4], OutOfBounds, "label key"),
        (TABLE + 8, &[53], BadLayout, "label value"),
        (TABLE + 8, &[48], BadLayout, "label value"),
        (TABLE + 12, &[4], MissingNul, "label value"),
        (TABLE + 12, &[0xff; 4], OutOfBounds, "label value"),
        (TABLE + 16, &[48], BadLayout, "label key"),
        (TABLE + 20, &[0], BadLayout, "label key length"),
        (TABLE + 28, &[1], OutOfBounds, "label value"),
        (STRINGS, &[0], BadLayout, "label key"),
        (STRINGS + 3, b"x", MissingNul, "label key"),
        (STRINGS + 5, &[0], BadLayout, "label value"),
        (STRINGS + 7, b"x", MissingNul, "label value"),
        (STRINGS + 10, b"x", MissingNul, "label value"),
    ];
    for (at, value, kind, field) in rows {
        let mut item = two_labels();
        put(&mut item, *at, value);
        let error = Labels::parse(&item, 2, END).unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (*kind, *field),
            "{value:?} at {at}"
        );
    }
}

// Rules C23, C24.
#[test]
fn labels_out_of_order_are_refused() {
    let mut item = two_labels();
    item[TABLE..STRINGS].rotate_left(LABEL_ENTRY_LEN);
    let error = Labels::parse(&item, 2, END).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (WireErrorKind::BadLayout, "label key")
    );
}

// Rules C2, C24.
#[test]
fn labels_are_the_last_thing_in_an_item() {
    let mut item = two_labels();
    item.push(0);
    let error = Labels::parse(&item, 2, END).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (WireErrorKind::BadLayout, "item length")
    );
    for len in 0..item.len() - 1 {
        assert!(Labels::parse(&item[..len], 2, END).is_err(), "cut to {len}");
    }
}

#[test]
fn the_count_is_that_of_the_table() {
    use WireErrorKind::{BadLayout, OutOfBounds};
    let item = two_labels();
    let rows = [
        (0, BadLayout, "item length"),
        (1, BadLayout, "label key"),
        (3, OutOfBounds, "label table"),
        (u16::MAX, OutOfBounds, "label table"),
    ];
    for (count, kind, field) in rows {
        let error = Labels::parse(&item, count, END).unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (kind, field),
            "{count} labels"
        );
    }
}

// Rule C23.
#[test]
fn labels_that_may_not_be_sent() {
    let rows = [
        (Label::new("", "value"), "label key length"),
        (Label::new("k\0", "value"), "label key"),
        (Label::new("key", "\0"), "label value"),
    ];
    for (label, field) in rows {
        let error = item(END, &Labels::Pairs(&[label])).unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (WireErrorKind::BadLayout, field)
        );
    }
}

#[test]
fn labels_without_room() {
    let pairs = [Label::new("app", "web"), Label::new("k", "")];
    let labels = Labels::Pairs(&pairs);
    for room in 0..labels.end_after(0) {
        let mut buf = vec![0; room];
        let error = labels.encode(&mut Writer::new(&mut buf)).unwrap_err();
        assert_eq!(error.kind(), WireErrorKind::Overflow, "{room} bytes");
    }
}

#[test]
fn an_item_has_at_most_65535_labels() {
    let pairs = vec![Label::new("k", "v"); 65_536];
    assert_eq!(Labels::Pairs(&pairs[1..]).count(), Ok(u16::MAX));
    let error = Labels::Pairs(&pairs).count().unwrap_err();
    assert_eq!(
        (error.kind(), error.found()),
        (WireErrorKind::BadItemCount, 65_536)
    );
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let text = |len| vec(prop_oneof![prop::char::range('a', 'z'), Just('ü')], len);
    let pair = (text(1..9), text(0..9));
    let join = |chars: Vec<char>| chars.into_iter().collect::<String>();
    vec(
        pair.prop_map(move |(key, value)| (join(key), join(value))),
        0..6,
    )
}

proptest! {
    #[test]
    fn labels_round_trip(pairs in pairs(), end in 0_usize..40) {
        let owned = Labels::Owned(&pairs);
        let borrowed: Vec<_> = pairs.iter().map(|(key, value)| Label::new(key, value)).collect();
        let item = item(end, &owned).unwrap();
        prop_assert_eq!(&item, &self::item(end, &Labels::from(&borrowed[..])).unwrap());
        prop_assert!(item[end..].len() >= pairs.len() * (LABEL_ENTRY_LEN + 3));

        let read = Labels::parse(&item, owned.count().unwrap(), end).unwrap();
        prop_assert_eq!(read, owned);
        prop_assert_eq!(read.end_after(end), item.len());
        prop_assert!(read.iter().eq(borrowed.iter().copied()));
    }

    #[test]
    fn what_is_accepted_is_what_the_encoder_writes(
        pairs in pairs(),
        end in 0_usize..40,
        spoils in vec((any::<prop::sample::Index>(), 0_u8..70), 0..3),
        len_change in -2_isize..3,
        count_change in -1_i32..2,
    ) {
        let mut spoilt = item(end, &Labels::Owned(&pairs)).unwrap();
        let len = spoilt.len().saturating_add_signed(len_change).max(end);
        spoilt.resize(len, 0);
        for (at, value) in spoils {
            if !spoilt.is_empty() {
                *at.get_mut(&mut spoilt) = value;
            }
        }
        let count = i32::try_from(pairs.len()).unwrap() + count_change;
        let count = u16::try_from(count).unwrap_or(0);
        if let Ok(labels) = Labels::parse(&spoilt, count, end) {
            let again = item(end, &labels).unwrap();
            prop_assert_eq!(&again[end..], &spoilt[end..]);
        }
    }

    #[test]
    fn any_bytes_are_labels_or_refused(
        item in vec(any::<u8>(), 0..120),
        count: u16,
        end in 0_usize..130,
    ) {
        let parsed = Labels::parse(&item, count, end);
        prop_assert!(parsed.is_err() || usize::from(count) * LABEL_ENTRY_LEN <= item.len());
    }
}
