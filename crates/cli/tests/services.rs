//! Every service, served and called by the program, over every transport.

mod support;

use serde_json::{Value, json};
use support::Place;

/// Arguments of both sides, and what has to carry the data then.
const TRANSPORTS: [(&str, &str); 4] = [
    ("baseline", "socket (baseline)"),
    ("baseline,shm", "shm (shm-hybrid)"),
    ("baseline,shm-hybrid", "shm (shm-hybrid)"),
    ("shm-futex", "shm (shm-futex)"),
];

const ALL: &str = "--service=cgroups-snapshot,cgroups-lookup,apps-lookup,increment,string-reverse";

#[test]
fn all_services_over_all_transports() {
    for (profiles, carried) in TRANSPORTS {
        let place = Place::new();
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
    let place = Place::new();
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
fn lookups_take_twenty_thousand_keys_from_stdin() {
    const KEYS: u32 = 20_000;
    let place = Place::new();
    let app = |pid: u32| {
        let path = format!("/kubepods/pod{pid}/container-with-a-longer-name-{pid}");
        let labels = json!({"namespace": "default", "pod": pid.to_string()});
        json!({"pid": pid, "comm": "bench", "cgroup_path": path, "labels": labels})
    };
    let path = |n: u32| format!("/slice/{n}/{}", "x".repeat(100));
    let cgroup = |n: u32| json!({"path": path(n), "name": n.to_string(), "orchestrator": "k8s"});
    let apps: Vec<Value> = (0..KEYS).map(app).collect();
    let cgroups: Vec<Value> = (0..KEYS).map(cgroup).collect();
    let apps = json!({"service": "apps-lookup", "generation": 3, "items": apps});
    let cgroups = json!({"service": "cgroups-lookup", "generation": 4, "items": cgroups});
    let apps = place.write("apps.json", apps.to_string());
    let cgroups = place.write("cgroups.json", cgroups.to_string());
    let _provider = place.serve_data(&apps, &["--data", cgroups.to_str().unwrap()]);
    // The other way round, so that the order of the reply is that of the keys.
    let pids: String = (0..KEYS).rev().map(|pid| format!("{pid}\n")).collect();
    let paths: String = (0..KEYS).rev().map(|n| path(n) + "\n").collect();
    for profiles in ["--profiles=baseline", "--profiles=baseline,shm"] {
        let reply = place
            .call_with(&["apps-lookup", "-", "--json", profiles], &pids)
            .json();
        assert_eq!(reply["generation"], 3);
        let items = reply["items"].as_array().unwrap();
        assert!(
            items
                .iter()
                .map(|item| &item["pid"])
                .eq((0..KEYS).rev().collect::<Vec<_>>().iter())
        );
        assert!(
            items
                .iter()
                .all(|item| item["labels"]["namespace"] == "default")
        );

        let reply = place
            .call_with(&["cgroups-lookup", "-", "--json", profiles], &paths)
            .json();
        assert_eq!(reply["generation"], 4);
        let names = reply["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["name"]);
        assert!(
            names.eq((0..KEYS)
                .rev()
                .map(|n| n.to_string())
                .collect::<Vec<_>>()
                .iter())
        );
    }
}

#[test]
fn snapshots_of_several_mebibytes_arrive_whole() {
    let place = Place::new();
    let item = |n: u32| json!({"hash": n, "name": n.to_string(), "path": "/p".repeat(330)});
    let items: Vec<Value> = (0..5000).map(item).collect();
    assert!(items.len() * 660 > 3 << 20);
    let data = json!({"service": "cgroups-snapshot", "generation": 9, "items": items});
    let data = place.write("data.json", data.to_string());
    let _provider = place.serve_data(&data, &[]);
    for (profiles, carried) in [TRANSPORTS[0], TRANSPORTS[1]] {
        let profiles = format!("--profiles={profiles}");
        let table = place.call(&["cgroups-snapshot", &profiles]);
        assert!(table.stderr.contains(carried), "{}", table.stderr);
        assert_eq!(table.text().lines().count(), 5001);
        let reply = place
            .call(&["cgroups-snapshot", "--json", &profiles])
            .json();
        let replied = reply["items"].as_array().unwrap();
        assert!(
            replied
                .iter()
                .map(|item| &item["hash"])
                .eq(items.iter().map(|item| &item["hash"]))
        );
        assert!(
            replied
                .iter()
                .all(|item| item["path"].as_str().unwrap().len() == 660)
        );
    }
}
