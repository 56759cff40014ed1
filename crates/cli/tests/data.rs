//! `serve --data`: fixed content in the shape that `call --json` prints.

mod support;

use serde_json::json;
use support::{TestDir, run};

/// What `call ARGS --json` prints of `data`, which is served meanwhile, but for what it tells of the call.
fn served(data: &str, options: &[&str], args: &[&str]) -> String {
    let place = TestDir::new();
    let file = place.write("data.json", data);
    let _provider = place.serve_data(&file, options);
    place.call(&[args, &["--json"]].concat()).document()
}

#[test]
fn what_call_prints_can_be_served_and_comes_back_the_same() {
    let snapshot = r#"{"service": "cgroups-snapshot", "generation": 18446744073709551615,
        "systemd_enabled": 7, "items": [
            {"hash": 0, "options": 4294967295, "enabled": 2, "name": "", "path": ""},
            {"hash": 1, "options": 1, "enabled": 0, "name": "é", "path": "/a b"}]}"#;
    let cgroups = r#"{"service": "cgroups-lookup", "generation": 2, "items": [
        {"path": "/a", "status": "known", "orchestrator": "docker", "name": "web",
         "labels": {"z": "1", "a": "", "m": "é"}},
        {"path": "/b", "status": "unknown-retry-later"},
        {"path": "/c", "orchestrator": 99}]}"#;
    let apps = r#"{"service": "apps-lookup", "generation": 3, "items": [
        {"pid": 1, "cgroup_status": "host-root", "ppid": 0, "uid": 0, "comm": "init"},
        {"pid": 2, "orchestrator": "k8s", "uid": 5, "starttime": 6, "comm": "a b",
         "cgroup_path": "/x", "cgroup_name": "x", "labels": {"k": "v"}},
        {"pid": 3, "cgroup_status": "unknown-permanent", "comm": "c", "cgroup_path": "/y"},
        {"pid": 4, "status": "unknown"}]}"#;
    let number = r#"{"service": "increment", "request": 1, "reply": 100}"#;
    let text = r#"{"service": "string-reverse", "request": "ab", "reply": "anything"}"#;
    for (data, args) in [
        (snapshot, &["cgroups-snapshot"][..]),
        (cgroups, &["cgroups-lookup", "/c", "/a", "/b"]),
        (apps, &["apps-lookup", "4", "3", "2", "1"]),
        (number, &["increment", "1"]),
        (text, &["string-reverse", "ab"]),
    ] {
        let first = served(data, &[], args);
        let second = served(&first, &[], args);
        assert_eq!(first, second);
    }
}

#[test]
fn what_is_told_of_a_call_is_passed_over_where_its_document_is_served() {
    let place = TestDir::new();
    let number = r#"{"service": "increment", "request": 1, "reply": 100}"#;
    let file = place.write("data.json", number);
    let provider = place.serve_data(&file, &[]);
    let printed = place.call(&["increment", "1", "--json", "--profiles=baseline"]);
    let call = &printed.json()["call"];
    assert_eq!(call["why_socket"], json!(null));
    let carrier = call["transport"].as_str();
    assert!(carrier.is_some_and(|carrier| carrier.ends_with(" (baseline)")));
    assert!(provider.stop().success());
    std::fs::write(&file, printed.text()).unwrap();
    let _provider = place.serve_data(&file, &[]);
    assert_eq!(place.call(&["increment", "1"]).text(), "100\n");
}

#[test]
fn labels_and_unknown_codes_survive() {
    let data = r#"{"generation": 2, "items": [
        {"path": "/a", "orchestrator": 99, "labels": {"z": "1", "a": ""}}]}"#;
    let reply = served(
        data,
        &["--service=cgroups-lookup"],
        &["cgroups-lookup", "/a"],
    );
    let (z, a) = (
        reply.find(r#""z": "1""#).unwrap(),
        reply.find(r#""a": """#).unwrap(),
    );
    assert!(z < a, "{reply}");
    assert!(reply.contains(r#""orchestrator": 99"#), "{reply}");
}

#[test]
fn a_short_mock_is_enough() {
    let data = r#"{"items": [{"name": "web", "path": "/docker/web"}]}"#;
    let reply = served(data, &["--service=cgroups-snapshot"], &["cgroups-snapshot"]);
    let expected = json!({
        "service": "cgroups-snapshot",
        "generation": 0,
        "systemd_enabled": 0,
        "items": [{
            "hash": netipc::simple_hash(b"web"),
            "options": 0,
            "enabled": 1,
            "name": "web",
            "path": "/docker/web",
        }],
    });
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&reply).unwrap(),
        expected
    );
}

#[test]
fn keys_that_the_file_has_not_are_unknown() {
    let place = TestDir::new();
    let cgroups = place.write("c.json", r#"{"service": "cgroups-lookup", "items": []}"#);
    let apps = place.write("a.json", r#"{"service": "apps-lookup", "items": []}"#);
    let number = r#"{"service": "increment", "request": 1, "reply": 2}"#;
    let number = place.write("n.json", number);
    let more = [
        "--data",
        apps.to_str().unwrap(),
        "--data",
        number.to_str().unwrap(),
    ];
    let _provider = place.serve_data(&cgroups, &more);
    let item = &place.call(&["cgroups-lookup", "/a", "--json"]).json()["items"][0];
    assert_eq!(
        (&item["path"], &item["status"]),
        (&json!("/a"), &json!("unknown-permanent"))
    );
    let item = &place.call(&["apps-lookup", "5", "--json"]).json()["items"][0];
    assert_eq!(
        (&item["pid"], &item["status"]),
        (&json!(5), &json!("unknown"))
    );
    place
        .call(&["increment", "5"])
        .failed(1, "failed", "the server's handler failed");
    // No keys at all ask for the generation.
    let reply = place.call_with(&["apps-lookup", "-", "--json"], "").json();
    assert_eq!(reply["items"], json!([]));
}

/// `serve --data` with this content ends at once, names the file, says `part` and leaves nothing.
#[track_caller]
fn refused(data: &str, options: &[&str], part: &str) {
    let place = TestDir::new();
    let file = place.write("mock.json", data);
    let mut command = place.command("serve", options);
    command.arg("--data").arg(&file);
    let ended = run(command, b"");
    ended.failed(2, "invalid", &format!("data file {}", file.display()));
    assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn mistakes_in_json_are_named_with_file_and_field() {
    for (item, part) in [
        (
            r#"{"name": "a", "hash": "x"}"#,
            "items[0].hash: a number was expected, `x` found",
        ),
        (
            r#"{"name": "a", "colour": 1}"#,
            "items[0].colour: no such field",
        ),
        ("{}", "items[0].name: is missing"),
        (r#"{"name": "a"}, {"name": 1}"#, "items[1].name"),
        ("{", "line 2"),
    ] {
        let data = format!("{{\"service\": \"cgroups-snapshot\",\n\"items\": [{item}]}}");
        refused(&data, &[], part);
    }
    refused(
        "[]",
        &["--service=increment"],
        "an object was expected, a list found",
    );
    refused(
        r#"{"service": "nothing"}"#,
        &[],
        "service: the program was built without nothing",
    );
    let more = r#"{"service": "increment", "request": 1, "reply": 2, "colour": 1}"#;
    refused(more, &[], "colour: no such field");
    let more = r#"{"service": "apps-lookup", "items": []} x"#;
    refused(more, &[], "trailing characters");
}

#[test]
fn items_that_the_protocol_cannot_carry_are_named() {
    for (item, part) in [
        (r#"{"pid": 1}"#, "items[0] cannot be served: comm: "),
        (
            r#"{"pid": 1, "comm": "a", "cgroup_status": "gone"}"#,
            "items[0].cgroup_status: `gone` is no value of it",
        ),
        (
            r#"{"pid": 1, "status": "payload-exceeded"}"#,
            "items[0] cannot be served: the status is for the protocol alone",
        ),
        (
            r#"{"pid": 1, "status": "unknown"}, {"pid": 1, "comm": "a", "cgroup_path": "/"}"#,
            "items[1] has the key",
        ),
    ] {
        refused(
            &format!(r#"{{"service": "apps-lookup", "items": [{item}]}}"#),
            &[],
            part,
        );
    }
    let data = r#"{"service": "cgroups-snapshot", "items": [{"name": "a\u0000b"}]}"#;
    refused(data, &[], "items[0] cannot be served: name: ");
    let data = r#"{"service": "cgroups-lookup", "items": [{"path": ""}]}"#;
    refused(data, &[], "items[0] cannot be served: path: ");
}

#[test]
fn a_file_has_to_be_for_a_service_that_is_served() {
    refused(r#"{"items": []}"#, &[], "say with --service");
    let data = r#"{"service": "apps-lookup", "items": []}"#;
    refused(data, &["--service=increment"], "which --service leaves out");
}
