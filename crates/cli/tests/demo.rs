//! `netipc demo` on the machine it runs on, as a new user runs it.

mod support;

use serde_json::{Value, json};
use support::platform::SHARED_MEMORY;
use support::{netipc, run};

/// The number at `path`, which is positive.
fn positive(report: &Value, path: &str) -> f64 {
    let number = report.pointer(path).and_then(Value::as_f64);
    let number = number.unwrap_or_else(|| panic!("no number {path} in {report:#}"));
    assert!(number > 0.0, "{path} is {number}");
    number
}

#[test]
fn asks_this_machine_over_every_transport_and_gets_over_a_restart() {
    let report = run(netipc(["demo", "--seconds", "1", "--json"]), b"").json();
    assert_eq!(report["errors"], json!([]), "{report:#}");
    let processes = report["processes"].as_array().unwrap();
    assert!((1..=10).contains(&processes.len()), "{processes:?}");
    assert!(positive(&report, "/processes_total") >= processes.len() as f64);
    let profiles: Vec<_> = report["transports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|transport| &transport["profile"])
        .collect();
    assert_eq!(profiles, ["baseline", SHARED_MEMORY]);
    for path in ["/transports/0", "/transports/1", "/cache"] {
        let field = if path == "/cache" { "lookups" } else { "calls" };
        positive(&report, &format!("{path}/{field}_per_second"));
    }
    assert_eq!(report["restart"]["cache_kept"], true, "{report:#}");
    assert_eq!(report["restart"]["reconnected"], true, "{report:#}");
    assert_eq!(report["restart"]["files_stale"], 0, "{report:#}");
}
