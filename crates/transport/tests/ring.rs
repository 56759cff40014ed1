//! The ring: what is passed, what is refused of it, and what a peer that writes anywhere can do.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs::{self, File, OpenOptions};
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

use netipc_transport::link::{AttachError, LinkError, LinkKind, SessionPlan};
use netipc_transport::{Link, Transport, UnixTransport, Wait};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::net::{
    self, AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix,
    SocketType,
};
use rustix::process::{Resource, Rlimit, setrlimit};

use common::{SHORT, Stage, again, hear, in_child, passes, role, role_dir, soon};

const ACCEPTED: &[u8] = b"accepted";

fn plan() -> SessionPlan {
    SessionPlan {
        profile: 0x10,
        response_bytes: 100_000,
        ..common::plan(1)
    }
}

/// A client's and a server's end of a session over a ring.
fn session(stage: &Stage) -> (Box<dyn Link>, Box<dyn Link>) {
    let (mut client, mut server) = stage.baselines();
    server.offer(&plan()).unwrap();
    server.send(ACCEPTED, &[], &soon()).unwrap();
    assert_eq!(hear(&mut *client), ACCEPTED);
    let client = client.attach(&plan(), &soon()).unwrap();
    (client, server.switch())
}

/// The memory of the rings of this process, by way of its mappings.
fn memory() -> Vec<File> {
    let maps = fs::read_dir("/proc/self/map_files").unwrap();
    let is_ring = |path: &std::path::PathBuf| {
        let target = fs::read_link(path).unwrap_or_default();
        target.to_string_lossy().contains("memfd:netipc-ring")
    };
    let paths = maps.flatten().map(|entry| entry.path()).filter(is_ring);
    paths
        .filter_map(|path| OpenOptions::new().read(true).write(true).open(path).ok())
        .collect()
}

/// Runs a test in a process of its own, whose only ring is the one it makes.
fn alone(name: &str) -> bool {
    if role().is_some() {
        return true;
    }
    let stage = Stage::new();
    in_child(name, "alone", stage.dir.path());
    false
}

// Rule R3.
#[test]
fn nothing_of_a_ring_is_in_the_run_directory() {
    let stage = Stage::new();
    let _session = session(&stage);
    assert_eq!(fs::read_dir(stage.dir.path()).unwrap().count(), 0);
}

// Rules R5, R6: the words of a line, by the byte.
#[test]
fn a_packet_is_published_to_the_byte() {
    if !alone("a_packet_is_published_to_the_byte") {
        return;
    }
    let stage = Stage::new();
    let (mut client, mut server) = session(&stage);
    let Some(memory) = memory().pop() else {
        println!("SKIPPED: this machine does not let its mappings be opened");
        return;
    };
    let read = |at: u64, size: usize| {
        let mut bytes = vec![0; size];
        memory.read_exact_at(&mut bytes, at).unwrap();
        bytes
    };
    let word = |at: u64| u64::from_le_bytes(read(at, 8).try_into().unwrap());
    let header = [0, 8, 16, 24].map(word);
    let [slots, bytes] = [header[2], header[3]];
    assert_eq!(header, [0x5250_494e, 1, 256, 1 << 19]);
    assert_eq!(
        memory.metadata().unwrap().len(),
        4096 + 2 * (64 * slots + bytes)
    );
    client.send(b"head", b"body", &soon()).unwrap();
    assert_eq!(word(4096), 1 << 32 | 8, "lap and length");
    assert_eq!(read(4096 + 8, 8), *b"headbody");
    client.send(&[7; 57], &[], &soon()).unwrap();
    client.send(&[8; 100], &[], &soon()).unwrap();
    assert_eq!([4160, 4224].map(word), [1 << 32 | 57, 1 << 32 | 100]);
    let at = 4096 + 128 * slots;
    assert_eq!(read(at, 64), [vec![7; 57], vec![0; 7]].concat());
    assert_eq!(read(at + 64, 100), [8; 100]);
    for _ in 0..3 {
        hear(&mut *server);
    }
    for number in 3..=slots {
        client.send(&number.to_le_bytes(), &[], &soon()).unwrap();
        hear(&mut *server);
    }
    assert_eq!(word(4096), 2 << 32 | 8, "the second lap");
    assert!(word(128) > 0, "room was given back");
    server.send(b"answer", &[], &soon()).unwrap();
    assert_eq!(word(4096 + 64 * slots), 1 << 32 | 6);
}

// Rule R2.
#[test]
fn a_ring_says_what_it_is() {
    let stage = Stage::new();
    let (client, server) = session(&stage);
    for link in [client, server] {
        let info = link.info();
        assert_eq!(info.kind, LinkKind::SharedMemory);
        assert_eq!((info.window, info.whole_messages), (None, false));
        assert!(info.max_packet >= 64 << 10, "{info:?}");
    }
}

// Rule R3.
#[test]
fn nobody_changes_the_size_of_a_ring() {
    if !alone("nobody_changes_the_size_of_a_ring") {
        return;
    }
    let stage = Stage::new();
    let _session = session(&stage);
    let Some(memory) = memory().pop() else {
        println!("SKIPPED: this machine does not let its mappings be opened");
        return;
    };
    let size = memory.metadata().unwrap().len();
    for other in [0, size - 1, size + 1] {
        let changed = memory.set_len(other);
        assert!(changed.is_err(), "{size} to {other}");
    }
    let seals = rustix::fs::fcntl_get_seals(&memory).unwrap();
    assert!(seals.contains(SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL));
}

/// A server of no good: passes `what` with its acceptance, says `then`, and leaves the rest to the client.
fn visit<T>(
    what: Option<BorrowedFd<'_>>,
    then: &[u8],
    client: impl FnOnce(Result<Box<dyn Link>, AttachError>) -> T,
) -> T {
    let stage = Stage::new();
    let listener = net::socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
    net::bind(&listener, &SocketAddrUnix::new(stage.socket()).unwrap()).unwrap();
    net::listen(&listener, 1).unwrap();
    let mut link = UnixTransport::new()
        .connect(&stage.endpoint, &soon())
        .unwrap();
    let server = net::accept(&listener).unwrap();
    pass(&server, what);
    assert_eq!(hear(&mut *link), ACCEPTED);
    if !then.is_empty() {
        net::send(&server, then, SendFlags::empty()).unwrap();
    }
    client(link.attach(&plan(), &soon()))
}

fn pass(socket: &OwnedFd, what: Option<BorrowedFd<'_>>) {
    let descriptors = what.as_slice();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if what.is_some() {
        assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
    }
    let parts = [IoSlice::new(ACCEPTED)];
    net::sendmsg(socket, &parts, &mut control, SendFlags::empty()).unwrap();
}

/// Memory with a header for this many slots and bytes, of this size.
fn fake(slots: u64, bytes: u64, size: u64, seals: SealFlags) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memory = rustix::fs::memfd_create("fake", flags).unwrap();
    let file = File::from(memory);
    file.set_len(size).unwrap();
    let header = [u64::from(u32::from_le_bytes(*b"NIPR")), 1, slots, bytes];
    let header: Vec<u8> = header
        .iter()
        .flat_map(|field| field.to_le_bytes())
        .collect();
    let kept = header.len().min(usize::try_from(size).unwrap());
    file.write_all_at(&header[..kept], 0).unwrap();
    rustix::fs::fcntl_add_seals(&file, seals).unwrap();
    file.into()
}

const SEALED: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);
const FITS: u64 = 4096 + 2 * (256 * 64 + (1 << 18));

// Rules R3, R4.
#[test]
fn what_is_no_ring_is_not_used_and_the_reason_is_told() {
    let refused = |what: Option<BorrowedFd<'_>>, reason: &str| {
        let error = visit(what, &[], Result::unwrap_err);
        let AttachError::Unusable { region, why, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(why.contains(reason), "{why}");
        assert!(region.contains("svc"), "{region}");
    };
    refused(None, "not passed");
    let (pipe, _writer) = std::io::pipe().unwrap();
    refused(Some(pipe.as_fd()), "no memory");
    let fakes = [
        (256, 1 << 18, FITS, SealFlags::empty(), "not sealed"),
        (256, 1 << 18, FITS, SealFlags::GROW, "not sealed"),
        (256, 1 << 18, FITS, SealFlags::SHRINK, "not sealed"),
        (256, 1 << 18, 16, SEALED, "shorter than its header"),
        (255, 1 << 18, FITS, SEALED, "slots"),
        (0, 1 << 18, FITS, SEALED, "slots"),
        (1 << 40, 1 << 18, FITS, SEALED, "slots"),
        (256, 3 << 17, FITS, SEALED, "bytes"),
        (256, u64::MAX, FITS, SEALED, "bytes"),
        (256, 1 << 18, FITS - 1, SEALED, "size"),
        (256, 1 << 18, FITS + 1, SEALED, "size"),
    ];
    for (slots, bytes, size, seals, reason) in fakes {
        let memory = fake(slots, bytes, size, seals);
        refused(Some(memory.as_fd()), reason);
    }
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING | MemfdFlags::HUGETLB;
    match rustix::fs::memfd_create("huge", flags) {
        Ok(huge) => {
            rustix::fs::fcntl_add_seals(&huge, SEALED).unwrap();
            refused(Some(huge.as_fd()), "ordinary pages");
        }
        Err(errno) => println!("SKIPPED memory of huge pages: {errno}"),
    }
}

// Rules R1, R9.
#[test]
fn data_beside_a_ring_breaks_the_session() {
    let memory = fake(256, 1 << 18, FITS, SEALED);
    for stray in [&b"two"[..], &[1]] {
        visit(Some(memory.as_fd()), stray, |link| {
            let received = link.unwrap().receive(&mut [0; 64], &soon());
            let error = received.unwrap_err();
            assert!(matches!(error, LinkError::Protocol { .. }), "{error:?}");
        });
    }
}

#[test]
fn a_descriptor_that_nobody_asked_for_is_closed() {
    if !alone("a_descriptor_that_nobody_asked_for_is_closed") {
        return;
    }
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let stage = Stage::new();
    let (pipe, _writer) = std::io::pipe().unwrap();
    // What the process opens once and keeps is there then.
    drop(stage.baselines());
    let before = open();
    let (mut client, mut server) = stage.baselines();
    server.send(ACCEPTED, &[], &soon()).unwrap();
    assert_eq!(hear(&mut *client), ACCEPTED);
    drop((client, server));
    for _ in 0..3 {
        visit(Some(pipe.as_fd()), &[], drop);
    }
    assert_eq!(open(), before);
}

// Rule R7.
#[test]
fn several_packets_are_under_way_and_a_full_ring_waits() {
    let stage = Stage::new();
    let (mut client, mut server) = session(&stage);
    let packet = |number: u32| [number.to_le_bytes(); 20].concat();
    let mut sent = 0;
    let ended = loop {
        match client.send(&packet(sent), &[], &Wait::timeout(Duration::ZERO)) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(ended, LinkError::Timeout), "{ended:?}");
    assert!(sent > 16, "{sent} packets");
    thread::scope(|scope| {
        scope.spawn(|| client.send(&packet(sent), &[], &soon()).unwrap());
        for number in 0..=sent {
            assert_eq!(hear(&mut *server), packet(number));
        }
    });
}

/// Whether a watched object is ready at once, or within `limit`.
fn ready(link: &dyn Link, limit: Duration) -> bool {
    let object = link.wait_object().unwrap();
    let mut fds = [PollFd::new(&object, PollFlags::IN)];
    let limit = Timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap(),
        tv_nsec: limit.subsec_nanos().into(),
    };
    poll(&mut fds, Some(&limit)).unwrap() > 0
}

// Rule R10.
#[test]
fn an_event_loop_is_told_of_packets_and_of_the_end() {
    const AT_ONCE: Duration = Duration::ZERO;
    const SOON: Duration = Duration::from_secs(60);
    let stage = Stage::new();
    let (mut client, mut server) = session(&stage);
    server
        .send(b"before anybody watched", &[], &soon())
        .unwrap();
    assert!(ready(&*client, SOON));
    hear(&mut *client);
    assert!(!ready(&*client, AT_ONCE), "it was taken");
    for round in 0..3 {
        server.send(b"first", &[], &soon()).unwrap();
        server.send(b"second", &[], &soon()).unwrap();
        for packet in [&b"first"[..], b"second"] {
            assert!(ready(&*client, SOON), "round {round}");
            assert_eq!(hear(&mut *client), packet);
        }
        assert!(!ready(&*client, AT_ONCE), "round {round}");
    }
    let late = client.receive(&mut [0; 8], &Wait::timeout(SHORT));
    assert!(matches!(late, Err(LinkError::Timeout)), "{late:?}");
    server.send(b"after a wait in vain", &[], &soon()).unwrap();
    assert!(ready(&*client, SOON));
    hear(&mut *client);
    drop(server);
    assert!(ready(&*client, SOON), "the end");
    assert!(matches!(client.check(), Err(LinkError::Disconnected)));
}

/// How often this thread gave its processor away of its own accord.
fn sleeps() -> i64 {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

// Rule R8.
#[test]
fn an_idle_ring_wakes_nobody() {
    let stage = Stage::new();
    let (_client, mut server) = session(&stage);
    let before = sleeps();
    let idle = server.receive(&mut [0; 8], &Wait::timeout(Duration::from_millis(600)));
    assert!(matches!(idle, Err(LinkError::Timeout)), "{idle:?}");
    // Regions that are looked at now and then take six.
    assert!(sleeps() - before <= 3, "{} sleeps", sleeps() - before);
}

/// Talks until somebody notices that something is wrong; nothing else may come of it.
fn talk(client: &mut dyn Link, server: &mut dyn Link) {
    let wait = Wait::timeout(SHORT);
    let mut packet = vec![0; 1 << 20];
    for size in [8, 3000, 40] {
        let body = vec![7; size];
        let step = |from: &mut dyn Link, to: &mut dyn Link, packet: &mut [u8]| {
            from.send(&body, &[], &wait)?;
            to.receive(packet, &wait)
        };
        for _ in 0..2 {
            if step(client, server, &mut packet).is_err()
                || step(server, client, &mut packet).is_err()
            {
                return;
            }
        }
    }
}

// Rule R9.
#[test]
fn whatever_is_written_into_a_ring_ends_its_session_at_worst() {
    if !alone("whatever_is_written_into_a_ring_ends_its_session_at_worst") {
        return;
    }
    let stage = Stage::new();
    let words = (0..640).step_by(8).chain((4096..4096 + 512).step_by(8));
    for at in words {
        for value in [0, 1, 0x1_0000_0008, 0x2_0000_0008, 0x1_ffff_ffff, u64::MAX] {
            let (mut client, mut server) = session(&stage);
            let Some(memory) = memory().pop() else {
                println!("SKIPPED: this machine does not let its mappings be opened");
                return;
            };
            talk(&mut *client, &mut *server);
            memory.write_all_at(&u64::to_le_bytes(value), at).unwrap();
            talk(&mut *client, &mut *server);
        }
    }
}

#[test]
fn a_limit_on_file_sizes_is_an_error_and_no_signal() {
    const NAME: &str = "a_limit_on_file_sizes_is_an_error_and_no_signal";
    if role().is_none() {
        let stage = Stage::new();
        return passes(&mut again(NAME, "limited", stage.dir.path()));
    }
    let limit = Rlimit {
        current: Some(4096),
        maximum: Some(4096),
    };
    setrlimit(Resource::Fsize, limit).unwrap();
    let stage = Stage::new();
    let (_client, mut server) = stage.baselines();
    for profile in [0x02, 0x04, 0x10] {
        let large = SessionPlan { profile, ..plan() };
        let error = server.offer(&large).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge, "{error:?}");
        assert_eq!(fs::read_dir(stage.dir.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_killed_peer_is_noticed() {
    const NAME: &str = "a_killed_peer_is_noticed";
    if role().is_some() {
        let endpoint = netipc_transport::Endpoint::new(role_dir(), "svc").unwrap();
        let mut client = UnixTransport::new().connect(&endpoint, &soon()).unwrap();
        assert_eq!(hear(&mut *client), ACCEPTED);
        let mut client = client.attach(&plan(), &soon()).unwrap();
        client.send(b"last words", &[], &soon()).unwrap();
        common::tell("attached");
        let _ = client.receive(&mut [0; 1], &Wait::forever());
        return;
    }
    let stage = Stage::new();
    let mut listener = UnixTransport::new()
        .bind(
            &stage.endpoint,
            &netipc_transport::link::BindOptions::default(),
        )
        .unwrap();
    let mut client = common::Actor::new(NAME, "client", stage.dir.path());
    let mut server = listener.accept(&soon()).unwrap();
    server.offer(&plan()).unwrap();
    server.send(ACCEPTED, &[], &soon()).unwrap();
    let mut server = server.switch();
    assert_eq!(client.hear(), "attached");
    client.kill();
    assert_eq!(hear(&mut *server), b"last words");
    let (ended, took) = common::timed(|| server.receive(&mut [0; 1], &Wait::forever()));
    assert!(matches!(ended, Err(LinkError::Disconnected)), "{ended:?}");
    assert!(took < Duration::from_secs(60), "{took:?}");
}

// Rule R3.
#[test]
fn a_sandbox_that_forbids_the_ring_leaves_the_other_profiles() {
    const NAME: &str = "a_sandbox_that_forbids_the_ring_leaves_the_other_profiles";
    if role().is_none() {
        let stage = Stage::new();
        // Without a descriptor to spare there is no memory to pass.
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""]);
        limited.arg(std::env::current_exe().unwrap());
        let mut child = common::again_by(limited, NAME, "limited", stage.dir.path());
        return passes(&mut child);
    }
    let stage = Stage::new();
    let (client, mut server) = stage.baselines();
    let hog: Vec<File> = std::iter::from_fn(|| File::open("/").ok()).collect();
    server.offer(&plan()).unwrap_err();
    drop(hog);
    let other = common::plan(1);
    server.offer(&other).unwrap();
    let mut client = client.attach(&other, &soon()).unwrap();
    client.send(b"over a region", &[], &soon()).unwrap();
    assert_eq!(hear(&mut *server.switch()), b"over a region");
}
