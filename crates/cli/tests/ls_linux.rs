//! `ls`: what it shows of endpoints, sessions and leftovers, and that nobody is disturbed.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use netipc::ClientConfig;
use netipc::service::increment::IncrementClient;
use rustix::process::Signal;
use serde_json::Value;
use support::{Ended, Provider, TestDir, netipc, run};

const INCREMENT: &str = "--service=increment";
const ALL: &str = "--profiles=baseline,shm,shm-ring";

/// A client in this process that has asked three times.
fn client(place: &TestDir, profiles: u32) -> IncrementClient {
    let config = ClientConfig {
        supported_profiles: profiles,
        preferred_profiles: profiles,
        ..ClientConfig::default()
    };
    let mut client = place.increment_client(config);
    for number in 0..3 {
        assert_eq!(client.call(&number).unwrap(), number + 1);
    }
    client
}

fn ls(place: &TestDir, args: &[&str]) -> Ended {
    run(place.command("ls", args), b"")
}

/// What `look` sees once it is one client: a child that another test starts has the client's socket as well, until it
/// runs its program.
fn settled<T>(look: impl Fn() -> T, clients: impl Fn(&T) -> Option<usize>) -> T {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let seen = look();
        if clients(&seen) == Some(1) || Instant::now() > until {
            return seen;
        }
    }
}

/// The one endpoint that JSON tells of.
fn endpoint(place: &TestDir) -> Value {
    let seen = ls(place, &["--json"]).timed_json();
    assert_eq!(
        seen["run_dirs"][0]["endpoints"].as_array().unwrap().len(),
        1,
        "{seen}"
    );
    seen["run_dirs"][0]["endpoints"][0].clone()
}

/// The text with names for what differs from run to run, and one blank for many.
fn normal(text: &str, place: &TestDir, provider: Option<&Provider>) -> String {
    let run_dir = place.run_dir().display().to_string();
    let provider = provider.map(|provider| provider.pid().to_string());
    let this = std::process::id().to_string();
    let owner = rustix::process::geteuid().as_raw();
    let list = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = list
        .lines()
        .find(|line| line.split(':').nth(2) == Some(&owner.to_string()));
    let user = user
        .and_then(|line| line.split(':').next())
        .unwrap_or("?")
        .to_owned();
    let word = |word: &str| match word {
        word if Some(word) == provider.as_deref() => "PROVIDER".to_owned(),
        word if word == this => "THIS".to_owned(),
        word if word == user || word == format!("{user},") => word.replace(&user, "USER"),
        word if word.ends_with('s') && word.trim_end_matches('s').parse::<u32>().is_ok() => {
            "AGE".to_owned()
        }
        word => word.replace(&run_dir, "RUN"),
    };
    let line = |line: &str| {
        let words: Vec<String> = line.split_whitespace().map(word).collect();
        let command = words
            .iter()
            .position(|word| word.contains("/netipc") || word.contains("ls_linux"));
        words[..command.unwrap_or(words.len())].join(" ")
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    lines.join("\n")
}

#[test]
fn sessions_are_shown_with_what_carries_them() {
    for (profiles, transport, shown) in [
        (0x01, "socket", "client THIS USER socket"),
        (0x03, "shm", "client THIS USER shm 1K+64K 3/3"),
        (0x11, "ring", "client THIS USER ring 512K+512K 3/3"),
    ] {
        let place = TestDir::new();
        let provider = place.serve(&[INCREMENT, ALL]);
        let mut client = client(&place, profiles);
        let endpoint = settled(
            || endpoint(&place),
            |endpoint| endpoint["sessions"][0]["client"].as_array().map(Vec::len),
        );
        assert_eq!(endpoint["life"], "live");
        assert_eq!(endpoint["kind"], "value");
        assert_eq!(endpoint["listeners"][0]["pid"], provider.pid());
        let session = &endpoint["sessions"][0];
        assert_eq!(session["transport"], transport, "{endpoint}");
        assert_eq!(session["client"][0]["pid"], std::process::id());
        assert_eq!(session["server"][0]["pid"], provider.pid());
        if transport != "socket" {
            assert_eq!(session["region"]["requests"], 3, "{session}");
            assert_eq!(session["region"]["responses"], 3);
        }
        let text = settled(
            || ls(&place, &[]),
            |text| Some(text.stdout.matches("  client  ").count()),
        );
        let expected = format!(
            "RUN: 1 endpoint, USER, mode 0755\n\nincrement (value): live, AGE old, USER, mode 0600\n\
             server PROVIDER USER\n{shown}"
        );
        let normal = normal(text.text(), &place, Some(&provider));
        assert_eq!(normal, expected, "{}", text.stdout);
        // The session is the same as before.
        assert_eq!(client.call(&41).unwrap(), 42);
        assert_eq!(client.status().counters.reconnects, 0);
        drop(client);
        assert!(provider.stop().success());
    }
}

#[test]
fn what_a_killed_server_leaves_is_stale_and_orphaned() {
    let place = TestDir::new();
    let provider = place.serve(&[INCREMENT]);
    let pid = provider.pid();
    provider.end(Signal::KILL);
    let mut header = [0; 8384];
    header[..4].copy_from_slice(&0x4e53_484d_u32.to_le_bytes());
    header[8..12].copy_from_slice(&pid.to_le_bytes());
    header[12] = 1;
    place.write("run/increment-000000000000002a.ipcshm", header);
    place.write("run/other.sock", "");
    place.write("run/notes.txt", "");
    let text = ls(&place, &[]);
    let expected = format!(
        "RUN: 2 endpoints, USER, mode 0755\n\nincrement (value): stale, AGE old, USER, mode 0600\nnobody listens there\n\n\
         other: no socket, AGE old, USER, mode 0644\nsomething that is no socket has its name\n\n\
         increment-000000000000002a.ipcshm: orphaned region of 8.1K, AGE old, USER, mode 0644\n\
         process {pid}, which made it, is gone"
    );
    assert_eq!(normal(text.text(), &place, None), expected);
    let seen = ls(&place, &["--json"]).json();
    let region = &seen["run_dirs"][0]["regions"][0];
    assert_eq!(region["life"], "orphaned");
    assert_eq!(region["region"]["session_id"], 42);
}

#[test]
fn a_server_that_was_stopped_and_those_who_wait_for_it_are_marked() {
    let place = TestDir::new();
    let provider = place.serve(&[INCREMENT]);
    let pid = i32::try_from(provider.pid()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, Signal::STOP).unwrap();
    let mut client = place.command("call", &["increment", "1"]);
    let mut client = client.stdout(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    let seen = loop {
        let seen = endpoint(&place);
        let is_stopped = seen["listeners"][0]["state"] == "stopped";
        if (seen["waiting"] == 1 && is_stopped) || Instant::now() > until {
            break seen;
        }
    };
    assert_eq!(seen["listeners"][0]["state"], "stopped", "{seen}");
    assert_eq!(seen["sessions"][0]["accepted"], false);
    assert_eq!(seen["sessions"][0]["client"][0]["pid"], client.id());
    let text = ls(&place, &[]);
    assert!(text.text().contains("STOPPED"), "{}", text.stdout);
    assert!(
        text.stdout
            .contains("waiting to be accepted: 1, with a backlog of 16"),
        "{}",
        text.stdout
    );
    rustix::process::kill_process(pid, Signal::CONT).unwrap();
    assert!(client.wait().unwrap().success());
}

#[test]
fn places_that_are_not_there_are_named() {
    let place = TestDir::new();
    let gone = place.path("gone");
    let gone = gone.to_str().unwrap();
    let ended = run(netipc(["ls", "--run-dir", gone]), b"");
    ended.failed(3, "not found", gone);
    let both = ls(&place, &["--run-dir", gone]);
    assert!(both.text().contains(&format!("{gone}: is not there")));
    let file = place.write("file", "");
    let file = file.to_str().unwrap();
    let ended = run(netipc(["ls", "--run-dir", file]), b"");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains("is no directory"), "{}", ended.stdout);
    assert!(
        ended.stderr.contains("it is no directory"),
        "{}",
        ended.stderr
    );
}

#[test]
fn usual_places_come_from_the_environment() {
    let place = TestDir::new();
    let _provider = place.serve(&[INCREMENT]);
    for (variable, args) in [
        ("NETIPC_RUN_DIR", &["ls"][..]),
        ("NETDATA_RUN_DIR", &["ls"]),
        ("NETDATA_RUN_DIR", &["ls", "--netdata"]),
    ] {
        let mut command = netipc(args);
        command.env(variable, place.run_dir());
        let ended = run(command, b"");
        let run_dir = place.run_dir().display().to_string();
        assert!(
            ended.stdout.contains(&run_dir),
            "{variable}: {}",
            ended.stderr
        );
        assert!(ended.stdout.contains("increment (value): live"));
    }
}

#[test]
fn who_may_not_see_is_told_so() {
    const NOBODY: u32 = 65534;
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED what another user sees: only root can try");
        return;
    }
    let place = TestDir::new();
    let _provider = place.serve(&[INCREMENT]);
    let _client = client(&place, 0x01);
    let mut parent = place.run_dir();
    parent.pop();
    for dir in [&parent, &place.run_dir()] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = place.command("ls", &[]);
    command.uid(NOBODY).gid(NOBODY);
    if std::process::Command::new(env!("CARGO_BIN_EXE_netipc"))
        .arg("-V")
        .uid(NOBODY)
        .output()
        .is_err()
    {
        println!("SKIPPED what another user sees: the program is where only root may go");
        return;
    }
    let ended = run(command, b"");
    let text = ended.text();
    assert!(text.contains("increment (value): live"), "{text}");
    assert!(text.contains("client  ?  ?"), "{text}");
    assert!(text.contains("Not seen: sockets and memory of"), "{text}");
    assert!(text.contains("run it as root"), "{text}");
}

#[test]
fn a_process_whose_name_is_no_text_is_shown() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let place = TestDir::new();
    let program = place.path("").join(OsStr::from_bytes(b"net\xffipc"));
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_netipc"), &program).unwrap();
    let mut command = std::process::Command::new(&program);
    command
        .args(["serve", INCREMENT, "--run-dir"])
        .arg(place.run_dir());
    let provider = Provider::start(support::stoppable(support::piped(command)));
    let listeners = &endpoint(&place)["listeners"];
    assert_eq!(listeners[0]["pid"], provider.pid());
    let shown = listeners[0]["command"].as_str().unwrap();
    assert!(shown.contains("net\u{fffd}ipc serve"), "{shown}");
}
