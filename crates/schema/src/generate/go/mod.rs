//! Go over the module `netipc/go`: a package of types, codec, client and server; or, for the kinds that
//! the module itself has, a file of its package `protocol` and one of the service.

mod builder;
mod cache;
mod codec;
mod dispatch;
mod enricher;
mod item;
mod key;
mod names;
mod plain;
mod rules;
mod service;
mod snapshot;
mod types;
mod words;

use std::fmt::Write;

use super::{GenerateError, Source};
use crate::doc;
use crate::model::{Kind, Schema};

use super::names::module as package;
use names::Go;

/// The package of a service, for a module of any author.
pub(super) fn files(schema: &Schema, source: &str) -> Vec<Source> {
    let go = Go::new(schema);
    let package = package(schema);
    let mut body = service::of_package(&go);
    body.push_str(&codec_of(&go));
    let text = head(schema, source, &package, true) + &imports(&body) + &body;
    vec![Source {
        name: format!("{package}/{package}.go"),
        text,
    }]
}

/// The files of a service in the module itself: those of a kind that integrations know have the names
/// that they know.
///
/// # Errors
/// Where the package `protocol` has no type for the keys of a kind of the library.
pub(super) fn library_files(schema: &Schema, source: &str) -> Result<Vec<Source>, GenerateError> {
    let go = Go::in_library(schema);
    let package = package(schema);
    if schema.is_library() && !go.is_library() {
        return Err(GenerateError {
            service: schema.name.clone(),
            why: "keys of the module's lookups are one text, or one u32: give it a number from 0x8000 on"
                .to_owned(),
        });
    }
    if !go.is_library() {
        let mut files = files(schema, source);
        for file in &mut files {
            file.name.insert_str(0, "internal/generated/");
        }
        return Ok(files);
    }
    let codec = codec_of(&go)
        .replace("protocol.", "")
        .replace("binary.LittleEndian.", "le.");
    let service = service::of_library(&go);
    let codec = format!(
        "// Made from {source} by netipc schema generate: change that file, not this one.\n//\n{}\npackage protocol\n\n{}{codec}",
        picture(schema),
        imports(&codec)
    );
    Ok(vec![
        Source {
            name: format!("protocol/{package}.go"),
            text: codec,
        },
        Source {
            name: format!("service/{package}/{package}.go"),
            text: head(schema, source, &package, false) + &imports(&service) + &service,
        },
    ])
}

/// The lookups that the program `netipc-go` knows.
pub(super) fn lookup_table(schemas: &[&Schema]) -> String {
    let (mut imports, mut rows) = (Vec::new(), String::new());
    for schema in schemas {
        let Kind::Lookup(kind) = &schema.kind else {
            continue;
        };
        let (go, package) = (Go::in_library(schema), package(schema));
        let (dir, item) = if go.is_library() {
            ("service", go.item())
        } else {
            ("internal/generated", format!("{package}.{}", go.item()))
        };
        imports.push(format!(
            "\t\"github.com/netipc/netipc/go/{dir}/{package}\"\n"
        ));
        let keys: String = kind
            .key
            .named()
            .map(|field| format!(", \"{}\"", field.label()))
            .collect();
        let _ = writeln!(rows, "\tnewLookup[{item}](&{package}.Service{keys}),");
    }
    imports.push("\t\"github.com/netipc/netipc/go/protocol\"\n".to_owned());
    imports.sort();
    format!(
        "// Made from services/*.toml by netipc schema generate: change that, not this file.\n\n\
         package kinds\n\nimport (\n{})\n\n\
         // lookups are all kinds that are asked with keys.\nvar lookups = []Kind{{\n{rows}}}\n",
        imports.concat()
    )
}

/// Types and their bytes.
fn codec_of(go: &Go<'_>) -> String {
    let mut out = String::new();
    types::write_names(&mut out, go);
    match &go.schema.kind {
        Kind::Value(kind) => match go.plain() {
            Some(name) => plain::write(&mut out, go, name, &kind.request),
            None => {
                for (name, record) in [("Request", &kind.request), ("Response", &kind.response)] {
                    types::write_record(&mut out, go, name, record);
                    codec::write(&mut out, go, name, record);
                }
            }
        },
        Kind::Snapshot(kind) => snapshot::write(&mut out, go, kind),
        Kind::Lookup(kind) => {
            item::write(&mut out, go, kind);
            builder::write(&mut out, go, kind);
            if !go.is_library() {
                key::write(&mut out, go, kind);
            }
        }
    }
    if go.is_library() {
        dispatch::write(&mut out, go);
    } else {
        cache::write(&mut out, go);
        if let Kind::Lookup(kind) = &go.schema.kind {
            enricher::write(&mut out, go, kind);
        }
    }
    out
}

/// The comment of a package and its name; with the picture of the bytes where they are in it.
fn head(schema: &Schema, source: &str, package: &str, pictures: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "// Package {package} is `{}`: {}\n//",
        schema.name, schema.about
    );
    if pictures {
        out.push_str(&picture(schema));
        out.push_str("//\n");
    }
    let _ = write!(
        out,
        "// Made from {source} by netipc schema generate: change that file, not this one.\npackage {package}\n\n"
    );
    out
}

/// The bytes of the parts that are not the same for all services.
fn picture(schema: &Schema) -> String {
    let mut out = String::new();
    doc::pictures(schema, &schema.parts(), |line| {
        let _ = writeln!(out, "//\t{line}");
    });
    out
}

fn imports(body: &str) -> String {
    const STANDARD: [(&str, &str); 8] = [
        ("context.", "context"),
        ("binary.", "encoding/binary"),
        ("errors.", "errors"),
        ("fmt.", "fmt"),
        ("iter.", "iter"),
        ("netip.", "net/netip"),
        ("strings.", "strings"),
        ("time.", "time"),
    ];
    const MODULE: [(&str, &str); 2] = [
        ("protocol.", "github.com/netipc/netipc/go/protocol"),
        ("service.", "github.com/netipc/netipc/go/service"),
    ];
    let is_used = |name: &str| {
        let ends_a_word = |at: usize| {
            let before = body.get(..at).and_then(|before| before.chars().next_back());
            !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == '.')
        };
        let in_code = |line: &str| !line.trim_start().starts_with("//");
        body.match_indices(name).any(|(at, _)| {
            let line = body.get(..at).and_then(|before| before.rfind('\n'));
            let line = body.get(line.map_or(0, |at| at + 1)..).unwrap_or_default();
            ends_a_word(at) && in_code(line)
        })
    };
    let used = |known: &[(&str, &str)]| -> String {
        let used = known.iter().filter(|(name, _)| is_used(name));
        used.map(|(_, path)| format!("\"{path}\"\n")).collect()
    };
    let (standard, module) = (used(&STANDARD), used(&MODULE));
    if standard.is_empty() && module.is_empty() {
        return String::new();
    }
    format!("import (\n{standard}\n{module})\n")
}
