//! Answers as rows of cells.

use netipc_schema::codec::{Message, Value, Way};
use netipc_schema::document::Style;
use netipc_schema::json::Json;
use netipc_schema::{Field, Kind, Record, Schema};

use crate::call::print::{cell, columns};

/// What was answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Answer {
    /// What stands in front of the items: name and value.
    pub(super) head: Vec<(String, String)>,
    pub(super) rows: Vec<Row>,
}

/// An item: what it is found by, and all of its cells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) cells: Vec<String>,
}

/// Names of the columns.
pub(super) fn names(schema: &Schema) -> Vec<String> {
    let fields = columns(record(schema));
    let name = |(_, field): (usize, &Field)| field.label().to_uppercase().replace('_', " ");
    fields.into_iter().map(name).collect()
}

/// The rows of an answer.
pub(super) fn answer(schema: &Schema, response: &Message) -> Answer {
    let fields = columns(record(schema));
    let keys: Vec<usize> = key_columns(schema, &fields);
    let row = |values: &Vec<Value>| {
        let cell = |(at, field): &(usize, &Field)| {
            values
                .get(*at)
                .map_or_else(String::new, |value| cell(field, value))
        };
        let cells: Vec<String> = fields.iter().map(cell).collect();
        let key = keys.iter().filter_map(|at| cells.get(*at));
        let key: Vec<&str> = key.map(String::as_str).collect();
        Row {
            key: key.join(" "),
            cells,
        }
    };
    if let Kind::Value(_) = schema.kind {
        return Answer {
            head: Vec::new(),
            rows: vec![row(&response.head)],
        };
    }
    let document = schema.to_json(Way::Response, response, Style::Names);
    let Json::Object(members) = document else {
        return Answer {
            head: Vec::new(),
            rows: Vec::new(),
        };
    };
    let said = |(name, value): &(String, Json)| {
        let value = match value {
            Json::Text(text) => text.clone(),
            value => serde_json::to_string(value).unwrap_or_default(),
        };
        (name.clone(), value)
    };
    let head = members.iter().filter(|(name, _)| name != "items");
    Answer {
        head: head.map(said).collect(),
        rows: response.items.iter().map(row).collect(),
    }
}

const fn record(schema: &Schema) -> &Record {
    match &schema.kind {
        Kind::Value(kind) => &kind.response,
        Kind::Snapshot(kind) => &kind.item,
        Kind::Lookup(kind) => &kind.item,
    }
}

/// The columns that tell an item from others: its key, or what a cache finds it by, or the first.
fn key_columns(schema: &Schema, fields: &[(usize, &Field)]) -> Vec<usize> {
    let is_key = |field: &Field| match &schema.kind {
        Kind::Value(_) => false,
        Kind::Snapshot(kind) => kind
            .cache
            .iter()
            .any(|name| name != "hash" && field.is(name)),
        Kind::Lookup(_) => field.key,
    };
    let keys = fields
        .iter()
        .enumerate()
        .filter(|(_, (_, field))| is_key(field));
    let keys: Vec<usize> = keys.map(|(at, _)| at).collect();
    match (&schema.kind, keys.is_empty()) {
        (Kind::Value(_), _) => Vec::new(),
        (_, true) => vec![0],
        (_, false) => keys,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::ServiceName;

    #[test]
    fn items_are_rows_with_their_keys() {
        let schema = ServiceName::find("cgroups-snapshot").unwrap().schema();
        let names = names(schema);
        assert!(names.contains(&"NAME".to_owned()), "{names:?}");
        let answer = answer(schema, &Message::default());
        assert_eq!(answer.rows, []);
        let fields = columns(record(schema));
        let keys = key_columns(schema, &fields);
        assert_eq!(keys.len(), 1, "found by its name");
        let increment = ServiceName::find("increment").unwrap().schema();
        let message = Message {
            head: vec![Value::Number(42)],
            items: Vec::new(),
        };
        let rows = super::answer(increment, &message).rows;
        assert_eq!(
            (&rows[0].key[..], &rows[0].cells[..]),
            ("", &["42".to_owned()][..])
        );
    }
}
