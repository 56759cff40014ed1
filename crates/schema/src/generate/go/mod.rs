//! Go over the module `netipc/go`: a package of types, codec, client and server.

mod codec;
mod list;
mod service;
mod types;

use std::fmt::Write;

use crate::doc;
use crate::model::{Kind, Record, Schema};

/// The package of a service, which is also the name of its directory.
pub(super) fn package(schema: &Schema) -> String {
    schema.name.replace('-', "_")
}

/// The file of a service.
pub(super) fn file(schema: &Schema, source: &str) -> String {
    let mut body = String::new();
    service::write(&mut body, schema);
    types::write_names(&mut body, schema);
    for (name, record) in records(schema) {
        types::write_record(&mut body, name, record);
        codec::write(&mut body, schema, name, record);
    }
    match &schema.kind {
        Kind::Lookup(kind) => list::write_lookup(&mut body, schema, kind),
        Kind::Snapshot(kind) => list::write_snapshot(&mut body, schema, kind),
        Kind::Value(_) => {}
    }
    let mut out = String::new();
    let package = package(schema);
    let _ = writeln!(
        out,
        "// Package {package} is `{}`: {}\n//",
        schema.name, schema.about
    );
    for (part, record) in schema.parts() {
        let own = !matches!(
            (&schema.kind, part),
            (Kind::Snapshot(_) | Kind::Lookup(_), "request" | "response")
        );
        if own {
            let _ = writeln!(out, "//\t{part}");
            for line in doc::part_picture(schema, part, record).lines() {
                let _ = writeln!(out, "//\t  {line}");
            }
        }
    }
    let _ = write!(
        out,
        "//\n// Made from {source} by netipc schema generate: change that file, not this one.\npackage {package}\n\n"
    );
    out.push_str(&imports(&body));
    out.push_str(&body);
    out
}

/// The records that become structs, and their names.
fn records(schema: &Schema) -> Vec<(&'static str, &Record)> {
    match &schema.kind {
        Kind::Value(kind) => vec![("Request", &kind.request), ("Response", &kind.response)],
        Kind::Snapshot(kind) => vec![("Item", &kind.item)],
        Kind::Lookup(kind) => vec![("Item", &kind.item)],
    }
}

fn imports(body: &str) -> String {
    const STANDARD: [(&str, &str); 4] = [
        ("binary.", "encoding/binary"),
        ("errors.", "errors"),
        ("fmt.", "fmt"),
        ("netip.", "net/netip"),
    ];
    const MODULE: [(&str, &str); 2] = [
        ("protocol.", "github.com/netipc/netipc/go/protocol"),
        ("service.", "github.com/netipc/netipc/go/service"),
    ];
    let used = |known: &[(&str, &str)]| -> String {
        let used = known.iter().filter(|(name, _)| body.contains(name));
        used.map(|(_, path)| format!("\"{path}\"\n")).collect()
    };
    format!("import (\n{}\n{})\n", used(&STANDARD), used(&MODULE))
}
