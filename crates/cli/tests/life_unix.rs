//! How `serve` starts and ends on Unix: signals, and files that must not stay.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_FUTEX, PROFILE_SHM_HYBRID};
use netipc::{ClientConfig, ClientState};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::Signal;
use support::{Provider, TestDir, netipc, piped, run};

const INCREMENT: &str = "--service=increment";

#[test]
fn a_supervisor_is_told_of_start_life_and_end() {
    let place = TestDir::new();
    let address = place.path("notify");
    let supervisor = UnixDatagram::bind(&address).unwrap();
    supervisor
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let next = || {
        let mut bytes = [0; 64];
        let length = supervisor.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    let mut command = place.command("serve", &[INCREMENT]);
    command
        .env("NOTIFY_SOCKET", &address)
        .env("WATCHDOG_USEC", "20000")
        .env_remove("WATCHDOG_PID");
    let provider = Provider::start(command);
    assert_eq!(next(), "READY=1");
    assert_eq!([next(), next()], ["WATCHDOG=1", "WATCHDOG=1"]);
    assert!(provider.end(Signal::TERM).success());
    let last = std::iter::repeat_with(next).find(|said| said != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
}

#[test]
fn every_signal_to_end_leaves_nothing_behind_even_with_idle_clients() {
    // Under nohup children would ignore it, too: what is caught here is the default there.
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::default()).unwrap();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        // An idle client is no reason to use up the time that requests under way may take. Other work
        // may delay an end.
        let quick = (0..10).any(|_| time_of_end(signal) < Duration::from_secs(4));
        assert!(quick, "{signal:?} ten times");
    }
}

#[test]
fn a_log_that_nobody_reads_holds_up_neither_answers_nor_the_end() {
    let (_reader, mut writer) = std::io::pipe().unwrap();
    // Full to the last byte.
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    for piece in [4096, 1] {
        while writer.write(&vec![b'.'; piece]).is_ok() {}
    }
    fcntl_setfl(&writer, flags).unwrap();
    let place = TestDir::new();
    let mut command = place.command("serve", &[INCREMENT, "-vv"]);
    command.stderr(writer);
    let provider = Provider::start_as(command);
    for _ in 0..5 {
        assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
    }
    assert!(provider.end(Signal::TERM).success());
    assert_eq!(place.left_behind(), [""; 0]);
}

/// How long a signal takes to end a provider that has idle clients.
fn time_of_end(signal: Signal) -> Duration {
    let place = TestDir::new();
    let provider = place.serve(&[INCREMENT]);
    let shm = PROFILE_SHM_HYBRID | PROFILE_SHM_FUTEX;
    let mut clients = [PROFILE_BASELINE, shm].map(|supported_profiles| {
        let config = ClientConfig {
            supported_profiles,
            ..ClientConfig::default()
        };
        let mut client = place.increment_client(config);
        assert_eq!(client.call(&1).expect("an answer"), 2);
        client
    });
    // The name of a region goes once its client has attached it.
    assert_eq!(place.left_behind(), ["increment.sock"]);
    let told = Instant::now();
    let status = provider.end(signal);
    assert!(status.success(), "{status}");
    let taken = told.elapsed();
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
    taken
}

#[cfg(target_os = "linux")]
#[test]
fn a_region_that_is_truncated_ends_its_session_and_not_the_server() {
    // The client is this process, which touches the region as well.
    netipc::transport::handle_sigbus().unwrap();
    let place = TestDir::new();
    let provider = place.serve(&[INCREMENT]);
    let config = ClientConfig {
        supported_profiles: PROFILE_SHM_HYBRID,
        ..ClientConfig::default()
    };
    let mut client = place.increment_client(config);
    // Until the first message it has a name.
    let names = place.left_behind();
    let region = names.iter().find(|name| name.ends_with(".ipcshm"));
    let region = place.run_dir().join(region.expect("a region"));
    let region = fs::OpenOptions::new().write(true).open(region).unwrap();
    assert_eq!(client.call(&1).unwrap(), 2);
    region.set_len(0).unwrap();
    // Over a session of its own again.
    assert_eq!(client.call(&2).unwrap(), 3);
    drop(client);
    let status = provider.end(Signal::TERM);
    assert!(status.success(), "{status}");
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn a_hang_up_that_was_ignored_at_the_start_stays_ignored() {
    let place = TestDir::new();
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
fn a_run_directory_is_made_private_and_taken_away() {
    let place = TestDir::new();
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
fn a_killed_owner_leaves_an_endpoint_that_the_next_one_takes() {
    let place = TestDir::new();
    drop(place.serve(&[INCREMENT]));
    assert_eq!(place.left_behind(), ["increment.sock"]);
    let next = place.serve(&[INCREMENT]);
    assert_eq!(place.call(&["increment", "1"]).text(), "2\n");
    assert!(next.end(Signal::TERM).success());
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn a_run_directory_without_a_parent_is_not_made() {
    let place = TestDir::new();
    let mut command = netipc(["serve", INCREMENT, "--run-dir"]);
    command.arg(place.path("no/parent"));
    run(command, b"").failed(1, "failed", "cannot make the run directory");
}

#[test]
fn a_run_directory_that_is_too_long_is_told_as_such() {
    let place = TestDir::new();
    let long = place.path(&"x".repeat(100));
    for args in [&["serve", INCREMENT][..], &["call", "increment", "1"]] {
        let mut command = netipc(args);
        command.arg("--run-dir").arg(&long);
        run(command, b"").failed(2, "invalid", "bytes and may have 107: shorten");
    }
    assert!(!long.exists());
}

#[test]
fn another_service_behind_the_name_is_incompatible() {
    let place = TestDir::new();
    let _provider = place.serve(&[INCREMENT]);
    let run_dir = place.run_dir();
    let alias = run_dir.join("string-reverse.sock");
    std::os::unix::fs::symlink(run_dir.join("increment.sock"), alias).unwrap();
    // Over the socket: a region of shared memory has the service's own name.
    let ended = place.call(&["string-reverse", "abc", "--profiles=baseline"]);
    ended.failed(5, "incompatible", "the server does not serve this method");
}
