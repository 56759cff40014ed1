//! How `serve` starts and ends.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_FUTEX, PROFILE_SHM_HYBRID};
use netipc::service::increment::IncrementClient;
use netipc::{ClientConfig, ClientState};
use rustix::process::Signal;
use support::{Place, Provider, netipc, piped, run};

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
fn a_hang_up_that_was_ignored_at_the_start_stays_ignored() {
    let place = Place::new();
    let serve = place.command("serve", &[INCREMENT]);
    let mut nohup = Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]);
    nohup.arg(serve.get_program()).args(serve.get_args());
    let provider = Provider::start(piped(nohup));
    let status = fs::read_to_string(format!("/proc/{}/status", provider.pid())).unwrap();
    let bits = |field: &str| {
        let mut lines = status.lines();
        let bits = lines.find_map(|line| line.strip_prefix(field)).unwrap();
        u64::from_str_radix(bits.trim(), 16).unwrap()
    };
    let bit = |signal: Signal| 1_u64 << (signal.as_raw() - 1);
    assert_ne!(bits("SigIgn:") & bit(Signal::HUP), 0, "{status}");
    assert_ne!(bits("SigCgt:") & bit(Signal::TERM), 0, "{status}");
    assert!(provider.end(Signal::TERM).success());
}

#[test]
fn the_end_of_stdin_counts_as_a_request_to_stop_where_it_is_wanted() {
    let place = Place::new();
    let mut command = place.command("serve", &[INCREMENT, "--until-stdin-ends"]);
    command.stdin(Stdio::piped());
    let mut provider = Provider::start(command);
    provider.say("this is no end\n");
    assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
    assert!(provider.hang_up().success());
    assert_eq!(place.left_behind(), [""; 0]);

    // Without the option stdin is nobody's business: this one has ended from the start.
    let provider = place.serve(&[INCREMENT]);
    assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
    assert!(provider.end(Signal::TERM).success());
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
fn a_machine_that_cannot_be_looked_at_is_told_at_the_start() {
    let place = Place::new();
    let [_, processes] = place.machine();
    let ended = run(
        place.command("serve", &["--cgroup-root=/nowhere", &processes]),
        b"",
    );
    ended.failed(1, "failed", "cannot list the cgroup root /nowhere");
    let mut command = netipc(["serve", INCREMENT, "--run-dir"]);
    command.arg(place.path("no/parent"));
    run(command, b"").failed(1, "failed", "cannot make the run directory");
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
