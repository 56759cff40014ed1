//! The proof that bytes were decoded, and the lists that carry it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use netipc_proto::wire::{
    CStrView, Decode, ENTRY_LEN, Encode, Label, Labels, Layout, List, ListBuf, ListRules, Packed,
    Reader, Span, Valid, WireError, WireErrorKind, Writer, lay_out, strings,
};
use proptest::collection::vec;
use proptest::prelude::*;

const HEADER_LEN: usize = 12;
const RULES: ListRules = ListRules {
    min_len: HEADER_LEN,
    ordered: true,
};

/// `name span | label count | name NUL labels`
#[derive(Clone, Copy, Debug, PartialEq)]
struct Named<'a> {
    name: CStrView<'a>,
    labels: Labels<'a>,
}

struct NamedLayout;

impl Layout for NamedLayout {
    type View<'a> = Named<'a>;
}

fn fields(bytes: &[u8]) -> Result<(Span, u16), WireError> {
    let mut r = Reader::record::<HEADER_LEN>(bytes, "named")?;
    Ok((r.span("name")?, r.u16("label_count")?))
}

impl<'a> Decode<'a> for Named<'a> {
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (span, count) = fields(bytes)?;
        let ([name], end) = strings(bytes, HEADER_LEN, [span], "name")?;
        let labels = Labels::parse(bytes, count, end)?;
        Ok(Self { name, labels })
    }

    fn view(valid: Valid<'a, Self>) -> Self {
        let (span, count) = fields(valid.bytes()).unwrap();
        Self {
            name: valid.text(span),
            labels: valid.labels(count, span.end()),
        }
    }
}

impl Encode for Named<'_> {
    fn size(&self) -> usize {
        self.labels.end_after(HEADER_LEN + self.name.len() + 1)
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        let [name] = lay_out(HEADER_LEN, [self.name]);
        let count = self.labels.count()?;
        out.record::<HEADER_LEN>(|fields| fields.span(name).u16(count).u16(0))?;
        out.text(self.name, "name")?;
        self.labels.encode(out)
    }
}

fn encoded(item: &impl Encode) -> Vec<u8> {
    let mut bytes = vec![0xee; item.size()];
    item.encode(&mut Writer::new(&mut bytes)).unwrap();
    bytes
}

#[test]
fn what_was_decoded_reads_the_same_again() {
    let pairs = [Label::new("app", "web")];
    let named = Named {
        name: "name".into(),
        labels: Labels::Pairs(&pairs),
    };
    let bytes = encoded(&named);
    let valid = Valid::<Named<'_>>::decode(&bytes).unwrap();
    assert_eq!(valid.view(), named);
    assert_eq!(valid.bytes(), bytes);
    let error = Valid::<Named<'_>>::decode(&bytes[..bytes.len() - 1]).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::OutOfBounds);
}

#[test]
#[cfg(debug_assertions)]
fn a_view_of_what_decoding_did_not_check_panics() {
    let bytes = 7_u64.to_le_bytes();
    let valid = Valid::<u64>::decode(&bytes).unwrap();
    let outside = Span { offset: 4, len: 5 };
    for read in [
        &(|| _ = valid.text(outside)) as &(dyn Fn() + std::panic::RefUnwindSafe),
        &|| _ = valid.labels(1, 8),
        &|| _ = valid.packed(0, 2),
        &|| _ = valid.list::<NamedLayout>(8, 1),
    ] {
        let panic = std::panic::catch_unwind(read).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains("was not checked"), "{text}");
    }
    assert_eq!(valid.text(Span { offset: 0, len: 8 }).len(), 8);
}

#[test]
fn a_list_takes_as_many_items_as_expected() {
    let mut list = ListBuf::<NamedLayout>::default();
    list.start(8, 1);
    let named = |name| Named {
        name: CStrView::new(name),
        labels: Labels::NONE,
    };
    let error = list.push(&named(b"a\0b")).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::BadLayout);
    assert!(list.is_empty());
    list.push(&named(b"one")).unwrap();
    let error = list.push(&named(b"two")).unwrap_err();
    assert_eq!(
        (error.kind(), error.found()),
        (WireErrorKind::BadItemCount, 2)
    );
    list.header_mut().copy_from_slice(b"a header");
    assert_eq!(&list.payload()[..8], b"a header");
    assert_eq!(list.list().get(0), Some(named(b"one")));
    assert_eq!(list.list().get(1), None);
}

proptest! {
    // Rule C34.
    #[test]
    fn owned_lists_are_read_as_written(
        names in vec(vec(1_u8.., 0..20), 0..12),
        start in 0_usize..14,
        count in 0_usize..14,
        dirt in vec(any::<u8>(), 0..300),
    ) {
        let items: Vec<_> = names
            .iter()
            .map(|name| Named { name: CStrView::new(name), labels: Labels::NONE })
            .collect();
        // What the memory held before does not show.
        let mut list = ListBuf::<NamedLayout>::reusing(dirt);
        list.start(16, items.len());
        for item in &items {
            list.push(item).unwrap();
        }
        let whole = |payload: &[u8], items: &[Named<'_>]| {
            let count = u32::try_from(items.len()).unwrap();
            let read = List::<NamedLayout>::decode(payload, 16, count, RULES).unwrap();
            assert!(read.iter().eq(items.iter().copied()));
            let bytes: Vec<_> = read.iter_valid().map(|item| item.bytes().to_vec()).collect();
            assert_eq!(bytes, items.iter().map(encoded).collect::<Vec<_>>());
        };
        whole(list.payload(), &items);
        prop_assert!(list.list().iter().eq(items.iter().copied()));
        // A part of it is a list of its own; beyond the end there is nothing.
        let mut part = vec![0xee; 7];
        list.copy_range(start..start + count, 16, &mut part);
        let expected = items.get(start..start + count).unwrap_or_default();
        whole(&part, expected);
        // Items that came from elsewhere are copied as they are.
        let mut copy = ListBuf::<NamedLayout>::default();
        copy.start(16, items.len());
        for item in list.list().iter_valid() {
            copy.push_valid(item).unwrap();
        }
        prop_assert_eq!(copy.payload(), list.payload());
        prop_assert_eq!(copy.into_bytes(), list.into_bytes());
    }

    #[test]
    fn a_list_is_decoded_or_refused(
        bytes in vec(any::<u8>(), 0..200),
        count in 0_u32..8,
    ) {
        let packed = Packed::parse(&bytes, 0, count, RULES);
        let all = packed.and_then(|items| items.iter().try_for_each(|item| Named::decode(item).map(drop)));
        let list = List::<NamedLayout>::decode(&bytes, 0, count, RULES);
        prop_assert_eq!(list.is_ok(), all.is_ok());
        prop_assert!(list.is_err() || count as usize * ENTRY_LEN <= bytes.len());
    }
}
