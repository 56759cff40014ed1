//! Building C programs against the installed library.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// The compiler that the environment names, or the usual one, with every warning an error.
pub(crate) fn compiler(variable: &str, usual: &str) -> Command {
    let mut command = Command::new(env::var_os(variable).unwrap_or(usual.into()));
    command
        .args(["-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .arg(format!("-I{}", prefix().join("include").display()));
    command
}

/// What links a program with the library.
pub(crate) fn linked() -> [OsString; 3] {
    let lib = prefix().join("lib").display().to_string();
    [
        format!("-L{lib}"),
        format!("-Wl,-rpath,{lib}"),
        "-lnetipc".to_owned(),
    ]
    .map(OsString::from)
}

fn prefix() -> &'static Path {
    static PREFIX: LazyLock<PathBuf> = LazyLock::new(netipc_xtask::install_for_tests);
    &PREFIX
}

/// Runs a command that has to be a success.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| {
        let program = command.get_program().display();
        panic!("{program} is needed for this test: {error}")
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{said}");
    output
}
