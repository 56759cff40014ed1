//! `netipc schema`: mistakes, bytes that change, and what is made.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{Ended, netipc, run};
use tempfile::TempDir;

fn services() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services")
}

/// A directory with a copy of a service.
fn copy_of(name: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(format!("{name}.toml"));
    fs::copy(services().join(format!("{name}.toml")), &file).unwrap();
    (dir, file)
}

/// Replaces the one place in a file that has `old`.
fn edit(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{old}");
    fs::write(file, text.replace(old, new)).unwrap();
}

fn schema(args: &[&str]) -> Ended {
    run(netipc([&["schema"], args].concat()), b"")
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

#[test]
fn mistakes_are_told_as_compilers_do() {
    let (_dir, file) = copy_of("ip-to-asn");
    edit(&file, "type = \"text\"", "type = \"txt\"");
    edit(&file, "about   = ", "abuot   = ");
    let ended = schema(&["check", path(&file)]);
    let told: Vec<&str> = ended.stderr.lines().collect();
    let file = path(&file);
    assert_eq!(
        told,
        [
            format!("{file}:1:1: a schema has no `about`; write about = ..."),
            format!("{file}:7:1: `abuot` is no word of a schema; write `about`"),
            "netipc: invalid: 2 mistakes in the schema".to_owned(),
        ]
    );
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
}

#[test]
fn bytes_change_with_the_layout_number_only() {
    let (dir, file) = copy_of("ip-to-asn");
    let lock = dir.path().join("services.lock");
    let ended = schema(&["check", path(&file)]);
    assert!(
        ended.text().contains("there is no services.lock"),
        "{ended:?}"
    );
    assert!(
        schema(&["lock", path(&file)])
            .text()
            .contains("services.lock written")
    );
    let recorded = fs::read_to_string(&lock).unwrap();
    assert_eq!(
        schema(&["check", path(&file)]).text(),
        format!("{}: good\n", path(&file))
    );

    edit(
        &file,
        "{ name = \"asn\", type = \"u32\"",
        "{ name = \"asn\", type = \"i32\"",
    );
    for command in ["check", "lock"] {
        let ended = schema(&[command, path(&file)]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        for part in ["write layout = 2", "- 4 u32", "+ 4 i32"] {
            assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
        }
        assert_eq!(fs::read_to_string(&lock).unwrap(), recorded);
    }
    edit(&file, "layout  = 1", "layout  = 2");
    let ended = schema(&["check", path(&file)]);
    assert!(
        ended.text().contains("layout 2 is not in services.lock"),
        "{ended:?}"
    );
    let (_other, second) = copy_of("increment");
    schema(&["lock", "--lock", path(&lock), path(&second)]).text();
    schema(&["lock", path(&file)]).text();
    let recorded = fs::read_to_string(&lock).unwrap();
    for part in [
        "layout 2\n",
        "4 i32",
        "increment: value, method 1, in batches",
    ] {
        assert!(recorded.contains(part), "{part}: {recorded}");
    }
}

#[test]
fn a_difference_is_told_in_words() {
    let (_dir, file) = copy_of("ip-to-asn");
    let old = services().join("ip-to-asn.toml");
    let told = schema(&["diff", path(&old), path(&file)]);
    assert_eq!(told.text(), "nothing changes\n");
    edit(&file, "char[2]", "char[4]");
    edit(
        &file,
        "  { name = \"organisation\"",
        "  { reserved = \"u16\" },\n  { name = \"organisation\"",
    );
    let told = schema(&["diff", path(&old), path(&file)]);
    assert_eq!(
        told.text(),
        "peers: the fixed part of item was 36 bytes and is 40 bytes\n\
         peers: item: the type of `country` was char[2] and is char[4]\n\
         peers: item: the place of `organisation` was 28 and is 32\n\
         write layout = 2\n"
    );
}

#[test]
fn pages_and_vectors_are_written_to_a_directory_or_shown() {
    let (dir, file) = copy_of("pid-traffic");
    let shown = schema(&["doc", path(&file)]);
    assert!(shown.text().starts_with("# `pid-traffic`\n"), "{shown:?}");
    let out = dir.path().join("made/here");
    schema(&["doc", "--out", path(&out), path(&file)]).text();
    let page = fs::read_to_string(out.join("pid-traffic.md")).unwrap();
    assert_eq!(page, shown.text());
    schema(&["vectors", "--out", path(&out), path(&file)]).text();
    let one = fs::read_to_string(out.join("pid-traffic.json")).unwrap();
    let other = schema(&["vectors", "--seed", "2", path(&file)]);
    assert_ne!(one, other.text());
    let rows: serde_json::Value = serde_json::from_str(&one).unwrap();
    assert_eq!(rows[0]["name"], "pid_traffic_request_sample");
    assert_eq!(rows[0]["input"]["processes"][0]["pid"], 7);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let ended = schema(&["check", "/nonexistent/x.toml"]);
    ended.failed(2, "invalid", "cannot read /nonexistent/x.toml");
}
