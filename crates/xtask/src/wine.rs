//! Running programs for Windows: a Wine of their own, of which nothing is left behind.
//!
//! Each run has a prefix below cargo's target directory, and so a wineserver, registry, temporary
//! directory and kernel objects that no other run sees.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use crate::{Error, build, child, tool, workspace};

const NEEDED: &str = "it runs programs for Windows; install Wine for 64 bits (Debian: wine64), or set WINE to its program";
const COMPILER_NEEDED: &str =
    "it builds programs for Windows; install MinGW (Debian: gcc-mingw-w64-x86-64)";

/// Makes programs for Windows.
const COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// Where Debian has what it does not put on the path.
const BESIDE_THE_PATH: &str = "/usr/lib/wine";

/// The names of Wine's program and of its server, the best first.
const PROGRAMS: [&str; 2] = ["wine64", "wine"];
const SERVERS: [&str; 2] = ["wineserver64", "wineserver"];

/// A server that starts anew for each program would take most of its time. One whose starter was
/// killed goes after so many seconds.
const SERVER_STAYS: &str = "-p60";

/// Nobody asks whether to fetch what .NET and web pages need, no menu of this user changes, and a
/// program that crashes ends, whether or not somebody would debug it.
const OVERRIDES: &str = "winemenubuilder.exe,winedbg.exe=d;mscoree=;mshtml=";

/// The library that older releases of Wine lack.
const SHIM: &str = "bcryptprimitives.dll";
const SHIM_SOURCE: &str = "crates/xtask/wine/bcryptprimitives.c";

/// Held as long as a prefix is used.
const LOCK: &str = "in-use";

/// A prefix with its server. Dropping it ends every program in it and deletes it.
///
/// ```no_run
/// let wine = netipc_xtask::Wine::start()?;
/// let arguments = ["test", "--target", "x86_64-pc-windows-gnu"].map(Into::into);
/// let status = wine.run("cargo".as_ref(), &arguments)?;
/// assert!(status.success());
/// # Ok::<(), netipc_xtask::Error>(())
/// ```
#[derive(Debug)]
pub struct Wine {
    program: PathBuf,
    server: PathBuf,
    prefix: TempDir,
    _lock: File,
}

impl Wine {
    /// Makes a prefix and starts its server, which takes some seconds.
    ///
    /// # Errors
    /// Wine or MinGW is not there or does not work, or nothing can be written below the target
    /// directory.
    pub fn start() -> Result<Self, Error> {
        let program = program().ok_or_else(|| missing(&PROGRAMS))?;
        let server = find(&SERVERS).ok_or_else(|| missing(&SERVERS))?;
        let place = build::target_dir()?.join("wine");
        tool::make_dir(&place)?;
        delete_left_behind(&place);
        let prefix = tempfile::tempdir_in(&place).map_err(Error::file("write in", &place))?;
        let path = prefix.path().join(LOCK);
        let lock = File::create(&path).map_err(Error::file("write", &path))?;
        flock(&lock, FlockOperation::LockExclusive)
            .map_err(|errno| Error::file("lock", &path)(errno.into()))?;
        let wine = Self {
            program,
            server,
            prefix,
            _lock: lock,
        };
        Self::start_staying(wine.server(SERVER_STAYS))?;
        let mut boot = wine.command(&wine.program);
        boot.args(["wineboot", "-i"]);
        Self::start_staying(boot)?;
        wine.complete()?;
        Ok(wine)
    }

    /// The program that runs programs for Windows.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// What a command needs to know of it: `WINE` is its program, which starts programs for Windows
    /// also for `cargo test --target x86_64-pc-windows-gnu`, and for `go test -exec "$WINE"`.
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, OsString)> {
        let program = self.program.as_os_str();
        [
            ("WINE", program.to_owned()),
            ("WINEPREFIX", self.prefix.path().into()),
            ("WINEDEBUG", "-all".into()),
            ("WINEDLLOVERRIDES", OVERRIDES.into()),
            ("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", COMPILER.into()),
            (
                "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER",
                program.to_owned(),
            ),
        ]
        .into_iter()
    }

    /// Runs a program for Windows in Wine, or another one with Wine in its environment.
    ///
    /// # Errors
    /// It cannot be started, or this process is told to end before it does.
    pub fn run(&self, program: &OsStr, arguments: &[OsString]) -> Result<ExitStatus, Error> {
        let mut command = if is_for_windows(program) {
            let mut command = self.command(&self.program);
            command.arg(program);
            command
        } else {
            self.command(Path::new(program))
        };
        child::run(command.args(arguments))
    }

    /// Adds to the prefix what Wine lacks.
    fn complete(&self) -> Result<(), Error> {
        let place = self.prefix.path().join("drive_c/windows/system32");
        let shim = place.join(SHIM);
        if shim.exists() {
            return Ok(());
        }
        let mut compiler = Command::new(COMPILER);
        compiler
            .args(["-shared", "-Os", "-s", "-Wall", "-Werror", "-o"])
            .arg(&shim)
            .arg(workspace().join(SHIM_SOURCE))
            .arg("-ladvapi32");
        tool::run(&mut compiler, COMPILER_NEEDED).map(drop)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment());
        command
    }

    /// Runs what leaves processes behind: what it would write to they keep open.
    fn start_staying(mut command: Command) -> Result<(), Error> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let status = child::run(&mut command)?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Failed {
            command: format!("{:?}", command.get_program()),
            status: status.to_string(),
            output: NEEDED.to_owned(),
        })
    }

    /// A command that gives the server an order.
    fn server(&self, order: &str) -> Command {
        let mut command = self.command(&self.server);
        command.arg(order);
        command
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        // They fail where the server has gone already; and what is left, the next run deletes.
        for order in ["-k", "-w"] {
            let mut command = self.server(order);
            let _ = command.stderr(Stdio::null()).status();
        }
    }
}

/// Where Wine's program is, if it is there.
pub(crate) fn program() -> Option<PathBuf> {
    env::var_os("WINE").map_or_else(|| find(&PROGRAMS), |named| Some(named.into()))
}

/// Deletes the prefixes of runs that were killed.
fn delete_left_behind(place: &Path) {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let unused = File::open(path.join(LOCK))
            .is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok());
        if unused {
            // Another run may be at it, too.
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// The first of these programs that is there.
fn find(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let places: Vec<_> = env::split_paths(&path)
        .chain([BESIDE_THE_PATH.into()])
        .collect();
    let paths = names
        .iter()
        .flat_map(|name| places.iter().map(move |place| place.join(name)));
    paths.into_iter().find(|path| path.is_file())
}

fn missing(names: &[&str]) -> Error {
    Error::Missing {
        program: names.join(" or "),
        needed: NEEDED,
    }
}

fn is_for_windows(program: &OsStr) -> bool {
    Path::new(program)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("exe"))
}
