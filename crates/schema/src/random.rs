//! Messages from a seed: what a schema allows, and the same bytes spoilt.

use crate::codec::{Message, Value, Way};
use crate::model::{Field, Kind, LookupKind, Record, Schema, Type};
use crate::sample::settled;

/// Numbers from a seed, the same everywhere: splitmix64.
///
/// ```
/// use netipc_schema::random::Random;
///
/// let mut random = Random::new(1);
/// assert_eq!(random.next_u64(), 0x910a_2dec_8902_5cc1);
/// ```
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Numbers that begin with those of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end.max(1) as u64;
        usize::try_from(self.next_u64() % end).unwrap_or_default()
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these; `None` where there are none.
    pub fn one_of<'t, T>(&mut self, these: &'t [T]) -> Option<&'t T> {
        these.get(self.below(these.len()))
    }

    fn byte(&mut self) -> u8 {
        self.next_u64().to_le_bytes().first().copied().unwrap_or(0)
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }

    /// A text of `least` to `most` bytes without NUL; one in three is not ASCII.
    fn text(&mut self, least: usize, most: usize) -> Vec<u8> {
        let any = self.once_in(3);
        let len = least + self.below(most - least + 1);
        let letter = |random: &mut Self| {
            let byte = random.byte();
            if any { byte.max(1) } else { b'a' + byte % 26 }
        };
        (0..len).map(|_| letter(self)).collect()
    }
}

impl Schema {
    /// A message that the schema allows.
    #[must_use]
    pub fn random_message(&self, way: Way, random: &mut Random) -> Message {
        let mut message = Message::default();
        let list = match (&self.kind, way) {
            (Kind::Value(kind), Way::Request) => {
                message.head = record(&kind.request, random);
                return message;
            }
            (Kind::Value(kind), Way::Response) => {
                message.head = record(&kind.response, random);
                return message;
            }
            (Kind::Snapshot(_), Way::Request) => return message,
            (Kind::Snapshot(kind), Way::Response) => (Some(&kind.response), &kind.item),
            (Kind::Lookup(kind), Way::Request) => (None, &kind.key),
            (Kind::Lookup(kind), Way::Response) => (Some(&kind.response), &kind.item),
        };
        let (head, item) = list;
        if let Some(head) = head {
            message.head = record(head, random);
            message.head.remove(0);
        }
        let count = random.one_of(&[0, 1, 1, 2, 3, 6]).copied().unwrap_or(0);
        message.items = (0..count).map(|_| record(item, random)).collect();
        message
    }
}

impl LookupKind {
    /// A key that the schema allows.
    #[must_use]
    pub fn random_key(&self, random: &mut Random) -> Vec<Value> {
        record(&self.key, random)
    }
}

/// A record that keeps its rules.
fn record(record: &Record, random: &mut Random) -> Vec<Value> {
    let values = record.named().map(|field| value(field, random)).collect();
    settled(record, values, |field| {
        loop {
            let set = value(field, random);
            if set != Value::unset(field) {
                return set;
            }
        }
    })
}

/// A value that the field allows.
fn value(field: &Field, random: &mut Random) -> Value {
    let (min, max) = (bound(field.min, 0), bound(field.max, 24));
    match &field.form {
        Type::Text => {
            let most = max.min(24.max(min));
            let least = if min == 0 && random.once_in(3) {
                most
            } else {
                min
            };
            let mut text = random.text(least, most);
            if min == 0 && random.once_in(3) {
                text.clear();
            }
            // What is looked up by never has one: the key of a request ends with it.
            let room = field.max.is_none() || text.len() + 2 <= max;
            if field.nul && !field.key && room && random.once_in(3) {
                text.extend(b"\0x");
            }
            Value::Text(text)
        }
        Type::Chars(size) => Value::Text(random.text(0, *size)),
        Type::Bytes(size) => Value::Bytes(random.bytes(*size)),
        Type::Ip if !field.key && random.once_in(4) => Value::Ip(None),
        Type::Ip => {
            let octets: [u8; 16] = std::array::from_fn(|_| random.byte());
            let v4: [u8; 4] = std::array::from_fn(|_| random.byte());
            let short = random.once_in(2);
            Value::Ip(Some(if short { v4.into() } else { octets.into() }))
        }
        Type::Labels => {
            let count = random.one_of(&[0, 0, 1, 2, 5]).copied().unwrap_or(0);
            let label = |random: &mut Random| (random.text(1, 24), random.text(0, 24));
            Value::Labels((0..count).map(|_| label(random)).collect())
        }
        Type::Enum(names) if !names.open || !random.once_in(5) => {
            let named = random.one_of(&names.values);
            Value::Number(named.map_or(0, |value| value.number.into()))
        }
        _ => Value::Number(number(field, random)),
    }
}

fn bound(bound: Option<i128>, usual: usize) -> usize {
    let bound = bound.map(|bound| usize::try_from(bound).unwrap_or(usize::MAX));
    bound.unwrap_or(usual)
}

/// A number that the field allows, often one at an edge.
fn number(field: &Field, random: &mut Random) -> i128 {
    let (mut least, mut most) = field.form.range();
    least = field.min.unwrap_or(least).max(least);
    most = field.max.unwrap_or(most).min(most);
    let span = u128::try_from(most - least).unwrap_or_default();
    let any = u128::from(random.next_u64()) % span.saturating_add(1);
    let any = least + i128::try_from(any).unwrap_or_default();
    let edges = [least, most, field.unset, least + 1, any, any, any];
    let chosen = random.one_of(&edges).copied().unwrap_or(any);
    chosen.clamp(least, most)
}

/// The bytes, cut, prolonged or changed in one to three places.
#[must_use]
pub fn spoil(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.one_of(&[1, 1, 2, 3]).copied().unwrap_or(1) {
        let at = random.below(bytes.len());
        match random.below(10) {
            0 => bytes.truncate(at),
            1 => {
                let len = 1 + random.below(9);
                let more = random.bytes(len);
                bytes.splice(at..at, more);
            }
            2..=5 => {
                let any = random.byte();
                let new = [0, 1, 2, 3, 4, 7, 8, 16, 127, 255, any];
                let new = random.one_of(&new).copied().unwrap_or(any);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = new;
                }
            }
            _ => number_at(&mut bytes, at - at % 4, random),
        }
    }
    bytes
}

/// Writes a number that is likely to be an offset or a length.
fn number_at(bytes: &mut [u8], at: usize, random: &mut Random) {
    let small = [
        0,
        1,
        7,
        8,
        24,
        28,
        32,
        60,
        bytes.len() as u64,
        random.next_u64() % 256,
    ];
    let number = if random.once_in(4) {
        u64::MAX
    } else {
        random.one_of(&small).copied().unwrap_or(0)
    };
    let size = if random.once_in(2) { 2 } else { 4 };
    let number = number.to_le_bytes();
    for (byte, new) in bytes.iter_mut().skip(at).take(size).zip(number) {
        *byte = new;
    }
}
