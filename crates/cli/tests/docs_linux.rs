//! The listings of docs/cli.md: each command is run, and says what the page shows, but for numbers, times and places.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use support::{Provider, TestDir, piped, run};

const PAGE: &str = include_str!("../../../docs/cli.md");

/// The run directory of the page.
const RUN_DIR: &str = "/run/agent";

/// Listings that cannot be made here: root's, of an agent.
const ELSEWHERE: [&str; 1] = ["sudo "];

/// Every command of the page with what it is shown to print; a command without output prints what the page does not show.
fn listings() -> BTreeMap<&'static str, String> {
    let mut found = BTreeMap::new();
    let blocks = PAGE.split("```console\n").skip(1);
    for block in blocks.filter_map(|block| block.split("```").next()) {
        let mut command = "";
        for line in block.lines() {
            if let Some(next) = line.strip_prefix("$ ") {
                command = next;
            } else {
                let output: &mut String = found.entry(command).or_default();
                output.push_str(line);
                output.push('\n');
            }
        }
    }
    found.retain(|command, _| {
        let is_checked = command.contains("netipc ") && !command.starts_with("echo $?");
        is_checked && !ELSEWHERE.iter().any(|start| command.starts_with(start))
    });
    found
}

/// The text without what differs from run to run: numbers, units of time, blanks, where lines end, users and places.
fn normal(text: &str, place: &TestDir) -> String {
    let user = Command::new("id").arg("-un").output().unwrap();
    let user = String::from_utf8(user.stdout).unwrap();
    let text = text
        .replace(&place.run_dir().display().to_string(), RUN_DIR)
        .replace(&place.path("token").display().to_string(), "token")
        .replace(env!("CARGO_BIN_EXE_netipc"), "netipc")
        .replace(&format!(" {} ", user.trim()), " root ");
    let mut normal = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' if normal.ends_with('N') => {}
            '0'..='9' => normal.push('N'),
            c if c.is_whitespace() && normal.ends_with(' ') => {}
            c if c.is_whitespace() => normal.push(' '),
            c => normal.push(c),
        }
    }
    let normal = normal.replace("N.N", "N");
    ["µs", "ms", "s"].iter().fold(normal, |text, unit| {
        [" ", ",", ";", ")", ":"].iter().fold(text, |text, end| {
            text.replace(&format!("N{unit}{end}"), &format!("NT{end}"))
        })
    })
}

/// Runs a command of the page in a shell; all that it says.
fn said(command: &str, place: &TestDir) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_netipc")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let run_dir = place.run_dir().display().to_string();
    let mut shell = piped(Command::new("sh"));
    shell
        .env("PATH", format!("{}:{path}", program.display()))
        .current_dir(place.path(""))
        .args([
            "-c",
            &format!("({}) 2>&1", command.replace(RUN_DIR, &run_dir)),
        ]);
    run(shell, b"").stdout
}

/// Runs each of the page's commands that begin as one of `starts`; each start has one. Returns those that were run.
#[track_caller]
fn check(starts: &[&str], place: &TestDir) -> Vec<&'static str> {
    let listings = listings();
    let mut checked = Vec::new();
    for start in starts {
        let before = checked.len();
        for (command, shown) in listings
            .iter()
            .filter(|(command, _)| command.starts_with(start))
        {
            let said = said(command, place);
            let (said_normal, shown) = (normal(&said, place), normal(shown, place));
            assert_eq!(said_normal, shown, "$ {command}\n{said}");
            checked.push(*command);
        }
        assert!(checked.len() > before, "no listing begins with {start:?}");
    }
    checked
}

const BY_ITSELF: [&str; 2] = ["netipc describe", "echo 4350494e"];
const OF_INCREMENT: [&str; 4] = [
    "netipc call increment 41 ",
    "netipc ping increment ",
    "netipc watch increment ",
    "netipc top ",
];
const OF_STATISTICS: [&str; 1] = ["netipc status apps-lookup "];
const OF_RECORDING: [&str; 1] = ["netipc record increment "];
const OF_LS: [&str; 1] = ["netipc ls "];
const OF_STRACE: [&str; 1] = ["strace "];
const OF_DOCTOR: [&str; 3] = [
    "netipc doctor --run-dir /run/agent",
    "netipc doctor incremnt ",
    "netipc doctor --run-dir /run/agent --auth-token-file token --fix",
];

#[test]
fn every_listing_is_checked() {
    let all = [
        &BY_ITSELF[..],
        &OF_INCREMENT,
        &OF_STATISTICS,
        &OF_RECORDING,
        &OF_LS,
        &OF_STRACE,
        &OF_DOCTOR,
    ]
    .concat();
    for command in listings().keys() {
        let is_checked = all.iter().any(|start| command.starts_with(start));
        assert!(is_checked, "no test runs: {command}");
    }
}

#[test]
fn listings_that_need_nothing() {
    check(&BY_ITSELF, &TestDir::new());
}

#[test]
fn listings_of_a_provider() {
    let place = TestDir::new();
    let provider = place.serve(&["--service=increment", "--stats"]);
    check(&OF_INCREMENT, &place);
    check(&OF_RECORDING, &place);
    assert!(provider.stop().success());
}

/// A process, which is killed in the end.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn listings_of_a_run_directory() {
    let place = TestDir::new();
    make_private(&place);
    // As they are shown: without what stops them with their stdin.
    let mut command = support::netipc(["serve", "--run-dir"]);
    command
        .arg(place.run_dir())
        .args(["--service", "increment"]);
    let provider = Provider::start(command);
    place.serve(&["--service=string-reverse"]).end(Signal::KILL);
    let mut command = place.command("watch", &["increment", "41"]);
    let _watching = Killed(command.spawn().unwrap());
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let ls = || said("netipc ls --run-dir /run/agent", &place);
    while !ls().contains("ring ") {
        assert!(std::time::Instant::now() < until, "{}", ls());
    }
    check(&OF_LS, &place);
    provider.end(Signal::TERM);
}

#[test]
fn listings_of_strace() {
    let place = TestDir::new();
    let _provider = place.serve(&["--service=increment"]);
    let traced = said("strace -e trace=none true", &place);
    if traced.contains("not found") || traced.contains("not permitted") {
        println!("SKIPPED listings of strace: {traced}");
        return;
    }
    check(&OF_STRACE, &place);
}

#[test]
fn listings_of_statistics() {
    let place = TestDir::new();
    let [cgroups, processes] = place.machine();
    let _provider = place.serve(&["--service=apps-lookup", "--stats", &cgroups, &processes]);
    for _ in 0..20 {
        place.call(&["apps-lookup", "7"]).text();
    }
    place
        .call(&["apps-lookup", "7", "--auth-token=9"])
        .failed(4, "auth failed", "token");
    // An answer, an end and a refusal are counted when they were sent.
    let ready = [
        "sessions: 0 of 8 now, 20 so far",
        "requests: 20 ok",
        "refused once",
    ];
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let status = || said("netipc status apps-lookup --run-dir /run/agent", &place);
    while !ready.iter().all(|part| status().contains(part)) {
        assert!(std::time::Instant::now() < until, "{}", status());
    }
    check(&OF_STATISTICS, &place);
}

#[test]
fn listings_of_the_doctor() {
    // A busy machine is one of the things that it finds.
    for _ in 0..10 {
        let (place, said) = said_by_the_doctor();
        if said.values().any(|said| said.contains("slow ")) {
            continue;
        }
        for (command, said) in &said {
            let shown = listings().remove(command).unwrap_or_default();
            assert_eq!(
                normal(said, &place),
                normal(&shown, &place),
                "$ {command}\n{said}"
            );
        }
        return;
    }
    panic!("the machine is too busy to shake hands within 250 ms in one of ten attempts");
}

fn make_private(place: &TestDir) {
    let only_us = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(place.run_dir(), only_us).unwrap();
}

/// What the doctor says of a run directory with a provider that has a token, and another one that was killed.
fn said_by_the_doctor() -> (TestDir, BTreeMap<&'static str, String>) {
    let place = TestDir::new();
    make_private(&place);
    place.write("token", "42\n");
    let mut command = support::netipc(["serve", "--run-dir"]);
    command
        .arg(place.run_dir())
        .args(["--service", "increment", "--auth-token-file", "token"])
        .current_dir(place.path(""));
    // As it is shown: without the option that stops it with its stdin.
    let provider = Provider::start(command);
    place.serve(&["--service=string-reverse"]).end(Signal::KILL);
    // In the order of the page: the last one removes what the first one finds.
    let mut all = BTreeMap::new();
    for start in OF_DOCTOR {
        let is_meant = |command: &&str| match start {
            "netipc doctor --run-dir /run/agent" => *command == start,
            start => command.starts_with(start),
        };
        let command = listings().into_keys().find(is_meant);
        let command = command.unwrap_or_else(|| panic!("no listing begins with {start:?}"));
        all.insert(command, said(command, &place));
    }
    provider.end(Signal::TERM);
    (place, all)
}
