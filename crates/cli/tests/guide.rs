//! What docs/services.md shows is done, as it stands there: a service from nothing, served from a
//! file, asked by the program, and served and asked by programs in Rust, Go and C.
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

/// What the guide shows of enrichers in a language.
fn enricher_block(language: &str) -> String {
    let guide = fs::read_to_string(root().join("docs/services.md")).unwrap();
    let (_, rest) = guide.split_once("**7. An enricher.**").unwrap();
    let (_, rest) = rest.split_once(&format!("```{language}\n")).unwrap();
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

#[test]
fn the_snapshot_of_the_guide_becomes_code() {
    let guide = fs::read_to_string(root().join("docs/services.md")).unwrap();
    let (_, rest) = guide.split_once("## A snapshot").unwrap();
    let (_, rest) = rest.split_once("```toml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let place = TestDir::new();
    let schema = place.write("disk-health.toml", text);
    let file = schema.to_str().unwrap();
    run(netipc(["schema", "check", file]), b"").text();
    for (lang, made) in [
        ("rust", "disk_health.rs"),
        ("go", "disk_health/disk_health.go"),
        ("c", "disk_health.c"),
    ] {
        let out = place.path(lang);
        let out_word = format!("--out={}", out.display());
        run(
            netipc(["schema", "generate", "--lang", lang, &out_word, file]),
            b"",
        )
        .text();
        assert!(out.join(made).is_file(), "{lang}");
    }
}

/// The guide's program in Go, built beside the package that is made for it.
fn go_program(place: &TestDir, schema: &str) -> PathBuf {
    let module = place.path("module");
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
    let imports = "package main\n\nimport (\n\t\"fmt\"\n\t\"net/netip\"\n\n\t\"example.org/networks/ip_to_asn\"\n\t\"github.com/netipc/netipc/go/service\"\n)\n\n";
    let enricher = imports.to_owned() + &enricher_block("go");
    fs::write(module.join("enricher.go"), enricher).unwrap();
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

/// The guide's program in Rust, a package of its own over the library as it is here.
fn rust_program(place: &TestDir, schema: &str) -> PathBuf {
    let package = place.path("networks-in-rust");
    let out = format!("--out={}", package.join("src").display());
    run(
        netipc(["schema", "generate", "--lang=rust", &out, schema]),
        b"",
    )
    .text();
    let run_dir = format!("\"{}\"", place.run_dir().display());
    let program = block("rust,ignore").replace("\"/run/example\"", &run_dir);
    fs::write(package.join("src/main.rs"), program).unwrap();
    let enricher = "pub mod ip_to_asn;\n\n".to_owned() + &enricher_block("rust,ignore");
    fs::write(package.join("src/lib.rs"), enricher).unwrap();
    // Of its own: another run of this test may build in the same directory.
    let name = format!("networks-{}", std::process::id());
    let head = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n");
    let manifest = head + &block("ini");
    let library = root().join("crates/netipc");
    let manifest = manifest.replace("../netipc/crates/netipc", library.to_str().unwrap());
    fs::write(package.join("Cargo.toml"), manifest + "\n[workspace]\n").unwrap();
    // The versions that are there already.
    fs::copy(root().join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--target-dir"])
        .arg(root().join("target/guide"))
        .env("RUSTFLAGS", "-Dwarnings")
        .current_dir(&package)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    let program = package.join("networks");
    let made = root().join("target/guide/debug").join(name);
    fs::copy(&made, &program).unwrap();
    fs::remove_file(made).unwrap();
    program
}

/// The guide's program in C, built with what is made for it and with the command that the guide has.
fn c_program(place: &TestDir, schema: &str) -> PathBuf {
    let prefix = netipc_xtask::install_for_tests();
    let out = format!("--out={}", place.path("").display());
    run(
        netipc(["schema", "generate", "--lang=c", &out, schema]),
        b"",
    )
    .text();
    let run_dir = format!("\"{}\"", place.run_dir().display());
    let source = block("c").replace("\"/run/example\"", &run_dir);
    place.write("networks.c", source);
    let guide = fs::read_to_string(root().join("docs/services.md")).unwrap();
    let command = guide.lines().find(|line| line.starts_with("cc -o "));
    let strict = "cc -std=c99 -Wall -Wextra -Wpedantic -Werror";
    let command = command.unwrap().replacen("cc", strict, 1);
    let lib = prefix.join("lib");
    let built = Command::new("sh")
        .args(["-c", &format!("{command} -Wl,-rpath,{}", lib.display())])
        .env("PKG_CONFIG_PATH", lib.join("pkgconfig"))
        .current_dir(place.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{command}\n{said}");
    let includes = "#include \"ip_to_asn.h\"\n#include <stdio.h>\n\n";
    place.write("enricher.c", includes.to_owned() + &enricher_block("c"));
    let built = Command::new("sh")
        .args([
            "-c",
            &format!(
                "{strict} -c -o enricher.o enricher.c -I{}",
                prefix.join("include").display()
            ),
        ])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    place.path("networks")
}

#[test]
fn the_program_in_rust_serves_and_asks() {
    serves_and_asks(rust_program);
}

#[test]
fn the_program_in_go_serves_and_asks() {
    serves_and_asks(go_program);
}

#[test]
fn the_program_in_c_serves_and_asks() {
    serves_and_asks(c_program);
}

/// Holds a program beside the one of the tests, each as server of the other.
fn serves_and_asks(build: fn(&TestDir, &str) -> PathBuf) {
    let place = TestDir::new();
    let schema = place.write("ip-to-asn.toml", block("toml"));
    let file = schema.to_str().unwrap();
    let program = build(&place, file);
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

#[test]
fn the_programs_in_go_and_c_ask_each_other() {
    let place = TestDir::new();
    let schema = place.write("ip-to-asn.toml", block("toml"));
    let file = schema.to_str().unwrap();
    let programs = [go_program(&place, file), c_program(&place, file)];
    for (serving, asking) in [(0, 1), (1, 0)] {
        let mut server = Command::new(&programs[serving]);
        server.stdout(std::process::Stdio::piped());
        let _served = Provider::start(server);
        let asked = Command::new(&programs[asking]).arg("192.0.2.7").output();
        let asked = String::from_utf8(asked.unwrap().stdout).unwrap();
        assert_eq!(asked, "192.0.2.7 known 64500 Example Networks\n");
    }
}
