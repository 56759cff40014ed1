//! `status`: what a provider publishes, as text, as JSON and for Prometheus; and what others make of it.
#![cfg(unix)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{TestDir, run};

const SERVED: [&str; 2] = ["--service=increment", "--stats"];

fn status(place: &TestDir, args: &[&str]) -> support::Ended {
    run(
        place.command("status", &[&["increment"], args].concat()),
        b"",
    )
}

#[test]
fn a_provider_tells_what_it_has_done() {
    let place = TestDir::new();
    let provider = place.serve(&SERVED);
    let empty = status(&place, &["--json"]).timed_json();
    assert_eq!(empty["requests"]["ok"], 0);
    for number in ["1", "2", "3"] {
        place
            .call(&["increment", number, "--profiles=baseline"])
            .text();
    }
    place.call(&["increment", "4"]).text();
    place.call(&["increment", "1", "--auth-token=9"]).failed(
        4,
        "auth failed",
        "refused the auth token",
    );
    once(&place, "/requests/ok", 4);
    let stats = once(&place, "/refusals/0/count", 1);
    assert_eq!(stats["service"], "increment");
    assert_eq!(stats["pid"], provider.pid());
    assert_eq!(stats["workers"], 8);
    assert_eq!(stats["requests"]["ok"], 4);
    assert_eq!(stats["sessions"]["total"], 4);
    assert_eq!(stats["sessions"]["refused"], 1);
    assert_eq!(
        stats["sessions_by_transport"]["socket"]
            .as_u64()
            .map(|all| all >= 3),
        Some(true)
    );
    assert_eq!(stats["bytes"]["received"], 4 * 40);
    assert_eq!(stats["refusals"][0]["count"], 1);
    assert!(
        stats["refusals"][0]["why"]
            .as_str()
            .is_some_and(|why| why.contains("AUTH_FAILED"))
    );
    let buckets = stats["handler_time"]["buckets"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let of = |name: &str| {
        buckets
            .iter()
            .map(|one| one[name].as_u64())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("le_ms"), [1, 5, 10, 50, 100, 500, 1000].map(Some));
    assert!(of("count").is_sorted(), "cumulative: {stats}");
    assert_eq!(stats["handler_time"]["count"], 4);
    assert!(provider.stop().success());
    assert_eq!(place.left_behind(), [""; 0]);
}

/// The statistics once this is counted: an answer and a refusal are when they were sent.
fn once(place: &TestDir, path: &str, count: u64) -> Value {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let stats = status(place, &["--json"]).json();
        if stats.pointer(path).and_then(Value::as_u64) == Some(count) || Instant::now() > until {
            return stats;
        }
    }
}

#[test]
fn people_and_prometheus_read_the_same() {
    let place = TestDir::new();
    let provider = place.serve(&SERVED);
    place
        .call(&["increment", "1", "--profiles=baseline"])
        .text();
    once(&place, "/requests/ok", 1);
    let text = status(&place, &[]);
    let first = format!("increment: process {}, up ", provider.pid());
    assert!(text.text().starts_with(&first), "{}", text.stdout);
    for line in [
        "requests: 1 ok, 0 failed, 0 malformed, 0 too large, 0 of another method",
        "bytes: 40B received, 40B sent",
    ] {
        assert!(
            text.stdout.lines().any(|found| found == line),
            "{}",
            text.stdout
        );
    }
    let metrics = status(&place, &["--prometheus"]);
    for line in [
        "# TYPE netipc_requests_total counter",
        "netipc_requests_total{service=\"increment\",outcome=\"ok\"} 1",
        "netipc_sessions_total{service=\"increment\",transport=\"socket\"} 1",
        "netipc_handler_seconds_bucket{service=\"increment\",le=\"+Inf\"} 1",
        "netipc_handler_seconds_count{service=\"increment\"} 1",
    ] {
        assert!(
            metrics.text().lines().any(|found| found == line),
            "{line}: {}",
            metrics.stdout
        );
    }
    let is_metric = |line: &str| {
        line.starts_with('#')
            || line
                .rsplit(' ')
                .next()
                .is_some_and(|value| value.parse::<f64>().is_ok())
    };
    assert!(metrics.stdout.lines().all(is_metric), "{}", metrics.stdout);
}

#[test]
fn statistics_are_private_and_not_there_unless_they_are_switched_on() {
    let place = TestDir::new();
    let provider = place.serve(&["--service=increment"]);
    status(&place, &[]).failed(3, "not found", "`netipc serve --stats` does");
    assert!(provider.stop().success());
    let provider = place.serve(&SERVED);
    let socket = place.run_dir().join("increment.stats.sock");
    let mode = std::fs::metadata(socket).map(|file| file.permissions().mode() & 0o777);
    assert_eq!(mode.ok(), Some(0o600));
    assert!(provider.stop().success());
}

#[test]
fn statistics_are_published_once_another_server_has_let_go_of_their_place() {
    use netipc::transport::link::{BindOptions, Transport};
    use netipc::transport::{Endpoint, NativeTransport};

    let place = TestDir::new();
    let bind = || {
        let endpoint = Endpoint::new(place.run_dir(), "increment.stats").ok()?;
        let options = BindOptions::default();
        NativeTransport::default().bind(&endpoint, &options).ok()
    };
    let other = bind();
    assert!(other.is_some());
    let provider = place.serve(&SERVED);
    drop(other);
    let until = Instant::now() + Duration::from_secs(60);
    let mut read = status(&place, &["--json"]);
    while read.code != Some(0) && Instant::now() < until {
        read = status(&place, &["--json"]);
    }
    assert_eq!(read.json()["pid"], provider.pid());
    assert!(provider.stop().success());
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn a_reader_that_says_nothing_holds_up_no_other() {
    use netipc::transport::{Endpoint, NativeTransport, Transport, Wait};

    let place = TestDir::new();
    let _provider = place.serve(&SERVED);
    let wait = Wait::timeout(Duration::from_secs(60));
    let silent = || {
        let endpoint = Endpoint::new(place.run_dir(), "increment.stats").ok()?;
        NativeTransport::default().connect(&endpoint, &wait).ok()
    };
    // More than are told at once.
    let silent: Vec<_> = (0..12).map(|_| silent()).collect();
    assert!(silent.iter().all(Option::is_some));
    status(&place, &["--json", "--timeout=60000"]).text();
}

#[test]
fn the_age_of_what_is_known_of_the_machine_is_told() {
    let place = TestDir::new();
    let [cgroups, processes] = place.machine();
    let _provider = place.serve(&[
        "--service=apps-lookup,increment",
        "--stats",
        &cgroups,
        &processes,
    ]);
    let of = |service: &str| run(place.command("status", &[service, "--json"]), b"").json();
    assert!(of("apps-lookup")["data"]["age_seconds"].is_number());
    assert_eq!(of("apps-lookup")["data"]["stale"], Value::Array(Vec::new()));
    assert_eq!(of("increment").get("data"), None);
}

#[cfg(target_os = "linux")]
#[test]
fn ls_and_doctor_know_statistics() {
    use support::doctor_linux::doctor;

    let place = TestDir::new();
    let only_us = std::fs::Permissions::from_mode(0o700);
    assert!(std::fs::set_permissions(place.run_dir(), only_us).is_ok());
    let [cgroups, processes] = place.machine();
    let args = [
        "--service=apps-lookup",
        "--stats",
        "--refresh=0.05",
        &cgroups,
        &processes,
    ];
    let _provider = place.serve(&args);
    let seen = run(place.command("ls", &["--json"]), b"").json();
    assert_eq!(seen["run_dirs"][0]["endpoints"][1]["kind"], "statistics");
    doctor(&place, &[]).is_healthy();
    place.call(&["apps-lookup", "7", "--auth-token=9"]).failed(
        4,
        "auth failed",
        "refused the auth token",
    );
    let once = |cause: &str| {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let found = doctor(&place, &[]);
            if found.text.contains(cause) || Instant::now() > until {
                return found;
            }
        }
    };
    once("clients_refused").warns("clients_refused", &["once, last", "AUTH_FAILED"]);
    // What cannot be listed any more.
    assert!(std::fs::rename(place.path("proc"), place.path("gone")).is_ok());
    once("source_stale").warns(
        "source_stale",
        &["could not renew", "processes", "s ago is used"],
    );
}
