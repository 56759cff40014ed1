//! The programs that integrators know, as processes, against one another.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use netipc::transport::{Endpoint, NativeTransport, Transport, Wait};
use tempfile::TempDir;

const ITEMS: &str = "\
generation 42 systemd 1 items 2
000003e9 docker-abc123 /sys/fs/cgroup/docker/abc123
000007d2 k8s-pod-xyz /sys/fs/cgroup/kubepods/xyz
";

const CACHED: &str = "\
cache updated: 2 items
docker-abc123: /sys/fs/cgroup/docker/abc123
";

#[test]
fn a_client_prints_what_the_server_publishes() {
    let dir = tempfile::tempdir().unwrap();
    let server = Provider::start(&dir);
    for _ in 0..2 {
        let output = run("client", dir.path());
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), ITEMS);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
    let output = run("cache", dir.path());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), CACHED);
    server.end();
    assert_eq!(dir.path().read_dir().unwrap().count(), 0, "nothing is left");
}

// Rule H11.
#[test]
fn a_service_of_ones_own_is_asked_and_cached() {
    let dir = tempfile::tempdir().unwrap();
    let output = run("custom_service", dir.path());
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let expected = [
        "asked:  192.0.2.7 known AS64496 Example Networks",
        "asked:  2001:db8::1 unknown AS0 ",
        "cached: 192.0.2.7 Example Networks",
    ];
    assert!(said.lines().eq(expected), "{said}");
}

#[test]
fn absence_is_normal() {
    let dir = tempfile::tempdir().unwrap();
    let output = run("client", dir.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let state = String::from_utf8(output.stderr).unwrap();
    assert!(state.contains("NotFound"), "prints the state: {state}");
    assert!(state.contains("no server at"), "and why: {state}");

    let output = run("cache", dir.path());
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty());
}

/// The server program, which ends when a line arrives on its stdin.
struct Provider(Child);

impl Provider {
    fn start(dir: &TempDir) -> Self {
        let mut child = Command::new(example("server"))
            .arg(dir.path())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let endpoint = Endpoint::new(dir.path(), "cgroups-snapshot").unwrap();
        let patience = Instant::now() + Duration::from_secs(60);
        let wait = Wait::until(patience);
        // The program says nothing when it is ready: knock until it answers.
        while NativeTransport::new().connect(&endpoint, &wait).is_err() {
            assert!(Instant::now() < patience, "the server comes up");
            assert!(child.try_wait().unwrap().is_none(), "the server runs");
            std::thread::yield_now();
        }
        Self(child)
    }

    fn end(mut self) {
        std::io::Write::write_all(self.0.stdin.as_mut().unwrap(), b"\n").unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // After an orderly end there is nobody to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(program: &str, dir: &Path) -> Output {
    Command::new(example(program)).arg(dir).output().unwrap()
}

/// An example's program, which stands beside the directory of the test programs.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = profile.join("examples").join(file);
    assert!(
        program.exists(),
        "{} is built by `cargo test` as a whole, or by `cargo build --examples`",
        program.display()
    );
    program
}
