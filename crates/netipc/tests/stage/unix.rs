//! What a stage is on Unix, and the parts that only Unix has.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_FUTEX, PROFILE_SHM_HYBRID};
use netipc::service::increment::{self, IncrementClient};
use netipc::transport::link::LinkKind;
use netipc::{Server, ServerConfig};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use rustix::time::{ClockId, clock_gettime};

use super::actor::{await_cue, tell};
use super::roles::{Role, asker, incrementer};
use super::{SERVICE, Serving, files, server, soon};

/// The baseline and all shared memory.
pub(crate) const WITH_SHM: u32 = PROFILE_BASELINE | PROFILE_SHM_HYBRID | PROFILE_SHM_FUTEX;
/// What a run directory holds while a server is idle.
pub(crate) const IDLE: &[&str] = &["svc.sock"];
/// Regions of a session that a run directory shows.
pub(crate) const FILES_OF_A_SESSION: usize = 1;
/// Handles that may be open for a moment more.
pub(crate) const SPARE_HANDLES: usize = 0;

/// Threads of this process.
pub(crate) fn threads() -> usize {
    files(Path::new("/proc/self/task")).len()
}

/// The threads of all sessions in this process, where the platform tells: other tests may have some
/// too.
pub(crate) fn session_threads() -> Option<usize> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
    Some(names.filter(|name| name.starts_with("netipc-")).count())
}

pub(super) fn play(role: Role, profiles: u32, dir: &Path) {
    match role {
        Role::StarvedServer => serve_without_descriptors(profiles, dir),
        Role::StarvedClient => ask_without_descriptors(profiles, dir),
        Role::Cramped => work_without_room(profiles, dir),
        Role::Lean => serve_without_memory(profiles, dir),
        Role::Masked => work_under_masks(profiles, dir),
        role => panic!("{role:?} is a part of every platform"),
    }
}

fn serve_without_descriptors(profiles: u32, dir: &Path) {
    let serving = Serving::new(incrementer(profiles, dir));
    tell("ready");
    await_cue();
    with_descriptors(0, || {
        let before = cpu_time();
        tell("starved");
        await_cue();
        tell(&(cpu_time() - before).as_millis().to_string());
    });
    await_cue();
    serving.end();
}

fn ask_without_descriptors(profiles: u32, dir: &Path) {
    let mut client = asker(profiles, dir);
    with_descriptors(0, || client.refresh());
    tell(&client.status().last_error.unwrap());
    client.refresh();
    assert_eq!(client.call(&1).unwrap(), 2, "it has recovered");

    with_descriptors(0, || {
        assert_eq!(client.call(&2).unwrap(), 3, "a session needs no more");
    });
    // One is enough for a socket, which carries the session where a region is out of reach.
    let mut other = asker(profiles, dir);
    with_descriptors(1, || {
        other.refresh();
        assert_eq!(other.call(&3).unwrap(), 4);
    });
    let session = other.status().session.unwrap();
    assert_eq!(session.transport, LinkKind::Socket);
}

fn work_without_room(profiles: u32, dir: &Path) {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=128k", "small"]);
    assert!(mount.arg(dir).status().unwrap().success());

    let serving = Serving::new(incrementer(profiles, dir));
    // The first region fits, and stays usable when the rest is filled up.
    let mut small = asker(profiles, dir);
    small.refresh();
    let _ = fs::write(dir.join("filler"), vec![0; 1 << 20]);
    let mut late = asker(profiles, dir);
    late.refresh();
    for n in 0..100 {
        assert_eq!(small.call(&n).unwrap(), n + 1);
        assert_eq!(late.call(&n).unwrap(), n + 1);
    }
    let transport = |client: &IncrementClient| client.status().session.unwrap().transport;
    tell(&format!("{} and {}", transport(&small), transport(&late)));
    drop((small, late));
    serving.end();
    assert_eq!(files(dir), ["filler"], "nothing is left behind");
}

fn serve_without_memory(profiles: u32, dir: &Path) {
    let config = ServerConfig {
        max_response_payload_bytes: 1 << 30,
        ..server(profiles)
    };
    let serving = Serving::new(Server::new(dir, SERVICE, config, increment::handler()));
    tell("ready");
    // Not even a thread fits, as none has left its stack yet; then one with its heap does.
    for (free, what) in [(4 << 20, "no memory"), (160 << 20, "little memory")] {
        await_cue();
        with_memory(free, || {
            tell(what);
            await_cue();
        });
        tell("enough");
    }
    await_cue();
    serving.end();
}

fn work_under_masks(profiles: u32, dir: &Path) {
    for mask in [0o000, 0o777] {
        let mask = Mode::from_raw_mode(mask);
        let before = umask(mask);
        let serving = Serving::new(incrementer(profiles, dir));
        let mut client = asker(profiles, dir);
        client.refresh();
        // The name of the region goes with the first message.
        assert_eq!(files(dir).len(), 2, "a socket and a region");
        for name in files(dir) {
            let mode = fs::metadata(dir.join(&name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "{name} under {mask:?}");
        }
        assert_eq!(client.call(&1).unwrap(), 2);
        drop(client);
        serving.end();
        assert_eq!(umask(before), mask, "unchanged");
    }
}

fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap()
}

/// Runs `step` while only `free` more descriptors can be opened.
fn with_descriptors<T>(free: u64, step: impl FnOnce() -> T) -> T {
    let limit = getrlimit(Resource::Nofile);
    let probe = fs::File::open("/").unwrap();
    let first_free = u64::try_from(probe.as_raw_fd()).unwrap();
    drop(probe);
    let current = Some(first_free + free);
    setrlimit(Resource::Nofile, Rlimit { current, ..limit }).unwrap();
    let result = step();
    setrlimit(Resource::Nofile, limit).unwrap();
    result
}

/// Takes a step that can have `free` bytes of memory besides what there is.
fn with_memory<T>(free: u64, step: impl FnOnce() -> T) -> T {
    let limit = getrlimit(Resource::As);
    let current = Some(settled_size() + free);
    setrlimit(Resource::As, Rlimit { current, ..limit }).unwrap();
    let result = step();
    setrlimit(Resource::As, limit).unwrap();
    result
}

/// Bytes of this process's memory, once threads that begin or end no longer change them.
fn settled_size() -> u64 {
    let (mut last, mut alike) = (0, 0);
    while alike < 50 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let mut lines = status.lines();
        let size = lines.find_map(|line| line.strip_prefix("VmSize:")).unwrap();
        let kib: u64 = size.trim().trim_end_matches(" kB").parse().unwrap();
        alike = if kib == last { alike + 1 } else { 0 };
        last = kib;
        soon().sleep(Duration::from_millis(4)).unwrap();
    }
    last * 1024
}
