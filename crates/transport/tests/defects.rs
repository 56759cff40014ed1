//! Defects of deployed peers that this transport must not have, by their number in the contract.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::os::unix::net::UnixListener as StreamListener;
use std::thread;
use std::time::Duration;

use netipc_transport::link::{AttachError, BindError, BindOptions, ConnectError, LinkError};
use netipc_transport::{Abort, Transport, UnixTransport, Wait};
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::net::{SendFlags, send};

use common::{SHORT, SOON, Stage, good_header, hear, plan, prompt, soon, timed, write_region};

const REGION: &str = "svc-0000000000000001.ipcshm";

fn transport() -> UnixTransport {
    UnixTransport::new()
}

fn backlog(size: u16) -> BindOptions {
    let mut options = BindOptions::default();
    options.backlog = Some(size);
    options
}

/// Connects until the backlog is full.
fn fill(stage: &Stage) -> Vec<impl Sized> {
    let mut waiting = Vec::new();
    while let Ok(client) = transport().connect(&stage.endpoint, &Wait::timeout(Duration::ZERO)) {
        waiting.push(client);
        assert!(waiting.len() < 100, "the backlog never fills");
    }
    waiting
}

// Rule L12.
#[test]
fn defect_02_connect_and_send_have_a_deadline() {
    let stage = Stage::new();
    let mut listener = transport().bind(&stage.endpoint, &backlog(1)).unwrap();
    let _waiting = fill(&stage);
    let (connected, taken) = timed(|| transport().connect(&stage.endpoint, &Wait::timeout(SHORT)));
    let error = connected.unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::Interrupted {
                source: LinkError::Timeout,
                ..
            }
        ),
        "{error:?}"
    );
    assert!((SHORT..SOON).contains(&taken), "{taken:?}");

    let mut server = listener.accept(&soon()).unwrap();
    let sent = (0..100_000).find_map(|_| server.send(&[0; 1000], &[], &Wait::timeout(SHORT)).err());
    assert!(matches!(sent, Some(LinkError::Timeout)), "{sent:?}");
}

// Rule L14.
#[test]
fn defect_03_a_probe_of_a_full_backlog_does_not_hang() {
    let stage = Stage::new();
    let _listener = transport().bind(&stage.endpoint, &backlog(1)).unwrap();
    let _waiting = fill(&stage);
    let bound = transport().bind(&stage.endpoint, &backlog(1));
    let error = bound.unwrap_err();
    assert!(matches!(error, BindError::AddressInUse { .. }), "{error:?}");
}

// Rule L14.
#[test]
fn defect_04_a_live_socket_is_never_deleted() {
    let stage = Stage::new();
    let inode = || fs::symlink_metadata(stage.socket()).unwrap().ino();
    let refused = |what: &str| {
        let error = transport()
            .bind(&stage.endpoint, &BindOptions::default())
            .expect_err(what);
        assert!(
            matches!(error, BindError::AddressInUse { .. }),
            "{what}: {error:?}"
        );
    };
    let listener = transport().bind(&stage.endpoint, &backlog(1)).unwrap();
    let before = inode();
    let waiting = fill(&stage);
    refused("its backlog is full");
    assert_eq!(inode(), before);
    drop((waiting, listener));

    let _stream = StreamListener::bind(stage.socket()).unwrap();
    let before = inode();
    refused("it is of another type");
    assert_eq!(inode(), before);
}

// Rule L17.
#[test]
fn defect_05_closing_a_listener_spares_its_successor() {
    let stage = Stage::new();
    let first = transport()
        .bind(&stage.endpoint, &BindOptions::default())
        .unwrap();
    fs::rename(stage.socket(), stage.path("moved")).unwrap();
    let _second = transport()
        .bind(&stage.endpoint, &BindOptions::default())
        .unwrap();
    drop(first);
    transport().connect(&stage.endpoint, &soon()).unwrap();
}

#[test]
fn defect_09_a_hang_up_says_nothing_about_shared_memory() {
    // At once, and not after all retries.
    prompt("a hang-up", Duration::from_millis(400), || {
        let stage = Stage::new();
        let (client, server) = stage.baselines();
        let (attached, taken) = thread::scope(|scope| {
            let attaching = scope.spawn(|| timed(|| client.attach(&plan(1), &Wait::forever())));
            drop(server);
            attaching.join().unwrap()
        });
        let error = attached.unwrap_err();
        assert!(matches!(error, AttachError::HungUp), "{error:?}");
        taken
    });
}

// Rule L23.
#[test]
fn defect_09_a_failed_attach_takes_half_a_second_at_most() {
    let stage = Stage::new();
    let (client, _server) = stage.baselines();
    let (attached, taken) = timed(|| client.attach(&plan(1), &Wait::forever()));
    let error = attached.unwrap_err();
    assert!(matches!(error, AttachError::Unusable { .. }), "{error:?}");
    assert!(taken < SOON, "{taken:?}");
}

// Rule L23.
#[test]
fn defect_09_an_attach_ends_at_deadline_and_abort() {
    let stage = Stage::new();
    let (client, _server) = stage.baselines();
    let error = client.attach(&plan(1), &Wait::timeout(SHORT)).unwrap_err();
    assert!(
        matches!(
            error,
            AttachError::Interrupted {
                source: LinkError::Timeout,
                ..
            }
        ),
        "{error:?}"
    );
    let (client, _server) = stage.baselines();
    let abort = Abort::new();
    let error = thread::scope(|scope| {
        let attaching = scope.spawn(|| client.attach(&plan(1), &Wait::forever().or_abort(&abort)));
        abort.raise();
        attaching.join().unwrap().unwrap_err()
    });
    assert!(
        matches!(
            error,
            AttachError::Interrupted {
                source: LinkError::Aborted,
                ..
            }
        ),
        "{error:?}"
    );
}

// Rule L10.
#[test]
fn defect_11_a_cut_packet_tells_its_full_length() {
    let stage = Stage::new();
    let (mut client, mut server) = stage.baselines();
    client.send(&[1; 32], &[2; 1000], &soon()).unwrap();
    client.send(b"next", &[], &soon()).unwrap();
    let mut packet = [0; 132];
    assert_eq!(server.receive(&mut packet, &soon()).unwrap(), 1032);
    assert_eq!(packet, *[&[1; 32][..], &[2; 100]].concat());
    assert_eq!(
        hear(&mut *server),
        b"next",
        "the rest is gone, not a packet of its own"
    );
}

// Rule L9.
#[test]
fn defect_12_the_packet_size_is_what_the_kernel_takes() {
    let stage = Stage::new();
    let (mut client, mut server) = stage.baselines();
    let size = client.packet_size() as usize;
    assert_eq!(
        size + 32,
        rustix::net::sockopt::socket_send_buffer_size(client.wait_object().unwrap()).unwrap()
    );
    client.send(&vec![1; size], &[], &soon()).unwrap();
    assert_eq!(hear(&mut *server).len(), size);
    let beyond = send(
        client.wait_object().unwrap(),
        &vec![1; size + 1],
        SendFlags::NOSIGNAL,
    );
    assert_eq!(
        beyond,
        Err(rustix::io::Errno::MSGSIZE),
        "one more is too much for the kernel itself"
    );
}

// Rule L10.
#[test]
fn defect_13_an_empty_packet_is_no_end_of_stream() {
    let stage = Stage::new();
    let mut listener = transport()
        .bind(&stage.endpoint, &BindOptions::default())
        .unwrap();
    for accept_first in [true, false] {
        let client = transport().connect(&stage.endpoint, &soon()).unwrap();
        let say_nothing = || send(client.wait_object().unwrap(), &[], SendFlags::NOSIGNAL).unwrap();
        let mut server = if accept_first {
            let server = listener.accept(&soon()).unwrap();
            say_nothing();
            server
        } else {
            say_nothing();
            listener.accept(&soon()).unwrap()
        };
        server.check().expect("it is something to receive");
        let received = server.receive(&mut [0; 32], &soon());
        assert!(
            matches!(received, Err(LinkError::Protocol { .. })),
            "{received:?}"
        );
        drop(client);
        let received = server.receive(&mut [0; 32], &soon());
        assert!(
            matches!(received, Err(LinkError::Disconnected)),
            "{received:?}"
        );
    }
}

// Rule L32.
#[test]
fn defect_15_what_is_stale_is_removed_and_nothing_else() {
    let stage = Stage::new();
    let own = std::process::id().cast_signed();
    // No process has it: the largest id is far below.
    let dead = i32::MAX;
    let region = |id: u8| stage.path(&format!("svc-00000000000000{id:02x}.ipcshm"));
    write_region(&region(1), good_header(dead, 1), 8384);
    write_region(&region(2), good_header(1, 0), 8384);
    write_region(&region(3), good_header(own, 1), 8384);
    write_region(&region(4), good_header(1, 1), 63);
    write_region(&region(5), [0; 8], 8384);
    write_region(&region(6), good_header(0, 1), 8384);
    write_region(&region(7), good_header(-1, 1), 8384);
    mkfifoat(CWD, region(8), Mode::RUSR | Mode::WUSR).unwrap();
    symlink("nowhere", region(9)).unwrap();
    let kept = [
        "svc-00000000000000aa.ipcshm",
        "svc-00000000000000AB.ipcshm",
        "svc-extra-0000000000000001.ipcshm",
        "svc-0000000000000001.ipcshm.old",
        "svc-1.ipcshm",
    ];
    write_region(&stage.path(kept[0]), good_header(1, 1), 8384);
    kept[1..]
        .iter()
        .for_each(|name| write_region(&stage.path(name), good_header(dead, 1), 8384));

    // A FIFO must not hang the scan.
    let listener = transport().bind(&stage.endpoint, &BindOptions::default());
    drop(listener.unwrap());
    let mut left: Vec<_> = stage
        .dir
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    let mut kept = kept;
    kept.sort_unstable();
    assert_eq!(left, kept);
}

// Rule L22.
#[test]
fn defect_15_a_live_region_has_a_generation() {
    let stage = Stage::new();
    let (_client, _server) = stage.session(&plan(1));
    let header = fs::read(stage.path(REGION)).unwrap();
    assert_ne!(header[12..16], [0; 4]);
}

// Rule L5.
#[test]
fn defect_16_everything_is_close_on_exec() {
    let stage = Stage::new();
    let (client, mut server) = stage.session(&plan(1));
    let (baseline, _peer) = stage.baselines();
    let listener = transport()
        .bind(&stage.endpoint, &BindOptions::default())
        .unwrap();
    let abort = Abort::new();
    let ended = server.receive(&mut [0; 1], &Wait::timeout(SHORT).or_abort(&abort));
    assert!(matches!(ended, Err(LinkError::Timeout)), "{ended:?}");
    for fd in [
        client.wait_object(),
        server.wait_object(),
        baseline.wait_object(),
        listener.wait_object(),
    ] {
        let flags = rustix::io::fcntl_getfd(fd.unwrap()).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }
    // What is not shown, such as the descriptor of the abort: all above the standard three.
    for entry in fs::read_dir("/proc/self/fdinfo").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Ok(info) = fs::read_to_string(format!("/proc/self/fdinfo/{name}")) else {
            continue;
        };
        let flags = info
            .lines()
            .find_map(|line| line.strip_prefix("flags:"))
            .unwrap()
            .trim();
        let is_inherited = u32::from_str_radix(flags, 8).unwrap() & 0o2_000_000 == 0;
        let target = fs::read_link(format!("/proc/self/fd/{name}")).unwrap_or_default();
        let target = target.display().to_string();
        let is_ours = ["socket:", "anon_inode:", stage.dir.path().to_str().unwrap()]
            .iter()
            .any(|kind| target.starts_with(kind));
        assert!(
            !(is_inherited && is_ours && name.parse::<u32>().unwrap() > 2),
            "{name} is {target}"
        );
    }
}

// Rule L23.
#[test]
fn defect_18_a_header_that_changes_later_changes_nothing() {
    let stage = Stage::new();
    let (mut client, mut server) = stage.session(&plan(1));
    let file = fs::OpenOptions::new()
        .write(true)
        .open(stage.path(REGION))
        .unwrap();
    file.write_all_at(&[0xff; 32], 0).unwrap();
    for _ in 0..3 {
        client.send(&[1; 4128], &[], &soon()).unwrap();
        assert_eq!(hear(&mut *server), [1; 4128]);
        server.send(&[2; 4128], &[], &soon()).unwrap();
        assert_eq!(hear(&mut *client), [2; 4128]);
    }
}

#[test]
fn defect_20_overlapping_publications_are_refused_and_noticed() {
    let stage = Stage::new();
    let (mut client, mut server) = stage.session(&plan(1));
    // Its name goes with the first message.
    let file = fs::OpenOptions::new()
        .write(true)
        .open(stage.path(REGION))
        .unwrap();
    client.send(b"one", &[], &soon()).unwrap();
    let second = client.send(b"two", &[], &soon());
    assert!(matches!(second, Err(LinkError::Busy)), "{second:?}");
    assert_eq!(hear(&mut *server), b"one", "the first is untouched");
    let again = server.receive(&mut [0; 32], &Wait::timeout(SHORT));
    assert!(
        matches!(again, Err(LinkError::Timeout)),
        "once only: {again:?}"
    );

    // A peer that does publish over an untaken message.
    file.write_all_at(&3_u64.to_le_bytes(), 32).unwrap();
    let received = server.receive(&mut [0; 32], &soon());
    assert!(
        matches!(received, Err(LinkError::Protocol { .. })),
        "{received:?}"
    );
}
