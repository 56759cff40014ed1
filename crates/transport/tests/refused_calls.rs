//! System calls that a sandbox refuses.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(unsafe_code, reason = "a filter is given to the system as a pointer")]

mod common;

use std::thread;

use common::{Stage, hear, plan, soon};
use netipc_transport::link::{BindError, BindOptions, SessionPlan};
use netipc_transport::{Listener, Transport, UnixTransport};

/// Takes a step in a thread of its own, to which the system answers EIO for `calls`.
fn without<T: Send>(calls: &[libc::c_long], step: impl FnOnce() -> T + Send) -> T {
    refusing(calls, libc::EIO, step)
}

/// The same, with another error.
fn refusing<T: Send>(calls: &[libc::c_long], errno: i32, step: impl FnOnce() -> T + Send) -> T {
    let filter = filter(calls, errno);
    thread::scope(|scope| {
        let stepping = scope.spawn(move || {
            let program = libc::sock_fprog {
                len: filter.len().try_into().unwrap(),
                filter: filter.as_ptr().cast_mut(),
            };
            // SAFETY: it takes numbers alone.
            let promised = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
            assert_eq!(promised, 0);
            let mode = libc::SECCOMP_MODE_FILTER;
            // SAFETY: the program and its filter live until the system has copied them; it is this thread's.
            let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) };
            assert_eq!(set, 0, "this system has no filters");
            step()
        });
        stepping.join().unwrap()
    })
}

/// The program: what is one of `calls` fails with `errno`, and anything else goes on.
fn filter(calls: &[libc::c_long], errno: i32) -> Vec<libc::sock_filter> {
    let line = |code: u32, k: u32, if_equal: u8| libc::sock_filter {
        code: code.try_into().unwrap(),
        jt: if_equal,
        jf: 0,
        k,
    };
    // The number of the call is the first word of what is looked at.
    let mut lines = vec![line(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)];
    for (place, call) in calls.iter().enumerate() {
        let behind = u8::try_from(calls.len() - place).unwrap();
        let equals = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
        lines.push(line(equals, (*call).try_into().unwrap(), behind));
    }
    let answer = libc::BPF_RET | libc::BPF_K;
    lines.push(line(answer, libc::SECCOMP_RET_ALLOW, 0));
    let refusal = libc::SECCOMP_RET_ERRNO | errno.unsigned_abs();
    lines.push(line(answer, refusal, 0));
    lines
}

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
