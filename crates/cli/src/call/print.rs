//! Answers of any service for people.

use std::io::{self, Write};

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use netipc_schema::codec::{Message, Value};
use netipc_schema::document::{Style, to_json};
use netipc_schema::json::Json;
use netipc_schema::{Field, Flags, Kind, Record, Schema, Type};

use super::ask::is_unset;
use crate::plain::plain;
use crate::terminal;

/// The table of the items, or the value.
pub(super) fn print(schema: &Schema, response: &Message, out: &mut impl Write) -> io::Result<()> {
    let item = match &schema.kind {
        Kind::Value(kind) => return print_value(&kind.response, &response.head, out),
        Kind::Snapshot(kind) => &kind.item,
        Kind::Lookup(kind) => &kind.item,
    };
    let fields = columns(item);
    let header = fields
        .iter()
        .map(|(_, field)| field.label().to_uppercase().replace('_', " "));
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    for values in &response.items {
        let bare = item.position("status") == Some(0) && values.first() != Some(&Value::Number(0));
        // A number that means "not set" is none; 0 is one, unless nothing is known of the item.
        let blank = |field: &Field, value: &Value| {
            let says = field.key || field.is("status");
            !says && (bare || field.unset != 0) && is_unset(field, value)
        };
        let cell = |(at, field): &(usize, &Field)| match values.get(*at) {
            Some(value) if !blank(field, value) => cell(field, value),
            _ => String::new(),
        };
        table.add_row(fields.iter().map(cell));
    }
    terminal::fit(&mut table);
    for line in table.lines() {
        writeln!(out, "{}", line.trim())?;
    }
    Ok(())
}

/// The fields in the order of the columns: the key first, then the others as they are.
pub(crate) fn columns(item: &Record) -> Vec<(usize, &Field)> {
    let (keys, rest): (Vec<_>, Vec<_>) = item.named().enumerate().partition(|(_, field)| field.key);
    keys.into_iter().chain(rest).collect()
}

fn print_value(record: &Record, values: &[Value], out: &mut impl Write) -> io::Result<()> {
    let fields: Vec<(&Field, &Value)> = record.named().zip(values).collect();
    if let [(field, value)] = fields[..] {
        return writeln!(out, "{}", cell(field, value));
    }
    for (field, value) in fields {
        writeln!(out, "{}: {}", field.label(), cell(field, value))?;
    }
    Ok(())
}

pub(crate) fn cell(field: &Field, value: &Value) -> String {
    match (&field.form, value) {
        (Type::Flags(names), Value::Number(bits)) => flags(names, *bits),
        (Type::Unsigned(4), Value::Number(hash)) if field.is("hash") => format!("{hash:08x}"),
        (Type::Labels, Value::Labels(labels)) => {
            let text = |bytes: &[u8]| plain(&String::from_utf8_lossy(bytes));
            let label =
                |(key, value): &(Vec<u8>, Vec<u8>)| format!("{}={}", text(key), text(value));
            labels.iter().map(label).collect::<Vec<_>>().join(" ")
        }
        _ => match to_json(field, value, Style::Names) {
            Json::Text(text) => plain(&text),
            Json::Number(number) => number.to_string(),
            _ => String::new(),
        },
    }
}

/// The bits by name, and what has none in hex.
fn flags(names: &Flags, bits: i128) -> String {
    let set = |number: u64| bits & (1 << number) != 0;
    let named = names.bits.iter().filter(|bit| set(bit.number));
    let mut said: Vec<String> = named.map(|bit| bit.name.clone()).collect();
    let rest = names
        .bits
        .iter()
        .fold(bits, |rest, bit| rest & !(1 << bit.number));
    if rest != 0 {
        said.push(format!("{rest:#x}"));
    }
    said.join(",")
}
