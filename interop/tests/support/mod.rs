//! The programs of the project, and how tests run them.
#![allow(dead_code, reason = "every test program uses a part of it")]

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;

/// The longest that anything may take: only a hang does.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Where the program `netipc` is.
pub(crate) static NETIPC: LazyLock<PathBuf> = LazyLock::new(|| {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let said = output(
        Command::new(cargo)
            .args(["build", "--package", "netipc-cli", "--bin", "netipc"])
            .args(["--message-format", "json-render-diagnostics"])
            .current_dir(env!("CARGO_MANIFEST_DIR")),
    );
    let mut made = said.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).expect("a message of cargo");
        message["executable"].as_str().map(PathBuf::from)
    });
    made.next_back().expect("the program")
});

/// Builds programs of the Go module; returns the directory that they are in.
pub(crate) fn go_programs(programs: &[&str]) -> PathBuf {
    let test = env::current_exe().expect("a program");
    let name = test.file_name().expect("a name");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).expect("a directory");
    let go = env::var_os("GO").unwrap_or_else(|| "go".into());
    output(
        Command::new(go)
            .args(["build", "-o"])
            .arg(&dir)
            .args(programs)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../go"))
            .envs([("GOWORK", "off"), ("GOFLAGS", ""), ("CGO_ENABLED", "0")]),
    );
    dir
}

/// A process, which is killed in the end.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdin = child.stdin.take();
        Self { child, stdin }
    }

    /// A provider, which is ready.
    pub(crate) fn provider(command: &mut Command) -> Self {
        let mut serving = Self::start(command.stdout(Stdio::piped()));
        let stdout = serving.child.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line, "READY\n");
        serving
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After an orderly end there is nobody to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The stdout of a success.
pub(crate) fn output(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
