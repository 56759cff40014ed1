//! Messages that show what a schema says: one that is likely, and those at the edges.

use std::net::IpAddr;

use crate::codec::{Message, Value, Way};
use crate::model::{Field, Kind, Record, Schema, Type};

impl Schema {
    /// A short message that a page can show.
    #[must_use]
    pub fn sample(&self, way: Way) -> Message {
        let (head, item) = self.records(way);
        Message {
            head: head.map_or_else(Vec::new, |head| likely_head(head, self)),
            items: item.map(likely).into_iter().collect(),
        }
    }

    /// Messages at the edges of what the schema allows, each with a name: no items, and each field
    /// at its least, its largest, and every value that has a name.
    #[must_use]
    pub fn edges(&self, way: Way) -> Vec<(String, Message)> {
        let (head, item) = self.records(way);
        let sample = self.sample(way);
        let mut edges = vec![("sample".to_owned(), sample.clone())];
        if item.is_some() {
            let none = Message {
                items: Vec::new(),
                ..sample.clone()
            };
            let three = Message {
                items: sample.items.iter().cycle().take(3).cloned().collect(),
                ..sample.clone()
            };
            edges.push(("empty".to_owned(), none));
            edges.push(("three".to_owned(), three));
        }
        for (name, values) in head.map_or_else(Vec::new, |head| variants(head, &sample.head, self))
        {
            let message = Message {
                head: values,
                ..sample.clone()
            };
            edges.push((name, message));
        }
        let likely = sample.items.first().cloned().unwrap_or_default();
        for (name, values) in item.map_or_else(Vec::new, |item| variants(item, &likely, self)) {
            let message = Message {
                items: vec![values],
                ..sample.clone()
            };
            edges.push((name, message));
        }
        edges
    }

    /// What a message has in front, and what its items are.
    fn records(&self, way: Way) -> (Option<&Record>, Option<&Record>) {
        match (&self.kind, way) {
            (Kind::Value(kind), Way::Request) => (Some(&kind.request), None),
            (Kind::Value(kind), Way::Response) => (Some(&kind.response), None),
            (Kind::Snapshot(_), Way::Request) => (None, None),
            (Kind::Snapshot(kind), Way::Response) => (Some(&kind.response), Some(&kind.item)),
            (Kind::Lookup(kind), Way::Request) => (None, Some(&kind.key)),
            (Kind::Lookup(kind), Way::Response) => (Some(&kind.response), Some(&kind.item)),
        }
    }
}

/// The fields of a head that a message has: not the number of items.
fn head_fields<'r>(head: &'r Record, schema: &Schema) -> impl Iterator<Item = &'r Field> {
    let value = matches!(schema.kind, Kind::Value(_));
    head.named()
        .filter(move |field| value || !field.is("item_count"))
}

fn likely_head(head: &Record, schema: &Schema) -> Vec<Value> {
    head_fields(head, schema).map(likely_value).collect()
}

/// A record that holds data, as its rules want it.
fn likely(record: &Record) -> Vec<Value> {
    let values = record.named().map(likely_value).collect();
    settled(record, values, likely_value)
}

/// The record with those fields set and unset that its rules say. `fill` has a value for a field that must be
/// set.
pub(crate) fn settled(
    record: &Record,
    mut values: Vec<Value>,
    mut fill: impl FnMut(&Field) -> Value,
) -> Vec<Value> {
    let status = record.named().next().filter(|field| field.is("status"));
    let bare = status.is_some() && values.first() != Some(&Value::Number(0));
    if bare {
        for (field, value) in record.named().zip(&mut values) {
            if !field.key && !field.is("status") {
                *value = Value::unset(field);
            }
        }
        return values;
    }
    for rule in &record.rules {
        let subject = record.position(&rule.field).and_then(|at| values.get(at));
        if subject != Some(&Value::Number(rule.value.into())) {
            continue;
        }
        for (field, value) in record.named().zip(&mut values) {
            let named = |names: &[String]| names.iter().any(|name| field.is(name));
            if named(&rule.unset) {
                *value = Value::unset(field);
            } else if named(&rule.set) && *value == Value::unset(field) {
                *value = fill(field);
            }
        }
    }
    values
}

fn likely_value(field: &Field) -> Value {
    match &field.form {
        Type::Enum(names) if names.number("known").is_some() => {
            Value::Number(names.number("known").unwrap_or(0).into())
        }
        Type::Enum(names) => {
            let named = names.values.iter().map(|value| value.number.into());
            let set = named.clone().find(|number| *number != field.unset);
            Value::Number(set.or_else(|| named.clone().next()).unwrap_or(0))
        }
        Type::Flags(_) => Value::Number(1),
        form if form.is_number() => {
            let (least, most) = limits(field);
            let number = 7.clamp(least, most);
            let other = if number == field.unset && number < most {
                number + 1
            } else {
                number
            };
            Value::Number(other)
        }
        Type::Chars(size) => Value::Text(letters((*size).min(4))),
        Type::Bytes(size) => Value::Bytes(vec![0xab; *size]),
        Type::Ip => Value::Ip(Some(IpAddr::from([192, 0, 2, 7]))),
        Type::Labels => Value::Labels(vec![(b"key".to_vec(), b"value".to_vec())]),
        _ => {
            let (least, most) = limits(field);
            let bound = |bound| usize::try_from(bound).unwrap_or(usize::MAX);
            let mut text = field.label().as_bytes().to_vec();
            text.truncate(bound(most));
            text.extend(letters(bound(least).saturating_sub(text.len())));
            Value::Text(text)
        }
    }
}

fn letters(len: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(len).collect()
}

/// The least and the largest number, or bytes of a text.
fn limits(field: &Field) -> (i128, i128) {
    let (least, most) = match field.form {
        Type::Text => (0, 300),
        _ => field.form.range(),
    };
    (field.min.unwrap_or(least), field.max.unwrap_or(most))
}

/// The record with each field at each of its edges.
fn variants(record: &Record, values: &[Value], schema: &Schema) -> Vec<(String, Vec<Value>)> {
    let mut variants = Vec::new();
    for (at, field) in head_fields(record, schema).enumerate() {
        for (name, edge) in edges(field) {
            let mut values = values.to_vec();
            if let Some(value) = values.get_mut(at) {
                *value = edge;
            }
            variants.push((
                format!("{}_{name}", field.label()),
                settled(record, values, likely_value),
            ));
        }
    }
    variants
}

fn edges(field: &Field) -> Vec<(String, Value)> {
    let named = |name: &str, value| (name.to_owned(), value);
    let (least, most) = limits(field);
    match &field.form {
        Type::Enum(names) => {
            let values = names.values.iter();
            let mut edges: Vec<_> = values
                .map(|value| {
                    (
                        value.name.replace('-', "_"),
                        Value::Number(value.number.into()),
                    )
                })
                .collect();
            if names.open {
                edges.push(named("without_a_name", Value::Number(most)));
            }
            edges
        }
        form if form.is_number() => vec![
            named("least", Value::Number(least)),
            named("most", Value::Number(most)),
        ],
        Type::Text | Type::Chars(_) => {
            let most = if let Type::Chars(size) = field.form {
                size as i128
            } else {
                most
            };
            let least = if let Type::Chars(_) = field.form {
                0
            } else {
                least
            };
            let text = |len: i128| Value::Text(letters(usize::try_from(len).unwrap_or(0)));
            vec![named("shortest", text(least)), named("longest", text(most))]
        }
        Type::Ip => {
            let mut edges = vec![
                named("ipv6", Value::Ip("2001:db8::1".parse().ok())),
                named("zero", Value::Ip(Some(IpAddr::from([0; 4])))),
            ];
            if !field.key {
                edges.push(named("none", Value::Ip(None)));
            }
            edges
        }
        Type::Labels => {
            let label = |n: usize| (letters(n + 1), letters(n * 3));
            vec![
                named("none", Value::Labels(Vec::new())),
                named("several", Value::Labels((0..5).map(label).collect())),
            ]
        }
        _ => vec![named("zero", Value::unset(field))],
    }
}
