//! `netipc bench`: that its figures are complete and belong together, and that it leaves nothing.
//! How large they are is nobody's business here.
#![expect(
    clippy::unwrap_used,
    reason = "what the helpers cannot do is a failed test"
)]

#[cfg(unix)]
mod clients_unix;
#[cfg(unix)]
mod life_unix;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::process::Command;

use serde_json::Value;
use std::time::Duration;
use support::{Ended, TestDir, netipc, run_within};

/// What no benchmark takes, even on a busy machine: it starts many processes, one after the other.
const PATIENCE: Duration = Duration::from_secs(600);
/// As little as possible of it.
const BRIEF: [&str; 6] = [
    "bench",
    "--quick",
    "--duration",
    "0.03",
    "--warm-up",
    "0.01",
];
const FIELDS: [&str; 28] = [
    "client",
    "client_cpu",
    "deployed",
    "layer",
    "limit",
    "load",
    "max",
    "min",
    "p50_us",
    "p95_us",
    "p999_us",
    "p99_us",
    "rate",
    "scenario",
    "server",
    "server_cpu",
    "share_of_deployed",
    "share_of_limit",
    "share_of_own",
    "share_of_region",
    "switches",
    "syscalls",
    "threads",
    "throughput",
    "time",
    "transport",
    "unit",
    "variant",
];
/// Runs a benchmark to its end.
fn run(command: Command, input: &[u8]) -> Ended {
    run_within(PATIENCE, command, input)
}

/// A benchmark whose temporary files are in the run directory of `place`.
fn bench(place: &TestDir, args: &[&str]) -> Command {
    let mut command = netipc(BRIEF);
    command.args(args).env("TMPDIR", place.run_dir());
    command
}

fn assert_clean(place: &TestDir) {
    assert_eq!(place.left_behind(), [""; 0], "files are left");
    #[cfg(unix)]
    assert_eq!(life_unix::peers(place), [], "processes are left");
}

#[test]
fn rows_are_complete_and_belong_together() {
    let place = TestDir::new();
    let args = [
        "--json",
        "--only",
        "client",
        "--only",
        "codec cgroups 1 ",
        "--only",
        "codec apps 256 mixed",
        "--only",
        "cache 16",
        "--only",
        "enricher miss apps",
        "--only",
        "enricher step cgroups 10000 socket",
        "--only",
        "connect",
        "--scenario",
        "ping,pipeline,codec,cache,enricher,connect",
    ];
    let rows = run(bench(&place, &args), b"").json();
    let rows = rows.as_array().unwrap();
    for row in rows {
        check(row, rows);
    }
    for scenario in [
        "ping", "pipeline", "codec", "cache", "enricher", "connect", "limits",
    ] {
        assert!(
            rows.iter().any(|row| row["scenario"] == scenario),
            "{scenario}"
        );
    }
    for (field, value) in [
        ("variant", "blocking"),
        ("transport", "futex"),
        ("load", "one hog"),
        ("load", "one cpu"),
    ] {
        let can_be = value != "one cpu" || cfg!(target_os = "linux");
        assert_eq!(
            rows.iter().any(|row| row[field] == value),
            can_be,
            "{value}"
        );
    }
    assert_clean(&place);
}

/// That a row has every field, that its figures fit each other, and that its limit is a row.
fn check(row: &Value, rows: &[Value]) {
    let fields: Vec<_> = row.as_object().unwrap().keys().collect();
    let mut sorted = fields.clone();
    sorted.sort();
    assert_eq!(sorted, FIELDS, "{row}");

    let number = |field: &str| row[field].as_f64().unwrap();
    assert!(0.0 < number("min") && number("max").is_finite(), "{row}");
    assert!(number("min") <= number("throughput") && number("throughput") <= number("max"));
    if number("rate") > 0.0 {
        // An operation more than fits, at most: the first one is due at once.
        assert!(number("throughput") <= number("rate") + 1.0 / 0.03, "{row}");
    }
    assert!(number("client_cpu") >= 0.0, "{row}");
    let switches = row["switches"].as_f64();
    assert_eq!(switches.is_some(), cfg!(unix), "{row}");
    assert!(switches.is_none_or(|switches| switches >= 0.0), "{row}");
    let percentiles = ["p50_us", "p95_us", "p99_us", "p999_us"].map(|field| row[field].as_f64());
    let untimed = ["cache 16", "enricher miss", " cgroups 1 known"];
    let what = ["scenario", "variant"].map(|field| row[field].as_str().unwrap());
    let what = what.join(" ");
    let untimed = untimed.iter().any(|part| what.contains(part));
    assert!(percentiles.is_sorted(), "{row}");
    if row["scenario"] != "limits" {
        let codec = row["scenario"] == "codec";
        assert_eq!(
            percentiles[0].is_none(),
            untimed || codec && row["variant"] != "apps 256 mixed"
        );
    }
    check_limits(row, rows);
}

fn check_limits(row: &Value, rows: &[Value]) {
    let is = |names: &[&str]| names.iter().any(|name| row["scenario"] == *name);
    // Exchanges of two processes have raw rows on Unix only, and words ride on a line.
    let is_raw = is(&["limits"]);
    let unlimited = is(&["cache", "enricher", "connect"])
        || row["rate"] != 0
        || is_raw && !row["variant"].as_str().unwrap().starts_with("futex")
        || cfg!(windows) && row["transport"] != "none";
    if !is_raw {
        assert_eq!(row["limit"].is_null(), unlimited, "{row}");
    }
    let stands_in = cfg!(unix)
        && is(&["ping", "pipeline"])
        && row["layer"] == "client"
        && row["rate"] == 0
        && row["load"] == ""
        && row["transport"] != "ring";
    assert_eq!(row["deployed"].is_null(), !stands_in, "{row}");
    for (limit, share) in [
        ("limit", "share_of_limit"),
        ("deployed", "share_of_deployed"),
    ] {
        assert_eq!(row[limit].is_null(), row[share].is_null(), "{row}");
        let Some(limit) = row[limit].as_str() else {
            continue;
        };
        assert!(row[share].as_f64().unwrap() > 0.0, "{row}");
        let mut rows = rows.iter();
        assert!(
            rows.any(|other| name_of_limit(other) == limit && other["load"] == row["load"]),
            "{limit} of {row}"
        );
    }
}

fn name_of_limit(row: &Value) -> String {
    let words =
        ["scenario", "variant", "transport", "layer"].map(|field| row[field].as_str().unwrap());
    let words = words.into_iter().filter(|word| *word != "none");
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_report_is_written_beside_the_table() {
    let place = TestDir::new();
    let dir = place.path("report");
    let ended = run(
        bench(
            &place,
            &[
                "--only",
                "connect socket",
                "--report",
                dir.to_str().unwrap(),
            ],
        ),
        b"",
    );
    let text = ended.text();
    assert!(text.starts_with("connect: connections\n"), "{text}");
    let page = dir.join("README.md");
    assert!(
        text.ends_with(&format!("\nReport: {}\n", page.display())),
        "{text}"
    );
    assert!(fs::read_to_string(page).unwrap().contains("connect"));
    let caution = |caveat| format!("netipc: caution: {caveat}\n");
    let caution = netipc_bench::caveat().map_or_else(String::new, caution);
    let stderr = format!("netipc: measuring connect\n{caution}");
    assert_eq!(ended.stderr, stderr);
    assert_clean(&place);
}

#[test]
fn a_report_without_a_place_is_refused_before_anything_is_measured() {
    let place = TestDir::new();
    let file = place.path("file");
    fs::write(&file, "").unwrap();
    let dir = file.join("report");
    let args = [
        "--only",
        "connect socket",
        "--report",
        dir.to_str().unwrap(),
    ];
    let ended = run(bench(&place, &args), b"");
    assert_eq!(ended.code, Some(1));
    let why = format!(
        "netipc: failed: cannot write a report into {}: ",
        dir.display()
    );
    assert!(ended.stderr.starts_with(&why), "{}", ended.stderr);
}

#[test]
fn limits_can_be_measured_alone() {
    let place = TestDir::new();
    let some = if cfg!(windows) {
        "limits memcpy"
    } else {
        "limits echo"
    };
    let args = ["--scenario", "limits", "--only", some, "--json"];
    let rows = run(bench(&place, &args), b"").json();
    let rows = rows.as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(row["scenario"], "limits");
        check(row, rows);
    }
    assert_clean(&place);
}

#[test]
fn rows_are_listed_without_being_measured() {
    let args = [
        "bench",
        "--list",
        "--scenario",
        "snapshot",
        "--transport",
        "shm",
    ];
    let ended = run(netipc(args), b"");
    assert_eq!(
        ended.text(),
        "snapshot 16 shm client\nsnapshot 1000 shm client\nsnapshot 10000 shm client\n"
    );
    assert_eq!(ended.stderr, "");
}

#[test]
fn what_cannot_be_is_refused() {
    for args in [
        ["--scenario", "nothing"],
        ["--transport", "none"],
        ["--rate", "-1"],
        ["--runs", "0"],
        ["--only", "no such row"],
    ] {
        let mut command = netipc(["bench"]);
        command.args(args);
        assert_eq!(run(command, b"").code, Some(2), "{args:?}");
    }
    run(netipc(["bench", "--task", "{}"]), b"").failed(2, "invalid", "not a task of a benchmark");
}
