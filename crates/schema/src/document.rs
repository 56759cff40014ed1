//! Messages as JSON, for people and for files.
//!
//! A request of a lookup is `{"pids": [1, 2]}`, a response of a lookup or a snapshot its header and
//! `"items"`, a value its fields. Written are the names of values and bits that have one; read are
//! names and numbers. A key of one field is that field, any other an object.

use std::net::IpAddr;

use crate::codec::{Message, Value, Way};
use crate::json::Json;
use crate::model::{Field, Kind, LookupKind, Record, Schema, Type};

/// How values stand in JSON.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Style {
    /// Names of enums, and labels as an object: for people.
    #[default]
    Names,
    /// Numbers, and labels as pairs: as in the golden vectors.
    Numbers,
}

/// Why JSON is no message.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct DocumentError {
    /// Where: `items[3].status`.
    place: String,
    why: String,
}

impl DocumentError {
    pub(crate) fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        let (place, why) = (place.into(), why.into());
        Self { place, why }
    }
}

impl Schema {
    /// The message as JSON.
    #[must_use]
    pub fn to_json(&self, way: Way, message: &Message, style: Style) -> Json {
        let mut members = match (&self.kind, way) {
            (Kind::Lookup(_), Way::Request) => Vec::new(),
            (Kind::Snapshot(kind), Way::Response) => head_members(&kind.response, message, style),
            (Kind::Lookup(kind), Way::Response) => head_members(&kind.response, message, style),
            (Kind::Snapshot(_), Way::Request) => Vec::new(),
            (Kind::Value(kind), Way::Request) => {
                members(kind.request.named(), &message.head, style)
            }
            (Kind::Value(kind), Way::Response) => {
                members(kind.response.named(), &message.head, style)
            }
        };
        match (&self.kind, way) {
            (Kind::Lookup(kind), Way::Request) => {
                let keys = message.items.iter().map(|key| kind.key_to_json(key, style));
                members.push((kind.plural.clone(), Json::List(keys.collect())));
            }
            (Kind::Lookup(kind), Way::Response) => {
                members.push(("items".into(), items(&kind.item, message, style)));
            }
            (Kind::Snapshot(kind), Way::Response) => {
                members.push(("items".into(), items(&kind.item, message, style)));
            }
            _ => {}
        }
        Json::Object(members)
    }

    /// The message that JSON says. What it leaves out is not set, but for keys.
    ///
    /// # Errors
    /// Where it says something else than a message.
    pub fn from_json(&self, way: Way, json: &Json) -> Result<Message, DocumentError> {
        let whole = |head| Message {
            head,
            items: Vec::new(),
        };
        match (&self.kind, way) {
            (Kind::Value(kind), Way::Request) => values(&kind.request, json, "", &[]).map(whole),
            (Kind::Value(kind), Way::Response) => values(&kind.response, json, "", &[]).map(whole),
            (Kind::Snapshot(kind), Way::Request) => values(&kind.request, json, "", &[]).map(whole),
            (Kind::Snapshot(kind), Way::Response) => from_list(&kind.response, &kind.item, json),
            (Kind::Lookup(kind), Way::Response) => from_list(&kind.response, &kind.item, json),
            (Kind::Lookup(kind), Way::Request) => {
                let keys = list(json, &kind.plural)?.iter().enumerate();
                let key = |(nth, key)| kind.key_from_json(key, &format!("{}[{nth}]", kind.plural));
                Ok(Message {
                    head: Vec::new(),
                    items: keys.map(key).collect::<Result<_, _>>()?,
                })
            }
        }
    }
}

impl Record {
    /// The values as an object.
    #[must_use]
    pub fn to_json(&self, given: &[Value], style: Style) -> Json {
        Json::Object(members(self.named(), given, style))
    }

    /// The values that an object says; what it leaves out is not set.
    ///
    /// # Errors
    /// Where it says something else.
    pub fn from_json(&self, json: &Json) -> Result<Vec<Value>, DocumentError> {
        values(self, json, "", &[])
    }
}

impl LookupKind {
    /// The key as JSON: its field, or an object of its fields.
    #[must_use]
    pub fn key_to_json(&self, key: &[Value], style: Style) -> Json {
        match (self.alone(), key) {
            (Some(field), [value]) => to_json(field, value, style),
            _ => Json::Object(members(self.key.named(), key, style)),
        }
    }

    /// The key that JSON at `place` says.
    ///
    /// # Errors
    /// Where it says something else.
    pub fn key_from_json(&self, json: &Json, place: &str) -> Result<Vec<Value>, DocumentError> {
        match self.alone() {
            Some(field) => Ok(vec![from_json(field, json, place)?]),
            None => values(&self.key, json, place, &[]),
        }
    }

    /// The key that is written as `text` on a command line: a field, or several with commas between.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn key_from_text(&self, text: &[u8]) -> Result<Vec<Value>, DocumentError> {
        if let Some(field) = self.alone() {
            return Ok(vec![from_text(field, text)?]);
        }
        let fields: Vec<&Field> = self.key.named().collect();
        let parts: Vec<&[u8]> = text.split(|byte| *byte == b',').collect();
        if fields.len() != parts.len() {
            let names: Vec<&str> = fields.iter().map(|field| field.label()).collect();
            let why = format!("a key is written {}", names.join(","));
            return Err(DocumentError::new(String::from_utf8_lossy(text), why));
        }
        let fields = fields.iter().zip(parts);
        fields.map(|(field, text)| from_text(field, text)).collect()
    }
}

/// The value of `field` that is written as `text` on a command line.
///
/// # Errors
/// Where there is no such value.
pub fn from_text(field: &Field, text: &[u8]) -> Result<Value, DocumentError> {
    let lossy = String::from_utf8_lossy(text);
    match &field.form {
        Type::Text | Type::Chars(_) => Ok(Value::Text(text.to_vec())),
        form if form.is_number() => {
            let lossy = lossy.trim();
            let json = parse_number(lossy).map_or_else(|| Json::from(lossy), Json::Number);
            from_json(field, &json, field.label())
        }
        _ => from_json(field, &Json::from(&*lossy), field.label()),
    }
}

fn parse_number(text: &str) -> Option<i128> {
    match text.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn head_members(record: &Record, message: &Message, style: Style) -> Vec<(String, Json)> {
    let fields = record.named().filter(|field| !field.is("item_count"));
    members(fields, &message.head, style)
}

fn items(record: &Record, message: &Message, style: Style) -> Json {
    let item = |item: &Vec<Value>| Json::Object(members(record.named(), item, style));
    Json::List(message.items.iter().map(item).collect())
}

fn members<'f>(
    fields: impl Iterator<Item = &'f Field>,
    values: &[Value],
    style: Style,
) -> Vec<(String, Json)> {
    let member =
        |(field, value): (&Field, &Value)| (field.label().to_owned(), to_json(field, value, style));
    fields.zip(values).map(member).collect()
}

/// The value of `field` as JSON. Bytes that are not UTF-8 become U+FFFD.
#[must_use]
pub fn to_json(field: &Field, value: &Value, style: Style) -> Json {
    let text = |bytes: &[u8]| Json::Text(String::from_utf8_lossy(bytes).into_owned());
    match (&field.form, value) {
        (Type::Enum(names), Value::Number(number)) if style == Style::Names => {
            let named = u64::try_from(*number)
                .ok()
                .and_then(|number| names.name_of(number));
            named.map_or(Json::Number(*number), Json::from)
        }
        (_, Value::Number(number)) => Json::Number(*number),
        (_, Value::Text(bytes)) => text(bytes),
        (_, Value::Bytes(bytes)) => {
            Json::Text(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
        }
        (_, Value::Ip(address)) => Json::Text(
            address
                .map(|address| address.to_string())
                .unwrap_or_default(),
        ),
        (_, Value::Labels(labels)) if style == Style::Names => {
            let member = |(key, value): &(Vec<u8>, Vec<u8>)| {
                (String::from_utf8_lossy(key).into_owned(), text(value))
            };
            Json::Object(labels.iter().map(member).collect())
        }
        (_, Value::Labels(labels)) => {
            let pair = |(key, value): &(Vec<u8>, Vec<u8>)| Json::List(vec![text(key), text(value)]);
            Json::List(labels.iter().map(pair).collect())
        }
    }
}

fn list<'j>(json: &'j Json, name: &str) -> Result<&'j [Json], DocumentError> {
    match json.get(name) {
        Some(Json::List(items)) => Ok(items),
        Some(other) => {
            let why = format!("a list was expected, {} found", other.what());
            Err(DocumentError::new(name, why))
        }
        None => Err(DocumentError::new(name, "is missing")),
    }
}

fn from_list(head: &Record, item: &Record, json: &Json) -> Result<Message, DocumentError> {
    let mut head = values(head, json, "", &["items", "service", "call"])?;
    if !head.is_empty() {
        head.remove(0);
    }
    let items = list(json, "items")?.iter().enumerate();
    let read = |(nth, json)| values(item, json, &format!("items[{nth}]"), &[]);
    Ok(Message {
        head,
        items: items.map(read).collect::<Result<_, _>>()?,
    })
}

/// The values of a record from the members of an object; `others` may be there, too.
fn values(
    record: &Record,
    json: &Json,
    place: &str,
    others: &[&str],
) -> Result<Vec<Value>, DocumentError> {
    let within = |name: &str| {
        if place.is_empty() {
            name.to_owned()
        } else {
            format!("{place}.{name}")
        }
    };
    let Json::Object(given) = json else {
        let why = format!("an object was expected, {} found", json.what());
        return Err(DocumentError::new(
            if place.is_empty() { "document" } else { place },
            why,
        ));
    };
    // Lists bring their count along.
    let counted = others.contains(&"items");
    for (name, _) in given {
        let field = record
            .named()
            .any(|field| field.is(name) && !(counted && name == "item_count"));
        if !field && !others.contains(&name.as_str()) {
            let known = record.named().map(Field::label);
            let known: Vec<&str> = known.skip(counted.into()).collect();
            let why = format!("no such field; {}", crate::problem::instead(name, known));
            return Err(DocumentError::new(within(name), why));
        }
    }
    let value = |field: &Field| match json.get(field.label()) {
        Some(json) => from_json(field, json, &within(field.label())),
        None if field.key => Err(DocumentError::new(within(field.label()), "is missing")),
        None => Ok(Value::unset(field)),
    };
    record.named().map(value).collect()
}

/// The value of `field` that JSON at `place` says.
fn from_json(field: &Field, json: &Json, place: &str) -> Result<Value, DocumentError> {
    let expected = |what: &str| {
        let why = format!("{what} was expected, {} found", found(json));
        Err(DocumentError::new(place, why))
    };
    match (&field.form, json) {
        (Type::Enum(names), Json::Text(name)) => match names.number(name) {
            Some(number) => Ok(Value::Number(number.into())),
            None => {
                let known = names.values.iter().map(|value| value.name.as_str());
                let why = format!(
                    "`{name}` is no value of it; {}",
                    crate::problem::instead(name, known)
                );
                Err(DocumentError::new(place, why))
            }
        },
        (Type::Flags(_), Json::List(bits)) => bits_from_json(field, bits, place),
        (form, Json::Number(number)) if form.is_number() => {
            let (least, most) = form.range();
            if !(least..=most).contains(number) {
                return expected(&format!("{least} to {most}"));
            }
            Ok(Value::Number(*number))
        }
        (Type::Text | Type::Chars(_), Json::Text(text)) => {
            Ok(Value::Text(text.as_bytes().to_vec()))
        }
        (Type::Bytes(size), Json::Text(text)) => match unhex(text).filter(|b| b.len() == *size) {
            Some(bytes) => Ok(Value::Bytes(bytes)),
            None => expected(&format!("{size} bytes in hex")),
        },
        (Type::Ip, Json::Text(text)) if text.is_empty() => Ok(Value::Ip(None)),
        (Type::Ip, Json::Text(text)) => match text.parse::<IpAddr>() {
            Ok(address) => Ok(Value::Ip(Some(address))),
            Err(_) => expected("an IPv4 or IPv6 address"),
        },
        (Type::Labels, json) => labels_from_json(json, place),
        (Type::Enum(_), _) => expected("a name or a number"),
        (form, _) if form.is_number() => expected("a number"),
        _ => expected("a string"),
    }
}

fn found(json: &Json) -> String {
    match json {
        Json::Text(text) => format!("`{text}`"),
        Json::Number(number) => number.to_string(),
        other => other.what().to_owned(),
    }
}

fn bits_from_json(field: &Field, bits: &[Json], place: &str) -> Result<Value, DocumentError> {
    let Type::Flags(names) = &field.form else {
        return Ok(Value::Number(0));
    };
    let bit = |json: &Json| {
        let named = match json {
            Json::Text(name) => names.bits.iter().find(|bit| bit.name == *name),
            _ => None,
        };
        let why = || DocumentError::new(place, format!("{} is no bit of it", found(json)));
        named.map(|bit| 1_i128 << bit.number).ok_or_else(why)
    };
    let all = bits
        .iter()
        .map(bit)
        .try_fold(0, |all, bit| Ok(all | bit?))?;
    Ok(Value::Number(all))
}

fn labels_from_json(json: &Json, place: &str) -> Result<Value, DocumentError> {
    let wrong = || DocumentError::new(place, "an object of strings was expected");
    let text = |json: &Json| match json {
        Json::Text(text) => Ok(text.as_bytes().to_vec()),
        _ => Err(wrong()),
    };
    let labels = match json {
        Json::Object(members) => members
            .iter()
            .map(|(key, value)| Ok((key.as_bytes().to_vec(), text(value)?)))
            .collect::<Result<_, _>>()?,
        Json::List(pairs) => pairs
            .iter()
            .map(|pair| match pair {
                Json::List(pair) => match pair.as_slice() {
                    [key, value] => Ok((text(key)?, text(value)?)),
                    _ => Err(wrong()),
                },
                _ => Err(wrong()),
            })
            .collect::<Result<_, _>>()?,
        _ => return Err(wrong()),
    };
    Ok(Value::Labels(labels))
}

/// The bytes that hex says.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}
