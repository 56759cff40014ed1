//! What is committed is what is made.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use netipc_schema::{
    Language, Schema, Source, generate_binding, generate_for_library, generate_tables,
};

use crate::common::{NAMES, service};

#[test]
fn rust() {
    compare(Language::Rust, "..");
}

#[test]
fn go() {
    compare(Language::Go, "../../go");
}

#[test]
fn c() {
    compare(Language::C, "c");
}

#[test]
fn tables_of_all_kinds() {
    let schemas = NAMES.map(service);
    let all: Vec<&Schema> = schemas.iter().collect();
    for (language, dir) in [(Language::Rust, ".."), (Language::Go, "../../go")] {
        let how =
            format!("`netipc schema generate --library --lang {language} services/*.toml` writes");
        let tables = generate_tables(&all, language).unwrap();
        assert_eq!(tables.len(), 2);
        for source in tables {
            check(&source, language, dir, &how);
        }
    }
}

/// What is made of all kinds at once lacks none.
#[test]
fn a_kind_that_is_missing_is_told() {
    let schemas = NAMES.map(service);
    let some: Vec<&Schema> = schemas.iter().skip(1).collect();
    for refused in [
        generate_tables(&some, Language::Go).unwrap_err(),
        generate_binding(&some).unwrap_err(),
    ] {
        let told = refused.to_string();
        assert!(told.starts_with("apps-lookup: "), "{told}");
        assert!(told.ends_with("name services/*.toml"), "{told}");
    }
}

#[test]
fn binding_of_the_c_library() {
    let schemas = NAMES.map(service);
    let all: Vec<&Schema> = schemas.iter().collect();
    let sources = generate_binding(&all).unwrap();
    let how = "`netipc schema generate --library --lang c --out crates services/*.toml` writes";
    for source in &sources {
        check(source, Language::Rust, "..", how);
    }
    let is_made = |dir: &str, file: &str| {
        let name = format!("{dir}/{file}");
        sources.iter().any(|source| source.name == name)
    };
    for dir in ["capi/src/protocol/made", "capi/src/service/made"] {
        let there = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(dir));
        for file in there.unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            assert!(is_made(dir, &file), "nothing makes {dir}/{file}");
        }
    }
}

fn compare(language: Language, dir: &str) {
    let how = format!("`netipc schema generate --library --lang {language}` writes");
    for name in NAMES {
        let file = format!("{name}.toml");
        for source in generate_for_library(&service(name), language, &file).unwrap() {
            check(&source, language, dir, &how);
        }
    }
}

/// The file of a source is as it is made.
fn check(source: &Source, language: Language, dir: &str, how: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(dir)
        .join(&source.name);
    let committed = fs::read_to_string(&file).unwrap();
    assert!(
        committed == formatted(language, &source.text),
        "{how} {}",
        file.display()
    );
}

/// As the formatter of the language wants it.
fn formatted(language: Language, text: &str) -> String {
    let Some([program, arguments @ ..]) = language.formatter() else {
        return text.to_owned();
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
