//! The golden bytes as C tables, for `golden.h`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

const CODEC: &str = include_str!("../../../../vectors/codec.json");
const HANDSHAKE: &str = include_str!("../../../../vectors/handshake.json");
const CHUNKS: &str = include_str!("../../../../vectors/chunks.json");
const SHORT: &str = include_str!("../../../../vectors/builder_overflow.json");

const MESSAGES: [&str; 7] = [
    "header",
    "chunk_header",
    "hello",
    "hello_ack",
    "increment",
    "string_reverse",
    "batch",
];
const SERVICES: [&str; 6] = [
    "cgroups_snapshot_request",
    "cgroups_snapshot_response",
    "cgroups_lookup_request",
    "cgroups_lookup_response",
    "apps_lookup_request",
    "apps_lookup_response",
];
/// What the C library has no function for.
const NOT_IN_C: [&str; 1] = ["region_header"];

/// Writes the table of each program into `dir`.
pub(crate) fn write_tables(dir: &Path) {
    let codec = array(CODEC);
    for entry in &codec {
        let kind = entry["type"].as_str().unwrap();
        let known = [&MESSAGES[..], &SERVICES, &NOT_IN_C].concat();
        assert!(known.contains(&kind), "golden bytes of a new type: {kind}");
    }
    let tables =
        |kinds: &[&str]| -> String { kinds.iter().map(|kind| messages(&codec, kind)).collect() };
    let put = |name: &str, text: String| fs::write(dir.join(name), text).unwrap();
    let packets = array(HANDSHAKE).iter().map(named).collect::<Vec<_>>();
    let chunks = array(CHUNKS).iter().map(chunks).collect::<Vec<_>>();
    put(
        "vectors_messages.inc",
        tables(&MESSAGES)
            + &table("struct golden_handshake", "golden_handshake", &packets)
            + &table("struct golden_chunks", "golden_chunks", &chunks),
    );
    put("vectors_services.inc", tables(&SERVICES));
    let all = codec.iter().map(|entry| bytes(&entry["hex"]));
    put(
        "malformed.inc",
        table("struct bytes", "golden_all", &all.collect::<Vec<_>>()),
    );
    let short: Value = serde_json::from_str(SHORT).unwrap();
    let cases = |list: &str, name: &str| {
        let cases = short[list].as_array().unwrap().iter();
        let cases: Vec<_> = cases.map(|case| record("short", case)).collect();
        table(&format!("struct {name}"), name, &cases)
    };
    put(
        "little_space.inc",
        cases("cases", "golden_short_cgroups") + &cases("apps_cases", "golden_short_apps"),
    );
}

/// The table of all messages of one type.
fn messages(codec: &[Value], kind: &str) -> String {
    let entries = codec.iter().filter(|entry| entry["type"] == kind);
    let rows: Vec<_> = entries
        .map(|entry| {
            let input = if entry["input"].as_object().unwrap().is_empty() {
                "{0}".to_owned()
            } else {
                record(kind, &entry["input"])
            };
            format!("{{{}, .input = {input}}}", name_and_bytes(entry))
        })
        .collect();
    let name = format!("golden_{kind}");
    table(&format!("struct {name}"), &name, &rows)
}

fn named(entry: &Value) -> String {
    format!("{{{}}}", name_and_bytes(entry))
}

fn name_and_bytes(entry: &Value) -> String {
    format!(
        ".name = {}, .bytes = {}",
        entry["name"],
        bytes(&entry["hex"])
    )
}

fn chunks(message: &Value) -> String {
    let numbers = ["agreed_packet_size", "message_id", "kind", "code"];
    let numbers: String = numbers
        .iter()
        .map(|field| format!(".{field} = {}, ", number(&message[*field])))
        .collect();
    let packets = message["packets"].as_array().unwrap();
    let rows: Vec<_> = packets.iter().map(bytes).collect();
    format!(
        "{{{numbers}.payload = {}, {}}}",
        bytes(&message["payload"]),
        list("struct bytes", "packets", &rows)
    )
}

/// An object as an initialiser, field by field.
fn record(kind: &str, object: &Value) -> String {
    let fields: &Map<String, Value> = object.as_object().unwrap();
    let mut out = String::from("{");
    for (name, value) in fields {
        match value {
            // Where a case overflows, its length stays 0; notes are for people.
            Value::String(_) if kind == "short" => {}
            Value::String(text) => write!(out, ".{name} = {}, ", string(text)).unwrap(),
            Value::Array(values) => {
                let rows: Vec<_> = values.iter().map(|value| element(kind, value)).collect();
                let counted = list(element_type(kind, name), name, &rows);
                out += &counted;
            }
            value => write!(out, ".{name} = {}, ", number(value)).unwrap(),
        }
    }
    out + "}"
}

fn element(kind: &str, value: &Value) -> String {
    match value {
        Value::String(_) if kind == "batch" => bytes(value),
        Value::String(text) => string(text),
        Value::Array(pair) => {
            let [key, label] = &pair[..] else {
                panic!("not a label: {pair:?}")
            };
            let [key, label] = [key, label].map(|text| string(text.as_str().unwrap()));
            format!("{{{key}, {label}}}")
        }
        Value::Object(_) => record(kind, value),
        value => number(value),
    }
}

/// The C type of what is in a list.
fn element_type(kind: &str, list: &str) -> &'static str {
    match (kind, list) {
        (_, "labels") => "nipc_lookup_label_view_t",
        (_, "paths") => "nipc_str_view_t",
        (_, "pids" | "name_lens") => "uint32_t",
        (_, "statuses") => "uint16_t",
        ("short", "items") => "struct short_app",
        ("batch", "items") => "struct bytes",
        ("cgroups_snapshot_response", "items") => "nipc_cgroups_item_view_t",
        ("cgroups_lookup_response", "items") => "struct cgroup_input",
        ("apps_lookup_response", "items") => "struct app_input",
        _ => panic!("no C type for {list} of {kind}"),
    }
}

/// A pointer to rows, and how many there are where the struct says so.
fn list(kind: &str, name: &str, rows: &[String]) -> String {
    let count = match name {
        "name_lens" | "statuses" => String::new(),
        _ => format!(".{name}_count = {}, ", rows.len()),
    };
    if rows.is_empty() {
        count
    } else {
        format!(".{name} = (const {kind}[]){{{}}}, {count}", rows.join(", "))
    }
}

fn table(kind: &str, name: &str, rows: &[String]) -> String {
    assert!(!rows.is_empty(), "no golden bytes for {name}");
    format!(
        "static const {kind} {name}[] = {{\n{}\n}};\n",
        rows.join(",\n")
    )
}

fn bytes(hex: &Value) -> String {
    let hex = hex.as_str().unwrap().as_bytes();
    let digits = hex.chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    let bytes: Vec<_> = digits.map(|pair| format!("0x{pair}")).collect();
    if bytes.is_empty() {
        "{0}".to_owned()
    } else {
        format!("BYTES({})", bytes.join(","))
    }
}

fn string(text: &str) -> String {
    assert!(text.is_ascii(), "C escapes other characters: {text}");
    format!("STR({text:?})")
}

fn number(value: &Value) -> String {
    format!("{}u", value.as_u64().unwrap())
}

fn array(json: &str) -> Vec<Value> {
    serde_json::from_str(json).unwrap()
}
