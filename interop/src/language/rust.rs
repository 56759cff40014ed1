//! The Rust peer: the program of this package.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::platform::Platform;

const PACKAGE: &str = "netipc-interop";

/// Builds it; returns where it is.
pub(super) fn build(platform: &Platform) -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo)
        .args(["build", "--package", PACKAGE, "--bin", PACKAGE])
        .args(
            platform
                .target
                .map(|target| ["--target", target])
                .iter()
                .flatten(),
        )
        .args(["--message-format", "json-render-diagnostics"])
        .envs(platform.cargo.iter().copied())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .map_err(|error| format!("cannot run {}: {error}", cargo.display()))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    program(&output.stdout).ok_or_else(|| "cargo named no program".to_owned())
}

/// The program that cargo tells of.
fn program(messages: &[u8]) -> Option<PathBuf> {
    let messages = String::from_utf8_lossy(messages);
    let mut programs = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    });
    programs.find(|path| path.file_stem() == Path::new(PACKAGE).file_stem())
}
