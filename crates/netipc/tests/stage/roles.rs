//! What a process of its own does, until it is told to stop or is killed.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use netipc::service::cgroups::{CgroupsCache, Handler, ManagedServer};
use netipc::service::increment::{self, Increment, IncrementClient};
use netipc::transport::link::LinkKind;
use netipc::transport::{Abort, Wait};
use netipc::{Client, Handler as AnyHandler, Server};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use rustix::time::{ClockId, clock_gettime};

use super::actor::{await_cue, part, tell};
use super::{SERVICE, Serving, client, files, server, until};

/// The parts there are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// Serves INCREMENT.
    Incrementer,
    /// Serves INCREMENT, and tells of requests instead of answering them.
    Mute,
    /// Serves a snapshot.
    Provider,
    /// Has a session, and is silent on it.
    Holder,
    /// Asks again and again from four threads.
    Askers,
    /// Serves INCREMENT, at times without descriptors.
    StarvedServer,
    /// Asks for increments, at times without descriptors.
    StarvedClient,
    /// Serves and asks in a file system without room.
    Cramped,
    /// Serves and asks under an umask that lets everything through, and one that lets nothing.
    Masked,
    /// Serves and asks in many rounds, and leaves nothing behind.
    Tidy,
}

impl Role {
    const ALL: [Self; 10] = [
        Self::Incrementer,
        Self::Mute,
        Self::Provider,
        Self::Holder,
        Self::Askers,
        Self::StarvedServer,
        Self::StarvedClient,
        Self::Cramped,
        Self::Masked,
        Self::Tidy,
    ];

    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }

    fn play(self, profiles: u32, dir: &Path) {
        match self {
            Self::Incrementer => serve_increments(profiles, dir),
            Self::Mute => serve_mutely(profiles, dir),
            Self::Provider => serve_snapshots(profiles, dir),
            Self::Holder => hold_a_session(profiles, dir),
            Self::Askers => ask_from_many_threads(profiles, dir),
            Self::StarvedServer => serve_without_descriptors(profiles, dir),
            Self::StarvedClient => ask_without_descriptors(profiles, dir),
            Self::Cramped => work_without_room(profiles, dir),
            Self::Masked => work_under_masks(profiles, dir),
            Self::Tidy => leave_nothing(profiles, dir),
        }
    }
}

#[test]
#[ignore = "a part that other tests start in a process of its own"]
fn role() {
    let (name, profiles, dir) = part();
    let role = Role::ALL.into_iter().find(|role| role.name() == name);
    role.unwrap().play(profiles, &dir);
}

fn serve_increments(profiles: u32, dir: &Path) {
    let serving = Serving::new(incrementer(profiles, dir));
    tell("ready");
    await_cue();
    serving.end();
}

fn serve_mutely(profiles: u32, dir: &Path) {
    let forever = Abort::new();
    let ended = forever.clone();
    let handler = AnyHandler::<Increment>::new(move |n, _answer| {
        tell(&format!("asked {n}"));
        // Ends with the process, or when the test lets it.
        let _ = Wait::forever().or_abort(&ended).sleep(Duration::MAX);
        false
    });
    let serving = Serving::new(Server::new(dir, SERVICE, server(profiles), handler));
    tell("ready");
    await_cue();
    forever.raise();
    serving.end();
}

fn serve_snapshots(profiles: u32, dir: &Path) {
    let handler = Handler::new(|_request, answer| {
        answer.set_header(1, u64::from(std::process::id()));
        answer.add(1, 0, 1, b"one", b"/one")?;
        answer.add(2, 0, 1, b"two", b"/two")
    });
    let serving = Serving::new(ManagedServer::new(dir, SERVICE, server(profiles), handler));
    tell("ready");
    await_cue();
    serving.end();
}

fn hold_a_session(profiles: u32, dir: &Path) {
    let mut client = asker(profiles, dir);
    client.refresh();
    tell(&client.state().to_string());
    await_cue();
    if client.ready() {
        assert_eq!(client.call(&1).unwrap(), 2);
    }
}

fn ask_from_many_threads(profiles: u32, dir: &Path) {
    let ended = Abort::new();
    thread::scope(|scope| {
        for thread in 0..4 {
            let ended = &ended;
            scope.spawn(move || {
                let mut client = asker(profiles, dir);
                let mut asked: u64 = 0;
                while !ended.is_raised() {
                    client.refresh();
                    if client.call(&asked).is_ok_and(|n| n == asked + 1) {
                        asked += 1;
                        if asked == 10 {
                            tell(&format!("asker {thread} at work"));
                        }
                    }
                }
            });
        }
        await_cue();
        ended.raise();
    });
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

fn work_under_masks(profiles: u32, dir: &Path) {
    for mask in [0o000, 0o777] {
        let mask = Mode::from_raw_mode(mask);
        let before = umask(mask);
        let serving = Serving::new(incrementer(profiles, dir));
        let mut client = asker(profiles, dir);
        client.refresh();
        assert_eq!(client.call(&1).unwrap(), 2);
        assert_eq!(files(dir).len(), 2, "a socket and a region");
        for name in files(dir) {
            let mode = fs::metadata(dir.join(&name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "{name} under {mask:?}");
        }
        drop(client);
        serving.end();
        assert_eq!(umask(before), mask, "unchanged");
    }
}

fn leave_nothing(profiles: u32, dir: &Path) {
    let run = || {
        let serving = Serving::new(incrementer(profiles, dir));
        let mut clients: Vec<_> = (0..3).map(|_| asker(profiles, dir)).collect();
        for client in &mut clients {
            client.refresh();
            assert_eq!(client.call(&1).unwrap(), 2);
        }
        let mut cache = CgroupsCache::new(dir, SERVICE, client(profiles));
        assert!(!cache.refresh(), "the endpoint serves another method");
        // Half of them leave first, the other half last.
        clients.truncate(1);
        serving.end();
    };
    run();
    // A thread is gone from the table only shortly after it has been joined.
    let tasks = files(Path::new("/proc/self/task")).len();
    let descriptors = files(Path::new("/proc/self/fd")).len();
    for _ in 0..20 {
        run();
    }
    until("threads are gone", || {
        (files(Path::new("/proc/self/task")).len() <= tasks).then_some(())
    });
    assert_eq!(files(Path::new("/proc/self/fd")).len(), descriptors);
    assert_eq!(files(dir), [""; 0]);
}

fn incrementer(profiles: u32, dir: &Path) -> Server<Increment> {
    Server::new(dir, SERVICE, server(profiles), increment::handler())
}

fn asker(profiles: u32, dir: &Path) -> IncrementClient {
    Client::new(dir, SERVICE, client(profiles))
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
