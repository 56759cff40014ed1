//! The provider: this same program as `netipc serve`, in a process and a directory of its own.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use netipc::ClientConfig;
use netipc_bench::RunDir;

use super::DemoArgs;
use super::error::DemoError;

/// How long a provider may take until it serves.
pub(super) const START_PATIENCE: Duration = Duration::from_secs(10);
/// How often the provider looks at the machine: often enough to know young processes.
const REFRESH_SECONDS: &str = "0.25";
/// How long a call may take before the provider counts as stuck.
const CALL_TIMEOUT_MS: u32 = 2_000;

/// What every provider of a run is started with, and its clients connect with.
#[derive(Debug)]
pub(super) struct Setup {
    program: PathBuf,
    run_dir: RunDir,
    token: u64,
    cgroup_root: PathBuf,
    proc_root: PathBuf,
    /// Most bytes of an answer; 0 is the default.
    max_response_bytes: u32,
}

impl Setup {
    /// Makes the run directory, which is private and goes away with this.
    pub(super) fn new(args: &DemoArgs) -> Result<Self, DemoError> {
        let run_dir = RunDir::anywhere()?;
        // Where nothing is mounted there are no cgroups, just as in a directory without any.
        let cgroup_root = match fs::read_dir(&args.cgroup_root) {
            Ok(_) => args.cgroup_root.clone(),
            Err(_) => run_dir.path().to_owned(),
        };
        Ok(Self {
            program: std::env::current_exe().map_err(DemoError::Start)?,
            run_dir,
            // The one source of randomness in the standard library, seeded by the system.
            token: RandomState::new().hash_one(std::process::id()),
            cgroup_root,
            proc_root: args.proc_root.clone(),
            max_response_bytes: 0,
        })
    }

    /// Starts a provider and waits until it serves.
    pub(super) fn start(&self) -> Result<Provider, DemoError> {
        let mut provider = self.spawn()?;
        provider.wait_ready()?;
        Ok(provider)
    }

    /// Starts a provider.
    pub(super) fn spawn(&self) -> Result<Provider, DemoError> {
        let mut child = Command::new(&self.program)
            .args(["serve", "--run-dir"])
            .arg(self.run_dir())
            .arg("--cgroup-root")
            .arg(&self.cgroup_root)
            .arg("--proc-root")
            .arg(&self.proc_root)
            .args(["--refresh", REFRESH_SECONDS])
            // A demo that is killed cannot stop it.
            .arg("--until-stdin-ends")
            .env("NETIPC_AUTH_TOKEN", self.token.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(DemoError::Start)?;
        Ok(Provider {
            ready: child.stdout.take().map(watch_ready),
            last_line: child.stderr.take().map(keep_last_line),
            child,
        })
    }

    /// How to connect to it, over the profiles with these bits.
    pub(super) fn client(&self, supported_profiles: u32) -> ClientConfig {
        ClientConfig {
            supported_profiles,
            auth_token: self.token,
            call_timeout_ms: CALL_TIMEOUT_MS,
            max_response_payload_bytes: self.max_response_bytes,
            ..ClientConfig::default()
        }
    }

    /// Lets answers to clients from now on have up to `bytes`.
    pub(super) const fn allow_response_bytes(&mut self, bytes: u32) {
        self.max_response_bytes = bytes;
    }

    /// Where its endpoints are.
    pub(super) fn run_dir(&self) -> &Path {
        self.run_dir.path()
    }

    /// The files in the run directory, so that a new file of an old name is told from the old one.
    pub(super) fn files(&self) -> Vec<FileMark> {
        let entries = fs::read_dir(self.run_dir()).into_iter().flatten().flatten();
        let marks = entries.filter_map(|entry| {
            Some(FileMark {
                path: entry.path(),
                modified: entry.metadata().ok()?.modified().ok()?,
            })
        });
        marks.collect()
    }
}

/// What tells a file from all others before and after it.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct FileMark {
    path: PathBuf,
    /// Nobody writes to what a killed provider has left.
    modified: SystemTime,
}

/// A running provider. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Provider {
    child: Child,
    ready: Option<Receiver<()>>,
    last_line: Option<JoinHandle<String>>,
}

impl Provider {
    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until all its services can be reached.
    pub(super) fn wait_ready(&mut self) -> Result<(), DemoError> {
        let Some(ready) = &self.ready else {
            return Ok(());
        };
        match ready.recv_timeout(START_PATIENCE) {
            Ok(()) => Ok(()),
            Err(RecvTimeoutError::Timeout) => Err(DemoError::NotReady(START_PATIENCE)),
            Err(RecvTimeoutError::Disconnected) => Err(self.end()),
        }
    }

    /// Whether it still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it without a warning, and waits until it is gone. Returns when it was killed.
    pub(super) fn kill(&mut self) -> Instant {
        let now = Instant::now();
        // Both fail only where it is dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        now
    }

    /// Why it ended by itself.
    pub(super) fn end(&mut self) -> DemoError {
        self.kill();
        let line = self.last_line.take().and_then(|line| line.join().ok());
        DemoError::Died(line.filter(|line| !line.is_empty()))
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Tells when the line `READY` has come, and reads on so that the writer never has to wait.
fn watch_ready(stdout: impl Read + Send + 'static) -> Receiver<()> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).split(b'\n').map_while(Result::ok);
        if lines.any(|line| line.trim_ascii() == b"READY") {
            let _ = sender.send(());
        }
        lines.for_each(drop);
    });
    receiver
}

/// Reads until the end; gives the last line that is not empty.
fn keep_last_line(stderr: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let lines = BufReader::new(stderr).split(b'\n').map_while(Result::ok);
        let last = lines.filter(|line| !line.trim_ascii().is_empty()).last();
        String::from_utf8_lossy(&last.unwrap_or_default()).into_owned()
    })
}
