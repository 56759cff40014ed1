//! The Go peer: a part of the program of the Go module.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::platform::Platform;

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../go");
const INSTALL: &str =
    "install Go 1.24 or later, see https://go.dev/doc/install, or set GO to its go command";

/// Builds it; returns where it is.
pub(super) fn build(platform: &Platform) -> Result<PathBuf, String> {
    program("netipc-go", platform)
}

/// Builds a program of the module; returns where it is.
pub(crate) fn program(name: &str, platform: &Platform) -> Result<PathBuf, String> {
    let go = env::var_os("GO").unwrap_or_else(|| "go".into());
    build_with(&go, name, platform).map_err(|error| error.to_string())
}

/// Builds aside and puts the program in place at once: others may be at it, or run it.
fn build_with(go: &OsStr, name: &str, platform: &Platform) -> io::Result<PathBuf> {
    let ours = env::current_exe()?;
    let place = ours.parent().unwrap_or(Path::new("."));
    let aside = tempfile::tempdir_in(place)?;
    let made = aside.path().join("peer");
    let output = Command::new(go)
        .args(["build", "-o"])
        .arg(&made)
        .arg(format!("./cmd/{name}"))
        .current_dir(MODULE)
        // Whatever workspace or flags somebody works with, this module is built as it is.
        .envs([("GOWORK", "off"), ("GOFLAGS", ""), ("CGO_ENABLED", "0")])
        .envs(platform.go.iter().copied())
        .output()
        .map_err(|error| cannot_run(go, &error))?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr)));
    }
    let suffix = platform.suffix;
    let program = place.join(format!("interop-{name}-{}{suffix}", platform.name));
    fs::rename(made, &program)?;
    Ok(program)
}

fn cannot_run(go: &OsStr, error: &io::Error) -> io::Error {
    io::Error::other(format!("cannot run {}: {error}: {INSTALL}", go.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_no_go_is_told_how_to_get_it() {
        let why = build_with(OsStr::new("/nowhere/go"), "netipc-go", Platform::native())
            .expect_err("no Go there");
        let why = why.to_string();
        assert!(why.contains("cannot run /nowhere/go: "), "{why}");
        assert!(why.contains("install Go"), "{why}");
        assert_eq!(why.lines().count(), 1, "{why}");
    }
}
