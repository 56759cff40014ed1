//! Packed lists, strings and labels on any bytes; what is accepted is written again.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use netipc_proto::wire::{
    Encode, Labels, ListRules, Packed, PackedWriter, Span, WireError, Writer, strings,
};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    header: u8,
    count: u16,
    min_len: u8,
    ordered: bool,
    spans: [(u16, u16); 3],
    bytes: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    packed(&input);
    labels(&input);
    texts(&input);
});

struct Blob<'a>(&'a [u8]);

impl Encode for Blob<'_> {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.bytes(self.0)
    }
}

fn packed(input: &Input<'_>) {
    let rules = ListRules {
        min_len: input.min_len.into(),
        ordered: input.ordered,
    };
    let Ok(list) = Packed::parse(input.bytes, input.header.into(), input.count.into(), rules)
    else {
        return;
    };
    assert!(list.iter().all(|item| item.len() >= rules.min_len));
    // Items that share no byte take at most as much room again, and their gaps.
    if rules.ordered {
        let mut buf = vec![0; input.bytes.len() + 8 * list.len()];
        let mut again = PackedWriter::growing(&mut buf, 0).expect("no header, no need for room");
        for item in list.iter() {
            again.push(&Blob(item)).expect("room for every item");
        }
        let (_, len) = again.finish();
        let again =
            Packed::parse(&buf[..len], 0, input.count.into(), rules).expect("what was written");
        assert!(list.iter().eq(again.iter()));
    }
}

fn labels(input: &Input<'_>) {
    let end = usize::from(input.header);
    if let Ok(labels) = Labels::parse(input.bytes, input.count, end) {
        assert!(labels.iter().all(|label| !label.key.is_empty()));
        let mut again = input.bytes[..end].to_vec();
        again.resize(labels.end_after(end), 0xee);
        let mut w = Writer::new(&mut again);
        w.bytes(&input.bytes[..end]).expect("room for the item");
        labels.encode(&mut w).expect("room for the labels");
        assert_eq!(again, input.bytes);
    }
}

fn texts(input: &Input<'_>) {
    let spans = input.spans.map(|(offset, len)| Span {
        offset: offset.into(),
        len: len.into(),
    });
    if let Ok((texts, end)) = strings(input.bytes, input.header.into(), spans, "texts") {
        assert!(end <= input.bytes.len());
        assert!(texts.iter().all(|text| !text.contains(&0)));
    }
}
