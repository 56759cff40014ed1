//! Content of data files, served and called by the program in any amount.

mod support;

use serde_json::{Value, json};
use support::TestDir;
use support::platform::TRANSPORTS;

#[test]
fn lookups_take_twenty_thousand_keys_from_stdin() {
    const KEYS: u32 = 20_000;
    let place = TestDir::new();
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
    let place = TestDir::new();
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
