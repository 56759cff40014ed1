//! What is told on stderr: how much, as JSON, and to the journal.
#![cfg(unix)]

mod support;

use std::fs::File;
use std::os::unix::fs::MetadataExt;

use serde_json::Value;
use support::{Provider, TestDir, run, stoppable};

/// A call of a client, whose library tells of its session at `info`.
fn call(place: &TestDir, args: &[&str], rust_log: &str) -> String {
    let mut command = place.command("call", &[&["increment", "1"], args].concat());
    command.env("RUST_LOG", rust_log);
    let ended = run(command, b"");
    ended.text();
    ended.stderr
}

#[test]
fn the_environment_says_how_much_is_told_unless_an_option_does() {
    let place = TestDir::new();
    let _provider = place.serve(&["--service=increment"]);
    assert_eq!(call(&place, &[], "").lines().count(), 1);
    let debug = call(&place, &[], "debug");
    assert!(debug.lines().count() > 1, "{debug}");
    assert_eq!(call(&place, &[], "other=debug").lines().count(), 1);
    let verbose = call(&place, &["-vv"], "off");
    assert!(verbose.lines().count() > 1, "{verbose}");
    let bad = call(&place, &[], "netipc=loudly");
    assert!(
        bad.starts_with("netipc: RUST_LOG is passed over: "),
        "{bad}"
    );
}

#[test]
fn what_is_told_may_be_json() {
    let place = TestDir::new();
    let _provider = place.serve(&["--service=increment"]);
    let told = call(&place, &["-vv", "--log-json", "--json"], "");
    assert!(told.lines().count() > 0);
    for line in told.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(
            line["level"].is_string() && line["timestamp"].is_string(),
            "{line}"
        );
    }
}

#[test]
fn the_journal_is_told_how_grave_a_line_is() {
    let place = TestDir::new();
    let path = place.write("journal", "");
    let journal = File::options().append(true).open(&path).unwrap();
    let seen = journal.metadata().unwrap();
    let mut command = place.command("serve", &["--service=increment", "--auth-token=7"]);
    command
        .env("JOURNAL_STREAM", format!("{}:{}", seen.dev(), seen.ino()))
        .stderr(journal);
    let provider = Provider::start_as(stoppable(command));
    place
        .call(&["increment", "1"])
        .failed(4, "auth failed", "token");
    assert!(provider.stop().success());
    let told = std::fs::read_to_string(&path).unwrap();
    let refused = told
        .lines()
        .find(|line| line.contains("turned a client down"))
        .unwrap();
    assert!(refused.starts_with("<4>"), "{refused}");
    assert!(
        !refused.contains("Z "),
        "the journal has a clock of its own: {refused}"
    );
    let mut failing = support::netipc(["call", "increment", "1", "--run-dir", "/nothing/there"]);
    let journal = File::options().append(true).open(&path).unwrap();
    failing
        .env("JOURNAL_STREAM", format!("{}:{}", seen.dev(), seen.ino()))
        .stderr(journal);
    assert_eq!(failing.status().unwrap().code(), Some(3));
    let told = std::fs::read_to_string(&path).unwrap();
    assert!(
        told.lines()
            .any(|line| line.starts_with("<3>netipc: not found: ")),
        "{told}"
    );
}
