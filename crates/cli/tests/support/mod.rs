//! The program, run as its users run it. No child outlives its test, and none is waited for without
//! an end.
#![allow(dead_code, reason = "every test program uses a part of it")]
#![expect(
    clippy::unwrap_used,
    reason = "a program that cannot be run is a failed test"
)]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

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
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
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
pub(crate) fn run(mut command: Command, input: &[u8]) -> Ended {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that ends without reading is judged by its end.
    let _ = stdin.write_all(input);
    drop(stdin);
    let Output {
        status,
        stdout,
        stderr,
    } = watched(&Pid::from_child(&child), || {
        child.wait_with_output().unwrap()
    });
    Ended {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// A run directory, and what tests put beside it.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
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

    /// A machine with one service and one process in it; returns the arguments that look at it.
    pub(crate) fn machine(&self) -> [String; 2] {
        let service = "sys/system.slice/sshd.service";
        fs::create_dir_all(self.path(service)).unwrap();
        self.write("sys/cgroup.controllers", "cpu");
        let stat = "7 (sshd) S 1 7 7 0 -1 4 0 0 0 0 2 3 0 0 20 0 1 0 99 0 0";
        self.write("proc/7/stat", stat);
        self.write("proc/7/cgroup", "0::/system.slice/sshd.service\n");
        let root = |option: &str, name| format!("--{option}={}", self.path(name).display());
        [root("cgroup-root", "sys"), root("proc-root", "proc")]
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

    /// A provider that is ready.
    pub(crate) fn serve(&self, args: &[&str]) -> Provider {
        Provider::start(self.command("serve", args))
    }

    /// A provider of the content of `file`.
    pub(crate) fn serve_data(&self, file: &Path, args: &[&str]) -> Provider {
        let mut command = self.command("serve", args);
        command.arg("--data").arg(file);
        Provider::start(command)
    }

    /// Names of what is in the run directory.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let entries = fs::read_dir(self.run_dir()).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }
}

/// A running `netipc serve`. Killed when dropped.
pub(crate) struct Provider {
    child: Child,
}

impl Provider {
    /// Starts it, and waits for its READY.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::inherit()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let pid = Pid::from_child(&child);
        let provider = Self { child };
        let mut line = String::new();
        watched(&pid, || stdout.read_line(&mut line)).unwrap();
        assert_eq!(line, "READY\n");
        provider
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its stdin, of one that has a pipe there.
    pub(crate) fn say(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
    }

    /// Ends its stdin, and waits for the end.
    pub(crate) fn hang_up(mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        let pid = Pid::from_child(&self.child);
        watched(&pid, || self.child.wait()).unwrap()
    }

    /// Sends `signal`, and waits for the end.
    pub(crate) fn end(mut self, signal: Signal) -> ExitStatus {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
        watched(&pid, || self.child.wait()).unwrap()
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
pub(crate) fn watched<R>(pid: &Pid, wait: impl FnOnce() -> R) -> R {
    thread::scope(|scope| {
        let (done, watch) = mpsc::channel::<()>();
        scope.spawn(move || {
            if watch.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = kill_process(*pid, Signal::KILL);
            }
        });
        let waited = wait();
        drop(done);
        waited
    })
}
