//! Peers that are other programs: one that only keeps to what is agreed, and the one in C.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use super::life_unix::{kill_and_wait_for, running, wait_for_peers};
use super::support::{TestDir, netipc};
use super::{assert_clean, bench, check, run};

/// A script that measures nothing.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/tests/driver.sh");
const C: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/c");
const C_FILES: [&str; 6] = [
    "driver.c",
    "data.c",
    "calls.c",
    "enricher.c",
    "reads.c",
    "serve.c",
];

fn client(name: &str, program: &str) -> String {
    format!("--peer={name}={program}")
}

/// The client in C, built once for all tests of this process.
fn c_client() -> String {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let program = BUILT.get_or_init(|| {
        // Of the build: it is there for the next run, and nowhere else.
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("driver");
        build(&program);
        program
    });
    client("c", program.to_str().unwrap())
}

fn build(program: &Path) {
    let prefix = netipc_xtask::install_for_tests();
    let lib = prefix.join("lib");
    let mut cc = Command::new("cc");
    cc.args([
        "-std=c11",
        "-O2",
        "-pthread",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-o",
    ]);
    cc.arg(program)
        .args(C_FILES.map(|file| Path::new(C).join(file)));
    cc.arg("-I").arg(prefix.join("include"));
    cc.arg("-L")
        .arg(&lib)
        .arg(format!("-Wl,-rpath,{}", lib.display()));
    let built = cc.arg("-lnetipc").output().unwrap();
    let stderr = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{stderr}");
}

#[test]
fn clients_have_rows_beside_ours() {
    let place = TestDir::new();
    let (one, two) = (client("one", SCRIPT), client("two", SCRIPT));
    let args = [
        "--scenario",
        "ping",
        "--only",
        "ping shm client one",
        "--rate",
        "0",
        "--runs",
        "2",
        "--json",
        &one,
        &two,
    ];
    let rows = run(bench(&place, &args), b"").json();
    let rows = rows.as_array().unwrap();
    let pings: Vec<_> = rows
        .iter()
        .filter(|row| row["scenario"] == "ping")
        .collect();
    let [own, one, two] = pings[..] else {
        panic!("{rows:?}");
    };
    for (row, name) in [(own, ""), (one, "one"), (two, "two")] {
        check(row, rows);
        assert_eq!(row["client"], name);
        assert_eq!(row["share_of_own"].as_f64().is_none(), name.is_empty());
    }
    // Twelve units in a microsecond.
    assert_eq!(one["throughput"], 12e6);
    assert_eq!([&one["p50_us"], &one["p99_us"]], [0.2, 0.4]);
    assert_eq!(one["client_cpu"], 0.5);
    assert_clean(&place);
}

#[test]
fn clients_that_fail_end_the_run_and_tell_where() {
    let place = TestDir::new();
    let sh = client("sh", SCRIPT);
    let mut command = bench(
        &place,
        &["--only", "ping shm client sh", "--rate", "0", &sh],
    );
    command.env("BENCH_DRIVER_SAYS", "wrong answer: 7");
    let ended = run(command, b"");
    let why = "failed: ping shm client: the program \"sh\" failed: wrong answer: 7\n";
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.ends_with(why), "{}", ended.stderr);
    assert_clean(&place);

    let none = client("none", "/nowhere/driver");
    let ended = run(
        bench(
            &place,
            &["--only", "ping shm client none", "--rate", "0", &none],
        ),
        b"",
    );
    assert_eq!(ended.code, Some(1));
    let why = "failed: ping shm client: cannot work with the program \"none\": ";
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
    assert_clean(&place);
}

#[test]
fn nobody_waits_for_a_client_once_it_is_called_off() {
    let place = TestDir::new();
    let sh = client("sh", SCRIPT);
    let mut command = bench(&place, &["--only", "ping shm client sh", &sh]);
    command.env("BENCH_DRIVER_INTERRUPTS", "1");
    let ended = run(command, b"");
    assert_eq!(ended.code, Some(1));
    let why = "netipc: failed: interrupted\n";
    assert!(ended.stderr.ends_with(why), "{}", ended.stderr);
    assert_clean(&place);
}

#[test]
fn peers_need_a_name_and_the_matrix_needs_both() {
    let sh = client("sh", SCRIPT);
    for args in [
        ["--peer", "driver"],
        ["--peer", "a b=driver"],
        ["--peer", "rust=driver"],
        ["--matrix", &sh],
    ] {
        let mut command = netipc(["bench"]);
        command.args(args);
        assert_eq!(run(command, b"").code, Some(2), "{args:?}");
    }
    let args = [
        "--list",
        "--scenario",
        "batch",
        "--transport",
        "shm",
        "--rate",
        "0",
    ];
    let mut list = netipc(["bench"]);
    list.args(args).arg(&sh);
    let listed = run(list, b"");
    let rows = ["", " sh", " rust-sh", " sh-sh"].map(|pair| format!("batch shm client{pair}\n"));
    assert_eq!(listed.text(), rows.concat());
}

#[test]
fn what_a_peer_does_not_do_is_left_out_but_not_of_the_matrix() {
    let place = TestDir::new();
    let (c, go) = (client("c", SCRIPT), client("go", SCRIPT));
    let args = ["--scenario", "batch", "--rate", "0", "--json", &c, &go];
    let names = |ended: &Value| {
        let rows = ended.as_array().unwrap().iter();
        let rows = rows.filter(|row| row["scenario"] == "batch");
        let name = |row: &Value| format!("{}{}", row["transport"], row["client"]);
        rows.map(name).collect::<Vec<_>>()
    };
    let shared = ["shm", "ring"].map(|transport| format!("--transport={transport}"));
    let left = run(
        bench(&place, &[&args[..], &[&shared[0], &shared[1]]].concat()),
        b"",
    )
    .json();
    assert_eq!(
        names(&left),
        [
            "\"shm\"\"\"",
            "\"shm\"\"c\"",
            "\"shm\"\"go\"",
            "\"ring\"\"\""
        ]
    );
    let report = place.path("report");
    let complete = [
        "--matrix",
        "--transport=shm",
        "--report",
        report.to_str().unwrap(),
    ];
    let ended = run(bench(&place, &[&args[..], &complete].concat()), b"");
    assert_eq!(ended.code, Some(1));
    let why = "batch shm client rust-c: the program \"c\" does not do that; 1 more are missing\n";
    assert!(ended.stderr.ends_with(why), "{}", ended.stderr);
    let page = std::fs::read_to_string(report.join("README.md")).unwrap();
    assert!(
        page.contains("| `batch shm client rust-go` | the program"),
        "{page}"
    );
    std::fs::remove_dir_all(report).unwrap();
    assert_clean(&place);
}

#[test]
fn a_row_below_its_floor_fails_where_floors_are_asked_for() {
    let place = TestDir::new();
    let slow =
        r#"{"units":1,"ops":1,"elapsed_ns":9000000,"cpu_ns":1,"switches":0,"latency":[[1,1]]}"#;
    let c = client("c", SCRIPT);
    let args = [
        "--transport",
        "socket",
        "--rate",
        "0",
        "--only",
        "ping socket client",
    ];
    let run_with = |more: &[&str]| {
        let mut command = bench(&place, &[&args[..], &[&c], more].concat());
        command.env("BENCH_DRIVER_SAYS", slow);
        command.env("BENCH_DRIVER_TAKES", "0.01");
        run(command, b"")
    };
    let fallen = run_with(&["--floors"]);
    assert_eq!(fallen.code, Some(1));
    let why = "ping socket client c has ";
    assert!(fallen.stderr.contains(why), "{}", fallen.stderr);
    assert_eq!(run_with(&[]).code, Some(0), "{}", fallen.stderr);
    assert_clean(&place);
}

#[test]
fn the_peer_in_c_takes_part_in_every_scenario() {
    let place = TestDir::new();
    let c = c_client();
    let mut args = vec!["--json", "--rate", "0", &c];
    let matrix = [
        "ping socket client c-c",
        "ping futex client c-c",
        "batch shm client c-c",
        "pipeline socket client c-c",
        "pipeline ring client c-c",
        "snapshot 16 ring client c-c",
        "lookup cgroups 16 known shm client c-c",
        "lookup apps 16 known ring client c-c",
        "cache 16 shm cache c-c",
        "enricher hit apps 10000",
        "enricher miss cgroups 10000",
        "enricher step apps 10000 socket",
        "item",
    ];
    args.extend(matrix.iter().flat_map(|row| ["--only", row]));
    let rows = run(bench(&place, &args), b"").json();
    let rows = rows.as_array().unwrap();
    let (own, of_c): (Vec<_>, Vec<_>) = rows
        .iter()
        .filter(|row| row["scenario"] != "limits")
        .partition(|row| row["client"] == "");
    assert_eq!(
        [own.len(), of_c.len()],
        // Items are four rows.
        [matrix.len() - 1 + 4; 2],
        "{rows:?}"
    );
    for (own, row) in own.into_iter().zip(of_c) {
        for field in ["scenario", "variant", "unit", "server"] {
            assert_eq!(row[field], own[field]);
        }
        let reads = row["scenario"] == "item" || row["scenario"] == "enricher";
        let server = if reads { "" } else { "c" };
        assert_eq!([&row["client"], &row["server"]], ["c", server]);
        let number = |field: &str| row[field].as_f64().unwrap();
        assert!(
            number("throughput") > 0.0 && number("share_of_own") > 0.0,
            "{row}"
        );
        assert!(
            number("client_cpu") >= 0.0 && number("switches") >= 0.0,
            "{row}"
        );
        assert_eq!(row["p50_us"].is_null(), own["p50_us"].is_null(), "{row}");
        assert_eq!(own["share_of_own"], Value::Null, "{own}");
    }
    assert_clean(&place);
}

#[test]
fn a_killed_run_takes_its_client_along() {
    let c = c_client();
    let place = TestDir::new();
    let (child, _stderr) = running(&place, "item", &["--only", "item labels", &c]);
    let peers = wait_for_peers(&place, &child, 2);
    kill_and_wait_for(&child, peers);
}
