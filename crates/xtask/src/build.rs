//! Building the static library with cargo, and the shared one from it or beside it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::install::Profile;
use crate::target::Target;
use crate::{Error, tool, workspace};

const CARGO_NEEDED: &str = "it builds the library; see https://rustup.rs";
const CC_NEEDED: &str =
    "a C compiler links the library; install gcc or clang, or name one in CC (for Windows: MinGW)";
const STRIP_NEEDED: &str = "it takes debug information out; install binutils";

/// The static library's name.
const ARCHIVE: &str = "libnetipc.a";

/// The shared library for Windows, and what programs are linked with instead of it.
pub(crate) const DLL: &str = "netipc.dll";
pub(crate) const IMPORT_LIB: &str = "libnetipc.dll.a";

/// What the compiler driver adds by itself, in the right variant: naming `gcc_s` would even keep
/// programs from being linked with `-static`, for which there is no such library.
const DRIVER_LIBS: [&str; 2] = ["-lgcc_s", "-lc"];

/// What cargo has built.
pub(crate) struct Built {
    files: Vec<PathBuf>,
    /// The linker's flags for the system libraries it needs, in order.
    pub(crate) system_libs: Vec<String>,
}

impl Built {
    /// `libnetipc.a`.
    pub(crate) fn archive(&self) -> Result<&Path, Error> {
        self.file(ARCHIVE)
    }

    /// The file of this name.
    pub(crate) fn file(&self, name: &str) -> Result<&Path, Error> {
        let found = self.files.iter().find(|path| path.ends_with(name));
        found.map(PathBuf::as_path).ok_or(NOT_NAMED)
    }
}

/// What cargo says otherwise nobody knows.
const NOT_NAMED: Error = Error::Output {
    command: "cargo rustc",
    problem: "did not name each library, or not the system libraries they need",
};

/// Says so where there is nothing to link with, before anything is built.
pub(crate) fn check_compiler(target: &Target) -> Result<(), Error> {
    tool::run(target.compiler().arg("--version"), CC_NEEDED).map(drop)
}

/// Builds `libnetipc.a`, and what of the shared library cargo can build.
pub(crate) fn libraries(target: &Target, profile: Profile) -> Result<Built, Error> {
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
        .args(target.triple().map(|triple| format!("--target={triple}")))
        .envs(target.linker())
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
    let system_libs = system_libs(&output.stderr).ok_or(NOT_NAMED)?;
    Ok(Built {
        files: artifacts(&output.stdout),
        system_libs,
    })
}

/// Builds the program for this machine; returns where it is.
pub(crate) fn program(profile: Profile) -> Result<PathBuf, Error> {
    let mut command = cargo();
    command.args(["build", "--package", "netipc-cli", "--bin", "netipc"]);
    command.args(["--profile", profile.name()]);
    command.args([
        "--message-format",
        "json-render-diagnostics",
        "--color",
        "never",
    ]);
    let output = tool::run(&mut command, CARGO_NEEDED)?;
    let mut files = artifacts(&output.stdout).into_iter();
    files
        .find(|path| path.ends_with("netipc"))
        .ok_or(Error::Output {
            command: "cargo build",
            problem: "did not name the program",
        })
}

/// Links the shared library from the static one.
///
/// The one that cargo builds exports the same functions, but rustc gives the linker a version script
/// of its own, without names for versions, and a second one cannot be combined with it.
pub(crate) fn shared_lib(
    lib: &Built,
    soname: &str,
    target: &Target,
    profile: Profile,
    out: &Path,
) -> Result<(), Error> {
    let mut script = OsString::from("-Wl,--version-script=");
    script.push(workspace().join("crates/capi/netipc.map"));
    let mut command = target.compiler();
    command
        .arg("-shared")
        .arg(format!("-Wl,-soname,{soname}"))
        .arg(script)
        .arg("-Wl,--whole-archive")
        .arg(lib.archive()?)
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

/// Takes the debug information out of a library.
pub(crate) fn strip(target: &Target, library: &Path) -> Result<(), Error> {
    let mut command = target.strip();
    tool::run(command.arg("--strip-debug").arg(library), STRIP_NEEDED).map(drop)
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

/// The cargo that runs this program, if one does.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(workspace());
    command
}

/// The files that cargo lists.
fn artifacts(stdout: &[u8]) -> Vec<PathBuf> {
    let messages = String::from_utf8_lossy(stdout);
    let names = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message.get("filenames")?.as_array().cloned())
        .flatten()
        .filter_map(|name| name.as_str().map(PathBuf::from));
    names.collect()
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
