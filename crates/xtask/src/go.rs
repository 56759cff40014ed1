//! A Go that is new enough: the one of the machine, or one that it fetches.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{Error, build, tool, workspace};

/// What is fetched where the machine's Go is older than the module needs.
const RELEASE: &str = "go1.24.0";
/// The oldest that the module accepts.
const LEAST: (u32, u32) = (1, 24);
const NEEDED: &str = "it fetches a newer Go; install Go, see https://go.dev/doc/install";

/// Tells whether `named` is a go command that the module accepts.
///
/// # Errors
/// In one line, why not.
pub fn check(named: &OsStr) -> Result<(), String> {
    let shown = named.display().to_string();
    let output = Command::new(named)
        .args(["env", "GOVERSION"])
        .envs([("GOWORK", "off"), ("GOFLAGS", "")])
        .current_dir(workspace().join("go"))
        .output()
        .map_err(|error| format!("cannot run {shown}: {error}"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        // An older one that gets no newer by itself says so.
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(why.lines().next().unwrap_or("go env failed").to_owned());
    }
    if is_old(&version) {
        return Err(format!("{shown} is {version}"));
    }
    Ok(())
}

/// The go command for the module: `$GO`, that of the path, or the one that was fetched.
pub(crate) fn program() -> OsString {
    if let Some(named) = env::var_os("GO") {
        return named;
    }
    let on_path = OsString::from("go");
    if check(&on_path).is_ok() {
        return on_path;
    }
    match place() {
        Ok(place) if check(place.join("bin/go").as_os_str()).is_ok() => place.join("bin/go").into(),
        _ => on_path,
    }
}

/// Fetches a new enough Go with the older one on the path: the release is a module, which is copied
/// out of the module cache, where nothing can be run. (Since Go 1.21 the go command does so by
/// itself unless it was set up not to.)
pub(crate) fn fetch() -> Result<(), Error> {
    let machine = match env::consts::ARCH {
        "aarch64" => "arm64",
        "x86" => "386",
        "x86_64" => "amd64",
        other => other,
    };
    let module = format!("golang.org/toolchain@v0.0.1-{RELEASE}.linux-{machine}");
    let mut command = Command::new("go");
    command
        .args(["mod", "download", "-json", &module])
        .envs([("GOWORK", "off"), ("GOFLAGS", "")])
        .current_dir(env::temp_dir());
    let output = tool::run(&mut command, NEEDED)?;
    let from = serde_json::from_slice::<Value>(&output.stdout)
        .ok()
        .and_then(|told| Some(PathBuf::from(told.get("Dir")?.as_str()?)))
        .ok_or(Error::Output {
            command: "go mod download",
            problem: "named no directory",
        })?;
    let to = place()?;
    if to.exists() {
        fs::remove_dir_all(&to).map_err(Error::file("delete", &to))?;
    }
    copy(&from, &to)
}

/// Where a fetched one is.
fn place() -> Result<PathBuf, Error> {
    Ok(build::target_dir()?.join("toolchains").join(RELEASE))
}

/// Copies a toolchain, and makes programs of its programs.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    tool::make_dir(to)?;
    for entry in fs::read_dir(from).map_err(Error::file("read", from))? {
        let entry = entry.map_err(Error::file("read", from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target)?;
            continue;
        }
        fs::copy(&path, &target).map_err(Error::file("write", &target))?;
        let runs = ["bin", "tool"].map(OsStr::new);
        let mode = if path.iter().any(|step| runs.contains(&step)) {
            0o755
        } else {
            0o644
        };
        fs::set_permissions(&target, fs::Permissions::from_mode(mode))
            .map_err(Error::file("change", &target))?;
    }
    Ok(())
}

/// Tells whether this version, as Go tells it, is below what the module needs.
fn is_old(version: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().ok();
    let found = version.strip_prefix("go").and_then(|version| {
        let mut parts = version.split(|c: char| !c.is_ascii_digit());
        Some((number(parts.next()?)?, number(parts.next()?)?))
    });
    // What has no number is made of Go's newest sources.
    found.is_some_and(|found| found < LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_no_go_is_told() {
        let why = check("/nowhere/go".as_ref()).unwrap_err();
        assert!(why.starts_with("cannot run /nowhere/go: "), "{why}");
        assert_eq!(why.lines().count(), 1, "{why}");
    }

    #[test]
    fn whose_go_is_too_old_is_told() {
        for old in ["go1.9", "go1.19.2", "go1.23.12", "go0.99"] {
            assert!(is_old(old), "{old}");
        }
        for fine in [
            "go1.24",
            "go1.24.0",
            "go1.26.8",
            "go1.30rc1",
            "devel go1.27-9f3b",
        ] {
            assert!(!is_old(fine), "{fine}");
        }
    }
}
