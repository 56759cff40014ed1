//! Peers in processes of their own, which are killed and frozen, and what is left then.

use std::thread;

use netipc_conformance::process::open_handles;
use netipc_transport::link::{LinkError, SessionPlan};
use netipc_transport::{Abort, Link, NativeTransport, Transport, Wait, testing};

use super::common::{Actor, Stage, await_cue, hear, plan, role, role_dir, soon, tell};
use super::{PROFILES, SHORT, bind, say};

fn over(profile: u32) -> SessionPlan {
    SessionPlan { profile, ..plan(1) }
}

/// A client in another process, at the other end of a session: `hold_a_session` as a child.
fn client_process(test: &str, profile: u32) -> (Stage, Actor, Box<dyn Link>) {
    let stage = Stage::new();
    let mut listener = bind(&stage);
    let mut client = Actor::new(test, &format!("client {profile}"), stage.dir.path());
    let mut server = listener.accept(&soon()).unwrap();
    server.offer(&over(profile)).unwrap();
    say(&mut *server, b"accepted");
    let server = server.switch();
    assert_eq!(client.hear(), "attached");
    (stage, client, server)
}

/// The same the other way round.
fn server_process(test: &str, profile: u32) -> (Stage, Actor, Box<dyn Link>) {
    let stage = Stage::new();
    let mut server = Actor::new(test, &format!("server {profile}"), stage.dir.path());
    assert_eq!(server.hear(), "listening");
    let mut client = NativeTransport::new()
        .connect(&stage.endpoint, &soon())
        .unwrap();
    hear(&mut *client);
    let client = client.attach(&over(profile), &soon()).unwrap();
    (stage, server, client)
}

/// What the child does, if this is one.
fn is_child() -> bool {
    let Some(role) = role() else {
        return false;
    };
    let (side, profile) = role.split_once(' ').unwrap();
    let profile = over(profile.parse().unwrap());
    let endpoint = netipc_transport::Endpoint::new(role_dir(), "svc").unwrap();
    let transport = NativeTransport::new();
    let mut link = if side == "client" {
        let mut client = transport.connect(&endpoint, &soon()).unwrap();
        hear(&mut *client);
        let link = client.attach(&profile, &soon()).unwrap();
        tell("attached");
        link
    } else {
        let mut listener = transport.bind(&endpoint, &Default::default()).unwrap();
        tell("listening");
        let mut server = listener.accept(&soon()).unwrap();
        server.offer(&profile).unwrap();
        say(&mut *server, b"accepted");
        server.switch()
    };
    await_cue();
    if side == "client" {
        say(&mut *link, b"question");
        assert_eq!(hear(&mut *link), b"answer");
    }
    true
}

// Rule N16.
#[test]
fn defect_36_a_killed_peer_is_noticed() {
    const TEST: &str = "peers::defect_36_a_killed_peer_is_noticed";
    if is_child() {
        return;
    }
    for make in [client_process, server_process] {
        for profile in PROFILES {
            let (_stage, mut peer, mut link) = make(TEST, profile);
            let received = thread::scope(|scope| {
                let waiting = scope.spawn(|| link.receive(&mut [0; 32], &soon()));
                peer.kill();
                waiting.join().unwrap()
            });
            assert!(
                matches!(received, Err(LinkError::Disconnected)),
                "{profile:#x}: {received:?}"
            );
            assert!(link.check().is_err(), "{profile:#x}");
        }
    }
}

#[test]
fn a_frozen_peer_holds_nobody_and_goes_on() {
    const TEST: &str = "peers::a_frozen_peer_holds_nobody_and_goes_on";
    if is_child() {
        return;
    }
    for profile in PROFILES {
        let (_stage, mut peer, mut link) = client_process(TEST, profile);
        assert!(testing::suspend(peer.child()));
        // It would ask at once if it ran.
        peer.cue();
        let received = link.receive(&mut [0; 32], &Wait::timeout(SHORT * 10));
        assert!(
            matches!(received, Err(LinkError::Timeout)),
            "{profile:#x}: {received:?}"
        );
        let abort = Abort::new();
        let received = thread::scope(|scope| {
            let waiting = scope.spawn(|| link.receive(&mut [0; 32], &soon().or_abort(&abort)));
            abort.raise();
            waiting.join().unwrap()
        });
        assert!(
            matches!(received, Err(LinkError::Aborted)),
            "{profile:#x}: {received:?}"
        );
        assert!(testing::resume(peer.child()));
        assert_eq!(hear(&mut *link), b"question");
        say(&mut *link, b"answer");
        let ended = link.receive(&mut [0; 32], &soon());
        assert!(
            matches!(ended, Err(LinkError::Disconnected)),
            "{profile:#x}: {ended:?}"
        );
    }
}

#[test]
fn no_handle_is_left_behind() {
    const TEST: &str = "peers::no_handle_is_left_behind";
    // In a process of its own: other tests open handles meanwhile.
    if role().is_none() {
        let stage = Stage::new();
        super::common::in_child(TEST, "alone", stage.dir.path());
        return;
    }
    let session = |profile: u32| {
        let stage = Stage::new();
        let (mut client, mut server) = stage.session(&over(profile));
        say(&mut *client, b"question");
        hear(&mut *server);
        say(&mut *server, b"answer");
        hear(&mut *client);
        let timed_out = client.receive(&mut [0; 32], &Wait::timeout(SHORT));
        assert!(matches!(timed_out, Err(LinkError::Timeout)));
    };
    // What is made once and kept is made first.
    PROFILES.into_iter().for_each(session);
    let before = open_handles();
    for _ in 0..20 {
        PROFILES.into_iter().for_each(session);
    }
    let after = open_handles();
    assert!(after <= before + 2, "{before} handles became {after}");
}

#[test]
fn what_another_thread_began_goes_on() {
    let stage = Stage::new();
    let mut listener = thread::scope(|scope| scope.spawn(|| bind(&stage)).join().unwrap());
    let mut client = NativeTransport::new()
        .connect(&stage.endpoint, &soon())
        .unwrap();
    let mut server = thread::scope(|scope| {
        let accept = scope.spawn(|| listener.accept(&soon()).unwrap());
        accept.join().unwrap()
    });
    say(&mut *client, b"question");
    assert_eq!(hear(&mut *server), b"question");
}
