//! Programs of this workspace that try it out for longer than tests do: they are built, and take this one's place.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;

use crate::{Error, build};

/// Builds the program `name` of `package` and becomes it, with `arguments`.
///
/// # Errors
/// Where cargo cannot be started.
pub fn trial(
    package: &str,
    name: &str,
    arguments: &[OsString],
) -> Result<std::convert::Infallible, Error> {
    let mut cargo = build::cargo();
    cargo.args(["run", "--quiet", "--locked", "--package", package]);
    cargo.args(["--bin", name, "--"]).args(arguments);
    Err(Error::Start {
        program: "cargo".to_owned(),
        source: cargo.exec(),
    })
}
