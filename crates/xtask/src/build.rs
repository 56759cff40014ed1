//! Building the static library with cargo, and the shared one from it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::install::Profile;
use crate::{Error, tool, workspace};

const CARGO_NEEDED: &str = "it builds the library; see https://rustup.rs";
const CC_NEEDED: &str = "a C compiler links the library; install gcc or clang, or name one in CC";
const STRIP_NEEDED: &str = "it takes debug information out; install binutils";

/// The static library's name.
const ARCHIVE: &str = "libnetipc.a";

/// What the compiler driver adds by itself, in the right variant: naming `gcc_s` would even keep
/// programs from being linked with `-static`, for which there is no such library.
const DRIVER_LIBS: [&str; 2] = ["-lgcc_s", "-lc"];

/// What cargo has built.
pub(crate) struct StaticLib {
    /// `libnetipc.a`.
    pub(crate) path: PathBuf,
    /// The linker's flags for the system libraries it needs, in order.
    pub(crate) system_libs: Vec<String>,
}

/// Says so where there is nothing to link with, before anything is built.
pub(crate) fn check_compiler() -> Result<(), Error> {
    tool::run(compiler().arg("--version"), CC_NEEDED).map(drop)
}

/// Builds `libnetipc.a`.
pub(crate) fn static_lib(profile: Profile) -> Result<StaticLib, Error> {
    let mut command = cargo();
    command
        .args([
            "rustc",
            "--package",
            "netipc-capi",
            "--lib",
            "--profile",
            profile.name(),
        ])
        .args([
            "--message-format",
            "json-render-diagnostics",
            "--color",
            "never",
            "--",
            "--print",
            "native-static-libs",
        ]);
    let output = tool::run(&mut command, CARGO_NEEDED)?;
    let found = archive(&output.stdout).zip(system_libs(&output.stderr));
    found
        .map(|(path, system_libs)| StaticLib { path, system_libs })
        .ok_or(Error::Output {
            command: "cargo rustc",
            problem: "named no static library, or not the system libraries it needs",
        })
}

/// Links the shared library from the static one.
///
/// The one that cargo builds exports the same functions, but rustc gives the linker a version script
/// of its own, without names for versions, and a second one cannot be combined with it.
pub(crate) fn shared_lib(
    lib: &StaticLib,
    soname: &str,
    profile: Profile,
    out: &Path,
) -> Result<(), Error> {
    let mut script = OsString::from("-Wl,--version-script=");
    script.push(workspace().join("crates/capi/netipc.map"));
    let mut command = compiler();
    command
        .arg("-shared")
        .arg(format!("-Wl,-soname,{soname}"))
        .arg(script)
        .arg("-Wl,--whole-archive")
        .arg(&lib.path)
        .args([
            "-Wl,--no-whole-archive",
            "-Wl,--gc-sections",
            "-Wl,-z,defs",
            "-Wl,-z,relro,-z,now",
        ])
        .args(profile.strips().then_some("-Wl,--strip-debug"))
        .args(&lib.system_libs)
        .arg("-o")
        .arg(out);
    tool::run(&mut command, CC_NEEDED).map(drop)
}

/// Takes the debug information out of an archive.
pub(crate) fn strip(archive: &Path) -> Result<(), Error> {
    tool::run(
        Command::new("strip").arg("--strip-debug").arg(archive),
        STRIP_NEEDED,
    )
    .map(drop)
}

/// Where cargo builds to.
pub(crate) fn target_dir() -> Result<PathBuf, Error> {
    let mut command = cargo();
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = tool::run(&mut command, CARGO_NEEDED)?;
    serde_json::from_slice::<Value>(&output.stdout)
        .ok()
        .and_then(|metadata| Some(PathBuf::from(metadata.get("target_directory")?.as_str()?)))
        .ok_or(Error::Output {
            command: "cargo metadata",
            problem: "named no target directory",
        })
}

/// The C compiler, which knows how to call the linker.
fn compiler() -> Command {
    Command::new(env::var_os("CC").unwrap_or("cc".into()))
}

/// The cargo that runs this program, if one does.
fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(workspace());
    command
}

/// The static library among the artifacts that cargo lists.
fn archive(stdout: &[u8]) -> Option<PathBuf> {
    let artifacts = String::from_utf8_lossy(stdout);
    let mut names = artifacts
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message.get("filenames")?.as_array().cloned())
        .flatten()
        .filter_map(|name| name.as_str().map(PathBuf::from));
    names.find(|path| path.ends_with(ARCHIVE))
}

/// The flags in rustc's note.
fn system_libs(stderr: &[u8]) -> Option<Vec<String>> {
    let notes = String::from_utf8_lossy(stderr);
    let (_, flags) = notes
        .lines()
        .find_map(|line| line.split_once("native-static-libs:"))?;
    let flags = flags
        .split_whitespace()
        .filter(|flag| !DRIVER_LIBS.contains(flag));
    Some(flags.map(String::from).collect())
}
