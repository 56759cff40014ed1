//! What docs/services.md shows is done, as it stands there: a service from nothing, served from a
//! file, asked by the program, and served and asked by a program in Go.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Provider, TestDir, netipc, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The first block of a language that the guide shows.
fn block(language: &str) -> String {
    let guide = fs::read_to_string(root().join("docs/services.md")).unwrap();
    let (_, rest) = guide.split_once(&format!("```{language}\n")).unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    block.to_owned()
}

fn data() -> String {
    let guide = fs::read_to_string(root().join("docs/services.md")).unwrap();
    let (_, rest) = guide.split_once("networks.json <<'END'\n").unwrap();
    let (json, _) = rest.split_once("END").unwrap();
    json.to_owned()
}

#[test]
fn a_service_from_nothing_needs_no_code() {
    let place = TestDir::new();
    let schema = place.write("ip-to-asn.toml", block("toml"));
    let file = schema.to_str().unwrap();
    let committed = fs::read_to_string(root().join("services/ip-to-asn.toml")).unwrap();
    assert_eq!(block("toml"), committed);
    for command in ["check", "lock", "doc"] {
        run(netipc(["schema", command, file]), b"").text();
    }
    let data = place.write("networks.json", data());
    let by_schema = format!("--schema={file}");
    let _provider = place.serve_data(&data, &[&by_schema]);
    let called = place.call(&["ip-to-asn", "192.0.2.7", "198.51.100.1", &by_schema]);
    assert_eq!(called.text(), block("text"));
}

/// The guide's program in Go, built beside the package that is made for it.
fn go_program(place: &TestDir, schema: &str) -> PathBuf {
    let module = place.path("networks");
    let out = format!("--out={}", module.display());
    run(
        netipc(["schema", "generate", "--lang=go", &out, schema]),
        b"",
    )
    .text();
    let run_dir = format!("\"{}\"", place.run_dir().display());
    fs::write(
        module.join("main.go"),
        block("go").replace("\"/run/example\"", &run_dir),
    )
    .unwrap();
    let library = root().join("go");
    let module_file = fs::read_to_string(library.join("go.mod")).unwrap();
    let module_file = module_file.replace(
        "module github.com/netipc/netipc/go",
        "module example.org/networks",
    );
    let replaced = format!(
        "{module_file}\nrequire github.com/netipc/netipc/go v0.0.0\n\nreplace github.com/netipc/netipc/go => {}\n",
        library.display()
    );
    fs::write(module.join("go.mod"), replaced).unwrap();
    fs::copy(library.join("go.sum"), module.join("go.sum")).unwrap();
    let program = module.join("networks");
    let built = Command::new("go")
        .args(["build", "-mod=mod", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(&module)
        .output()
        .expect("the guide needs Go");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    program
}

#[test]
fn the_program_in_go_serves_and_asks() {
    let place = TestDir::new();
    let schema = place.write("ip-to-asn.toml", block("toml"));
    let file = schema.to_str().unwrap();
    let program = go_program(&place, file);
    let by_schema = format!("--schema={file}");
    let mut server = Command::new(&program);
    server.stdout(std::process::Stdio::piped());
    let served = Provider::start(server);
    let called = place.call(&["ip-to-asn", "192.0.2.7", "198.51.100.1", &by_schema]);
    assert_eq!(called.text(), block("text"));
    drop(served);
    let data = place.write("networks.json", data());
    let _provider = place.serve_data(&data, &[&by_schema]);
    let asked = Command::new(&program)
        .args(["192.0.2.7", "198.51.100.1"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&asked.stdout),
        "192.0.2.7 known 64500 Example Networks\n198.51.100.1 unknown 0 \n"
    );
}
