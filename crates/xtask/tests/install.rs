//! What `cargo xtask install` says where it cannot work, and that it installs the program. The library: `crates/capi/tests/packaging`.

use std::fs;
use std::path::{Path, PathBuf};
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

#[test]
fn the_program_is_installed_with_pages_and_completions_and_all_of_it_removed_again() {
    let prefix = tempfile::tempdir().unwrap();
    let run = |command: &str, args: &[&str]| {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask
            .args([command, "--prefix"])
            .arg(prefix.path())
            .args(args);
        let output = xtask.output().unwrap();
        let said = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (said(output.stdout), said(output.stderr));
        assert!(output.status.success(), "{stderr}");
        (stdout, stderr)
    };
    let (stdout, stderr) = run("install", &["--profile", "dev"]);
    let place = prefix.path().display().to_string();
    let begins = stderr.lines().next().unwrap();
    assert!(
        begins.starts_with("installing netipc ") && begins.ends_with(&place),
        "{stderr}"
    );
    for step in ["building the C library ...", "building the program ..."] {
        assert!(stderr.contains(step), "{stderr}");
    }
    assert!(
        stdout.contains(&format!("installed the program: {place}/bin/netipc")),
        "{stdout}"
    );
    let program = prefix.path().join("bin/netipc");
    assert!(
        Command::new(&program)
            .arg("--version")
            .output()
            .unwrap()
            .status
            .success()
    );
    for file in [
        "include/netipc/netipc_service.h",
        "lib/libnetipc.a",
        "lib/pkgconfig/netipc.pc",
        "share/man/man1/netipc.1",
        "share/man/man1/netipc-doctor.1",
        "share/bash-completion/completions/netipc",
        "share/zsh/site-functions/_netipc",
        "share/fish/vendor_completions.d/netipc.fish",
    ] {
        assert!(prefix.path().join(file).is_file(), "{file}");
    }
    let other = prefix.path().join("share/man/man1/other.1");
    fs::write(&other, "").unwrap();
    let (stdout, _) = run("uninstall", &[]);
    assert!(
        stdout.contains(&format!("removed {}", program.display())),
        "{stdout}"
    );
    assert_eq!(files_below(prefix.path()), [other]);
    let (stdout, _) = run("uninstall", &[]);
    assert_eq!(stdout, format!("nothing of netipc is in {place}\n"));
}

/// Every file below a directory.
fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let entries = entries.map(|entry| entry.path());
    let mut files = Vec::new();
    for path in entries {
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}
