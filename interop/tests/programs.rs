//! `netipc` and `netipc-go` beside one another: each sees, asks and replaces the other.
#![cfg(target_os = "linux")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

use serde_json::Value;
use support::{NETIPC, Running, SOON, go_programs, output};
use tempfile::TempDir;

static NETIPC_GO: LazyLock<PathBuf> =
    LazyLock::new(|| go_programs(&["./cmd/netipc-go"]).join("netipc-go"));

const SNAPSHOT: &str = r#"{"service": "cgroups-snapshot", "generation": 7, "systemd_enabled": 1, "items": [
    {"name": "web", "path": "/docker/web", "options": 2}, {"name": "db", "path": "/docker/db", "enabled": 0}]}"#;

fn place() -> TempDir {
    tempfile::tempdir().expect("a run directory")
}

/// A command of one of the programs at the run directory.
fn at(program: &Path, place: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).arg("--run-dir").arg(place.path());
    for variable in ["NETIPC_AUTH_TOKEN", "NETIPC_PROFILES", "RUST_LOG"] {
        command.env_remove(variable);
    }
    command
}

fn json(command: &mut Command) -> Value {
    let text = output(command);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn what_a_provider_in_go_publishes_is_read() {
    let place = place();
    let args = ["serve", "--service=increment", "--stats", "--workers=3"];
    let provider = Running::provider(&mut at(&NETIPC_GO, &place, &args));
    let pid = provider.child.id();
    for program in [&*NETIPC, &*NETIPC_GO] {
        assert_eq!(
            output(&mut at(program, &place, &["call", "increment", "41"])),
            "42\n"
        );
    }
    let mut refused = at(
        &NETIPC,
        &place,
        &["call", "increment", "1", "--auth-token=9"],
    );
    assert_eq!(refused.output().expect("a program").status.code(), Some(4));
    let began = Instant::now();
    // An answer and a refusal are counted when they were sent.
    let stats = loop {
        let stats = json(&mut at(&NETIPC, &place, &["status", "increment", "--json"]));
        if stats["requests"]["ok"] == 2 && stats["refusals"][0]["count"] == 1 {
            break stats;
        }
        assert!(began.elapsed() < SOON, "{stats}");
    };
    assert_eq!((&stats["pid"], &stats["workers"]), (&pid.into(), &3.into()));
    assert_eq!(stats["without_shm"], Value::Array(Vec::new()));
    let text = output(&mut at(&NETIPC, &place, &["status", "increment"]));
    for part in [
        &format!("increment: process {pid}, up "),
        "requests: 2 ok",
        "of 3 now",
        "refused once",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let metrics = output(&mut at(
        &NETIPC,
        &place,
        &["status", "increment", "--prometheus"],
    ));
    let line = "netipc_requests_total{service=\"increment\",outcome=\"ok\"} 2";
    assert!(metrics.lines().any(|found| found == line), "{metrics}");
    let seen = json(&mut at(&NETIPC, &place, &["ls", "--json"]));
    let endpoint = &seen["run_dirs"][0]["endpoints"][0];
    assert_eq!(endpoint["listeners"][0]["pid"], pid, "{seen}");
    let top = json(&mut at(&NETIPC, &place, &["top", "--json", "--count=1"]));
    assert_eq!(
        (
            &top["services"][0]["workers"],
            &top["services"][0]["refused"]
        ),
        (&3.into(), &1.into())
    );
    let found = json(&mut at(&NETIPC, &place, &["doctor", "--json"]));
    assert_eq!(found["findings"][0]["cause"], "clients_refused", "{found}");
}

/// The document of a call, without what is told of the call itself.
fn document(program: &Path, place: &TempDir) -> Value {
    let mut document = json(&mut at(
        program,
        place,
        &["call", "cgroups-snapshot", "--json"],
    ));
    let members = document.as_object_mut().expect("an object");
    let call = members.remove("call").expect("what is told of the call");
    let names: Vec<&String> = call.as_object().expect("an object").keys().collect();
    assert_eq!(
        names,
        ["time", "took_us", "transport", "why_socket"],
        "{call}"
    );
    assert_eq!(call["transport"], "shm (shm-ring)", "{call}");
    document
}

#[test]
fn both_print_the_same_and_serve_what_either_has_printed() {
    let [place, files] = [place(), place()];
    let file = |name: &str, text: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let mut data = file("data.json", SNAPSHOT);
    let mut first = None;
    for (provider, printer) in [
        (&*NETIPC, &*NETIPC_GO),
        (&*NETIPC_GO, &*NETIPC),
        (&*NETIPC, &*NETIPC),
    ] {
        let _provider = Running::provider(&mut at(provider, &place, &["serve", "--data", &data]));
        let printed = document(printer, &place);
        assert_eq!(document(&NETIPC, &place), printed);
        assert_eq!(first.get_or_insert_with(|| printed.clone()), &printed);
        let text = output(&mut at(
            printer,
            &place,
            &["call", "cgroups-snapshot", "--json"],
        ));
        data = file("again.json", &text);
    }
}

#[test]
fn a_recording_is_served_by_both() {
    let [place, files] = [place(), place()];
    let [data, recording] =
        ["data.json", "recording.jsonl"].map(|name| files.path().join(name).display().to_string());
    std::fs::write(&data, SNAPSHOT).expect("a file");
    let provider = Running::provider(&mut at(&NETIPC_GO, &place, &["serve", "--data", &data]));
    let served = document(&NETIPC, &place);
    let record = ["record", "cgroups-snapshot", "--count=1", "-o", &recording];
    output(&mut at(&NETIPC, &place, &record));
    drop(provider);
    for program in [&*NETIPC, &*NETIPC_GO] {
        let _provider =
            Running::provider(&mut at(program, &place, &["serve", "--replay", &recording]));
        assert_eq!(document(&NETIPC_GO, &place), served);
    }
}
