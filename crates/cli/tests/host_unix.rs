//! A machine made of files, as the program serves and shows it, over every transport.
#![cfg(unix)]

mod support;

use serde_json::json;
use support::platform::TRANSPORTS;
use support::{TestDir, run};

const ALL: &str = "--service=cgroups-snapshot,cgroups-lookup,apps-lookup,increment,string-reverse";

#[test]
fn all_services_over_all_transports() {
    for (profiles, carried) in TRANSPORTS {
        let place = TestDir::new();
        let [cgroups, processes] = place.machine();
        let profiles = format!("--profiles={profiles}");
        let _provider = place.serve(&[ALL, &cgroups, &processes, &profiles]);
        let call = |args: &[&str]| {
            let ended = place.call(&[args, &[&profiles]].concat());
            assert!(
                ended.stderr.contains(carried),
                "{profiles}: {}",
                ended.stderr
            );
            ended.text().to_owned()
        };
        let snapshot = call(&["cgroups-snapshot"]);
        assert!(
            snapshot.contains("service,unified  sshd.service"),
            "{snapshot}"
        );
        let path = "/system.slice/sshd.service";
        let lookup = call(&["cgroups-lookup", path, "/none"]);
        assert!(
            lookup.contains("known              systemd       sshd.service"),
            "{lookup}"
        );
        assert!(
            lookup.contains("/none                       unknown-permanent"),
            "{lookup}"
        );
        let apps = call(&["apps-lookup", "7", "8"]);
        let rows: Vec<Vec<_>> = apps
            .lines()
            .map(|row| row.split_whitespace().collect())
            .collect();
        assert_eq!(rows[1][..2], ["7", "known"]);
        assert_eq!(
            rows[1][4..10],
            ["99", "sshd", "known", "systemd", "sshd.service", path]
        );
        assert_eq!(rows[2], ["8", "unknown"]);
        assert_eq!(call(&["increment", "41"]), "42\n");
        assert_eq!(call(&["string-reverse", "abc"]), "cba\n");
    }
}

#[test]
fn replies_are_json_too() {
    let place = TestDir::new();
    let [cgroups, processes] = place.machine();
    let _provider = place.serve(&[ALL, &cgroups, &processes]);
    let call = |args: &[&str]| {
        let ended = place.call(&[args, &["--json"]].concat());
        assert_eq!(ended.stderr, "");
        ended.json()
    };
    let snapshot = call(&["cgroups-snapshot"]);
    assert_eq!(snapshot["generation"], 1);
    assert_eq!(snapshot["systemd_enabled"], 1);
    let items = snapshot["items"].as_array().unwrap();
    let sshd = items
        .iter()
        .find(|item| item["name"] == "sshd.service")
        .unwrap();
    assert_eq!(sshd["hash"], netipc::simple_hash(b"sshd.service"));
    assert_eq!((&sshd["options"], &sshd["enabled"]), (&json!(6), &json!(1)));
    let app = &call(&["apps-lookup", "7"])["items"][0];
    assert_eq!(
        (&app["status"], &app["cgroup_status"]),
        (&json!("known"), &json!("known"))
    );
    assert_eq!(
        (&app["comm"], &app["starttime"]),
        (&json!("sshd"), &json!(99))
    );
    assert_eq!(app["orchestrator"], "systemd");
    let number = json!({"service": "increment", "request": u64::MAX, "reply": 0});
    assert_eq!(call(&["increment", "18446744073709551615"]), number);
    let text = json!({"service": "string-reverse", "request": "ab", "reply": "ba"});
    assert_eq!(call(&["string-reverse", "ab"]), text);
}

#[test]
fn a_machine_that_cannot_be_looked_at_is_told_at_the_start() {
    let place = TestDir::new();
    let [_, processes] = place.machine();
    let ended = run(
        place.command("serve", &["--cgroup-root=/nowhere", &processes]),
        b"",
    );
    ended.failed(1, "failed", "cannot list the cgroup root /nowhere");
}

#[test]
fn the_machine_is_looked_at_again_and_again() {
    let place = TestDir::new();
    let [cgroups, processes] = place.machine();
    let _provider = place.serve(&[&cgroups, &processes, "--refresh=0.01"]);
    let generation = || place.call(&["apps-lookup", "7", "--json"]).json()["generation"].as_u64();
    let first = generation();
    place.write(
        "proc/8/stat",
        "8 (new) S 1 7 7 0 -1 4 0 0 0 0 2 3 0 0 20 0 1 0 99 0 0",
    );
    // Each call takes longer than a period.
    let found = (0..1000).any(|_| generation() > first);
    assert!(found);
    let item = &place.call(&["apps-lookup", "8", "--json"]).json()["items"][0];
    assert_eq!(item["status"], "known");
}

#[test]
fn the_rest_may_come_from_the_machine() {
    let place = TestDir::new();
    let [cgroups, processes] = place.machine();
    let data = r#"{"service": "apps-lookup", "generation": 77, "items": []}"#;
    let data = place.write("data.json", data);
    let services = "--service=apps-lookup,cgroups-lookup,increment";
    let _provider = place.serve_data(&data, &[services, &cgroups, &processes]);
    assert_eq!(
        place.call(&["apps-lookup", "7", "--json"]).json()["generation"],
        77
    );
    let path = "/system.slice/sshd.service";
    let item = &place.call(&["cgroups-lookup", path, "--json"]).json()["items"][0];
    assert_eq!(item["status"], "known");
    assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
}
