//! What `cargo xtask install` says where it cannot work. Where it can: `crates/capi/tests/packaging`, and of the program
//! `crates/cli/tests/install_unix.rs`.

use std::fs;
use std::process::Command;

#[test]
fn libraries_are_below_the_prefix() {
    let prefix = tempfile::tempdir().unwrap();
    for name in ["/usr/lib", "../lib", "lib/../../lib", "."] {
        let mut install = Command::new(env!("CARGO_BIN_EXE_xtask"));
        install
            .args(["install", "--prefix"])
            .arg(prefix.path())
            .arg(format!("--libdir={name}"));
        let output = install.output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("not below the prefix"), "{said}");
    }
    assert_eq!(fs::read_dir(prefix.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_compiler_is_told_in_one_line_before_anything_is_built() {
    let prefix = tempfile::tempdir().unwrap();
    let mut install = Command::new(env!("CARGO_BIN_EXE_xtask"));
    install
        .args(["install", "--prefix"])
        .arg(prefix.path())
        .env("CC", "no-such-compiler");
    let output = install.output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("error: no-such-compiler: not found; "),
        "{said}"
    );
    assert!(said.contains("install gcc or clang"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(fs::read_dir(prefix.path()).unwrap().count(), 0);
}

#[test]
fn targets_are_this_machine_other_linux_and_those_of_mingw() {
    let prefix = tempfile::tempdir().unwrap();
    let mut install = Command::new(env!("CARGO_BIN_EXE_xtask"));
    install
        .args(["install", "--target", "x86_64-pc-windows-msvc", "--prefix"])
        .arg(prefix.path());
    let output = install.output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("name x86_64-pc-windows-gnu"), "{said}");
    assert_eq!(fs::read_dir(prefix.path()).unwrap().count(), 0);
}
