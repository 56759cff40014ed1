//! A program in C for a service that the program was built without: each asks the other.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{Provider, TestDir, netipc, run, schema};

/// How many processes the program in C asks for.
const COUNT: u32 = 12;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The program of `crates/generated`, built with what the program makes for it.
fn lives(place: &TestDir) -> PathBuf {
    let services = [
        "apps-lookup",
        "cgroups-snapshot",
        "increment",
        "pid-traffic",
        "string-reverse",
    ];
    let out = format!("--out={}", place.path("made").display());
    let mut generate = netipc(["schema", "generate", "--lang=c", &out]);
    generate.args(services.map(|name| root().join(format!("services/{name}.toml"))));
    run(generate, b"").text();
    let prefix = netipc_xtask::install_for_tests();
    let lib = prefix.join("lib").display().to_string();
    let program = place.path("lives");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .arg("-D_POSIX_C_SOURCE=200809L")
        .arg(format!("-I{}", prefix.join("include").display()))
        .arg(format!("-I{}", place.path("made").display()))
        .arg(root().join("crates/generated/tests/c/lives.c"))
        .args(services.map(|name| place.path(&format!("made/{}.c", name.replace('-', "_")))))
        .args([format!("-L{lib}"), format!("-Wl,-rpath,{lib}")])
        .args(["-lnetipc", "-pthread", "-o"])
        .arg(&program);
    let built = compiler.output().expect("the test needs a C compiler");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    program
}

/// What the program in C knows of processes.
fn data() -> String {
    let mut items = String::new();
    for pid in (0..COUNT).filter(|pid| pid % 3 != 0) {
        let starttime = 0x1_0000_0000 + u64::from(pid);
        let sent = u64::MAX - u64::from(pid);
        let comma = if items.is_empty() { "" } else { ", " };
        write!(
            items,
            "{comma}{{\"pid\": {pid}, \"starttime\": {starttime}, \"bytes_received\": {}, \
             \"bytes_sent\": {starttime}, \"packets_received\": {pid}, \"packets_sent\": {sent}, \
             \"connections\": {}}}",
            pid * 10 + 1,
            pid % 7
        )
        .unwrap();
    }
    format!("{{\"generation\": 42, \"items\": [{items}]}}")
}

#[test]
fn the_program_and_one_in_c_ask_each_other() {
    let place = TestDir::new();
    let program = lives(&place);
    let count = COUNT.to_string();
    let file = place.write("traffic.json", data());
    let by_schema = schema("pid-traffic");
    let provider = place.serve_data(&file, &[&by_schema]);
    let mut asking = Command::new(&program);
    asking
        .arg(place.run_dir())
        .args(["ask", "pid-traffic", &count]);
    run(support::piped(asking), b"").text();
    drop(provider);

    let mut server = Command::new(&program);
    server
        .arg(place.run_dir())
        .args(["serve", "pid-traffic", &count]);
    server.stdin(Stdio::piped()).stdout(Stdio::piped());
    let served = Provider::start(server);
    let called = place.call(&["pid-traffic", "4,9", "6,9", "--json", &by_schema]);
    let json = called.json();
    assert_eq!(json["generation"], 42);
    assert_eq!(json["items"][0]["bytes_received"], 41);
    assert_eq!(json["items"][0]["packets_sent"], u64::MAX - 4);
    assert_eq!(json["items"][1]["status"], "unknown");
    assert!(served.stop().success());
}
