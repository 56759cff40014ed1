//! The C peer, built against the C library as any C program is.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use netipc_xtask::Target;

use crate::platform::Platform;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/c");
/// What is made from the schemas of the services that are examples.
const MADE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/generated/c");
const EXAMPLES: [&str; 2] = ["ip_to_asn.c", "pid_traffic.c"];
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

/// Where the C library is installed, and how programs are linked against it.
struct Library {
    target: Target,
    prefix: PathBuf,
    /// What only this platform's compiler and linker are told.
    flags: Vec<OsString>,
    /// Where a program finds it.
    programs: PathBuf,
}

/// Builds it; returns where it is.
pub(super) fn build(platform: &Platform) -> Result<PathBuf, String> {
    let library = Library::of(platform).map_err(|error| {
        let why = netipc::chain(&error);
        format!("cannot install the C library: {why}")
    })?;
    let name = format!("netipc-interop-c{}", platform.suffix);
    let program = library.programs.join(name);
    library
        .compile(&program)
        .map_err(|error| error.to_string())?;
    Ok(program)
}

impl Library {
    /// Builds and installs it for `platform`.
    fn of(platform: &Platform) -> Result<Self, netipc_xtask::Error> {
        let target = platform.target.map_or(Ok(Target::Native), Target::named)?;
        let prefix = netipc_xtask::install_for_tests_of(&target)?;
        let lib = prefix.join("lib");
        let mut flags = vec![joined("-L", &lib)];
        let programs = if matches!(target, Target::Mingw { .. }) {
            // The import library stands for the DLL, which is found beside the program. The threads
            // of MinGW go into the program: Windows has no DLL of them. And numbers are printed as
            // the standard says.
            let words = [
                "-D__USE_MINGW_ANSI_STDIO=1",
                "-lnetipc",
                "-Wl,-Bstatic",
                "-lpthread",
            ];
            flags.extend(words.map(OsString::from));
            prefix.join("bin")
        } else {
            flags.extend([joined("-Wl,-rpath,", &lib), "-lnetipc".into()]);
            prefix.clone()
        };
        Ok(Self {
            target,
            prefix,
            flags,
            programs,
        })
    }

    /// Compiles aside and puts the program in place at once: others may be at it, or run it.
    fn compile(&self, program: &Path) -> io::Result<()> {
        let aside = tempfile::tempdir_in(&self.prefix)?;
        // Compilers for Windows add the suffix to a name that has none.
        let made = aside.path().join(program.file_name().unwrap_or_default());
        let mut compiler = self.target.compiler();
        compiler
            .args(FLAGS)
            .arg(joined("-I", &self.prefix.join("include")))
            .arg(joined("-I", Path::new(MADE)))
            .args(sources()?)
            .args(EXAMPLES.map(|file| Path::new(MADE).join(file)))
            .args(&self.flags)
            .arg("-o")
            .arg(&made);
        let output = compiler.output().map_err(|error| {
            let name = compiler.get_program().display();
            io::Error::other(format!("cannot run {name}: {error}"))
        })?;
        if output.status.success() {
            fs::rename(made, program)
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&output.stderr)))
        }
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
