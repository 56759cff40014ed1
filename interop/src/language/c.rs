//! The C peer, built against the C library as any C program is.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::platform::Platform;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/c");
const FLAGS: [&str; 8] = [
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Werror",
    "-O1",
    "-g",
    "-pthread",
];

/// Builds it; returns where it is.
pub(super) fn build(platform: &Platform) -> Result<PathBuf, String> {
    if let Some(target) = platform.target {
        return Err(format!("the C library is not built for {target}"));
    }
    let prefix = netipc_xtask::try_install_for_tests()
        .map_err(|error| format!("cannot install the C library: {}", netipc::chain(error)))?;
    let program = prefix.join("netipc-interop-c");
    compile(&prefix, &program).map_err(|error| error.to_string())?;
    Ok(program)
}

/// Compiles aside and puts the program in place at once: others may be at it, or run it.
fn compile(prefix: &Path, program: &Path) -> io::Result<()> {
    let aside = tempfile::tempdir_in(prefix)?;
    let made = aside.path().join("peer");
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let lib = prefix.join("lib");
    let output = Command::new(&compiler)
        .args(FLAGS)
        .arg(joined("-I", &prefix.join("include")))
        .args(sources()?)
        .arg(joined("-L", &lib))
        .arg(joined("-Wl,-rpath,", &lib))
        .args(["-lnetipc", "-o"])
        .arg(&made)
        .output()
        .map_err(|error| io::Error::other(format!("cannot run {}: {error}", compiler.display())))?;
    match output.status.success() {
        true => fs::rename(made, program),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr))),
    }
}

fn sources() -> io::Result<Vec<PathBuf>> {
    let files = fs::read_dir(SOURCES)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<_> = files.collect::<io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "c"));
    files.sort();
    Ok(files)
}

fn joined(flag: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(flag);
    argument.push(path);
    argument
}
