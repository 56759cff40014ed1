//! Shared regions to the byte, and what is refused of them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};

use netipc_transport::link::{AttachError, BindOptions, LinkError, LinkKind, SessionPlan};
use netipc_transport::{Transport, UnixTransport};
use rustix::fs::{CWD, Mode, mkfifoat};

use common::{Leftover, Stage, good_header, hear, plan, soon, write_region};

const REGION: &str = "svc-0000000000000001.ipcshm";

/// The lower half of the header: req_seq, resp_seq, req_len, resp_len, req_signal, resp_signal.
fn counters(bytes: &[u8]) -> (u64, u64, [u32; 4]) {
    let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    (long(32), long(40), [word(48), word(52), word(56), word(60)])
}

// Rules W15, L2, L21, L22, P8.
#[test]
fn a_region_is_complete_when_it_is_offered() {
    let stage = Stage::new();
    let (_client, mut server) = stage.baselines();
    server.offer(&plan(1)).unwrap();
    let bytes = fs::read(stage.path(REGION)).unwrap();
    assert_eq!(bytes.len(), 8384);
    let words: Vec<_> = bytes[..32]
        .chunks(4)
        .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
        .collect();
    assert_ne!(words[3], 0, "a generation");
    assert_eq!(
        words,
        good_header(std::process::id().cast_signed(), words[3])
    );
    assert!(bytes[32..].iter().all(|byte| *byte == 0), "all else is 0");
    let mode = fs::metadata(stage.path(REGION))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
}

// Rules L24, L25, L26, L27.
#[test]
fn a_message_is_published_to_the_byte() {
    let stage = Stage::new();
    let (client, mut server) = stage.baselines();
    server.offer(&plan(1)).unwrap();
    let file = fs::File::open(stage.path(REGION)).unwrap();
    let read = || {
        let mut bytes = vec![0; 8384];
        file.read_exact_at(&mut bytes, 0).unwrap();
        bytes
    };
    let mut client = client.attach(&plan(1), &soon()).unwrap();
    let mut server = server.switch();
    client.send(b"head", b"body", &soon()).unwrap();
    let bytes = read();
    assert_eq!(counters(&bytes), (1, 0, [8, 0, 1, 0]));
    assert_eq!(bytes[64..72], *b"headbody");
    hear(&mut *server);
    server.send(b"answer", b"", &soon()).unwrap();
    let bytes = read();
    assert_eq!(counters(&bytes), (1, 1, [8, 6, 1, 1]));
    assert_eq!(bytes[4224..4230], *b"answer");
}

// Rule L32.
#[test]
fn the_name_of_a_region_goes_with_the_first_message() {
    let stage = Stage::new();
    let (mut client, mut server) = stage.session(&plan(1));
    assert!(stage.path(REGION).exists());
    client.send(b"attached", &[], &soon()).unwrap();
    hear(&mut *server);
    assert!(!stage.path(REGION).exists());
    server.send(b"still here", &[], &soon()).unwrap();
    assert_eq!(hear(&mut *client), b"still here");
}

// Rule L28.
#[test]
fn one_message_at_a_time_in_each_direction() {
    let stage = Stage::new();
    let (mut client, mut server) = stage.session(&plan(1));
    let unasked = server.send(b"x", &[], &soon());
    assert!(matches!(unasked, Err(LinkError::Busy)), "{unasked:?}");
    for _ in 0..2 {
        client.send(b"x", &[], &soon()).unwrap();
        let second = client.send(b"y", &[], &soon());
        assert!(matches!(second, Err(LinkError::Busy)), "{second:?}");
        hear(&mut *server);
        server.send(b"x", &[], &soon()).unwrap();
        let second = server.send(b"y", &[], &soon());
        assert!(matches!(second, Err(LinkError::Busy)), "{second:?}");
        hear(&mut *client);
    }
}

#[test]
fn a_link_says_what_it_is() {
    let stage = Stage::new();
    let asymmetric = SessionPlan {
        request_bytes: 100,
        response_bytes: 5000,
        ..plan(1)
    };
    let (client, server) = stage.session(&asymmetric);
    for (link, limit) in [(client, 100), (server, 5000)] {
        let info = link.info();
        assert_eq!(
            (info.kind, info.max_packet),
            (LinkKind::SharedMemory, limit)
        );
        assert_eq!((info.window, info.whole_messages), (Some(1), true));
        assert_eq!(info.peer.pid, Some(std::process::id()));
    }
}

// Rules L23, L28, P7.
#[test]
fn a_foreign_region_is_taken_up_where_it_stands() {
    let stage = Stage::new();
    let (client, _server) = stage.baselines();
    // Larger than agreed, with a gap between the areas, and in use before.
    write_region(
        &stage.path(REGION),
        [0x4e53_484d, 3 | 64 << 16, 1, 1, 128, 8192, 16384, 8192],
        40000,
    );
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(stage.path(REGION))
        .unwrap();
    file.write_all_at(&7_u64.to_le_bytes(), 32).unwrap();
    file.write_all_at(&6_u64.to_le_bytes(), 40).unwrap();
    let mut client = client.attach(&plan(1), &soon()).unwrap();
    let beyond = client.send(&[1; 4129], &[], &soon());
    assert!(
        matches!(beyond, Err(LinkError::TooLarge { limit: 4128, .. })),
        "the agreed limit: {beyond:?}"
    );
    client.send(&[1; 4128], &[], &soon()).unwrap();
    let mut bytes = vec![0; 40000];
    file.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(counters(&bytes), (8, 6, [4128, 0, 1, 0]));
    assert!(bytes[128..128 + 4128].iter().all(|byte| *byte == 1));
    file.write_all_at(b"answer", 16384).unwrap();
    file.write_all_at(&6_u32.to_le_bytes(), 52).unwrap();
    file.write_all_at(&7_u64.to_le_bytes(), 40).unwrap();
    assert_eq!(hear(&mut *client), b"answer");
}

// Rule L23.
#[test]
fn a_region_that_comes_late_is_attached() {
    let stage = Stage::new();
    let (client, _server) = stage.baselines();
    std::thread::scope(|scope| {
        let attaching = scope.spawn(|| client.attach(&plan(1), &soon()).map(drop));
        for size in [0, 10, 64, 8384] {
            write_region(&stage.path(REGION), good_header(1, 1), size);
        }
        attaching.join().unwrap().unwrap();
    });
}

// Rule L23.
#[test]
fn what_will_never_be_a_region_is_refused_at_once() {
    let refused: &[Leftover] = &[
        ("another version", |stage| {
            let mut header = good_header(1, 1);
            header[1] = 4 | 64 << 16;
            write_region(&stage.path(REGION), header, 8384);
        }),
        ("too small", |stage| {
            write_region(
                &stage.path(REGION),
                [0x4e53_484d, 3 | 64 << 16, 1, 1, 64, 4160, 4224, 4096],
                8384,
            );
        }),
        ("a link", |stage| {
            write_region(&stage.path("elsewhere"), good_header(1, 1), 8384);
            symlink("elsewhere", stage.path(REGION)).unwrap();
        }),
        ("a FIFO", |stage| {
            mkfifoat(CWD, stage.path(REGION), Mode::RUSR | Mode::WUSR).unwrap()
        }),
    ];
    for (what, leave) in refused {
        let stage = Stage::new();
        let (client, _server) = stage.baselines();
        leave(&stage);
        let (attached, taken) = common::timed(|| client.attach(&plan(1), &soon()));
        let error = attached.expect_err(what);
        assert!(
            matches!(&error, AttachError::Unusable { region, .. } if region.ends_with(REGION)),
            "{what}: {error:?}"
        );
        assert!(taken.as_millis() < 400, "{what} took {taken:?}");
    }
}

// Rule L29.
#[test]
fn spoilt_counters_and_lengths_end_the_session() {
    let spoilt: &[(&str, u64, &[u8])] = &[
        ("a length of 0", 48, &[0; 4]),
        ("a length beyond the area", 48, &4161_u32.to_le_bytes()),
        ("the largest length", 48, &[0xff; 4]),
        ("a message too many", 32, &2_u64.to_le_bytes()),
        ("a counter that goes back", 32, &[0xff; 8]),
    ];
    for (what, offset, bytes) in spoilt {
        let stage = Stage::new();
        let (mut client, mut server) = stage.session(&plan(1));
        let file = fs::OpenOptions::new()
            .write(true)
            .open(stage.path(REGION))
            .unwrap();
        client.send(b"x", &[], &soon()).unwrap();
        file.write_all_at(bytes, *offset).unwrap();
        let received = server.receive(&mut [0; 100], &soon());
        assert!(
            matches!(received, Err(LinkError::Protocol { .. })),
            "{what}: {received:?}"
        );
    }
}

// Rule L31.
#[test]
fn data_beside_the_region_ends_the_session() {
    let stage = Stage::new();
    let (client, mut server) = stage.session(&plan(1));
    rustix::net::send(
        client.wait_object().unwrap(),
        b"x",
        rustix::net::SendFlags::NOSIGNAL,
    )
    .unwrap();
    let received = server.receive(&mut [0; 100], &soon());
    assert!(
        matches!(received, Err(LinkError::Protocol { .. })),
        "{received:?}"
    );
    let checked = server.check();
    assert!(
        matches!(checked, Err(LinkError::Protocol { .. })),
        "{checked:?}"
    );
}

// Rule L22.
#[test]
fn a_live_region_of_the_same_name_is_left_alone() {
    let stage = Stage::new();
    let (client, mut server) = stage.baselines();
    write_region(&stage.path(REGION), good_header(1, 1), 8384);
    let before = fs::read(stage.path(REGION)).unwrap();
    server.offer(&plan(1)).unwrap_err();
    assert_eq!(fs::read(stage.path(REGION)).unwrap(), before);
    let (mut client, mut server) = (client.into_link(), server.switch());
    client.send(b"the baseline goes on", &[], &soon()).unwrap();
    assert_eq!(hear(&mut *server), b"the baseline goes on");
}

// Rule L22.
#[test]
fn a_stale_region_of_the_same_name_is_replaced() {
    let stage = Stage::new();
    let (client, mut server) = stage.baselines();
    write_region(&stage.path(REGION), good_header(1, 0), 8384);
    server.offer(&plan(1)).unwrap();
    client.attach(&plan(1), &soon()).unwrap();
}

// Rule L21.
#[test]
fn limits_that_no_region_can_have_are_refused() {
    let stage = Stage::new();
    let (_client, mut server) = stage.baselines();
    for (request_bytes, response_bytes) in [
        (u64::MAX, 64),
        (64, u64::MAX),
        (1 << 32, 64),
        (1 << 31, 1 << 31),
    ] {
        let huge = SessionPlan {
            request_bytes,
            response_bytes,
            ..plan(1)
        };
        server.offer(&huge).unwrap_err();
        assert!(!stage.path(REGION).exists(), "nothing is left behind");
    }
}

// Rule L31.
#[test]
fn only_the_own_region_is_removed() {
    let stage = Stage::new();
    let (_client, server) = stage.session(&plan(1));
    fs::remove_file(stage.path(REGION)).unwrap();
    fs::write(stage.path(REGION), "somebody else's").unwrap();
    drop(server);
    assert_eq!(fs::read(stage.path(REGION)).unwrap(), b"somebody else's");
}

// Rule L32.
#[test]
fn an_own_region_in_use_survives_a_new_listener() {
    let stage = Stage::new();
    let (mut client, mut server) = stage.session(&plan(1));
    let _successor = UnixTransport::new()
        .bind(&stage.endpoint, &BindOptions::default())
        .unwrap();
    assert!(stage.path(REGION).exists());
    client.send(b"x", &[], &soon()).unwrap();
    hear(&mut *server);
}

#[test]
fn spinning_can_be_tuned() {
    for spin in [0, 1, 10_000].map(std::time::Duration::from_micros) {
        let stage = Stage::new();
        let transport = UnixTransport::new().with_spin(spin);
        let mut listener = transport
            .bind(&stage.endpoint, &BindOptions::default())
            .unwrap();
        let client = transport.connect(&stage.endpoint, &soon()).unwrap();
        let mut server = listener.accept(&soon()).unwrap();
        for (session_id, profile) in [(1, 0x02), (2, 0x04)] {
            server
                .offer(&SessionPlan {
                    profile,
                    ..plan(session_id)
                })
                .unwrap();
        }
        let mut client = client.attach(&plan(2), &soon()).unwrap();
        client.send(b"x", &[], &soon()).unwrap();
        assert_eq!(hear(&mut *server.switch()), b"x");
    }
}
