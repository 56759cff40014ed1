//! The bridge between server and client: what peers say to one another crosses two hosts, which are this one.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{self, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use tempfile::TempDir;

use crate::process::{Process, ProcessError};

/// The host whose services are asked.
const HOST: &str = "far";
/// Who asks.
const ASKER: &str = "near";

/// An exporter and an importer of one endpoint.
pub(crate) struct Between {
    near: TempDir,
    /// The importer goes first: it is connected to the other.
    programs: Vec<Process>,
}

impl Between {
    /// Offers `service` of `far` as an endpoint of the same name in a directory of its own.
    pub(crate) fn begin(
        program: &Path,
        far: &Path,
        service: &str,
        token: &str,
        deadline: Instant,
    ) -> Result<Self, BetweenError> {
        let near = tempfile::Builder::new()
            .prefix("netipc-interop-")
            .tempdir()
            .map_err(BetweenError::Place)?;
        let place = free_place();
        let start = |role, words: &[&str], dir: &Path| {
            let mut args: Vec<OsString> =
                vec![role, "--plain".into(), "--run-dir".into(), dir.into()];
            args.extend(
                ["--service", service]
                    .iter()
                    .chain(words)
                    .map(OsString::from),
            );
            let mut command = Command::new(program);
            command
                .env("NETIPC_AUTH_TOKEN", token)
                .env("RUST_LOG", "error");
            let mut bridge = Process::start("bridge", command, &args)?;
            bridge.expect("READY", deadline)?;
            Ok::<_, ProcessError>(bridge)
        };
        let export = [
            "--host", HOST, "--allow", ASKER, "--rate", "1000000", "--listen", &place,
        ];
        let import = [
            "--host",
            HOST,
            "--name",
            ASKER,
            "--as",
            service,
            "--timeout-ms",
            "60000",
        ];
        let import = [&import[..], &["--workers", "64", "--connect", &place]].concat();
        let exporter = start("export".into(), &export, far)?;
        let importer = start("import".into(), &import, near.path())?;
        await_host(program, near.path(), deadline)?;
        Ok(Self {
            near,
            programs: vec![importer, exporter],
        })
    }

    /// Where clients find the endpoint.
    pub(crate) fn run_dir(&self) -> &Path {
        self.near.path()
    }

    /// Has both end, and leave nothing behind.
    pub(crate) fn end(mut self, deadline: Instant) -> Result<(), BetweenError> {
        for mut program in self.programs.drain(..) {
            if let Some(id) = program.id() {
                kill_process(id, Signal::TERM)
                    .map_err(|error| BetweenError::Place(error.into()))?;
            }
            program.finish(deadline)?;
        }
        Ok(())
    }
}

/// An address of this machine that no other process takes, and a port that is none of the system's to give.
fn free_place() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    let [_, a, b, c] = process::id().to_be_bytes();
    let port = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("tcp/127.{}.{b}.{c}:{port}", a.wrapping_add(1))
}

/// Waits until the importer says that the host is there.
fn await_host(program: &Path, near: &Path, deadline: Instant) -> Result<(), BetweenError> {
    while Instant::now() < deadline {
        let mut command = Command::new(program);
        command.args(["status", "--run-dir"]).arg(near);
        let told = command.output().map_err(BetweenError::Place)?;
        if String::from_utf8_lossy(&told.stdout).contains(": up\n") {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Err(BetweenError::NoHost)
}

/// Why there is no bridge.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BetweenError {
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("cannot use a directory for temporary files, or the bridge: {0}")]
    Place(io::Error),
    #[error("the importer has not found its host")]
    NoHost,
}
