//! Every step, with each system call that it may make refused: it does without, or says what the system said, and leaves
//! nothing behind.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::error::Error;
use std::fs;
use std::io;
use std::os::unix::net::UnixListener as StreamListener;
use std::time::Duration;

use common::filter::refusing;
use common::log::logged;
use common::{SOON, Stage, hear, plan, soon};
use netipc_transport::link::{BindError, BindOptions, LinkError, SessionPlan};
use netipc_transport::{Baseline, Link, Listener, Transport, UnixTransport, Wait};

type Call = (&'static str, libc::c_long);

/// The calls of whoever binds, connects and accepts.
const STARTING: [Call; 18] = [
    ("accept4", libc::SYS_accept4),
    ("bind", libc::SYS_bind),
    ("connect", libc::SYS_connect),
    ("fchmod", libc::SYS_fchmod),
    ("fcntl", libc::SYS_fcntl),
    ("flock", libc::SYS_flock),
    ("fstat", libc::SYS_fstat),
    ("getdents64", libc::SYS_getdents64),
    ("getsockopt", libc::SYS_getsockopt),
    ("listen", libc::SYS_listen),
    ("newfstatat", libc::SYS_newfstatat),
    ("openat", libc::SYS_openat),
    ("ppoll", libc::SYS_ppoll),
    ("recvfrom", libc::SYS_recvfrom),
    ("recvmsg", libc::SYS_recvmsg),
    ("setsockopt", libc::SYS_setsockopt),
    ("socket", libc::SYS_socket),
    ("unlinkat", libc::SYS_unlinkat),
];
/// Those of memory that is shared.
const SHARING: [Call; 12] = [
    ("fallocate", libc::SYS_fallocate),
    ("fchmod", libc::SYS_fchmod),
    ("fcntl", libc::SYS_fcntl),
    ("fstat", libc::SYS_fstat),
    ("fstatfs", libc::SYS_fstatfs),
    ("memfd_create", libc::SYS_memfd_create),
    ("mmap", libc::SYS_mmap),
    ("openat", libc::SYS_openat),
    ("pread64", libc::SYS_pread64),
    ("prlimit64", libc::SYS_prlimit64),
    ("sendmsg", libc::SYS_sendmsg),
    ("socketpair", libc::SYS_socketpair),
];
/// Those of a session, but `futex`: every lock of the process needs it, and a thread that may not wake another leaves it asleep for good.
const TALKING: [Call; 6] = [
    ("futex_waitv", libc::SYS_futex_waitv),
    ("ppoll", libc::SYS_ppoll),
    ("recvfrom", libc::SYS_recvfrom),
    ("recvmsg", libc::SYS_recvmsg),
    ("sendmsg", libc::SYS_sendmsg),
    ("sendto", libc::SYS_sendto),
];
/// What a sandbox says, what a shortage says, and what a fault says.
const ERRORS: [i32; 3] = [libc::EPERM, libc::EMFILE, libc::EIO];
/// A deadline that is meant to pass, often.
const BRIEF: Duration = Duration::from_millis(2);
const RING: u32 = 0x10;
const PROFILES: [u32; 4] = [0x01, 0x02, 0x04, RING];

/// What the system says to a step.
#[derive(Clone, Copy)]
struct Refusal {
    call: Call,
    errno: i32,
}

impl Refusal {
    /// Takes a step under it; gives what came of it, and what was logged.
    fn over<T: Send>(self, step: impl FnOnce() -> T + Send) -> T {
        let Self { call, errno } = self;
        let refused = || refusing(&[call.1], errno, || logged(step));
        let (done, lines) = refused();
        // Every line is about something: an endpoint, a region, a path.
        let vague: Vec<_> = lines.iter().filter(|line| !line.contains('=')).collect();
        assert!(vague.is_empty(), "{} says {errno}: {vague:?}", call.0);
        done
    }

    /// Nothing but `left` stands in the directory of a stage.
    fn leaves(self, stage: &Stage, left: &[&str]) {
        assert_eq!(names(stage), left, "{} says {}", self.call.0, self.errno);
    }

    /// The error names what the system said, in itself or in a cause.
    fn is_told_by(self, error: &(dyn Error + 'static)) {
        let said = io::Error::from_raw_os_error(self.errno).to_string();
        let mut told = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            told.push(error.to_string());
            cause = error.source();
        }
        let is_told = told.iter().any(|text| text.contains(&said));
        assert!(is_told, "{} says {said}: {told:?}", self.call.0);
    }
}

/// Refuses every call in turn, by each error.
fn each_refusal(calls: &[Call], mut step: impl FnMut(Refusal)) {
    for &call in calls {
        for errno in ERRORS {
            step(Refusal { call, errno });
        }
    }
}

/// What stands in the directory of a stage.
fn names(stage: &Stage) -> Vec<String> {
    let entries = fs::read_dir(stage.dir.path()).unwrap();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

fn bind(stage: &Stage) -> Result<Box<dyn Listener>, BindError> {
    UnixTransport::new().bind(&stage.endpoint, &BindOptions::default())
}

fn connect(stage: &Stage) -> Box<dyn Baseline> {
    UnixTransport::new()
        .connect(&stage.endpoint, &soon())
        .unwrap()
}

/// A packet goes each way.
fn talk(a: &mut (impl Link + ?Sized), b: &mut (impl Link + ?Sized)) {
    a.send(b"ques", b"tion", &soon()).unwrap();
    assert_eq!(hear(b), b"question");
    b.send(b"answer", &[], &soon()).unwrap();
    assert_eq!(hear(a), b"answer");
}

fn is_served(stage: &Stage, listener: &mut dyn Listener) {
    let mut client = connect(stage);
    talk(&mut *client, &mut *listener.accept(&soon()).unwrap());
}

fn plan_of(profile: u32) -> SessionPlan {
    SessionPlan { profile, ..plan(1) }
}

#[test]
fn a_server_that_cannot_bind_says_why_and_leaves_nothing() {
    each_refusal(&STARTING, |refusal| {
        let stage = Stage::new();
        match refusal.over(|| bind(&stage)) {
            Ok(mut listener) => is_served(&stage, &mut *listener),
            Err(error) => refusal.is_told_by(&error),
        }
        // What cannot be looked at is not removed: it may be somebody else's.
        if !["newfstatat", "unlinkat"].contains(&refusal.call.0) {
            refusal.leaves(&stage, &[]);
        }
        is_served(&stage, &mut *bind(&stage).unwrap());
        refusal.leaves(&stage, &[]);
    });
}

#[test]
fn a_server_that_cannot_ask_who_is_in_its_place_says_why_and_leaves_it_there() {
    let probes = [
        (libc::EACCES, "it belongs to somebody else"),
        (libc::EPERM, "it belongs to somebody else"),
        (libc::EPROTOTYPE, "it is a socket of another type"),
        (libc::EAGAIN, "its backlog is full"),
        (libc::EMFILE, "no descriptor is left to ask"),
        (libc::ENOSYS, "whether it is alive cannot be told"),
    ];
    for (errno, reason) in probes {
        let stage = Stage::new();
        drop(StreamListener::bind(stage.socket()).unwrap());
        let bound = refusing(&[libc::SYS_connect], errno, || bind(&stage));
        let Err(BindError::AddressInUse { why, .. }) = bound else {
            panic!("{reason}: {bound:?}");
        };
        assert!(why.contains(reason), "{why}, not {reason}");
        assert_eq!(names(&stage), ["svc.sock"]);
        is_served(&stage, &mut *bind(&stage).unwrap());
    }
}

#[test]
fn what_cannot_be_removed_stays_and_is_told() {
    let stage = Stage::new();
    drop(StreamListener::bind(stage.socket()).unwrap());
    let refusal = Refusal {
        call: ("unlinkat", libc::SYS_unlinkat),
        errno: libc::EPERM,
    };
    refusal.is_told_by(&refusal.over(|| bind(&stage)).unwrap_err());
    refusal.leaves(&stage, &["svc.lock", "svc.sock"]);
    let listener = bind(&stage).unwrap();
    let ((), lines) = refusing(&[libc::SYS_unlinkat], libc::EPERM, || {
        logged(|| drop(listener))
    });
    assert!(
        lines
            .iter()
            .any(|line| line.contains("cannot remove the socket")),
        "{lines:?}"
    );
    refusal.leaves(&stage, &["svc.sock"]);
    let region = stage.path("svc-00000000000000aa.ipcshm");
    fs::write(&region, [0; 64]).unwrap();
    let swept = || logged(|| bind(&stage).map(drop));
    let (_, lines) = refusing(&[libc::SYS_unlinkat], libc::EPERM, swept);
    drop((lines, bind(&stage).unwrap()));
    assert!(!region.exists(), "the next one removes it");
}

#[test]
fn a_client_that_cannot_connect_says_why() {
    let stage = Stage::new();
    let mut listener = bind(&stage).unwrap();
    each_refusal(&STARTING, |refusal| {
        let unix = UnixTransport::new();
        match refusal.over(|| unix.connect(&stage.endpoint, &soon())) {
            Ok(mut client) => talk(&mut *client, &mut *listener.accept(&soon()).unwrap()),
            Err(error) if refusal.call.0 == "getsockopt" => {
                assert!(error.to_string().contains("an unknown user"), "{error}");
                drop(listener.accept(&soon()).unwrap());
            }
            Err(error) => refusal.is_told_by(&error),
        }
    });
}

#[test]
fn a_connection_that_cannot_be_taken_is_told_and_the_next_one_is_served() {
    let stage = Stage::new();
    let mut listener = bind(&stage).unwrap();
    each_refusal(&STARTING, |refusal| {
        for accept in [<dyn Listener>::accept, <dyn Listener>::accept_ready] {
            let mut client = connect(&stage);
            client.send(b"hello", &[], &soon()).unwrap();
            let listener = &mut listener;
            match refusal.over(|| accept(&mut **listener, &Wait::timeout(BRIEF))) {
                Ok(mut server) => {
                    assert_eq!(hear(&mut *server), b"hello");
                    talk(&mut *client, &mut *server);
                }
                Err(LinkError::Timeout) => {}
                Err(error) => refusal.is_told_by(&error),
            }
            // It may be waiting still, or closed, as nobody knew what was wrong with it.
            drop(client);
            let mut next = connect(&stage);
            next.send(b"next", &[], &soon()).unwrap();
            let mut heard = Vec::new();
            while heard != b"next" {
                heard = hear(&mut *accept(&mut **listener, &soon()).unwrap());
            }
        }
    });
}

#[test]
fn memory_that_cannot_be_offered_is_told_and_leaves_nothing() {
    for profile in PROFILES {
        each_refusal(&SHARING, |refusal| {
            let stage = Stage::new();
            let (mut client, mut server) = stage.baselines();
            let offered = refusal.over(|| server.offer(&plan_of(profile)));
            if let Err(error) = offered {
                refusal.is_told_by(&error);
                refusal.leaves(&stage, &[]);
                talk(&mut *client, &mut *server);
                server.offer(&plan_of(profile)).unwrap();
            }
            server.send(b"accepted", &[], &soon()).unwrap();
            assert_eq!(hear(&mut *client), b"accepted");
            let mut client = client.attach(&plan_of(profile), &soon()).unwrap();
            talk(&mut *client, &mut *server.switch());
            refusal.leaves(&stage, &[]);
        });
    }
}

#[test]
fn memory_that_cannot_be_attached_is_told() {
    for profile in PROFILES {
        each_refusal(&SHARING, |refusal| {
            let stage = Stage::new();
            let (mut client, mut server) = stage.baselines();
            server.offer(&plan_of(profile)).unwrap();
            server.send(b"accepted", &[], &soon()).unwrap();
            assert_eq!(hear(&mut *client), b"accepted");
            let mut server = server.switch();
            match refusal.over(|| client.attach(&plan_of(profile), &soon())) {
                Ok(mut client) => talk(&mut *client, &mut *server),
                Err(error) => {
                    // A seal that cannot be looked at is none.
                    if !error.to_string().contains("it is not sealed") {
                        refusal.is_told_by(&error);
                    }
                    assert!(server.receive(&mut [0], &soon()).is_err(), "nobody is left");
                }
            }
            drop(server);
            refusal.leaves(&stage, &[]);
        });
    }
}

/// Both ends of a session of a profile.
fn session(stage: &Stage, profile: u32) -> (Box<dyn Link>, Box<dyn Link>) {
    let (mut client, mut server) = stage.baselines();
    server.offer(&plan_of(profile)).unwrap();
    server.send(b"accepted", &[], &soon()).unwrap();
    assert_eq!(hear(&mut *client), b"accepted");
    let client = client.attach(&plan_of(profile), &soon()).unwrap();
    (client, server.switch())
}

#[test]
fn a_packet_that_cannot_be_sent_is_told_and_arrives_whole_or_not_at_all() {
    let long = [7; 4000];
    for profile in PROFILES {
        each_refusal(&TALKING, |refusal| {
            for body in [&long[..], &[]] {
                let stage = Stage::new();
                let (mut client, mut server) = session(&stage, profile);
                let (client, wait) = (&mut client, Wait::timeout(BRIEF));
                match refusal.over(|| client.send(b"head of it", body, &wait)) {
                    Ok(()) => assert_eq!(hear(&mut *server), [b"head of it", body].concat()),
                    Err(error) => refusal.is_told_by(&error),
                }
            }
        });
    }
}

#[test]
fn a_packet_that_cannot_be_received_is_told_and_no_wait_is_longer_than_asked_for() {
    for profile in PROFILES {
        each_refusal(&TALKING, |refusal| {
            for is_there in [false, true] {
                let stage = Stage::new();
                let (mut client, mut server) = session(&stage, profile);
                if is_there {
                    client.send(b"question", &[], &soon()).unwrap();
                }
                let (server, mut packet) = (&mut server, [0; 64]);
                let wait = Wait::timeout(if is_there { SOON } else { BRIEF });
                match refusal.over(|| server.receive(&mut packet, &wait)) {
                    Ok(size) => assert_eq!((is_there, &packet[..size]), (true, &b"question"[..])),
                    Err(LinkError::Timeout) => assert!(!is_there),
                    Err(error) => refusal.is_told_by(&error),
                }
                let _ = refusal
                    .over(|| server.check())
                    .inspect_err(|error| refusal.is_told_by(error));
            }
        });
    }
}
