//! The committed headers: as generated, and accepted by compilers without a warning.

use std::io::{self, ErrorKind, Write as _};
use std::process::Command;

use netipc::ErrorCode;
use netipc_xtask::headers;

const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

#[test]
fn headers_are_as_generated() {
    if let Err(error) = headers::check() {
        panic!("{error}");
    }
}

#[test]
fn every_error_has_its_number() {
    let [protocol, ..] = headers::generate().unwrap();
    for (name, code) in ErrorCode::NAMED {
        let name = match *name {
            "OK" => "NIPC_OK".to_owned(),
            name => format!("NIPC_ERR_{name}"),
        };
        let line = format!("    {name} = {},\n", code.0);
        assert!(protocol.contains(&line), "{line}");
    }
    let is_error = |line: &&str| line.starts_with("    NIPC_ERR_") && line.contains(" = ");
    let listed = protocol.lines().filter(is_error).count() + 1;
    assert_eq!(listed, ErrorCode::NAMED.len());
}

#[test]
fn headers_compile_as_c11() {
    assert!(
        compiles("gcc", &["-std=c11", "-x", "c"]),
        "gcc: not found; install gcc"
    );
}

#[test]
fn headers_compile_as_cpp17() {
    assert!(
        compiles("g++", &["-std=c++17", "-x", "c++"]),
        "g++: not found; install g++"
    );
}

#[test]
fn headers_compile_with_clang() {
    let both = [&["-std=c11", "-x", "c"], &["-std=c++17", "-x", "c++"]];
    if !both.iter().all(|flags| compiles("clang", *flags)) {
        // Not by a macro, whose output is shown for failed tests only.
        let said = io::stderr().write_all(b"SKIPPED the headers with clang: install clang\n");
        said.expect("standard error can be written to");
    }
}

/// Compiles each header on its own; false where the compiler is not there.
fn compiles(compiler: &str, flags: &[&str]) -> bool {
    let names = headers::NAMES.into_iter().chain([headers::WRITTEN]);
    names.into_iter().all(|name| {
        let header = headers::directory().join(name);
        let mut command = Command::new(compiler);
        command
            .args(STRICT)
            .args(flags)
            .arg("-fsyntax-only")
            .arg(header);
        match command.output() {
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => panic!("{compiler}: {error}"),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(
                    output.status.success(),
                    "{name} with {compiler} {flags:?}:\n{said}"
                );
                true
            }
        }
    })
}
