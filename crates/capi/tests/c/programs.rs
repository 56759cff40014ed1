//! Building and running one program.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use tempfile::TempDir;

use crate::peers::Peers;
use crate::vectors;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c");
/// What every program is made of besides its own file.
const COMMON: [&str; 4] = ["test.c", "data.c", "provider.c", "unix_platform.c"];

/// How a program is built and run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// As it is.
    Plain,
    /// Where every wrong access and every leak is an error.
    Valgrind,
    /// With the sanitizers for addresses, leaks and undefined behaviour, in the C code.
    Sanitizers,
    /// Its source taken for C++17.
    Cpp,
}

impl Mode {
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Plain | Self::Valgrind => &["-O1"],
            Self::Sanitizers => &[
                "-O1",
                "-fsanitize=address,undefined",
                "-fno-sanitize-recover=all",
            ],
            Self::Cpp => &[],
        }
    }

    /// The command that runs `program`.
    fn command(self, program: &Path) -> Command {
        let mut command = match self {
            Self::Valgrind => Command::new("valgrind"),
            _ => return Command::new(program),
        };
        command
            .args(["--quiet", "--error-exitcode=9", "--leak-check=full"])
            .args(["--show-leak-kinds=all", "--errors-for-leak-kinds=all"])
            .args(["--fair-sched=yes", "--num-callers=30"])
            .arg(format!("--suppressions={HERE}/valgrind.supp"))
            .arg(program)
            .env("NETIPC_TEST_SLOW", "1");
        command
    }
}

/// Builds the program of `source` and runs its tests, next to providers written in Rust.
///
/// # Panics
/// With what it printed, when a test fails.
pub(crate) fn run(source: &str, mode: Mode) {
    let dir = tempfile::tempdir().unwrap();
    let program = build(source, mode, &dir);
    let run_dir = dir.path().join("run");
    std::fs::create_dir(&run_dir).unwrap();
    let peers = Peers::start(&run_dir);
    let output = output(mode.command(&program).arg(&run_dir));
    drop(peers);
    let printed = text(&output);
    assert!(
        output.status.success(),
        "{source} failed ({}):\n{printed}",
        output.status
    );
    let passed = printed.lines().filter(|line| line.starts_with("ok "));
    assert!(passed.count() > 0, "{source} ran no test:\n{printed}");
    let left: Vec<_> = std::fs::read_dir(&run_dir).unwrap().collect();
    assert!(left.is_empty(), "{source} left behind {left:?}");
}

/// Compiles and links the program into `dir`.
fn build(source: &str, mode: Mode, dir: &TempDir) -> PathBuf {
    static PREFIX: LazyLock<PathBuf> = LazyLock::new(netipc_xtask::install_for_tests);
    let prefix = &*PREFIX;
    let here = Path::new(HERE);
    let lib = prefix.join("lib").display().to_string();
    vectors::write_tables(dir.path());
    let program = dir.path().join("program");
    let object = dir.path().join("main.o");
    let mut main = match mode {
        Mode::Cpp => compiler("CXX", "c++", &["-x", "c++", "-std=c++17"], prefix),
        _ => compiler("CC", "cc", &["-std=c11"], prefix),
    };
    main.args(mode.flags())
        .arg(format!("-I{}", dir.path().display()))
        .arg("-c")
        .arg(here.join(source))
        .arg("-o")
        .arg(&object);
    succeed(&mut main);
    let mut link = compiler("CC", "cc", &["-std=c11"], prefix);
    link.args(mode.flags())
        .args(COMMON.map(|file| here.join(file)))
        .arg(&object)
        .args([format!("-L{lib}"), format!("-Wl,-rpath,{lib}")])
        .args(["-lnetipc", "-pthread", "-o"])
        .arg(&program);
    succeed(&mut link);
    program
}

/// The compiler that the environment names, or the usual one, with every warning an error.
fn compiler(variable: &str, usual: &str, flags: &[&str], prefix: &Path) -> Command {
    let mut command = Command::new(env::var_os(variable).unwrap_or(usual.into()));
    command
        .args(flags)
        .args(["-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .arg(format!("-I{}", prefix.join("include").display()));
    command
}

fn succeed(command: &mut Command) {
    let output = output(command);
    assert!(output.status.success(), "{command:?}:\n{}", text(&output));
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        let program = command.get_program().display();
        panic!("{program} is needed for this test (apt-get install gcc g++ valgrind): {error}")
    })
}

fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{err}")
}
