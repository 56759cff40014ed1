//! `ping`, `describe` and `call --repeat`, as their users see them.

mod support;

use support::{TestDir, netipc, run, schema};

#[test]
fn round_trips_of_a_live_provider_are_measured_with_and_without_its_handler() {
    let place = TestDir::new();
    let provider = place.serve(&["--service=increment,apps-lookup,cgroups-snapshot"]);
    for (service, args) in [
        ("increment", &[][..]),
        ("increment", &["--profiles=baseline,shm", "--call"]),
        ("apps-lookup", &["--call"]),
        ("cgroups-snapshot", &[]),
        ("increment", &["--profiles=baseline,shm"]),
    ] {
        let all = [&[service, "--count=5", "--interval=0.01", "--json"], args].concat();
        let report = run(place.command("ping", &all), b"").timed_json();
        assert_eq!(report["service"], service);
        assert_eq!(report["count"], 5);
        assert_eq!(report["handler"], args.contains(&"--call"));
        assert_eq!(report["pid"], provider.pid());
        let over_socket = !args.contains(&"--profiles=baseline,shm");
        let transport = report["transport"].as_str().unwrap();
        assert_eq!(transport.ends_with("(baseline)"), over_socket, "{report}");
        let of = |name: &str| report[name].as_f64().unwrap();
        let order = [of("min_us"), of("median_us"), of("p99_us"), of("max_us")];
        assert!(order.is_sorted() && order[0] > 0.0, "{report}");
    }
    let text = run(
        place.command("ping", &["increment", "-c", "2", "-i", "0.01"]),
        b"",
    );
    let lines: Vec<&str> = text.text().lines().collect();
    assert!(
        lines[0].ends_with(&format!(", process {}", provider.pid())),
        "{lines:?}"
    );
    assert!(lines[1].starts_with("handshake ") && lines[1].ends_with(" µs"));
    assert!(lines[2].starts_with("2 round trips: min "), "{lines:?}");
    assert!(provider.stop().success());
}

#[test]
fn a_ping_that_nobody_answers_ends_as_a_call_does() {
    let place = TestDir::new();
    let ping = |args: &[&str]| run(place.command("ping", args), b"");
    ping(&["increment"]).failed(3, "not found", "no server at");
    ping(&["unknown", "--call"]).failed(2, "invalid", "give --schema FILE");
    let _provider = place.serve(&["--service=increment", "--auth-token=7"]);
    ping(&["increment"]).failed(4, "auth failed", "refused the auth token");
    ping(&["increment", "--call"]).failed(4, "auth failed", "refused the auth token");
    assert_eq!(ping(&["increment", "--auth-token=7", "-c1"]).code, Some(0));
}

#[test]
fn a_service_is_described_by_its_schema() {
    let describe = |args: &[&str]| run(netipc([&["describe"], args].concat()), b"");
    let list = describe(&[]);
    assert!(list.text().contains("apps-lookup"), "{}", list.stdout);
    let text = describe(&["cgroups-lookup"]);
    let one_blank = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.text().lines().map(one_blank).collect();
    for wanted in [
        "cgroups-lookup",
        "kind lookup: keys in, an item for each out, in their order",
        "ITEM",
    ] {
        assert!(
            lines.iter().any(|line| line == wanted),
            "{wanted}: {}",
            text.stdout
        );
    }
    assert!(!text.stdout.contains('|'), "no Markdown: {}", text.stdout);
    let sentence = "Numbers are little-endian, at a multiple of their size. A text is a u32 offset";
    let wraps = |line: &&str| line.starts_with("Numbers") && sentence.starts_with(line);
    assert!(
        text.stdout
            .lines()
            .any(|line| wraps(&line) && line.len() <= 80),
        "{}",
        text.stdout
    );
    let json = describe(&["increment", "--json"]).timed_json();
    assert_eq!(json["kind"], "value");
    assert_eq!(json["parts"][0]["fields"][0]["type"], "u64");
    let json = describe(&["--json"]).json();
    assert!(json[1]["time"].as_f64().is_some_and(|time| time > 1e9));
    assert_eq!(json.as_array().unwrap().len(), 5);
    describe(&["nothing"]).failed(2, "invalid", "it has cgroups-snapshot");
    let other = describe(&[&schema("ip-to-asn")]);
    assert!(other.text().starts_with("ip-to-asn\n"), "{}", other.stdout);
}

#[test]
fn a_call_is_repeated_and_goes_on_after_a_failure() {
    let place = TestDir::new();
    let _provider = place.serve(&["--service=increment"]);
    let ended = place.call(&["increment", "41", "--repeat=3", "--interval=0.01"]);
    assert_eq!(ended.text(), "42\n42\n42\n");
    assert_eq!(ended.stderr.lines().count(), 3);
    let ended = place.call(&["string-reverse", "x", "--repeat=2", "--interval=0.01"]);
    assert_eq!(ended.code, Some(3));
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", ended.stderr);
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("netipc: not found: "))
    );
}

#[test]
fn what_may_carry_the_data_may_come_from_the_environment() {
    let place = TestDir::new();
    let _provider = place.serve(&["--service=increment"]);
    let call = |list: &str, args: &[&str]| {
        let mut command = place.command("call", &[&["increment", "41"], args].concat());
        command.env("NETIPC_PROFILES", list);
        run(command, b"")
    };
    let over = |ended: &support::Ended| ended.stderr.contains("(baseline)");
    assert!(over(&call("baseline", &[])));
    assert!(!over(&call("", &[])), "empty is as not set");
    let option_first = call("baseline", &["--profiles=baseline,shm"]);
    assert!(!over(&option_first), "{}", option_first.stderr);
    call("baseline,carrier-pigeon", &[]).failed(2, "invalid", "\"carrier-pigeon\"");
}

#[test]
fn the_run_directory_may_come_from_the_environment() {
    let place = TestDir::new();
    let _provider = place.serve(&["--service=increment"]);
    let mut command = netipc(["call", "increment", "41"]);
    command.env("NETIPC_RUN_DIR", place.run_dir());
    assert_eq!(run(command, b"").text(), "42\n");
    let mut command = place.command("call", &["increment", "41"]);
    command.env("NETIPC_RUN_DIR", "/nothing/there");
    assert_eq!(run(command, b"").text(), "42\n", "an option comes first");
}
