//! Generated codecs in Go, of every service and of services that were drawn, on random and on spoilt
//! messages.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use netipc_schema::codec::Way;
use netipc_schema::random::{Random, spoil};
use netipc_schema::{Kind, Language, Schema, generate, parse};

use crate::builders::built;
use crate::common::{NAMES, ours, service};
use crate::random_schema::{random_schema, text_keys};

const PEER: &str = include_str!("peer.go.txt");
const DRAWN: u64 = 40;

/// Kinds that the library has itself.
const LIBRARY: [&str; 5] = [
    "increment",
    "string-reverse",
    "cgroups-snapshot",
    "cgroups-lookup",
    "apps-lookup",
];

/// The schemas with which Go is tried.
fn schemas() -> Vec<Schema> {
    let drawn = (0..DRAWN).map(|seed| random_schema(&mut Random::new(seed)));
    let drawn = drawn
        .chain(text_keys())
        .map(|text| parse("drawn.toml", &text).unwrap());
    NAMES.map(service).into_iter().chain(drawn).collect()
}

#[test]
fn go_says_what_the_schemas_say() {
    let dir = tempfile::tempdir().unwrap();
    let schemas = schemas();
    let peer = built_peer(dir.path(), &schemas);
    reads(&peer, &schemas);
    builds(&peer);
}

/// The peer, and a generated package of each schema.
fn built_peer(dir: &Path, schemas: &[Schema]) -> PathBuf {
    write_module(dir, schemas);
    let peer = dir.join("peer");
    let built = Command::new("go")
        .args(["build", "-mod=mod", "-o"])
        .arg(&peer)
        .arg(".")
        .current_dir(dir)
        .output()
        .expect("the test needs Go");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    peer
}

/// Builders of Go make what those of Rust make, of packages of their own and of the module's.
fn builds(peer: &Path) {
    let built = built();
    let mut asked = String::new();
    let mut wanted = Vec::new();
    for (line, said) in &built.lines {
        for place in ["", "library/"] {
            // Two services are no kinds of the module.
            if place.is_empty()
                || LIBRARY
                    .iter()
                    .any(|name| line.starts_with(&name.replace('-', "_")))
            {
                writeln!(asked, "{place}{line}").unwrap();
                wanted.push(said);
            }
        }
    }
    let answers = ask(peer, asked.clone());
    assert_eq!(answers.len(), wanted.len());
    for ((answer, wanted), line) in answers.iter().zip(wanted).zip(asked.lines()) {
        assert_eq!(answer, wanted, "{line}");
    }
    let all = [
        "build ok",
        "build BadLayout",
        "build BadItemCount",
        "build Overflow",
        "request ok",
        "request Overflow",
    ];
    assert!(
        built.verdicts.iter().eq(BTreeSet::from(all)),
        "{:?}",
        built.verdicts
    );
}

/// Codecs of Go read what the schemas say.
fn reads(peer: &Path, schemas: &[Schema]) {
    let (mut asked, mut wanted, mut verdicts) = (String::new(), Vec::new(), BTreeSet::new());
    let library = LIBRARY.map(service);
    let of_library = library
        .iter()
        .map(|schema| (schema, format!("library/{}", package(schema))));
    let all = schemas.iter().map(|schema| (schema, package(schema)));
    for (schema, codec) in all.chain(of_library) {
        for way in [Way::Request, Way::Response] {
            let mut random = Random::new(5);
            for _ in 0..300 {
                let message = schema.random_message(way, &mut random);
                let whole = schema.encode(way, &message).unwrap();
                let spoilt = spoil(&whole, &mut random);
                for bytes in [whole, spoilt] {
                    writeln!(asked, "{codec} {way} {}", hex(&bytes)).unwrap();
                    let read = ours(schema, way, &bytes);
                    verdicts.insert(read.clone().err());
                    wanted.push((schema, said(&read)));
                }
            }
        }
    }
    let answers = ask(peer, asked.clone());
    assert_eq!(answers.len(), wanted.len());
    for ((answer, (schema, wanted)), line) in answers.iter().zip(&wanted).zip(asked.lines()) {
        assert_eq!(
            answer.trim_end(),
            wanted.trim_end(),
            "{line}\n{}",
            schema.to_toml()
        );
    }
    assert!(verdicts.len() > 4, "{verdicts:?}");
}

fn said(read: &Result<Vec<Vec<u8>>, String>) -> String {
    match read {
        Ok(items) => {
            let items: Vec<String> = items.iter().map(|item| hex(item)).collect();
            format!("ok {}", items.join(" "))
        }
        Err(verdict) => verdict.clone(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn package(schema: &Schema) -> String {
    schema.name.replace('-', "_")
}

/// What the peer calls builders of a package by, where Rust has them, too.
fn builder_of(schema: &Schema, name: &str) -> String {
    match &schema.kind {
        Kind::Snapshot(_) if schema.name == "cgroups-snapshot" => format!(
            "\t\"{name} build\": all({name}.DecodeReply, (*{name}.Reply).Len, (*{name}.Reply).Item, \
             func(r *{name}.Reply, b *{name}.Builder) {{ b.SetHeader({name}.Header{{SystemdEnabled: r.SystemdEnabled}}, r.Generation) }}, (*{name}.Builder).Add),\n"
        ),
        Kind::Value(_) | Kind::Snapshot(_) => String::new(),
        Kind::Lookup(kind) => format!(
            "\t\"{name} build\": build[{name}.Key, {name}.Item, *{name}.Item, {name}.{}, {name}.Builder],\n\
             \t\"{name} request\": request[{name}.Key],\n",
            kind.status().name
        ),
    }
}

/// A module of the generated packages and the peer.
fn write_module(dir: &Path, schemas: &[Schema]) {
    let library = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../go")
        .canonicalize()
        .unwrap();
    let (mut imports, mut codecs, mut builders) = (String::new(), String::new(), String::new());
    for schema in schemas {
        let name = package(schema);
        writeln!(imports, "\t\"example.org/drawn/{name}\"").unwrap();
        let (request, response) = match schema.kind {
            Kind::Value(_) => (
                format!("value({name}.DecodeRequest)"),
                format!("value({name}.DecodeResponse)"),
            ),
            Kind::Snapshot(_) => (
                format!("value({name}.DecodeRequest)"),
                format!("snapshot({name}.DecodeReply, (*{name}.Reply).Len, (*{name}.Reply).Item)"),
            ),
            Kind::Lookup(_) => (
                format!("keys[{name}.Key]"),
                format!("items[{name}.Key, {name}.Item, *{name}.Item]"),
            ),
        };
        writeln!(
            codecs,
            "\t\"{name} request\": {request},\n\t\"{name} response\": {response},"
        )
        .unwrap();
        builders.push_str(&builder_of(schema, &name));
        for source in generate(schema, Language::Go, "drawn.toml").unwrap() {
            let file = dir.join(source.name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, source.text).unwrap();
        }
    }
    let registry = format!(
        "package main\n\nimport (\n{imports})\n\nvar codecs = map[string]codec{{\n{codecs}}}\n\nvar builders = map[string]writer{{\n{builders}}}\n"
    );
    fs::write(dir.join("registry.go"), registry).unwrap();
    fs::write(dir.join("main.go"), PEER).unwrap();
    let module = fs::read_to_string(library.join("go.mod")).unwrap();
    let module = module.replace(
        "module github.com/netipc/netipc/go",
        "module example.org/drawn",
    );
    let own = format!(
        "{module}\nrequire github.com/netipc/netipc/go v0.0.0\n\nreplace github.com/netipc/netipc/go => {}\n",
        library.display()
    );
    fs::write(dir.join("go.mod"), own).unwrap();
    fs::copy(library.join("go.sum"), dir.join("go.sum")).unwrap();
}

fn ask(peer: &Path, lines: String) -> Vec<String> {
    let mut child = Command::new(peer)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}
