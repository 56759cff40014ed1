//! What holds for texts, snapshots and labels, whole or spoilt. `crates/generated` tries every service against its schema.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{AnyLabel, spoilt, text};
use netipc::lookup::{LookupItem, TextKey};
use netipc::service::cgroups_lookup::CgroupsLookupItem;
use netipc::service::cgroups_snapshot::{CgroupsBuilder, CgroupsItemView, CgroupsResponseView};
use netipc::service::string_reverse::Text;
use netipc::wire::{CStrView, Decode, Encode, ListRules, Packed, Valid, WireErrorKind, Writer};
use proptest::collection::vec;
use proptest::prelude::*;

type SnapshotText = ([u32; 3], Vec<u8>, Vec<u8>);

fn snapshot_text() -> impl Strategy<Value = SnapshotText> {
    (any::<[u32; 3]>(), text(0..40), text(0..60))
}

fn snapshot_item(from: &SnapshotText) -> CgroupsItemView<'_> {
    let ([hash, options, enabled], name, path) = from;
    CgroupsItemView {
        hash: *hash,
        options: *options,
        enabled: *enabled,
        name: name.into(),
        path: path.into(),
    }
}

/// A snapshot of these items in at most `room` bytes, and how many it holds.
fn snapshot(items: &[SnapshotText], room: usize) -> Option<(Vec<u8>, usize)> {
    let mut buf = vec![0xee; room];
    let mut builder = CgroupsBuilder::new(&mut buf).ok()?;
    for item in items {
        let failed = builder.error().is_some();
        let added = builder.push(&snapshot_item(item));
        assert!(!failed || added.is_err(), "overflow is sticky");
    }
    builder.set_header(7, 9);
    let count = builder.item_count();
    builder.accept_truncated();
    let len = builder.finish().unwrap();
    buf.truncate(len);
    Some((buf, count))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    // Rule C1.
    #[test]
    fn any_text_is_read_or_refused(bytes in spoilt(encoded(&Text::new(b"hello")))) {
        if let Ok(read) = Text::decode(&bytes) {
            prop_assert_eq!(read.0.as_bytes(), &bytes[8..8 + read.0.len()]);
        }
    }

    // Rules C2, C11.
    #[test]
    fn snapshots_hold_what_fits(items in vec(snapshot_text(), 0..30), cut in 0..400_usize) {
        let sizes: Vec<_> = items.iter().map(|item| 34 + item.1.len() + item.2.len()).collect();
        let total = |n: usize| {
            let items = sizes[..n].iter().fold(0, |end: usize, size| end.next_multiple_of(8) + size);
            24 + 8 * n + items
        };
        let room = total(items.len()).saturating_sub(cut);
        // As many items from the front as fit, to the last byte.
        let expected = (0..=items.len()).rev().find(|n| total(*n) <= room);
        let built = snapshot(&items, room);
        prop_assert_eq!(built.as_ref().map(|(_, count)| *count), expected);
        if let Some((bytes, count)) = built {
            prop_assert_eq!(bytes.len(), total(count));
            let view = CgroupsResponseView::decode(&bytes).unwrap();
            prop_assert_eq!((view.systemd_enabled, view.generation), (7, 9));
            let read: Vec<_> = view.iter().map(Result::unwrap).collect();
            let written: Vec<_> = items[..count].iter().map(snapshot_item).collect();
            prop_assert_eq!(read, written);
        }
    }

    // Rules C1, C10.
    #[test]
    fn any_snapshot_is_read_or_refused(
        bytes in vec(snapshot_text(), 0..4)
            .prop_flat_map(|items| spoilt(snapshot(&items, 10_000).unwrap().0)),
    ) {
        let Ok(view) = CgroupsResponseView::decode(&bytes) else { return Ok(()) };
        let rules = ListRules { min_len: 32, ordered: false };
        let items = Packed::parse(&bytes, 24, view.item_count, rules).unwrap();
        let mut valid = true;
        for (index, raw) in (0..).zip(items.iter()) {
            let item = view.item(index);
            valid &= item.is_ok();
            prop_assert_eq!(item, CgroupsItemView::decode(raw));
            if let Ok(item) = item {
                let valid = Valid::<CgroupsItemView<'_>>::decode(raw).unwrap();
                prop_assert_eq!(valid.view(), item);
                if !item.name.contains(&0) && !item.path.contains(&0) {
                    let again = encoded(&item);
                    prop_assert_eq!(CgroupsItemView::decode(&again), Ok(item));
                }
            }
        }
        prop_assert_eq!(view.validate().is_ok(), valid);
        prop_assert!(view.item(view.item_count).is_err());
    }

    // Rule C11.
    #[test]
    fn a_nul_inside_is_refused(mut item in snapshot_text(), at: prop::sample::Index, name: bool) {
        let spoilt = if name { &mut item.1 } else { &mut item.2 };
        spoilt.insert(at.index(spoilt.len() + 1), 0);
        let mut buf = [0; 1000];
        let mut builder = CgroupsBuilder::new(&mut buf).unwrap();
        let error = builder.push(&snapshot_item(&item)).unwrap_err();
        prop_assert_eq!(error.kind(), WireErrorKind::BadLayout);
        prop_assert_eq!(builder.finish(), Err(error));
    }
}

#[test]
fn labels_are_limited_by_their_count() {
    let labels: Vec<AnyLabel> = vec![(b"k".to_vec(), Vec::new()); 70_000];
    let labels = common::labels_of(&labels);
    let item = CgroupsLookupItem {
        name: CStrView::EMPTY,
        labels: netipc::wire::Labels::Pairs(&labels),
        ..CgroupsLookupItem::bare(key(b"/a"), 0)
    };
    let mut buf = vec![0; item.size()];
    let error = item.encode(&mut Writer::new(&mut buf)).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::BadItemCount);
}

fn encoded(value: &impl Encode) -> Vec<u8> {
    let mut buf = vec![0xee; value.size()];
    let mut out = Writer::new(&mut buf);
    value.encode(&mut out).unwrap();
    assert_eq!(out.len(), value.size());
    buf
}

fn key(path: &[u8]) -> TextKey<'_> {
    TextKey::new(path).unwrap()
}
