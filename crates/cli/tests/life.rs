//! How `serve` starts and ends.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_FUTEX, PROFILE_SHM_HYBRID};
use netipc::service::increment::IncrementClient;
use netipc::{ClientConfig, ClientState};
use rustix::process::Signal;
use support::{Place, Provider, netipc, run};

const INCREMENT: &str = "--service=increment";

#[test]
fn every_signal_to_end_leaves_nothing_behind_even_with_idle_clients() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let place = Place::new();
        let provider = place.serve(&[INCREMENT]);
        let shm = PROFILE_SHM_HYBRID | PROFILE_SHM_FUTEX;
        let mut clients = [PROFILE_BASELINE, shm].map(|supported_profiles| {
            let config = ClientConfig {
                supported_profiles,
                ..ClientConfig::default()
            };
            let mut client = IncrementClient::new(place.run_dir(), "increment", config);
            client.refresh();
            assert_eq!(client.call(&1).unwrap(), 2);
            client
        });
        // The socket, and the region of the client over shared memory.
        assert_eq!(place.left_behind().len(), 2);
        let told = Instant::now();
        let status = provider.end(signal);
        assert!(status.success(), "{status}");
        // An idle client is no reason to use up the time that requests under way may take.
        assert!(told.elapsed() < Duration::from_secs(4));
        assert_eq!(place.left_behind(), [""; 0]);
        for client in &mut clients {
            client.refresh();
            assert_eq!(
                client.state(),
                ClientState::NotFound,
                "{:?}",
                client.status()
            );
        }
    }
}

#[test]
fn a_run_directory_is_made_private_and_taken_away() {
    let place = Place::new();
    let made = place.path("made");
    let mut command = netipc(["serve", INCREMENT, "--run-dir"]);
    command.arg(&made);
    let provider = Provider::start(command);
    let mode = fs::metadata(&made).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(provider.end(Signal::TERM).success());
    assert!(!made.exists());
}

#[test]
fn an_endpoint_has_one_owner() {
    let place = Place::new();
    let _first = place.serve(&[INCREMENT]);
    // The second owner would have had another endpoint too, and gives it back.
    let second = place.command("serve", &["--service=increment,string-reverse"]);
    run(second, b"").failed(
        10,
        "address in use",
        "increment.sock is in use by another server",
    );
    assert_eq!(place.left_behind(), ["increment.sock"]);
    assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
}

#[test]
fn a_killed_owner_leaves_an_endpoint_that_the_next_one_takes() {
    let place = Place::new();
    drop(place.serve(&[INCREMENT]));
    assert_eq!(place.left_behind(), ["increment.sock"]);
    let next = place.serve(&[INCREMENT]);
    assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
    assert!(next.end(Signal::TERM).success());
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn a_machine_without_cgroups_still_has_processes() {
    let place = Place::new();
    let [_, processes] = place.machine();
    let _provider = place.serve(&["--cgroup-root=/nowhere", &processes]);
    let item = &place.call(&["apps-lookup", "7", "--json"]).json()["items"][0];
    assert_eq!(item["status"], "known");
    let snapshot = place.call(&["cgroups-snapshot", "--json"]).json();
    assert_eq!(snapshot["items"], serde_json::json!([]));
}

#[test]
fn a_run_directory_that_cannot_be_made_is_told_at_the_start() {
    let place = Place::new();
    let mut command = netipc(["serve", INCREMENT, "--run-dir"]);
    command.arg(place.path("no/parent"));
    run(command, b"").failed(1, "failed", "cannot make the run directory");
}

#[test]
fn explanations_name_the_rule_the_file_and_the_pattern() {
    let place = Place::new();
    let root = place.path("host");
    let id = "0123456789abcdef".repeat(4);
    let [container, mount] = [format!("/docker/{id}"), "/a.mount".to_owned()];
    for cgroup in [&container, &mount] {
        std::fs::create_dir_all(root.join("sys/fs/cgroup").join(&cgroup[1..])).unwrap();
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
    let place = Place::new();
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
fn the_machine_is_looked_at_again_and_again() {
    let place = Place::new();
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
fn nobody_has_to_listen() {
    let place = Place::new();
    let _provider = place.serve(&[INCREMENT]);
    for (key, code) in [("1", 0), ("x", 2)] {
        let mut command = place.command("call", &["increment", key]);
        let closed = || {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            Stdio::from(writer)
        };
        command.stdout(closed()).stderr(closed());
        assert_eq!(run(command, b"").code, Some(code), "{key}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    let items: Vec<String> = (0..5000).map(|n| format!(r#"{{"name": "{n}"}}"#)).collect();
    let data = format!(r#"{{"items": [{}]}}"#, items.join(","));
    let data = place.write("data.json", data);
    let _provider = place.serve_data(&data, &["--service=cgroups-snapshot"]);
    for json in [&[][..], &["--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = place.command("call", &[&["cgroups-snapshot"], json].concat());
        command.stdout(Stdio::from(writer));
        let ended = run(command, b"");
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
}
