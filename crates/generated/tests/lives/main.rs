//! Generated code at work, each language in a process of its own: C serves and asks Rust, Go and itself,
//! over the socket and over shared memory.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arguments;
#[path = "../support/compile.rs"]
mod compile;
mod go;
mod rust;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use compile::{compiler, linked, succeed};

const SERVICES: [&str; 4] = [
    "cgroups-snapshot",
    "increment",
    "pid-traffic",
    "string-reverse",
];
/// More than one request can ask, and more than one answer can hold at first.
const COUNT: &str = "5000";

/// A server in another process, which is ready. It stops when its stdin ends.
struct Serving(Child);

impl Serving {
    fn start(mut command: Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let serving = Self(child);
        assert_eq!(line, "READY\n");
        serving
    }

    /// Stops it in order, so that a sanitizer sees what it did not free.
    fn stop(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `lives.c`, with the sanitizers of the compiler.
fn program() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        // Of the build: it is there for the next run, and nowhere else.
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lives");
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let all = SERVICES.iter().chain([&"apps-lookup"]);
        let sources = all.map(|name| here.join(format!("c/{}.c", name.replace('-', "_"))));
        let mut command = strict();
        command
            .arg(here.join("tests/c/lives.c"))
            .args(sources)
            .args(linked())
            .args(["-pthread", "-o"])
            .arg(&program);
        succeed(&mut command);
        program
    });
    &PROGRAM
}

/// The compiler, which finds the headers that are made, with its sanitizers.
fn strict() -> Command {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("c");
    let mut command = compiler("CC", "cc");
    command
        .args(["-std=c99", "-O1", "-fsanitize=address,undefined"])
        .args(["-fno-sanitize-recover=all", "-D_POSIX_C_SOURCE=200809L"])
        .arg(format!("-I{}", made.display()));
    command
}

fn c(run_dir: &Path, what: &str, service: &str) -> Command {
    let mut command = Command::new(program());
    command.arg(run_dir).args([what, service, COUNT]);
    command
}

/// Asks in C, over shared memory and over the socket.
fn ask_in_c(run_dir: &Path, service: &str) {
    succeed(&mut c(run_dir, "ask", service));
    succeed(c(run_dir, "ask", service).arg("socket"));
}

#[test]
fn c_asks_c() {
    for service in SERVICES {
        let dir = tempfile::tempdir().unwrap();
        let serving = Serving::start(c(dir.path(), "serve", service));
        ask_in_c(dir.path(), service);
        serving.stop();
    }
}

#[test]
fn c_enriches_with_texts_and_labels_that_items_share() {
    let dir = tempfile::tempdir().unwrap();
    let serving = Serving::start(c(dir.path(), "serve", "apps-lookup"));
    ask_in_c(dir.path(), "apps-lookup");
    serving.stop();
}

#[test]
fn a_server_whose_endpoint_was_taken_away_returns_why() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = c(dir.path(), "serve", "increment");
    command.stderr(Stdio::piped());
    let mut serving = Serving::start(command);
    std::fs::remove_file(dir.path().join("increment.sock")).unwrap();
    let successor = rust::serve(dir.path(), "increment");
    // Its input has not ended: only the end of the run ends it.
    let mut said = String::new();
    let mut stderr = serving.0.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    assert!(said.contains("taken away"), "{said}");
    assert_eq!(serving.0.wait().unwrap().code(), Some(1));
    drop(successor);
}

#[test]
fn c_asks_rust() {
    for service in SERVICES {
        let dir = tempfile::tempdir().unwrap();
        let serving = rust::serve(dir.path(), service);
        ask_in_c(dir.path(), service);
        drop(serving);
    }
}

#[test]
fn rust_asks_c() {
    for service in SERVICES {
        let dir = tempfile::tempdir().unwrap();
        let serving = Serving::start(c(dir.path(), "serve", service));
        rust::ask(dir.path(), service);
        serving.stop();
    }
}

#[test]
fn c_and_go_ask_each_other() {
    let go = go::Program::build();
    let dir = tempfile::tempdir().unwrap();
    let serving = Serving::start(go.command(dir.path(), "serve"));
    ask_in_c(dir.path(), "pid-traffic");
    drop(serving);
    let serving = Serving::start(c(dir.path(), "serve", "pid-traffic"));
    succeed(&mut go.command(dir.path(), "ask"));
    serving.stop();
}
