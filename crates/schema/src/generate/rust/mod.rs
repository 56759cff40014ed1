//! Rust over the crate `netipc`: a module of types, codec, and what joins them to client and server.

mod check;
mod codec;
mod encode;
mod kept;
mod key;
mod reread;
mod service;
mod types;

use std::fmt::Write;

use super::names::camel;
use crate::doc;
use crate::model::{Family, Field, Kind, Record, Schema, Type, ValueKind};

/// The module of a service.
pub(super) fn module(schema: &Schema, file: &str) -> String {
    let mut body = String::new();
    service::write(&mut body, schema);
    types::write_names(&mut body, schema);
    for (part, record) in records(schema) {
        types::write_record(&mut body, schema, part, record);
        codec::write_part(&mut body, schema, part, record);
        check::write(&mut body, schema, part, record);
    }
    if let Kind::Lookup(kind) = &schema.kind {
        key::write(&mut body, schema, kind);
    }
    if let Kind::Snapshot(kind) = &schema.kind {
        service::write_header(&mut body, schema, kind);
    }
    let mut out = String::new();
    let _ = writeln!(
        out,
        "//! `{}`: {}\n//!\n//! ```text",
        schema.name, schema.about
    );
    doc::pictures(schema, &drawn(schema), |line| {
        let _ = writeln!(out, "//! {line}");
    });
    let _ = writeln!(
        out,
        "//! ```\n//!\n//! Made from `{file}` by `netipc schema generate`: change that file, not this one.\n\
         #![allow(dead_code, unreachable_pub, reason = \"a program uses a part of it\")]\n"
    );
    out.push_str(&imports(&body));
    out.push_str(&body);
    out
}

/// The records that have a picture.
fn drawn(schema: &Schema) -> Vec<(&'static str, &Record)> {
    match &schema.kind {
        Kind::Value(kind) if is_one(kind) => vec![("request and response", &kind.request)],
        _ => schema.parts(),
    }
}

/// The records that become structs: those of values, and the items of lists.
fn records(schema: &Schema) -> Vec<(&'static str, &Record)> {
    match &schema.kind {
        Kind::Value(kind) => {
            let mut parts = vec![("request", &kind.request), ("response", &kind.response)];
            if is_one(kind) {
                parts = vec![(BOTH, &kind.request)];
            }
            // The library reads and writes a number.
            parts.retain(|(_, record)| !is_number(record));
            parts
        }
        Kind::Snapshot(kind) => vec![("item", &kind.item)],
        Kind::Lookup(kind) => vec![("item", &kind.item)],
    }
}

/// What the record of a value is called that is asked and answered alike.
const BOTH: &str = "value";

/// Whether a value is asked and answered alike, whatever it means.
fn is_one(kind: &ValueKind) -> bool {
    let plain = |record: &Record| {
        let fields = record.fields.iter().map(|field| Field {
            about: String::new(),
            unit: None,
            ..field.clone()
        });
        (fields.collect::<Vec<_>>(), record.rules.clone())
    };
    plain(&kind.request) == plain(&kind.response)
}

/// Whether a record is a u64 and no more, which the library reads and writes.
fn is_number(record: &Record) -> bool {
    let [field] = &record.fields[..] else {
        return false;
    };
    field.has_value()
        && field.form == Type::Unsigned(8)
        && field.min.is_none()
        && field.max.is_none()
}

/// The field of a value that has no other, which is a tuple struct.
fn alone(record: &Record) -> Option<&Field> {
    let value = record.family == Family::Value;
    let mut named = record.named();
    named.next().filter(|_| value && named.next().is_none())
}

/// Name of the struct of a record.
fn struct_name(schema: &Schema, part: &str) -> String {
    camel(&schema.name) + &camel(part)
}

/// The lifetime of what borrows the bytes it was read from.
fn borrows(record: &Record) -> bool {
    record
        .named()
        .any(|field| matches!(field.form, Type::Text | Type::Labels))
}

/// `use` of everything that the code names.
fn imports(body: &str) -> String {
    let list = |path: &str, names: &[&str]| {
        let used = names.iter().copied().filter(|name| is_named(body, name));
        let used: Vec<&str> = used.collect();
        match &used[..] {
            [] => String::new(),
            [one] => format!("use {path}::{one};\n"),
            several => format!("use {path}::{{{}}};\n", several.join(", ")),
        }
    };
    let pointers = if body.contains("ptr::eq") {
        "use std::ptr;\n"
    } else {
        ""
    };
    let std = list("std::net", &["IpAddr", "Ipv4Addr"]) + pointers;
    let netipc: String = NAMES
        .iter()
        .map(|(path, names)| list(path, names))
        .collect();
    if std.is_empty() {
        return netipc + "\n";
    }
    format!("{std}\n{netipc}\n")
}

/// What the crate `netipc` has for generated code, by module.
const NAMES: [(&str, &[&str]); 8] = [
    (
        "netipc::cache",
        &["Cache", "Cached", "CachedLookup", "Fetched", "same_bytes"],
    ),
    (
        "netipc::lookup",
        &[
            "Key",
            "Lookup",
            "LookupAnswer",
            "LookupItem",
            "LookupKey",
            "LookupReply",
            "LookupRequest",
            "NumberKey",
            "TextKey",
        ],
    ),
    (
        "netipc::service",
        &[
            "Method",
            "Orchestrator",
            "ReplyOf",
            "Service",
            "ValueAnswer",
        ],
    ),
    (
        "netipc::snapshot",
        &[
            "ByItem",
            "Snapshot",
            "SnapshotAnswer",
            "SnapshotHeader",
            "SnapshotReply",
            "SnapshotRequest",
        ],
    ),
    ("netipc::transport", &["Wait"]),
    ("netipc::untyped", &["AnyClient"]),
    (
        "netipc::wire",
        &[
            "CStrBuf",
            "CStrView",
            "Decode",
            "Encode",
            "Fields",
            "Labels",
            "MethodCode",
            "Packed",
            "Reader",
            "Span",
            "Valid",
            "WireError",
            "Writer",
            "adjacent_strings",
            "is_padded",
            "lay_out",
            "string",
            "strings",
        ],
    ),
    ("netipc", &["CallError", "Client", "Handler", "Server"]),
];

/// Whether code names what has to be imported for it.
fn is_named(body: &str, name: &str) -> bool {
    body.match_indices(name).any(|(at, _)| {
        let boundary = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let text_before = body.get(..at).unwrap_or_default();
        let before = text_before.chars().next_back();
        let after = body
            .get(at + name.len()..)
            .and_then(|text| text.chars().next());
        // What is called by its path, or defined here, needs no import.
        boundary(before)
            && boundary(after)
            && !text_before.ends_with("type ")
            && !matches!(before, Some(':' | '.'))
    })
}
