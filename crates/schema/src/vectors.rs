//! Golden vectors of a service: edges, messages from a seed, and spoilt ones with their verdict.

use std::fmt::Write;

use crate::codec::{Message, Value, Way};
use crate::document::Style;
use crate::json::Json;
use crate::model::Schema;
use crate::random::{Random, spoil};

/// How many messages are drawn for each way, and how many of them are spoilt how often.
const DRAWN: usize = 8;
const SPOILT: usize = 24;

/// The vectors of a service as JSON, one a line: what messages say and their bytes, or bytes and the
/// name of the rule that they break.
///
/// The same seed gives the same vectors.
#[must_use]
pub fn vectors(schema: &Schema, seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut rows = Vec::new();
    for way in [Way::Request, Way::Response] {
        let mut messages = schema.edges(way);
        while messages.len() < DRAWN + schema.edges(way).len() {
            let message = schema.random_message(way, &mut random);
            // A snapshot's request is always the same.
            if message == Message::default() && schema.random_message(way, &mut random) == message {
                break;
            }
            messages.push((format!("drawn_{}", messages.len()), ascii(message)));
        }
        let mut written = Vec::new();
        for (name, message) in &messages {
            let Ok(bytes) = schema.encode(way, message) else {
                continue;
            };
            if written.contains(&bytes) {
                continue;
            }
            let input = schema.to_json(way, message, Style::Numbers);
            rows.push(row(schema, way, name, [("input", input)], &bytes));
            written.push(bytes);
        }
        rows.extend(spoilt(schema, way, &written, &mut random));
    }
    format!("[\n{}\n]\n", rows.join(",\n"))
}

/// The message with texts that JSON can say.
fn ascii(message: Message) -> Message {
    let plain = |text: Vec<u8>| -> Vec<u8> {
        let ascii = |byte: u8| {
            if byte.is_ascii() {
                byte
            } else {
                b'a' + byte % 26
            }
        };
        text.into_iter().map(ascii).collect()
    };
    let value = |value: Value| match value {
        Value::Text(text) => Value::Text(plain(text)),
        Value::Labels(labels) => {
            let label = |(key, value)| (plain(key), plain(value));
            Value::Labels(labels.into_iter().map(label).collect())
        }
        other => other,
    };
    let record = |values: Vec<Value>| values.into_iter().map(value).collect();
    Message {
        head: record(message.head),
        items: message.items.into_iter().map(record).collect(),
    }
}

/// Spoilt messages, with as many different verdicts as come up.
fn spoilt(schema: &Schema, way: Way, whole: &[Vec<u8>], random: &mut Random) -> Vec<String> {
    let mut rows = Vec::new();
    for _ in 0..SPOILT * 4 {
        let bytes = whole.get(random.below(whole.len()));
        let bytes = spoil(bytes.map_or(&[], Vec::as_slice), random);
        let Err(error) = schema.decode(way, &bytes) else {
            continue;
        };
        if rows.len() == SPOILT {
            break;
        }
        let verdict = Json::Text(format!("{:?}", error.kind()));
        let name = format!("spoilt_{}", rows.len());
        rows.push(row(schema, way, &name, [("error", verdict)], &bytes));
    }
    rows
}

fn row(schema: &Schema, way: Way, name: &str, said: [(&str, Json); 1], bytes: &[u8]) -> String {
    let service = schema.name.replace('-', "_");
    let mut hex = String::new();
    for byte in bytes {
        let _ = write!(hex, "{byte:02x}");
    }
    let text = |name: &str, text: String| (name.to_owned(), Json::Text(text));
    let mut members = vec![
        text("name", format!("{service}_{way}_{name}")),
        text("type", format!("{service}_{way}")),
    ];
    members.extend(said.map(|(name, json)| (name.to_owned(), json)));
    members.push(text("hex", hex));
    serde_json::to_string(&Json::Object(members)).unwrap_or_default()
}
