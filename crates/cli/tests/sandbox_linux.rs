//! Providers in a sandbox, to which the system refuses calls: what `doctor` says of them, and that they start and end.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

mod support;

use rustix::process::Signal;
use support::doctor_linux::doctor;
use support::sandbox_linux::{
    FALLOCATE, FLOCK, FTRUNCATE, MEMFD_CREATE, MMAP_SHARED, WRITE_OF_AN_EVENT, refusing,
};
use support::{Provider, TestDir, stoppable};

/// A provider of increment to which these calls are refused.
fn serve(place: &TestDir, rules: &[&str], args: &[&str]) -> Provider {
    let only_us = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(place.run_dir(), only_us).unwrap();
    let args = [&["--service=increment"], args].concat();
    Provider::start(stoppable(refusing(rules, &place.command("serve", &args))))
}

const FILTERED: &str = "a filter of system calls (seccomp) forbids its server to make a region";

#[test]
fn a_filter_is_the_reason_for_the_socket() {
    for (rules, profiles) in [
        (&[FALLOCATE, FTRUNCATE][..], "baseline,shm"),
        (&[MMAP_SHARED], "baseline,shm"),
        (&[MEMFD_CREATE], "baseline,shm-ring"),
    ] {
        let place = TestDir::new();
        let profiles = format!("--profiles={profiles}");
        let provider = serve(&place, rules, &[&profiles]);
        let found = doctor(&place, &[&profiles]);
        let filter = format!(
            "a filter looks at the system calls of process {}",
            provider.pid()
        );
        let parts = [
            "shared memory was offered",
            FILTERED,
            &filter,
            "SystemCallFilter=",
        ];
        found.warns("socket_instead_of_shm", &parts);
        assert_eq!(place.call(&["increment", "1", &profiles]).text(), "2\n");
        assert!(provider.stop().success());
        assert_eq!(place.left_behind(), [""; 0]);
    }
}

#[test]
fn a_filter_is_found_without_asking_for_shared_memory_where_the_provider_tells() {
    let place = TestDir::new();
    let provider = serve(&place, &[FALLOCATE], &["--stats"]);
    doctor(&place, &[]).is_healthy();
    place.call(&["increment", "1"]).text();
    let found = doctor(&place, &[]);
    let said = "its provider says: once, last ";
    let words = "shm-ring: Operation not permitted";
    found.warns(
        "socket_instead_of_shm",
        &["went over the socket", FILTERED, said, words],
    );
    let status = support::run(place.command("status", &["increment"]), b"");
    let text = status
        .text()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(text.contains("without shared memory once, last"), "{text}");
    assert!(provider.stop().success());
}

#[test]
fn other_obstacles_are_told_in_the_words_of_the_system() {
    const ENOMEM: &str = "285:12";
    const EMFILE: &str = "285:24";
    const ENOSPC: &str = "285:28";
    for (rule, obstacle) in [
        (ENOMEM, "its server has no memory left for a region"),
        (EMFILE, "its server has no descriptor left for a region"),
        (
            ENOSPC,
            "its server could not make a region: the file system is full",
        ),
    ] {
        let place = TestDir::new();
        let provider = serve(&place, &[rule], &["--stats"]);
        place.call(&["increment", "1"]).text();
        doctor(&place, &[]).warns("socket_instead_of_shm", &[obstacle]);
        assert!(provider.stop().success());
    }
}

#[test]
fn a_provider_starts_where_locks_are_refused() {
    let place = TestDir::new();
    let mut command = refusing(
        &[FLOCK],
        &place.command("serve", &["--service=increment", "-v"]),
    );
    let log = std::fs::File::create(place.path("log")).unwrap();
    command.stderr(log);
    let provider = Provider::start_as(stoppable(command));
    assert!(provider.stop().success());
    let said = std::fs::read_to_string(place.path("log")).unwrap();
    assert!(said.contains("starting without a lock"), "{said}");
}

#[test]
fn a_provider_ends_that_may_not_set_its_events() {
    let place = TestDir::new();
    let provider = serve(&place, &[WRITE_OF_AN_EVENT], &[]);
    assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
    let quiet = provider.end(Signal::TERM);
    assert!(quiet.success(), "{quiet}");
    assert_eq!(place.left_behind(), [""; 0]);
}
