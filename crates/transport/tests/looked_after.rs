//! What has to go on working when a process moves, forks, or dies: each part is played by a process of
//! its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use netipc_transport::link::{BindError, BindOptions, LinkError, Listener};
use netipc_transport::{Endpoint, Transport, UnixTransport};
use rustix::process::{Pid, Signal, kill_process};

use common::{
    Actor, Stage, await_cue, good_header, in_child, plan, role, role_dir, soon, tell, write_region,
};

const REGION: &str = "svc-00000000000000aa.ipcshm";

fn bind(endpoint: &Endpoint) -> Result<Box<dyn Listener>, BindError> {
    UnixTransport::new().bind(endpoint, &BindOptions::default())
}

fn names(dir: &Path) -> Vec<String> {
    let entries = dir.read_dir().unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

// Rules L18, L31.
#[test]
fn a_process_that_moves_finds_what_is_its_own() {
    const TEST: &str = "a_process_that_moves_finds_what_is_its_own";
    let Some(role) = role() else {
        for role in ["binds, moves", "moves, binds", "a long way"] {
            let stage = Stage::new();
            in_child(TEST, role, stage.dir.path());
            assert_eq!(
                names(&stage.path("run")),
                [""; 0],
                "{role}: nothing is left"
            );
        }
        return;
    };
    std::env::set_current_dir(role_dir()).unwrap();
    fs::create_dir("run").unwrap();
    // Longer than a socket's path may be, once it is absolute.
    let given = if role == "a long way" {
        "./././././././././././././././././././run"
    } else {
        "run"
    };
    let relative = Endpoint::new(given, "svc").unwrap();
    let move_away = || std::env::set_current_dir("/").unwrap();
    if role != "binds, moves" {
        move_away();
    }
    let mut listener = bind(&relative).unwrap();
    move_away();
    let absolute = Endpoint::new(role_dir().join("run"), "svc").unwrap();
    for endpoint in [&relative, &absolute] {
        let client = UnixTransport::new().connect(endpoint, &soon()).unwrap();
        let mut server = listener.accept(&soon()).unwrap();
        server.offer(&plan(1)).unwrap();
        let mut client = client.attach(&plan(1), &soon()).unwrap();
        let mut server = server.switch();
        client.send(b"over shared memory", &[], &soon()).unwrap();
        assert_eq!(common::hear(&mut *server), b"over shared memory");
    }
    let error = bind(&absolute).unwrap_err();
    assert!(matches!(error, BindError::AddressInUse { .. }), "{error:?}");
}

// Rule L32.
#[test]
fn a_region_whose_owner_cannot_have_made_it_is_removed() {
    const TEST: &str = "a_region_whose_owner_cannot_have_made_it_is_removed";
    if role().is_some() {
        tell("here");
        return await_cue();
    }
    let stage = Stage::new();
    let mut live = Actor::new(TEST, "somebody", stage.dir.path());
    live.hear();
    let mut ended = Command::new("true").spawn().unwrap();
    // It is waited for and not reaped: a zombie.
    while !is_zombie(ended.id()) {
        soon().sleep(Duration::from_millis(1)).unwrap();
    }
    let hour = Duration::from_secs(3600);
    let now = SystemTime::now();
    for (what, pid, made, stays) in [
        ("of a live process", live.pid(), now, true),
        ("of one that may have made it", live.pid(), now + hour, true),
        (
            "of an earlier process of that number",
            live.pid(),
            now - hour,
            false,
        ),
        ("of a zombie", ended.id().cast_signed(), now, false),
        (
            "of a zombie, of late",
            ended.id().cast_signed(),
            now + hour,
            false,
        ),
    ] {
        let path = stage.path(REGION);
        write_region(&path, good_header(pid, 7), 8384);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(made)
            .unwrap();
        drop(bind(&stage.endpoint).unwrap());
        assert_eq!(path.exists(), stays, "{what}");
    }
    ended.wait().unwrap();
}

fn is_zombie(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.starts_with('Z')
}

// Rules L15, L27.
#[test]
fn a_child_that_was_forked_keeps_no_endpoint_alive() {
    const TEST: &str = "a_child_that_was_forked_keeps_no_endpoint_alive";
    if role().is_some() {
        let endpoint = Endpoint::new(role_dir(), "svc").unwrap();
        let mut listener = bind(&endpoint).unwrap();
        tell("bound");
        let _session = listener.accept(&soon()).unwrap();
        tell(&fork_sleeper().to_string());
        return await_cue();
    }
    let stage = Stage::new();
    let mut server = Actor::new(TEST, "server", stage.dir.path());
    assert_eq!(server.hear(), "bound");
    let mut client = UnixTransport::new()
        .connect(&stage.endpoint, &soon())
        .unwrap();
    let child = Sleeper(Pid::from_raw(server.hear().parse().unwrap()).unwrap());
    server.kill();
    let ended = client.receive(&mut [0; 8], &soon()).unwrap_err();
    assert!(
        matches!(ended, LinkError::Disconnected | LinkError::Reset(_)),
        "{ended:?}"
    );
    let _successor = bind(&stage.endpoint).unwrap();
    kill_process(child.0, Signal::CONT).expect("the child is still there");
}

/// A child of a child, that nobody waits for.
struct Sleeper(Pid);

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}

#[expect(unsafe_code, reason = "nothing forks without it")]
fn fork_sleeper() -> i32 {
    // SAFETY: the child calls nothing but what a child of many threads may.
    let child = unsafe { libc::fork() };
    if child == 0 {
        loop {
            // SAFETY: it takes no argument.
            unsafe { libc::pause() };
        }
    }
    assert!(child > 0);
    child
}
