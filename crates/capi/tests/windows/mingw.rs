//! Building programs for Windows with MinGW, and running them in the Wine of the environment.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use netipc_xtask::Target;
use tempfile::TempDir;

pub(crate) use crate::running::{Running, run};

pub(crate) const TRIPLE: &str = "x86_64-pc-windows-gnu";
pub(crate) const COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// What printf and its like know of C11, as on other systems.
pub(crate) const STANDARD_FORMATS: &str = "-D__USE_MINGW_ANSI_STDIO=1";

/// Threads of POSIX, in the program itself.
pub(crate) const THREADS: [&str; 3] = ["-Wl,-Bstatic", "-lpthread", "-Wl,-Bdynamic"];

/// The program that runs others; none, after saying that the test is skipped, where there is none.
pub(crate) fn wine(test: &str) -> Option<OsString> {
    let wine = env::var_os("WINE").filter(|_| env::var_os("WINEPREFIX").is_some());
    if wine.is_none() {
        let how = "run: cargo xtask wine cargo test -p netipc-capi --test windows";
        let line = format!("SKIPPED without Wine: {test} ({how})\n");
        // Not through eprint!, which is shown only where a test fails.
        io::stderr().write_all(line.as_bytes()).unwrap();
    }
    wine
}

/// The library as it is installed for Windows.
pub(crate) fn prefix() -> &'static Path {
    static PREFIX: LazyLock<PathBuf> = LazyLock::new(|| {
        let target = Target::named(TRIPLE).unwrap();
        netipc_xtask::install_for_tests_of(&target)
            .unwrap_or_else(|error| panic!("cannot install the C library for Windows: {error}"))
    });
    &PREFIX
}

/// A directory for programs, with the library's DLL beside them, as Windows looks for it.
#[derive(Debug)]
pub(crate) struct Bench {
    dir: TempDir,
    wine: OsString,
}

impl Bench {
    /// None where a test is skipped.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let wine = wine(test)?;
        let dir = tempfile::tempdir().unwrap();
        fs::hard_link(
            prefix().join("bin/netipc.dll"),
            dir.path().join("netipc.dll"),
        )
        .or_else(|_| {
            fs::copy(
                prefix().join("bin/netipc.dll"),
                dir.path().join("netipc.dll"),
            )
            .map(drop)
        })
        .unwrap();
        Some(Self { dir, wine })
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Names the endpoints of this bench; on Windows nothing of that name has to exist.
    pub(crate) fn run_dir(&self) -> PathBuf {
        self.dir().join("run")
    }

    /// Builds a program, with every warning an error.
    pub(crate) fn build(&self, name: &str, flags: &[String], sources: &[PathBuf]) -> PathBuf {
        let program = self.dir().join(name).with_extension("exe");
        let mut command = Command::new(COMPILER);
        command
            .args([
                "-std=c11",
                "-O1",
                "-g",
                "-Wall",
                "-Wextra",
                "-Wpedantic",
                "-Werror",
            ])
            .arg(format!("-I{}", prefix().join("include").display()))
            .args(flags)
            .args(sources)
            .arg("-o")
            .arg(&program)
            .arg(format!("-L{}", prefix().join("lib").display()))
            .arg("-lnetipc")
            .args(THREADS);
        run(&mut command);
        program
    }

    /// A command that runs a program in Wine.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(&self.wine);
        command.arg(program);
        command
    }

    /// Starts a program with the run directory as its first argument.
    pub(crate) fn start(&self, program: &Path, arguments: &[&str]) -> Running {
        Running::spawn(self.command(program).arg(self.run_dir()).args(arguments))
    }
}
