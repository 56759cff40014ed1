//! Packed lists, strings and labels on any bytes; what is accepted is written again.

use netipc_proto::session::Message;
use netipc_proto::wire::{
    Encode, Flags, Header, Labels, ListRules, MethodCode, Packed, PackedWriter, Span, WireError,
    Writer, strings,
};

use crate::corpus::vectors;
use crate::{Input, Seen};

pub(super) struct Blob<'a>(pub(super) &'a [u8]);

impl Encode for Blob<'_> {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.bytes(self.0)
    }
}

/// Batches of one to four items.
pub(super) fn directories() -> Vec<Vec<u8>> {
    let front = |count: u8, ordered| [0, count, 0, 0, ordered];
    let batches = vectors("codec.json", "batch");
    let each = batches
        .iter()
        .flat_map(|batch| (1..5).map(move |count| (count, batch)));
    each.flat_map(|(count, batch)| {
        [0, 1].map(|ordered| [&front(count, ordered)[..], batch].concat())
    })
    .collect()
}

/// A header's length, a count, the shortest item, whether items are in order; then a list.
pub(super) fn directory(bytes: &[u8]) -> Seen {
    let mut input = Input::new(bytes);
    let (header, count, min_len, ordered) = (input.u8(), input.u16(), input.u8(), input.flag());
    let bytes = input.rest();
    let rules = ListRules {
        min_len: min_len.into(),
        ordered,
    };
    let seen = batch(count.into(), bytes);
    let list = match Packed::parse(bytes, header.into(), count.into(), rules) {
        Ok(list) => list,
        Err(error) => return seen.and_error(&error),
    };
    assert!(list.iter().all(|item| item.len() >= rules.min_len));
    assert_eq!(list.iter().count(), usize::from(count));
    // Items that share no byte take at most as much room again, and their gaps.
    if rules.ordered {
        let mut buf = vec![0; bytes.len() + 8 * list.len()];
        let mut again = PackedWriter::growing(&mut buf, 0).expect("no header, no need for room");
        for item in list.iter() {
            again.push(&Blob(item)).expect("room for every item");
        }
        let (_, len) = again.finish();
        let again = Packed::parse(&buf[..len], 0, count.into(), rules).expect("what was written");
        assert!(list.iter().eq(again.iter()));
    }
    seen.and_many(list.len())
}

/// The same bytes as the payload of a batch.
fn batch(item_count: u32, payload: &[u8]) -> Seen {
    let mut header = Header::request(MethodCode::INCREMENT, 1);
    (header.flags, header.item_count) = (Flags::BATCH, item_count);
    match Message::new(header, payload) {
        Ok(message) => {
            let items = message.items().expect("it is a batch");
            assert_eq!(items.len(), item_count as usize);
            // Items of a batch may overlap.
            assert!(items.iter().all(|item| item.len() <= payload.len()));
            Seen::of("batch").and_many(items.len())
        }
        Err(error) => Seen::of("no batch").and_error(&error),
    }
}

/// Items of lookups, each with its table of labels somewhere.
pub(super) fn label_tables() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (count, pairs) in [(0, &b""[..]), (1, b"a\0b\0"), (2, b"key\0\0k\0value\0")] {
        let mut table = vec![count, 0, 8];
        table.extend([7; 8]);
        let mut at = 8 + 16 * u32::from(count);
        for pair in pairs
            .split_inclusive(|byte| *byte == 0)
            .collect::<Vec<_>>()
            .chunks(2)
        {
            for text in pair {
                let len = u32::try_from(text.len()).unwrap_or(1) - 1;
                table.extend(at.to_le_bytes());
                table.extend(len.to_le_bytes());
                at += len + 1;
            }
        }
        table.extend(pairs);
        seeds.push(table);
    }
    seeds
}

/// A count and where the table begins; then an item with its labels.
pub(super) fn labels(bytes: &[u8]) -> Seen {
    let mut input = Input::new(bytes);
    let (count, end) = (input.u16(), usize::from(input.u8()));
    let bytes = input.rest();
    let labels = match Labels::parse(bytes, count, end) {
        Ok(labels) => labels,
        Err(error) => return Seen::of("refused").and_error(&error),
    };
    assert!(labels.iter().all(|label| !label.key.is_empty()));
    assert_eq!(labels.iter().count(), usize::from(count));
    let mut again = bytes[..end].to_vec();
    again.resize(labels.end_after(end), 0xee);
    let mut out = Writer::new(&mut again);
    out.bytes(&bytes[..end]).expect("room for the item");
    labels.encode(&mut out).expect("room for the labels");
    assert_eq!(again, bytes);
    Seen::of("accepted").and_many(count.into())
}

/// Three texts behind a header of 24 bytes.
pub(super) fn text_spans() -> Vec<Vec<u8>> {
    let mut seed = vec![24];
    for (offset, len) in [(24_u16, 1_u16), (26, 0), (27, 3)] {
        seed.extend(offset.to_le_bytes());
        seed.extend(len.to_le_bytes());
    }
    seed.extend([0; 24]);
    seed.extend(b"a\0\0abc\0");
    vec![seed]
}

/// A header's length and three spans; then bytes.
pub(super) fn texts(bytes: &[u8]) -> Seen {
    let mut input = Input::new(bytes);
    let header = input.u8();
    let spans = [(); 3].map(|()| Span {
        offset: input.u16().into(),
        len: input.u16().into(),
    });
    let bytes = input.rest();
    match strings(bytes, header.into(), spans, "texts") {
        Ok((texts, end)) => {
            assert!(end <= bytes.len());
            assert!(texts.iter().all(|text| !text.contains(&0)));
            Seen::of("accepted").and_many(end)
        }
        Err(error) => Seen::of("refused").and_error(&error),
    }
}
