//! The files of `dist/` and the units of docs/operations.md: each directive exists, systemd reads them without a complaint, and
//! what they start starts.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rustix::process::Signal;
use support::{Provider, TestDir, netipc, piped, run};

const SERVICE: &str = include_str!("../../../dist/netipc.service");
const SOCKET: &str = include_str!("../../../dist/netipc.socket");
const TMPFILES: &str = include_str!("../../../dist/netipc.tmpfiles.conf");
const PAGE: &str = include_str!("../../../docs/operations.md");

/// What of systemd is used, by section: see systemd.unit(5), systemd.service(5), systemd.exec(5) and systemd.socket(5).
const DIRECTIVES: [(&str, &[&str]); 4] = [
    ("Unit", &["Description"]),
    (
        "Service",
        &[
            "Type",
            "EnvironmentFile",
            "ExecStart",
            "RuntimeDirectory",
            "RuntimeDirectoryMode",
            "RuntimeDirectoryPreserve",
            "UMask",
            "WatchdogSec",
            "Restart",
        ],
    ),
    (
        "Socket",
        &[
            "ListenSequentialPacket",
            "SocketMode",
            "DirectoryMode",
            "RemoveOnStop",
            "Service",
        ],
    ),
    ("Install", &["WantedBy"]),
];

/// All units, with names that systemd takes.
fn units() -> Vec<(String, String)> {
    let blocks = PAGE.split("```ini\n").skip(1);
    let shown = blocks.filter_map(|block| block.split("```").next());
    let of_page = shown.enumerate().map(|(at, unit)| {
        let kind = if unit.starts_with("[Socket]") {
            "socket"
        } else {
            "service"
        };
        (format!("page-{at}.{kind}"), unit.to_owned())
    });
    let files = [("netipc.service", SERVICE), ("netipc.socket", SOCKET)];
    let files = files.map(|(name, unit)| (name.to_owned(), unit.to_owned()));
    files.into_iter().chain(of_page).collect()
}

/// Sections, names and values.
fn directives(unit: &str) -> Vec<(&str, &str, &str)> {
    let mut section = "";
    let lines = unit
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut found = Vec::new();
    for line in lines {
        match line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            Some(name) => section = name,
            None => {
                let (name, value) = line.split_once('=').unwrap();
                found.push((section, name, value));
            }
        }
    }
    found
}

#[test]
fn every_directive_exists() {
    let units = units();
    assert_eq!(units.len(), 4, "two files, and two of the page");
    for (name, unit) in &units {
        for (section, directive, _) in directives(unit) {
            let known = DIRECTIVES.iter().find(|(known, _)| *known == section);
            let is_known = known.is_some_and(|(_, names)| names.contains(&directive));
            assert!(is_known, "{name}: [{section}] {directive}=");
        }
    }
}

#[test]
fn no_unit_takes_the_run_directory_away_from_others() {
    let made: Vec<String> = units()
        .into_iter()
        .map(|(_, unit)| unit)
        .filter(|unit| unit.contains("\nRuntimeDirectory=netipc\n"))
        .collect();
    assert_eq!(made.len(), 2, "the file, and the one of the page");
    for unit in made {
        for line in ["RuntimeDirectoryMode=0700", "RuntimeDirectoryPreserve=yes"] {
            assert!(unit.lines().any(|one| one == line), "{line}: {unit}");
        }
    }
}

#[test]
fn systemd_has_nothing_against_them() {
    let place = TestDir::new();
    for (name, unit) in units() {
        let unit = unit.replace("/usr/bin/netipc", env!("CARGO_BIN_EXE_netipc"));
        let mut command = Command::new("systemd-analyze");
        command
            .args(["verify", "--man=no"])
            .arg(place.write(&name, unit));
        // What a socket starts.
        if name == "page-1.socket" {
            command.arg(place.write(
                "page-1.service",
                SERVICE.replace("/usr/bin/netipc", "/bin/true"),
            ));
        }
        let Ok(said) = piped(command).output() else {
            println!("SKIPPED what systemd says of units: there is no systemd-analyze");
            return;
        };
        let text = String::from_utf8_lossy(&said.stderr);
        // It may have something against other units of this machine.
        let ours: Vec<&str> = text.lines().filter(|line| line.contains(&*name)).collect();
        assert!(ours.is_empty(), "{name}: {text}");
    }
}

#[test]
fn what_a_unit_starts_starts_and_publishes() {
    let starts: Vec<String> = units()
        .iter()
        .flat_map(|(_, unit)| {
            directives(unit)
                .into_iter()
                .map(|(_, name, value)| (name.to_owned(), value.to_owned()))
                .collect::<Vec<_>>()
        })
        .filter(|(name, _)| name == "ExecStart")
        .map(|(_, line)| line)
        .collect();
    assert_eq!(starts.len(), 2);
    for line in starts {
        let place = TestDir::new();
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some("/usr/bin/netipc"));
        let run_dir = place.run_dir().display().to_string();
        let words = words.map(|word| word.replace("/run/netipc", &run_dir));
        let publishes = line.contains("--stats");
        let provider = Provider::start(netipc(words));
        let called = run(place.command("call", &["apps-lookup", "1"]), b"");
        assert_eq!(called.code, Some(0), "{line}: {}", called.stderr);
        let status = run(place.command("status", &["apps-lookup"]), b"");
        assert_eq!(
            status.code == Some(0),
            publishes,
            "{line}: {}",
            status.stderr
        );
        assert!(provider.end(Signal::TERM).success());
        assert_eq!(place.left_behind(), [""; 0]);
    }
}

#[test]
fn the_run_directory_is_made_at_boot() {
    let place = TestDir::new();
    place.write("root/usr/lib/tmpfiles.d/netipc.conf", TMPFILES);
    let root = place.path("root");
    let mut command = Command::new("systemd-tmpfiles");
    command
        .args(["--create", "netipc.conf"])
        .arg(format!("--root={}", root.display()));
    let Ok(said) = piped(command).output() else {
        println!("SKIPPED what systemd makes at boot: there is no systemd-tmpfiles");
        return;
    };
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED what systemd makes at boot: only root can");
        return;
    }
    let text = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{text}");
    let made = fs::metadata(root.join("run/netipc")).unwrap();
    assert!(made.is_dir() && made.permissions().mode() & 0o777 == 0o700);
    let lines = TMPFILES.lines().filter(|line| !line.starts_with('#'));
    assert!(lines.clone().count() == 2 && lines.clone().any(|line| line == "x /run/netipc/*"));
}
