//! What `cargo xtask install` puts below a prefix of the program, and that `uninstall` removes all of it.
#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use netipc_xtask::{Options, install_program, uninstall};
use support::{netipc, run};

#[test]
fn the_program_is_installed_with_pages_and_completions_and_all_of_it_removed_again() {
    let prefix = tempfile::tempdir().unwrap();
    install_program(Path::new(env!("CARGO_BIN_EXE_netipc")), prefix.path()).unwrap();
    let program = prefix.path().join("bin/netipc");
    let version = std::process::Command::new(&program)
        .arg("--version")
        .output()
        .unwrap();
    assert_eq!(
        version.stdout,
        run(netipc(["--version"]), b"").stdout.into_bytes()
    );
    for file in [
        "share/man/man1/netipc.1",
        "share/man/man1/netipc-doctor.1",
        "share/bash-completion/completions/netipc",
        "share/zsh/site-functions/_netipc",
        "share/fish/vendor_completions.d/netipc.fish",
    ] {
        assert!(
            prefix.path().join(file).metadata().unwrap().len() > 100,
            "{file}"
        );
    }
    let (library, header) = ("lib/libnetipc.so.0.0.9", "include/netipc/netipc_service.h");
    for of_library in [library, header, "lib/libnetipc.a"] {
        let path = prefix.path().join(of_library);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let others =
        ["lib/libnetipcx.so", "share/man/man1/other.1"].map(|name| prefix.path().join(name));
    for other in &others {
        fs::write(other, "").unwrap();
    }
    let options = Options::new(prefix.path());
    let removed = uninstall(&options).unwrap();
    for path in [
        prefix.path().join(library),
        prefix.path().join("include/netipc"),
        program,
    ] {
        assert!(removed.contains(&path), "{path:?}: {removed:?}");
    }
    let mut left = files_below(prefix.path());
    left.sort();
    assert_eq!(left, others);
    assert!(uninstall(&options).unwrap().is_empty());
}

/// Every file below a directory.
fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}
