//! System calls that a sandbox refuses.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::filter::{refusing, without};
use common::{Stage, hear, plan, soon};
use netipc_transport::link::{BindError, BindOptions, SessionPlan};
use netipc_transport::{Listener, Transport, UnixTransport};

// Rule L22.
#[test]
fn a_region_that_cannot_be_looked_at_leaves_no_file() {
    let stage = Stage::new();
    let (_client, mut server) = stage.baselines();
    let look = [libc::SYS_fstat, libc::SYS_newfstatat, libc::SYS_statx];
    let offered = without(&look, || server.offer(&plan(1)));
    assert_eq!(offered.unwrap_err().raw_os_error(), Some(libc::EIO));
    // What is left of its socket, whose listener is gone.
    let left = std::fs::read_dir(stage.dir.path()).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.is_empty(), "{names:?}");
    server.offer(&plan(1)).unwrap();
}

/// Binds while locks fail with `errno`, beside a lock of somebody else or none.
fn bind_without_locks(
    unix: &UnixTransport,
    stage: &Stage,
    errno: i32,
    theirs: bool,
) -> Result<Box<dyn Listener>, BindError> {
    let lock = stage.path("svc.lock");
    if theirs {
        std::fs::write(&lock, "").unwrap();
    }
    let bind = || unix.bind(&stage.endpoint, &BindOptions::default());
    let bound = refusing(&[libc::SYS_flock], errno, bind);
    assert_eq!(lock.exists(), theirs, "error {errno}");
    bound
}

#[test]
fn a_server_that_may_not_lock_leaves_the_lock_of_others_and_none_of_its_own() {
    for errno in [libc::EPERM, libc::EACCES, libc::ENOSYS] {
        for theirs in [false, true] {
            let (unix, stage) = (UnixTransport::new(), Stage::new());
            let mut listener = bind_without_locks(&unix, &stage, errno, theirs).unwrap();
            let _client = unix.connect(&stage.endpoint, &soon()).unwrap();
            listener.accept(&soon()).unwrap();
        }
    }
}

#[test]
fn a_server_whose_lock_fails_says_so_and_leaves_no_lock_of_its_own() {
    for theirs in [false, true] {
        let (unix, stage) = (UnixTransport::new(), Stage::new());
        let failed = bind_without_locks(&unix, &stage, libc::ENOLCK, theirs).unwrap_err();
        let BindError::Io { source, .. } = failed else {
            panic!("{failed}");
        };
        assert_eq!(source.raw_os_error(), Some(libc::ENOLCK));
        unix.bind(&stage.endpoint, &BindOptions::default()).unwrap();
    }
}

#[test]
fn a_ring_has_nothing_to_watch_while_no_descriptor_is_left_to_tell_of_packets() {
    let stage = Stage::new();
    let (mut client, mut server) = stage.baselines();
    let plan = SessionPlan {
        profile: 0x10,
        ..plan(1)
    };
    server.offer(&plan).unwrap();
    server.send(b"accepted", &[], &soon()).unwrap();
    hear(&mut *client);
    let mut client = client.attach(&plan, &soon()).unwrap();
    for call in [libc::SYS_eventfd2, libc::SYS_epoll_create1] {
        // It is `Send`, and not shared.
        let link = &mut client;
        let watched = refusing(&[call], libc::EMFILE, move || link.wait_object().is_some());
        assert!(!watched, "call {call}");
    }
    assert!(client.wait_object().is_some(), "once there are descriptors");
}
