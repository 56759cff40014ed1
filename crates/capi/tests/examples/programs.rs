//! Compiling C programs against the installed library, and running them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub(crate) use crate::running::{Running, run};

/// Where the examples are.
pub(crate) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// A directory for programs, and an empty one for their endpoints.
#[derive(Debug)]
pub(crate) struct Bench {
    dir: TempDir,
    prefix: PathBuf,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("run")).unwrap();
        let prefix = netipc_xtask::install_for_tests();
        Self { dir, prefix }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn run_dir(&self) -> PathBuf {
        self.dir().join("run")
    }

    /// Where the library is installed.
    pub(crate) fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// The program of one of the examples.
    pub(crate) fn example(&self, name: &str) -> PathBuf {
        self.program(&examples().join(name).with_extension("c"))
    }

    /// Builds a program as its author would, with every warning an error.
    pub(crate) fn program(&self, source: &Path) -> PathBuf {
        let program = self.dir().join(source.file_stem().unwrap());
        let mut flags = vec!["-std=c11".into(), "-pthread".into()];
        flags.extend(self.pkg_config());
        flags.push(format!("-Wl,-rpath,{}/lib", self.prefix.display()));
        flags.push("-o".into());
        flags.push(program.display().to_string());
        compile("cc", source, &flags);
        program
    }

    /// Looks only whether it compiles.
    pub(crate) fn check(&self, compiler: &str, flags: &[&str], source: &Path) {
        let mut flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push("-fsyntax-only".into());
        flags.push(format!("-I{}", self.prefix.join("include").display()));
        compile(compiler, source, &flags);
    }

    /// Starts a program in the run directory.
    pub(crate) fn start(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Running {
        let mut command = Command::new(program);
        Running::spawn(command.arg(self.run_dir()).args(arguments))
    }

    /// Starts it where every wrong access and every leak makes it fail. What is still reachable is
    /// none: caches keep 128 bytes for each thread that has read one, and use them again.
    pub(crate) fn start_checked(&self, program: &Path, arguments: &[&str]) -> Running {
        let mut command = Command::new("valgrind");
        command
            .args(["--quiet", "--error-exitcode=9", "--leak-check=full"])
            .args(["--errors-for-leak-kinds=definite,indirect,possible"])
            .args(["--fair-sched=yes"])
            .arg(program);
        Running::spawn(command.arg(self.run_dir()).args(arguments))
    }

    /// Nothing is left of whoever ran there.
    #[track_caller]
    pub(crate) fn is_clean(&self) {
        let left: Vec<_> = fs::read_dir(self.run_dir()).unwrap().collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }

    fn pkg_config(&self) -> Vec<String> {
        let mut command = Command::new("pkg-config");
        command
            .env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"))
            .args(["--cflags", "--libs", "netipc"]);
        let flags = run(&mut command);
        flags.split_whitespace().map(str::to_owned).collect()
    }
}

#[track_caller]
fn compile(compiler: &str, source: &Path, flags: &[String]) {
    let mut command = Command::new(compiler);
    run(command
        .args(["-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .arg(source)
        .args(flags));
}
