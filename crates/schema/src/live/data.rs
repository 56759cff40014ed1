use std::collections::HashMap;

use crate::codec::{Malformed, Message, Value, Way};
use crate::document::{DocumentError, Style};
use crate::json::Json;
use crate::model::{Field, Kind, LookupKind, Record, Schema};

/// What a service answers, from a document in the shape of a response.
#[derive(Clone, Debug)]
pub struct Data(pub(super) Content);

#[derive(Clone, Debug)]
pub(super) enum Content {
    /// The answer to one request; others fail.
    Value { request: Message, response: Message },
    /// The answer to every request.
    Snapshot(Message),
    /// Items by their keys, and what any other key is answered.
    Lookup {
        generation: u64,
        items: HashMap<Vec<Value>, Vec<Value>>,
        missing: Option<u64>,
    },
}

/// Why a document cannot be served.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// It is no message.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// An item, or a value, breaks a rule of the schema.
    #[error("{place} cannot be served: {why}")]
    Malformed {
        /// Where: `items[3]`.
        place: String,
        /// Which rule.
        why: Malformed,
    },
    /// Two items have the same key and do not say the same.
    #[error("items[{0}] has the key of an earlier item")]
    Twice(usize),
}

impl Data {
    /// Reads a document: a response of a snapshot or a lookup, or `request` and `reply` of a value.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_json(schema: &Schema, json: &Json) -> Result<Self, DataError> {
        let served = |message: &Message, way| match schema.encode(way, message) {
            Ok(_) => Ok(()),
            Err(why) => Err(DataError::Malformed {
                place: way.to_string(),
                why,
            }),
        };
        if let Kind::Value(kind) = &schema.kind {
            members_of_exchange(json)?;
            let part = |name, record| {
                let given = json.get(name).unwrap_or(&Json::Null);
                schema.from_json(
                    if name == "request" {
                        Way::Request
                    } else {
                        Way::Response
                    },
                    &whole(record, given),
                )
            };
            let request = part("request", &kind.request)?;
            let response = part("reply", &kind.response)?;
            served(&request, Way::Request)?;
            served(&response, Way::Response)?;
            return Ok(Self(Content::Value { request, response }));
        }
        let hashed;
        let json = match hashed_by(schema) {
            Some(name) => {
                hashed = with_hashes(json.clone(), name)?;
                &hashed
            }
            None => json,
        };
        let message = schema.from_json(Way::Response, json)?;
        let record = match &schema.kind {
            Kind::Lookup(kind) => &kind.item,
            Kind::Snapshot(kind) => &kind.item,
            Kind::Value(kind) => &kind.response,
        };
        for (nth, item) in message.items.iter().enumerate() {
            let place = || format!("items[{nth}]");
            let why = match record.encode(item) {
                Ok(_) => reserved_status(schema, item),
                Err(why) => Some(why),
            };
            if let Some(why) = why {
                let place = place();
                return Err(DataError::Malformed { place, why });
            }
        }
        match &schema.kind {
            Kind::Lookup(kind) => by_key(kind, message).map(Self),
            _ => {
                served(&message, Way::Response)?;
                Ok(Self(Content::Snapshot(message)))
            }
        }
    }
}

/// The members of an exchange are known.
fn members_of_exchange(json: &Json) -> Result<(), DocumentError> {
    const KNOWN: [&str; 3] = ["service", "request", "reply"];
    // What a program tells of the call that the exchange was.
    const PASSED_OVER: &str = "call";
    let Json::Object(given) = json else {
        let why = format!("an object was expected, {} found", json.what());
        return Err(DocumentError::new("document", why));
    };
    let is_unknown = |name: &str| name != PASSED_OVER && !KNOWN.contains(&name);
    match given.iter().find(|(name, _)| is_unknown(name)) {
        Some((name, _)) => {
            let why = format!("no such field; {}", crate::problem::instead(name, KNOWN));
            Err(DocumentError::new(name, why))
        }
        None => Ok(()),
    }
}

/// The text of a snapshot's items whose hash they have: a cache finds items by both.
fn hashed_by(schema: &Schema) -> Option<&str> {
    let Kind::Snapshot(kind) = &schema.kind else {
        return None;
    };
    let is_text = |name: &&String| kind.item.texts().any(|text| text.is(name));
    let hash = kind.cache.iter().find(|name| *name == "hash");
    hash.and_then(|_| kind.cache.iter().find(is_text))
        .map(String::as_str)
}

/// The document with the hash of `name` in items that have none.
fn with_hashes(mut json: Json, name: &str) -> Result<Json, DocumentError> {
    let Json::Object(members) = &mut json else {
        return Ok(json);
    };
    let items = members.iter_mut().filter(|(name, _)| name == "items");
    for items in items.map(|(_, items)| items) {
        let Json::List(items) = items else { continue };
        for (nth, item) in items.iter_mut().enumerate() {
            let hash = match (item.get("hash"), item.get(name)) {
                (_, None) => {
                    return Err(DocumentError::new(
                        format!("items[{nth}].{name}"),
                        "is missing",
                    ));
                }
                (None, Some(Json::Text(text))) => netipc::simple_hash(text.as_bytes()),
                _ => continue,
            };
            if let Json::Object(members) = item {
                members.push(("hash".to_owned(), Json::Number(hash.into())));
            }
        }
    }
    Ok(json)
}

/// What of a value stands in documents: its only field, or an object of its fields.
#[must_use]
pub(crate) fn short(record: &Record, values: &[Value]) -> Json {
    let json = record.to_json(values, Style::Names);
    match (only(record), &json) {
        (Some(field), Json::Object(members)) => {
            let found = members.iter().find(|(name, _)| field.is(name));
            found.map_or(Json::Null, |(_, json)| json.clone())
        }
        _ => json,
    }
}

/// The object that the only field of a record stands for.
fn whole(record: &Record, json: &Json) -> Json {
    match (only(record), json) {
        (Some(_), Json::Object(_)) | (None, _) => json.clone(),
        (Some(field), json) => Json::Object(vec![(field.label().to_owned(), json.clone())]),
    }
}

fn only(record: &Record) -> Option<&Field> {
    let mut named = record.named();
    named.next().filter(|_| named.next().is_none())
}

impl Schema {
    /// A request and its response as one document, which [`Data::from_json`] reads.
    #[must_use]
    pub fn exchange_to_json(&self, request: &Message, response: &Message) -> Json {
        let service = ("service".to_owned(), Json::Text(self.name.clone()));
        if let Kind::Value(kind) = &self.kind {
            return Json::Object(vec![
                service,
                ("request".to_owned(), short(&kind.request, &request.head)),
                ("reply".to_owned(), short(&kind.response, &response.head)),
            ]);
        }
        match self.to_json(Way::Response, response, Style::Names) {
            Json::Object(mut members) => {
                members.insert(0, service);
                Json::Object(members)
            }
            other => other,
        }
    }
}

/// The protocol alone says that there was no room.
fn reserved_status(schema: &Schema, item: &[Value]) -> Option<Malformed> {
    let Kind::Lookup(kind) = &schema.kind else {
        return None;
    };
    let exceeded = Value::Number(kind.exceeded().into());
    let used = item.first() == Some(&exceeded);
    used.then(|| Malformed::layout("the status is for the protocol alone"))
}

fn by_key(kind: &LookupKind, message: Message) -> Result<Content, DataError> {
    let generation = match message.head.first() {
        Some(Value::Number(generation)) => u64::try_from(*generation).unwrap_or_default(),
        _ => 0,
    };
    let mut items = HashMap::with_capacity(message.items.len());
    for (nth, item) in message.items.into_iter().enumerate() {
        let key = kind.key_of(&item);
        match items.get(&key) {
            Some(before) if *before != item => return Err(DataError::Twice(nth)),
            _ => items.insert(key, item),
        };
    }
    let protocol = ["known", "payload-exceeded", "oversized-item"];
    let status = kind.status();
    let usual = ["unknown", "unknown-permanent"].iter();
    let missing = usual
        .filter_map(|name| status.number(name))
        .chain(
            status
                .values
                .iter()
                .filter(|value| !protocol.contains(&&*value.name))
                .map(|value| value.number),
        )
        .next();
    Ok(Content::Lookup {
        generation,
        items,
        missing,
    })
}
