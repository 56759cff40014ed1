//! What is committed is what is made.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use netipc_schema::{Language, generate};

use crate::common::{NAMES, service};

#[test]
fn rust() {
    let (library, ours): (Vec<_>, Vec<_>) = NAMES.iter().partition(|name| is_of_library(name));
    compare(Language::Rust, &library, "../netipc/src/service/made");
    compare(Language::Rust, &ours, "src");
}

#[test]
fn go() {
    compare(Language::Go, &NAMES, "../../go/internal/generated");
}

/// Numbers below are those of the library.
fn is_of_library(name: &str) -> bool {
    service(name).method < 0x8000
}

fn compare(language: Language, names: &[&str], dir: &str) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    for name in names {
        for source in generate(&service(name), language, &format!("{name}.toml")).unwrap() {
            let file = dir.join(&source.name);
            let committed = fs::read_to_string(&file).unwrap();
            let made = formatted(language, &source.text);
            let how = format!(
                "`netipc schema generate --lang {language}` writes {}",
                file.display()
            );
            assert!(committed == made, "{how}");
        }
    }
}

/// As the formatter of the language wants it.
fn formatted(language: Language, text: &str) -> String {
    let [program, arguments @ ..] = language.formatter().unwrap() else {
        panic!("no formatter of {language}");
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
