//! Bytes of any service, from its schema, at run time.

mod answer;
mod labels;
mod list;
mod record;
mod value;

use std::fmt;

use netipc_proto::wire::WireErrorKind;

pub use list::{decode_batch, decode_batch_at, encode_batch};
pub use value::Value;

use crate::model::{KeyForm, Kind, LookupKind, Record, Schema, Type};
use list::{ListRules, pack, unpack};

/// Bytes, or values, that break a rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{why}")]
pub struct Malformed {
    kind: WireErrorKind,
    why: Box<str>,
    at: Option<u32>,
}

impl Malformed {
    pub(crate) fn new(kind: WireErrorKind, why: impl Into<String>) -> Self {
        let why = why.into().into_boxed_str();
        let at = None;
        Self { kind, why, at }
    }

    pub(crate) fn layout(why: impl Into<String>) -> Self {
        Self::new(WireErrorKind::BadLayout, why)
    }

    /// The same, found at byte `at`, unless a nearer place is known already.
    pub(crate) fn or_at(self, at: usize) -> Self {
        let at = self.at.or(Some(narrow(at)));
        Self { at, ..self }
    }

    /// The same for bytes that begin at byte `start` of others.
    pub(crate) fn behind(self, start: usize) -> Self {
        let at = self.at.unwrap_or_default().saturating_add(narrow(start));
        Self {
            at: Some(at),
            ..self
        }
    }

    /// The rule that was broken.
    #[must_use]
    pub const fn kind(&self) -> WireErrorKind {
        self.kind
    }

    /// The byte of what was decoded at which the rule is broken, from 0: of a field its first, of what is missing the end. It
    /// means nothing for what could not be encoded.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.at.unwrap_or_default() as usize
    }
}

/// Fails with `kind` unless `good`.
/// A byte of a message: none has more than 4 GiB.
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn need(good: bool, kind: WireErrorKind, why: impl FnOnce() -> String) -> Result<(), Malformed> {
    if good {
        Ok(())
    } else {
        Err(Malformed::new(kind, why()))
    }
}

/// From the client, or from the server.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Way {
    /// From the client.
    Request,
    /// From the server.
    Response,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Request => "request",
            Self::Response => "response",
        })
    }
}

/// What a request or a response says.
///
/// Values stand in the order of the fields that have one: [`Record::named`]. The number of items is
/// not among them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Message {
    /// The record of a value, or what stands in front of a list.
    pub head: Vec<Value>,
    /// The keys or items of a list.
    pub items: Vec<Vec<Value>>,
}

impl Schema {
    /// The bytes of `message`.
    ///
    /// # Errors
    /// The rule of the schema that it breaks.
    pub fn encode(&self, way: Way, message: &Message) -> Result<Vec<u8>, Malformed> {
        let mut head = message.head.clone();
        match (&self.kind, way) {
            (Kind::Value(kind), Way::Request) => kind.request.encode(&head),
            (Kind::Value(kind), Way::Response) => kind.response.encode(&head),
            (Kind::Snapshot(kind), Way::Request) => kind.request.encode(&head),
            (Kind::Snapshot(kind), Way::Response) => {
                head.insert(0, Value::count(message.items.len()));
                encode_list(&kind.response, &head, &message.items, |item| {
                    kind.item.encode(item)
                })
            }
            (Kind::Lookup(kind), Way::Request) => {
                head.insert(0, Value::count(message.items.len()));
                encode_list(&kind.request, &head, &message.items, |key| {
                    kind.encode_key(key)
                })
            }
            (Kind::Lookup(kind), Way::Response) => {
                head.insert(0, Value::count(message.items.len()));
                encode_list(&kind.response, &head, &message.items, |item| {
                    kind.item.encode(item)
                })
            }
        }
    }

    /// What `bytes` say.
    ///
    /// # Errors
    /// The rule that they break. In a snapshot the first bad item spoils all; see
    /// [`decode_snapshot`](Self::decode_snapshot).
    pub fn decode(&self, way: Way, bytes: &[u8]) -> Result<Message, Malformed> {
        let whole = |head| Message {
            head,
            items: Vec::new(),
        };
        match (&self.kind, way) {
            (Kind::Value(kind), Way::Request) => kind.request.decode(bytes).map(whole),
            (Kind::Value(kind), Way::Response) => kind.response.decode(bytes).map(whole),
            (Kind::Snapshot(kind), Way::Request) => kind.request.decode(bytes).map(whole),
            (Kind::Snapshot(_), Way::Response) => {
                let (head, items) = self.decode_snapshot(bytes)?;
                let items = items.into_iter().collect::<Result<_, _>>()?;
                Ok(Message { head, items })
            }
            (Kind::Lookup(kind), Way::Request) => {
                let rules = ListRules::ordered(kind.shortest());
                decode_list(&kind.request, bytes, rules, |key| kind.decode_key(key))
            }
            (Kind::Lookup(kind), Way::Response) => {
                let rules = ListRules::ordered(kind.item.size);
                decode_list(&kind.response, bytes, rules, |item| kind.item.decode(item))
            }
        }
    }

    /// The header and the items of a snapshot, of which a bad one spoils no other. Another kind of
    /// service has none.
    ///
    /// # Errors
    /// What is wrong with the header or the directory.
    #[expect(clippy::type_complexity, reason = "a header and its items")]
    pub fn decode_snapshot(
        &self,
        bytes: &[u8],
    ) -> Result<(Vec<Value>, Vec<Result<Vec<Value>, Malformed>>), Malformed> {
        let Kind::Snapshot(kind) = &self.kind else {
            return Err(Malformed::layout(format!("{} has no snapshot", self.name)));
        };
        let rules = ListRules::any_order(kind.item.size);
        let (head, items) = read_list(&kind.response, bytes, rules)?;
        let decode = |item: Result<(usize, &[u8]), Malformed>| {
            let (start, item) = item?;
            Ok(kind.item.decode(item).map_err(|why| why.behind(start)))
        };
        let items = items.map(decode).collect::<Result<_, _>>()?;
        Ok((head, items))
    }
}

impl LookupKind {
    /// The bytes of one key.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn encode_key(&self, key: &[Value]) -> Result<Vec<u8>, Malformed> {
        match (self.form(), key) {
            (KeyForm::Text, [Value::Text(text)]) => {
                self.key.check(key)?;
                if text.contains(&0) {
                    return Err(Malformed::layout("NUL inside a key"));
                }
                let mut bytes = text.clone();
                bytes.push(0);
                Ok(bytes)
            }
            (KeyForm::Ip, [Value::Ip(address)]) => {
                self.key.check(key)?;
                Ok(value::address_bytes(*address))
            }
            _ => self.key.encode(key),
        }
    }

    /// The key in `bytes`.
    ///
    /// # Errors
    /// The rule that they break.
    pub fn decode_key(&self, bytes: &[u8]) -> Result<Vec<Value>, Malformed> {
        let key = match self.form() {
            KeyForm::Text => {
                let len = bytes.len().saturating_sub(1) as u64;
                let text = record::text_at(bytes, 0, len)?;
                if text.contains(&0) {
                    return Err(Malformed::layout("NUL inside a key"));
                }
                vec![Value::Text(text.to_vec())]
            }
            KeyForm::Ip => vec![Value::Ip(Some(value::address(bytes)?))],
            KeyForm::One | KeyForm::Several => {
                let len = bytes.len();
                need(len == self.key.size, WireErrorKind::BadLayout, || {
                    format!("a key of {len} bytes")
                })?;
                return self.key.decode(bytes);
            }
        };
        self.key.check(&key)?;
        Ok(key)
    }

    /// The item that says of `key` only its status.
    #[must_use]
    pub fn bare(&self, key: &[Value], status: u64) -> Vec<Value> {
        let value = |field: &crate::model::Field| {
            if let Some(echoed) = self.key.position(field.label()).filter(|_| field.key) {
                return key
                    .get(echoed)
                    .cloned()
                    .unwrap_or_else(|| Value::unset(field));
            }
            if field.is("status") {
                return Value::Number(status.into());
            }
            Value::unset(field)
        };
        self.item.named().map(value).collect()
    }

    /// The key that `item` answers.
    #[must_use]
    pub fn key_of(&self, item: &[Value]) -> Vec<Value> {
        let value = |field: &crate::model::Field| {
            let at = self.item.position(field.label())?;
            item.get(at).cloned()
        };
        self.key.named().filter_map(value).collect()
    }
}

fn encode_list(
    record: &Record,
    head: &[Value],
    items: &[Vec<Value>],
    encode: impl Fn(&[Value]) -> Result<Vec<u8>, Malformed>,
) -> Result<Vec<u8>, Malformed> {
    let items = items.iter().map(|item| encode(item));
    let items: Vec<Vec<u8>> = items.collect::<Result<_, _>>()?;
    let mut bytes = record.encode(head)?;
    pack(&mut bytes, &items)?;
    Ok(bytes)
}

fn decode_list(
    record: &Record,
    bytes: &[u8],
    rules: ListRules,
    decode: impl Fn(&[u8]) -> Result<Vec<Value>, Malformed>,
) -> Result<Message, Malformed> {
    let (head, items) = read_list(record, bytes, rules)?;
    let items = items.map(|item| {
        let (start, item) = item?;
        decode(item).map_err(|why| why.behind(start))
    });
    let items = items.collect::<Result<_, _>>()?;
    Ok(Message { head, items })
}

/// The header of a list without its count, and its items with the byte that each begins at.
#[expect(clippy::type_complexity, reason = "a header and its items")]
fn read_list<'b>(
    record: &Record,
    bytes: &'b [u8],
    rules: ListRules,
) -> Result<
    (
        Vec<Value>,
        impl Iterator<Item = Result<(usize, &'b [u8]), Malformed>>,
    ),
    Malformed,
> {
    let mut head = record.decode(bytes)?;
    let count = match record.position("item_count").map(|at| head.remove(at)) {
        Some(Value::Number(count)) => u64::try_from(count).unwrap_or_default(),
        _ => 0,
    };
    let items = unpack(bytes, record.size, count, rules);
    Ok((head, items))
}

/// Whether the number of an enum may stand in a field of it.
fn has_name(form: &Type, number: i128) -> bool {
    match form {
        Type::Enum(names) if !names.open => {
            u64::try_from(number).is_ok_and(|number| names.name_of(number).is_some())
        }
        _ => true,
    }
}
