//! Building all that `netipc bench` can measure, and measuring it: this program, and the peers in C and
//! Go.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::install::{Options, install};
use crate::target::Target;
use crate::{Error, build, go, tool, workspace};

const CC_NEEDED: &str = "it builds the peer in C; install gcc or clang, or name one in CC";
const GO_NEEDED: &str = "it builds the peer in Go; install Go, see https://go.dev/doc/install";
const CARGO_NEEDED: &str = "it builds the program; see https://rustup.rs";

/// Builds everything as it is released, and becomes `netipc bench` with the peers `c` and `go`, and
/// `arguments`.
///
/// # Errors
/// What cannot be built or started: nothing is measured then.
pub fn bench(arguments: &[OsString]) -> Result<std::convert::Infallible, Error> {
    let place = build::target_dir()?.join("bench");
    tool::make_dir(&place)?;
    tool::run(
        build::cargo().args(["build", "--release", "--locked", "--package", "netipc-cli"]),
        CARGO_NEEDED,
    )?;
    let c = c_peer(&place)?;
    let go = go_peer(&place)?;
    let program = build::target_dir()?.join("release/netipc");
    let mut command = Command::new(&program);
    command.arg("bench").arg("--peer").arg(peer("c", &c));
    command.arg("--peer").arg(peer("go", &go)).args(arguments);
    // What interrupts it, and how it ends, is between it and the user.
    Err(Error::Start {
        program: program.display().to_string(),
        source: command.exec(),
    })
}

fn peer(name: &str, program: &Path) -> OsString {
    let mut peer = OsString::from(name);
    peer.push("=");
    peer.push(program);
    peer
}

/// The peer in C, with a library of its own.
fn c_peer(place: &Path) -> Result<PathBuf, Error> {
    let prefix = place.join("c");
    install(&Options::new(&prefix))?;
    let sources = workspace().join("crates/bench/c");
    let listed = fs::read_dir(&sources).map_err(Error::file("read this directory", &sources))?;
    let files = listed.filter_map(|file| Some(file.ok()?.path()));
    let mut files: Vec<_> = files
        .filter(|file| file.extension() == Some(OsStr::new("c")))
        .collect();
    files.sort();
    let (lib, driver) = (prefix.join("lib"), place.join("driver"));
    let mut rpath = OsString::from("-Wl,-rpath,");
    rpath.push(&lib);
    let mut cc = Target::Native.compiler();
    cc.args(["-std=c11", "-O2", "-pthread", "-o"]).arg(&driver);
    cc.args(files).arg("-I").arg(prefix.join("include"));
    cc.arg("-L").arg(&lib).arg(rpath).arg("-lnetipc");
    tool::run(&mut cc, CC_NEEDED)?;
    Ok(driver)
}

/// The peer in Go.
fn go_peer(place: &Path) -> Result<PathBuf, Error> {
    let program = place.join("netipc-go");
    let mut build = Command::new(go::program());
    build.args(["build", "-o"]).arg(&program);
    build.arg("./cmd/netipc-go").env("GOWORK", "off");
    tool::run(build.current_dir(workspace().join("go")), GO_NEEDED)?;
    Ok(program)
}
