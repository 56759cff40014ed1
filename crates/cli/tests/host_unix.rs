//! A machine made of files, as the program serves and shows it, over every transport.
#![cfg(unix)]

mod support;

use std::fs;

use serde_json::json;
use support::platform::TRANSPORTS;
use support::{TestDir, netipc, run, schema};

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
        let has_row = |table: &str, cells: &[&str]| {
            let mut rows = table.lines();
            let has = |row: &str| {
                row.split_whitespace()
                    .collect::<Vec<_>>()
                    .starts_with(cells)
            };
            assert!(rows.any(has), "{cells:?} in {table}");
        };
        let snapshot = call(&["cgroups-snapshot"]);
        let hash = format!("{:08x}", netipc::simple_hash(b"sshd.service"));
        has_row(
            &snapshot,
            &[&hash, "systemd-service,unified", "1", "sshd.service"],
        );
        let path = "/system.slice/sshd.service";
        let lookup = call(&["cgroups-lookup", path, "/none"]);
        has_row(&lookup, &[path, "known", "systemd", "sshd.service"]);
        has_row(&lookup, &["/none", "unknown-permanent"]);
        let apps = call(&["apps-lookup", "7", "8"]);
        let rows: Vec<Vec<_>> = apps
            .lines()
            .map(|row| row.split_whitespace().collect())
            .collect();
        assert_eq!(rows[1][..2], ["7", "known"]);
        assert_eq!(
            rows[1][2..10],
            [
                "systemd",
                "known",
                "1",
                "0",
                "99",
                "sshd",
                path,
                "sshd.service"
            ]
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
        serde_json::from_str::<serde_json::Value>(&ended.document()).unwrap()
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

#[test]
fn a_machine_without_cgroups_still_has_processes() {
    let place = TestDir::new();
    let [_, processes] = place.machine();
    let _provider = place.serve(&["--cgroup-root=/nowhere", &processes]);
    let item = &place.call(&["apps-lookup", "7", "--json"]).json()["items"][0];
    assert_eq!(item["status"], "known");
    let snapshot = place.call(&["cgroups-snapshot", "--json"]).json();
    assert_eq!(snapshot["items"], serde_json::json!([]));
}

#[test]
fn explanations_name_the_rule_the_file_and_the_pattern() {
    let place = TestDir::new();
    let root = place.path("host");
    let id = "0123456789abcdef".repeat(4);
    let [container, mount] = [format!("/docker/{id}"), "/a.mount".to_owned()];
    for cgroup in [&container, &mount] {
        fs::create_dir_all(root.join("sys/fs/cgroup").join(&cgroup[1..])).unwrap();
    }
    place.write("host/sys/fs/cgroup/cgroup.controllers", "");
    place.write("host/proc/1/cgroup", "0::/");
    let file = format!("host/var/lib/docker/containers/{id}/config.v2.json");
    place.write(&file, r#"{"Name":"/web","Config":{"Image":"nginx"}}"#);
    let host_root = root.to_str().unwrap();
    let ended = run(
        netipc([
            "serve",
            "--host-root",
            host_root,
            "--enable=!*/docker/*",
            "--explain",
            &container,
            "--explain",
            &mount,
        ]),
        b"",
    );
    let text = ended.text();
    for part in [
        "kind: container (from the path: rule \"Docker, cgroupfs driver\")",
        &format!(
            "name: web (from docker: {host_root}/var/lib/docker/containers/{id}/config.v2.json)"
        ),
        "enabled: no (policy: disable */docker/*)",
        "enabled: no (policy: disable @mount)",
        &format!("source: docker: found {host_root}/var/lib/docker/containers"),
        "source: podman: not found; tried ",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn mistakes_in_sources_and_policies_are_told() {
    let place = TestDir::new();
    let file = place.write("policy", "enable a\nforbid b\n");
    let policy = format!("--policy={}", file.display());
    let command = place.command("serve", &[&policy]);
    run(command, b"").failed(2, "invalid", "line 2 is `forbid b`");
    let ended = run(place.command("serve", &["--source=rocket=off"]), b"");
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("rocket is none of docker"),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_host_is_asked_by_its_schema() {
    let place = TestDir::new();
    let [cgroups, processes] = place.machine();
    let _provider = place.serve(&[
        "--service=cgroups-snapshot,apps-lookup,increment",
        &cgroups,
        &processes,
    ]);
    let snapshot = place.call(&["cgroups-snapshot", &schema("cgroups-snapshot")]);
    assert!(
        snapshot.text().contains("systemd-service,unified"),
        "{}",
        snapshot.text()
    );
    let typed = place.call(&["cgroups-snapshot", "--json"]);
    let by_schema = place.call(&["cgroups-snapshot", "--json", &schema("cgroups-snapshot")]);
    assert_eq!(typed.json()["items"], by_schema.json()["items"]);
    let typed = place.call(&["apps-lookup", "7", "8", "--json"]);
    let by_schema = place.call(&["apps-lookup", "7", "8", "--json", &schema("apps-lookup")]);
    assert_eq!(typed.json()["items"], by_schema.json()["items"]);
    let number = place.call(&["increment", "41", &schema("increment")]);
    assert_eq!(number.text(), "42\n");
}

#[test]
fn a_machine_of_many_shared_names_does_not_flood_the_log() {
    let place = TestDir::new();
    let machine = place.machine();
    for number in 0..25 {
        for cgroup in ["lxc/x", "lxc.payload/outer/lxc.payload/x"] {
            fs::create_dir_all(place.path(&format!("sys/{cgroup}{number}"))).unwrap();
        }
    }
    let serve = place.command("serve", &["--until-stdin-ends", &machine[0], &machine[1]]);
    let said = run(serve, b"").stderr;
    let shared = said
        .lines()
        .filter(|line| line.contains("cgroups are called x"));
    assert_eq!(shared.count(), 20, "{said}");
    assert!(
        said.contains("netipc: 5 more names are shared by several cgroups"),
        "{said}"
    );
}
