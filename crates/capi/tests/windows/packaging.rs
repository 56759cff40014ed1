//! What is installed for Windows, and how pkg-config and CMake find it when programs are cross-built.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use netipc_xtask::headers;
use tempfile::TempDir;

use crate::mingw::{Bench, COMPILER, prefix, run, wine};

/// What the program says where nobody serves.
const SAYS: &str = concat!("netipc ", env!("CARGO_PKG_VERSION"), ": not ready\n");

#[test]
fn only_what_headers_declare_is_exported() {
    if wine("only_what_headers_declare_is_exported").is_none() {
        return;
    }
    let mut objdump = Command::new("x86_64-w64-mingw32-objdump");
    let listed = run(objdump.arg("-p").arg(prefix().join("bin/netipc.dll")));
    let (_, table) = listed.split_once("[Ordinal/Name Pointer] Table").unwrap();
    let names = table
        .lines()
        .skip(1)
        .take_while(|line| !line.trim().is_empty());
    let exported: BTreeSet<_> = names
        .map(|line| line.split_whitespace().last().unwrap().to_owned())
        .collect();
    assert_eq!(exported, declared());
}

/// The DLL and the import library say the same.
#[test]
fn programs_can_be_linked_with_every_function() {
    if wine("programs_can_be_linked_with_every_function").is_none() {
        return;
    }
    let mut nm = Command::new("x86_64-w64-mingw32-nm");
    let listed = run(nm.arg(prefix().join("lib/libnetipc.dll.a")));
    let functions = listed.lines().filter_map(|line| line.split_once(" T "));
    let functions: BTreeSet<_> = functions.map(|(_, name)| name.to_owned()).collect();
    assert_eq!(functions, declared());
}

#[test]
fn programs_build_with_pkg_config() {
    let Some(bench) = Bench::new("programs_build_with_pkg_config") else {
        return;
    };
    let project = project();
    let dir = project.path().join("pkg-config");
    let mut make = Command::new("make");
    run(make
        .current_dir(&dir)
        .arg(format!("CC={COMPILER}"))
        .env("PKG_CONFIG_LIBDIR", prefix().join("lib/pkgconfig")));
    says_what_it_should(
        &bench,
        &dir,
        &["example", "example_static", "example_alone"],
    );
}

#[test]
fn programs_build_with_cmake() {
    let Some(bench) = Bench::new("programs_build_with_cmake") else {
        return;
    };
    let project = project();
    let build = project.path().join("build");
    let mut configure = Command::new("cmake");
    configure
        .arg("-S")
        .arg(project.path().join("cmake"))
        .arg("-B")
        .arg(&build)
        .arg("-DCMAKE_SYSTEM_NAME=Windows")
        .arg(format!("-DCMAKE_C_COMPILER={COMPILER}"));
    run(configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix().display())));
    run(Command::new("cmake").arg("--build").arg(&build));
    says_what_it_should(&bench, &build, &["example", "example_static"]);
}

/// Runs the programs where only the first one finds the DLL.
fn says_what_it_should(bench: &Bench, dir: &Path, names: &[&str]) {
    for name in names {
        let file = format!("{name}.exe");
        let place = match *name {
            "example" => {
                let beside_the_dll = bench.dir().join(&file);
                fs::rename(dir.join(&file), &beside_the_dll)
                    .or_else(|_| fs::copy(dir.join(&file), &beside_the_dll).map(drop))
                    .unwrap();
                beside_the_dll
            }
            _ => dir.join(&file),
        };
        let said = run(bench.command(place).arg(bench.run_dir()));
        assert_eq!(said, SAYS, "{name}");
    }
}

/// The functions that the headers declare for Windows.
fn declared() -> BTreeSet<String> {
    let mut functions = BTreeSet::new();
    for name in headers::NAMES {
        let text = fs::read_to_string(headers::directory().join(name)).unwrap();
        functions.extend(headers::functions(&text));
    }
    // One that a header defines itself, and those of Unix.
    for name in ["nipc_align8", "nipc_client_fd", "nipc_handle_sigbus"] {
        assert!(functions.remove(name), "{name}");
    }
    functions
}

/// A copy of `examples/build`.
fn project() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/build");
    run(Command::new("cp")
        .arg("-r")
        .arg(examples.join("."))
        .arg(copy.path()));
    copy
}
