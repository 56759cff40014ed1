//! What asks providers of this machine: the program `netipc`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::programs::{Bench, Running, run};

/// The program `netipc`.
fn netipc() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(build);
    &PROGRAM
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(netipc_xtask::workspace())
        .args(["build", "--package", "netipc-cli", "--bin", "netipc"])
        .args(["--message-format", "json"]);
    let messages = run(&mut command);
    let (_, executable) = messages
        .rsplit_once("\"executable\":\"")
        .expect("cargo names the program");
    PathBuf::from(executable.split('"').next().unwrap())
}

#[test]
fn the_demo_survives_its_provider() {
    let bench = Bench::new();
    let mut command = Command::new(bench.example("demo"));
    let demo = Running::spawn(command.arg(netipc()).arg("1"));
    let text = demo.succeed();
    for part in [
        "processes, asked for in one call",
        "one process  socket",
        "all cgroups",
        "the cache",
        "the cache served all",
        "came back by itself",
        "Summary: 0 errors.",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn apps_lookup_knows_a_process_of_this_machine() {
    let bench = Bench::new();
    let mut command = Command::new(netipc());
    command
        .args(["serve", "--service", "apps-lookup", "--auth-token", "42"])
        .arg("--run-dir")
        .arg(bench.run_dir());
    let provider = Running::spawn(&mut command);
    provider.wait_for("READY");
    let pid = std::process::id().to_string();
    let client = bench.start_checked(&bench.example("apps_lookup"), &[&pid, "4000000000"]);
    let shown = client.succeed();
    assert!(shown.starts_with(&format!("{pid}: examples")), "{shown}");
    assert!(shown.ends_with("4000000000: status 1\n"), "{shown}");
    provider.signal("TERM");
    provider.succeed();
    bench.is_clean();
}

#[test]
fn status_reads_what_a_server_in_c_publishes() {
    let bench = Bench::new();
    let server = bench.start_checked(&bench.example("lookup_server"), &[]);
    server.wait_for("READY");
    let client = bench.start(bench.example("cgroups_lookup"), &["/docker/abc"]);
    client.succeed();
    let status = |format: &[&str]| {
        let mut command = Command::new(netipc());
        command
            .args(["status", "cgroups-lookup", "--timeout", "60000"])
            .arg("--run-dir")
            .arg(bench.run_dir());
        run(command.args(format))
    };
    // An answer is counted after it was sent.
    let end = Instant::now() + Duration::from_secs(60);
    let mut told = status(&["--json"]);
    while !told.contains("\"ok\": 1") && !told.contains("\"ok\":1") && Instant::now() < end {
        told = status(&["--json"]);
    }
    let text = status(&[]);
    assert!(text.contains("requests: 1 ok, 0 failed"), "{told}\n{text}");
    server.signal("TERM");
    server.succeed();
    bench.is_clean();
}

#[test]
fn a_server_whose_socket_was_taken_away_says_so() {
    let (bench, other) = (Bench::new(), Bench::new());
    let program = bench.example("lookup_server");
    let server = bench.start(&program, &[]);
    server.wait_for("READY");
    let taker = other.start(&program, &[]);
    taker.wait_for("READY");
    let socket = |bench: &Bench| bench.run_dir().join("cgroups-lookup.sock");
    // In one step, so that nobody finds the place free meanwhile.
    std::fs::rename(socket(&other), socket(&bench)).unwrap();
    let (status, text) = server.end();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("cgroups-lookup.sock"), "{text}");
    assert!(socket(&bench).exists(), "it is the other server's");
    taker.signal("TERM");
    taker.end();
}
