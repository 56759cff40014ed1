//! A peer whose system calls can be made to fail: it runs below the program in `faults/`.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use netipc_xtask::Target;

use crate::process::{Process, ProcessError};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/faults/supervisor.c");
/// The longest that anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A peer below a supervisor.
pub(crate) struct Supervised {
    pub(crate) process: Process,
    control: BufReader<UnixStream>,
    pid: u32,
}

/// Calls that came, by the names of the supervisor.
pub(crate) type Counts = Vec<(String, u32)>;

impl Supervised {
    /// Starts `command` with `args` once every one of `plans` is made.
    pub(crate) fn start(
        role: &'static str,
        command: &Command,
        args: &[OsString],
        plans: &[String],
    ) -> Result<Self, FaultError> {
        let place = tempfile::Builder::new().prefix("netipc-faults-").tempdir();
        let place = place.map_err(FaultError::Control)?;
        let path = place.path().join("control");
        let listener = UnixListener::bind(&path).map_err(FaultError::Control)?;
        let mut words: Vec<OsString> = vec![path.into(), command.get_program().into()];
        words.extend(command.get_args().map(OsString::from));
        words.extend_from_slice(args);
        let process = Process::start(role, Command::new(supervisor()?), &words)?;
        // It connects at once, or the listener goes with a process that could not be started.
        let (control, _) = listener.accept().map_err(FaultError::Control)?;
        let timeout = control.set_read_timeout(Some(PATIENCE));
        timeout.map_err(FaultError::Control)?;
        let mut started = Self {
            process,
            control: BufReader::new(control),
            pid: 0,
        };
        for plan in plans {
            started.tell(plan)?;
        }
        let said = started.tell("go")?;
        let pid = said.strip_prefix("pid ").and_then(|pid| pid.parse().ok());
        started.pid = pid.ok_or(FaultError::Answer(said))?;
        Ok(started)
    }

    /// Has the `nth` call from now on fail.
    pub(crate) fn fail(&mut self, call: &str, nth: u32, error: i32) -> Result<(), FaultError> {
        self.tell(&format!("fail {call} {nth} {error}")).map(drop)
    }

    /// Has nothing fail any more; how often something did.
    pub(crate) fn clear(&mut self) -> Result<u32, FaultError> {
        let said = self.tell("clear")?;
        let failed = said.strip_prefix("failed ").and_then(|n| n.parse().ok());
        failed.ok_or(FaultError::Answer(said))
    }

    /// Counts from here.
    pub(crate) fn count(&mut self) -> Result<(), FaultError> {
        self.tell("count").map(drop)
    }

    /// What came since then.
    pub(crate) fn counts(&mut self) -> Result<Counts, FaultError> {
        let said = self.tell("report")?;
        Ok(Self::parsed(&said))
    }

    /// What came of a process that ends, from its start.
    pub(crate) fn last_counts(&mut self) -> Result<Counts, FaultError> {
        let mut said = String::new();
        let read = self.control.read_line(&mut said);
        read.map_err(FaultError::Control)?;
        Ok(Self::parsed(&said))
    }

    fn parsed(said: &str) -> Counts {
        let counts = said.split_whitespace().filter_map(|word| {
            let (name, count) = word.split_once('=')?;
            Some((name.to_owned(), count.parse().ok()?))
        });
        counts.collect()
    }

    /// What it has of the system.
    pub(crate) fn resources(&self, language_threads: bool) -> Result<Resources, FaultError> {
        let dir = PathBuf::from(format!("/proc/{}", self.pid));
        let entries = |name: &str| fs::read_dir(dir.join(name)).map(Iterator::count);
        let maps = fs::read_to_string(dir.join("maps")).map_err(FaultError::Control)?;
        let shared = |line: &&str| {
            line.split(' ')
                .nth(1)
                .is_some_and(|mode| mode.ends_with('s'))
        };
        Ok(Resources {
            descriptors: entries("fd").map_err(FaultError::Control)?,
            maps: maps.lines().filter(shared).count(),
            threads: if language_threads {
                entries("task").map_err(FaultError::Control)?
            } else {
                0
            },
        })
    }

    fn tell(&mut self, line: &str) -> Result<String, FaultError> {
        let mut said = String::new();
        let control = self.control.get_mut();
        let told = writeln!(control, "{line}");
        let read = told.and_then(|()| self.control.read_line(&mut said));
        match read {
            Ok(0) => Err(FaultError::Control(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => Ok(said.trim().to_owned()),
            Err(error) => Err(FaultError::Control(error)),
        }
    }
}

/// What a process has of the system that it could leak.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Resources {
    descriptors: usize,
    maps: usize,
    threads: usize,
}

impl Resources {
    /// Whether there is no more of anything than in `other`, but for one descriptor: an event is made by the first
    /// wait that has to sleep. What every fault leaves is more than that after the second.
    pub(crate) const fn is_within(&self, other: &Self) -> bool {
        self.descriptors <= other.descriptors + 1
            && self.maps <= other.maps
            && self.threads <= other.threads
    }
}

/// Looks again and again until something is so.
pub(crate) fn until<T>(
    mut look: impl FnMut() -> Result<Result<T, String>, FaultError>,
) -> Result<T, FaultError> {
    let began = Instant::now();
    loop {
        match look()? {
            Ok(seen) => return Ok(seen),
            Err(why) if began.elapsed() > PATIENCE => return Err(FaultError::Never(why)),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// The supervisor, built once for this process.
fn supervisor() -> Result<PathBuf, FaultError> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| compile().map_err(|error| error.to_string()));
    built.clone().map_err(FaultError::Supervisor)
}

/// Compiles aside and puts it in place at once: others may run it.
fn compile() -> io::Result<PathBuf> {
    let ours = std::env::current_exe()?;
    let place = ours.parent().unwrap_or(Path::new("."));
    let aside = tempfile::tempdir_in(place)?;
    let made = aside.path().join("supervisor");
    let mut compiler = Target::Native.compiler();
    compiler.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-o"]);
    let output = compiler.arg(&made).arg(SOURCE).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr)));
    }
    let program = place.join("interop-supervisor");
    fs::rename(made, &program)?;
    Ok(program)
}

/// Why a fault could not be tried, or what it broke.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// There is no supervisor.
    #[error("cannot build the program that has system calls fail: {0}")]
    Supervisor(String),
    /// It cannot be talked to.
    #[error("the supervisor does not answer: {0}")]
    Control(io::Error),
    /// It says what nobody expects.
    #[error("the supervisor said {0:?}")]
    Answer(String),
    /// A peer did not do what peers do.
    #[error(transparent)]
    Process(#[from] Broken),
    /// Something should have become so.
    #[error("in vain, for a minute: {0}")]
    Never(String),
    /// Something is not as it has to be.
    #[error("{0}")]
    Wrong(String),
}

/// What a peer did that it must not.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Broken(ProcessError);

impl From<ProcessError> for FaultError {
    fn from(error: ProcessError) -> Self {
        Self::Process(Broken(error))
    }
}

impl From<crate::language::PeerError> for FaultError {
    fn from(error: crate::language::PeerError) -> Self {
        Self::Wrong(error.to_string())
    }
}
