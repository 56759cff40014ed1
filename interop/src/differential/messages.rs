//! Random messages, as lines that tell a peer what to encode.

use super::line::Line;
use crate::random::Random;

/// What a peer is asked to encode.
pub(super) struct Message {
    /// Which kind of message it is.
    pub(super) kind: &'static str,
    /// What to encode: the words behind the kind.
    pub(super) fields: Line,
    /// What must be read from what was written, where that is known.
    pub(super) read: Option<Line>,
    /// Items of a batch: a number that only its envelope tells.
    pub(super) items: Option<u64>,
}

/// Makes the fields of a message of one kind, and what must be read from it.
type Make = fn(&mut Random) -> (Line, Option<Line>);

/// Every kind of message that no schema says. Those with many rules come more often.
const KINDS: [(&str, Make, usize); 5] = [
    ("header", header, 2),
    ("chunk", |random| plain(random, &[64, 32, 32, 32, 32]), 1),
    ("hello", |random| plain(random, &HELLO), 1),
    ("hello-ack", |random| plain(random, &HELLO_ACK), 1),
    (BATCH, batch, 3),
];

const BATCH: &str = "batch";
const HELLO: [u32; 11] = [16, 16, 32, 32, 32, 32, 32, 32, 32, 64, 32];
const HELLO_ACK: [u32; 11] = [16, 16, 32, 32, 32, 32, 32, 32, 32, 32, 64];

impl Message {
    /// One of any kind.
    pub(super) fn random(random: &mut Random) -> Self {
        let mut at = random.below(KINDS.iter().map(|(.., often)| often).sum());
        let chosen = KINDS.iter().find(|(.., often)| {
            let found = at < *often;
            at = at.saturating_sub(*often);
            found
        });
        let (kind, make, _) = *chosen.unwrap_or(&KINDS[0]);
        let (fields, read) = make(random);
        let items = match kind {
            BATCH => fields.as_str().split(' ').nth(1),
            _ => None,
        };
        let items = items.and_then(|items| items.parse().ok());
        Self {
            kind,
            fields,
            read,
            items,
        }
    }
}

/// Any kind, for bytes that may be of another; and how many items to look for.
pub(super) fn other_kind(random: &mut Random) -> (&'static str, Option<u64>) {
    let (kind, ..) = random.pick(KINDS);
    (kind, (kind == BATCH).then(|| random.next() % 8))
}

/// Room for a message of `needed` bytes: mostly enough, or too little in many ways. Tells whether it
/// is enough.
fn room(random: &mut Random, needed: usize) -> (usize, bool) {
    let room = match random.below(12) {
        0..4 => needed,
        4 | 5 => needed + random.below(40),
        6 => needed + 5_000,
        7 => needed.saturating_sub(1),
        8 | 9 => needed.saturating_sub(random.below(200)),
        10 => random.below(needed + 1),
        _ => random.below(64).min(needed),
    };
    (room, room >= needed)
}

/// Bytes of items of these sizes behind their directory and `header` bytes.
fn packed(header: usize, sizes: impl IntoIterator<Item = usize>) -> usize {
    let add = |(count, end): (usize, usize), size| (count + 1, end.next_multiple_of(8) + size);
    let (count, end) = sizes.into_iter().fold((0, 0), add);
    header + 8 * count + end
}

/// How many items a message has.
fn count(random: &mut Random) -> usize {
    match random.below(20) {
        0 => 0,
        1..17 => 1 + random.below(5),
        17 | 18 => random.below(20),
        _ => random.below(80),
    }
}

/// The fields of a message that needs `needed` bytes: how much room there is, and the rest, which is
/// what must be read if there is enough.
fn in_room(random: &mut Random, needed: usize, rest: Line) -> (Line, Option<Line>) {
    let (room, enough) = room(random, needed);
    let mut fields = Line::default();
    fields.word(room).line(&rest);
    (fields, enough.then_some(rest))
}

/// Numbers that a decoder does not judge.
fn plain(random: &mut Random, bits: &[u32]) -> (Line, Option<Line>) {
    let mut fields = Line::default();
    for bits in bits {
        fields.word(random.number(*bits));
    }
    (fields.clone(), Some(fields))
}

fn header(random: &mut Random) -> (Line, Option<Line>) {
    let kind = match random.one_in(8) {
        true => random.number(16),
        false => random.pick([1, 2, 3]),
    };
    let mut fields = Line::default();
    fields.word(kind);
    for bits in [16, 16, 16, 32, 32, 64] {
        fields.word(random.number(bits));
    }
    (fields.clone(), (1..=3).contains(&kind).then_some(fields))
}

fn batch(random: &mut Random) -> (Line, Option<Line>) {
    let items: Vec<_> = (0..count(random)).map(|_| random.text_len()).collect();
    let needed = packed(0, items.iter().copied()).next_multiple_of(8);
    let mut list = Line::default();
    list.word(items.len());
    for len in &items {
        list.bytes(&random.bytes(*len));
    }
    let (fields, read) = in_room(random, needed, list);
    // A batch has items.
    (fields, read.filter(|_| !items.is_empty()))
}
