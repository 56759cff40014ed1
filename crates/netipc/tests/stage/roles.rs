//! What a process of its own does, until it is told to stop or is killed.

use std::path::Path;
use std::thread;
use std::time::Duration;

use netipc::service::cgroups::{CgroupsCache, Handler, ManagedServer};
use netipc::service::increment::{self, Increment, IncrementClient};
use netipc::transport::{Abort, Wait};
use netipc::{Client, Handler as AnyHandler, Server};
use netipc_conformance::process::open_handles;

use super::actor::{await_cue, part, tell};
use super::{SERVICE, Serving, client, files, platform, server, until};

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
    /// Serves INCREMENT with answers of up to 1 GiB, at times with little memory, or with none for a thread.
    Lean,
    /// Serves and asks under an umask that lets everything through, and one that lets nothing.
    Masked,
    /// Serves and asks in many rounds, and leaves nothing behind.
    Tidy,
}

impl Role {
    const ALL: [Self; 11] = [
        Self::Incrementer,
        Self::Mute,
        Self::Provider,
        Self::Holder,
        Self::Askers,
        Self::StarvedServer,
        Self::StarvedClient,
        Self::Cramped,
        Self::Lean,
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
            Self::Tidy => leave_nothing(profiles, dir),
            Self::StarvedServer
            | Self::StarvedClient
            | Self::Cramped
            | Self::Lean
            | Self::Masked => platform::play(self, profiles, dir),
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
    let (threads, handles) = (platform::threads(), open_handles());
    for _ in 0..20 {
        run();
    }
    until("threads are gone", || {
        (platform::threads() <= threads).then_some(())
    });
    let left = open_handles();
    assert!(
        left <= handles + platform::SPARE_HANDLES,
        "{handles} handles became {left}"
    );
    assert_eq!(files(dir), [""; 0]);
}

pub(super) fn incrementer(profiles: u32, dir: &Path) -> Server<Increment> {
    Server::new(dir, SERVICE, server(profiles), increment::handler())
}

pub(super) fn asker(profiles: u32, dir: &Path) -> IncrementClient {
    Client::new(dir, SERVICE, client(profiles))
}
