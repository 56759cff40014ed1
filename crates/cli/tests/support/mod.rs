//! The program, run as its users run it. No child outlives its test, and none is waited for without
//! an end.
#![allow(dead_code, reason = "every test program uses a part of it")]
#![expect(
    clippy::unwrap_used,
    reason = "a program that cannot be run is a failed test"
)]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use netipc::ClientConfig;
use netipc::service::increment::IncrementClient;
use shared_child::SharedChild;
use tempfile::TempDir;

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
pub(crate) mod platform;

#[cfg(target_os = "linux")]
pub(crate) mod doctor_linux;
#[cfg(target_os = "linux")]
pub(crate) mod sandbox_linux;
#[cfg(target_os = "linux")]
pub(crate) mod screen_linux;

/// What no step takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program with an environment of its own.
pub(crate) fn netipc<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netipc"));
    command.args(args);
    piped(command)
}

/// A command with an environment of its own, that is listened to.
pub(crate) fn piped(mut command: Command) -> Command {
    command
        .env_remove("NETIPC_AUTH_TOKEN")
        .env_remove("NETIPC_RUN_DIR")
        .env_remove("NETIPC_PROFILES")
        .env_remove("RUST_LOG")
        .env_remove("JOURNAL_STREAM")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A `netipc serve` that stops with its stdin.
pub(crate) fn stoppable(mut command: Command) -> Command {
    command.arg("--until-stdin-ends").stdin(Stdio::piped());
    command
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Its stdout, of a run that has to be a success.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        &self.stdout
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.text()).unwrap()
    }

    /// One JSON object that says when it was true.
    #[track_caller]
    pub(crate) fn timed_json(&self) -> serde_json::Value {
        let json = self.json();
        assert!(
            json["time"].as_f64().is_some_and(|time| time > 1e9),
            "{json}"
        );
        json
    }

    /// The document of `call --json` without what it tells of the call, which has to be there.
    #[track_caller]
    pub(crate) fn document(&self) -> String {
        let call = &self.json()["call"];
        let told = call["time"].as_f64().is_some_and(|time| time > 1e9)
            && call["transport"].is_string()
            && call["took_us"].is_u64();
        assert!(told, "{}", self.stdout);
        assert_eq!(self.stderr, "");
        let (document, _) = self.text().split_once(",\n  \"call\": {").unwrap();
        format!("{document}\n}}\n")
    }

    /// A failure with this exit code, whose one line of stderr begins with `state` and has `part`.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, state: &str, part: &str) {
        let Self { stdout, stderr, .. } = self;
        assert_eq!(self.code, Some(code), "{stderr}");
        assert!(
            stderr.starts_with(&format!("netipc: {state}: ")),
            "{stderr}"
        );
        assert!(stderr.contains(part), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert_eq!(stdout, "");
    }
}

/// Runs `command` to its end, with `input` as its stdin.
pub(crate) fn run(command: Command, input: &[u8]) -> Ended {
    run_within(PATIENCE, command, input)
}

/// The same, of a command that takes less than `limit`.
pub(crate) fn run_within(limit: Duration, mut command: Command, input: &[u8]) -> Ended {
    let child = SharedChild::spawn(command.stdin(Stdio::piped())).unwrap();
    let mut stdin = child.take_stdin().unwrap();
    let stdout = child.take_stdout().map(text);
    let stderr = child.take_stderr().map(text);
    let status = watched_for(limit, &child, || {
        thread::scope(|scope| {
            // A program that ends without reading is judged by its end.
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait().unwrap()
        })
    });
    // Not for ever: a process that it has left behind may have its output open.
    let all = |text: Option<mpsc::Receiver<String>>| {
        text.map(|text| text.recv_timeout(PATIENCE).unwrap())
            .unwrap_or_default()
    };
    Ended {
        code: status.code(),
        stdout: all(stdout),
        stderr: all(stderr),
    }
}

/// All that a program says, once it and whoever has its output are gone.
fn text(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (told, text) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        // Nobody waits for it where the test has failed.
        drop(told.send(text));
    });
    text
}

/// A run directory, and what tests put beside it.
pub(crate) struct TestDir {
    dir: TempDir,
}

impl TestDir {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("run")).unwrap();
        Self { dir }
    }

    pub(crate) fn run_dir(&self) -> PathBuf {
        self.path("run")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `netipc SUBCOMMAND ARGS --run-dir ..`.
    pub(crate) fn command(&self, subcommand: &str, args: &[&str]) -> Command {
        let mut command = netipc([subcommand]);
        command.args(args).arg("--run-dir").arg(self.run_dir());
        command
    }

    pub(crate) fn call(&self, args: &[&str]) -> Ended {
        run(self.command("call", args), b"")
    }

    pub(crate) fn call_with(&self, args: &[&str], input: &str) -> Ended {
        run(self.command("call", args), input.as_bytes())
    }

    /// A provider that is ready, and stops with its stdin.
    pub(crate) fn serve(&self, args: &[&str]) -> Provider {
        Provider::start(stoppable(self.command("serve", args)))
    }

    /// A client of `increment` in this process that has a session: on a busy machine more than one handshake may be
    /// needed.
    pub(crate) fn increment_client(&self, config: ClientConfig) -> IncrementClient {
        let mut client = IncrementClient::new(self.run_dir(), "increment", config);
        let until = Instant::now() + PATIENCE;
        while !client.ready() && Instant::now() < until {
            client.refresh();
        }
        assert!(client.ready(), "{:?}", client.status());
        client
    }

    /// A provider of the content of `file`.
    pub(crate) fn serve_data(&self, file: &Path, args: &[&str]) -> Provider {
        let mut command = self.command("serve", args);
        command.arg("--data").arg(file);
        Provider::start(stoppable(command))
    }
}

/// `--schema` of a service.
pub(crate) fn schema(name: &str) -> String {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services");
    format!(
        "--schema={}",
        services.join(format!("{name}.toml")).display()
    )
}

/// A running `netipc serve`. Killed when dropped.
pub(crate) struct Provider {
    child: SharedChild,
    stdin: Option<std::process::ChildStdin>,
}

impl Provider {
    /// Starts it, and waits for its READY.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stderr(Stdio::inherit());
        Self::start_as(command)
    }

    /// Starts it with the stderr that `command` has, and waits for its READY.
    pub(crate) fn start_as(mut command: Command) -> Self {
        let child = SharedChild::spawn(&mut command).unwrap();
        let mut stdout = BufReader::new(child.take_stdout().unwrap());
        let stdin = child.take_stdin();
        let provider = Self { child, stdin };
        let mut line = String::new();
        watched(&provider.child, || stdout.read_line(&mut line)).unwrap();
        assert_eq!(line, "READY\n");
        provider
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its stdin, of one that has a pipe there.
    pub(crate) fn say(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
    }

    /// Ends its stdin, which [`TestDir::serve`] made a request to stop, and waits for the end.
    pub(crate) fn stop(mut self) -> ExitStatus {
        drop(self.stdin.take());
        self.wait()
    }

    /// Waits for the end.
    pub(crate) fn wait(&self) -> ExitStatus {
        watched(&self.child, || self.child.wait()).unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a process that is killed when it takes too long.
pub(crate) fn watched<R>(child: &SharedChild, wait: impl FnOnce() -> R) -> R {
    watched_for(PATIENCE, child, wait)
}

fn watched_for<R>(limit: Duration, child: &SharedChild, wait: impl FnOnce() -> R) -> R {
    thread::scope(|scope| {
        let (done, watch) = mpsc::channel::<()>();
        scope.spawn(move || {
            if watch.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = child.kill();
            }
        });
        let waited = wait();
        drop(done);
        waited
    })
}
