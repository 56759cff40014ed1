//! What is committed is what is made.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use netipc_schema::{Language, generate_for_library};

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

fn compare(language: Language, dir: &str) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    for name in NAMES {
        for source in
            generate_for_library(&service(name), language, &format!("{name}.toml")).unwrap()
        {
            let file = dir.join(&source.name);
            let committed = fs::read_to_string(&file).unwrap();
            let made = formatted(language, &source.text);
            let how = format!(
                "`netipc schema generate --library --lang {language}` writes {}",
                file.display()
            );
            assert!(committed == made, "{how}");
        }
    }
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
