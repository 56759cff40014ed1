//! What stands in the run directory: 3, 4, 5, 12, 15, 16, 17.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener as StreamListener;
use std::path::Path;
use std::process::Command;
use std::thread;

use netipc::service::increment::{self, Increment};
use netipc::transport::link::{BindError, LinkKind};
use netipc::{ServeError, Server};
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::net::sockopt::socket_send_buffer_size;

use crate::stage::actor::Actor;
use crate::stage::roles::Role;
use crate::stage::script::{Guest, Host};
use crate::stage::{BOTH, SERVICE, Serving, Stage, WITH_SHM, client, increment_server, server};

// Rule L14.
#[test]
fn defect_03_a_probe_of_a_full_backlog_does_not_hang() {
    let stage = Stage::new();
    let _host = Host::with_backlog(&stage, 0);
    let _waiting = Guest::connect(&stage);
    assert_in_use(incrementer(&stage).bind(), "its backlog is full");
}

// Rule L14.
#[test]
fn defect_04_a_live_socket_is_never_deleted() {
    let stage = Stage::new();
    let inode = || fs::symlink_metadata(stage.socket()).unwrap().ino();

    let host = Host::with_backlog(&stage, 0);
    let (waiting, before) = (Guest::connect(&stage), inode());
    assert_in_use(incrementer(&stage).bind(), "its backlog is full");
    assert_eq!(inode(), before);
    drop((waiting, host));

    let _stream = StreamListener::bind(stage.socket()).unwrap();
    let before = inode();
    assert_in_use(incrementer(&stage).run(), "it is of another type");
    assert_eq!(inode(), before);
}

// Rule L17.
#[test]
fn defect_05_one_of_many_starters_wins_and_stays() {
    let stage = Stage::new();
    // What they would all reclaim.
    drop(StreamListener::bind(stage.socket()).unwrap());
    let servers: Vec<_> = (0..8).map(|_| incrementer(&stage)).collect();
    let won: Vec<_> = thread::scope(|scope| {
        let starters: Vec<_> = servers
            .into_iter()
            .map(|server| scope.spawn(|| server.bind().is_ok().then_some(server)))
            .collect();
        let ended = starters.into_iter().map(|starter| starter.join().unwrap());
        ended.flatten().collect()
    });
    assert_eq!(won.len(), 1);
    let first = Serving::new(won.into_iter().next().unwrap());
    assert_eq!(stage.ready::<Increment>(client(1)).call(&1).unwrap(), 2);

    // One that closes leaves its successor's socket alone.
    fs::rename(stage.socket(), stage.path().join("moved")).unwrap();
    let _second = Serving::new(incrementer(&stage));
    first.end();
    assert_eq!(stage.ready::<Increment>(client(1)).call(&2).unwrap(), 3);
}

// Rules L9, P2.
#[test]
fn defect_12_messages_of_many_packets_go_both_ways() {
    let stage = Stage::new();
    let _serving = increment_server(&stage, server(1), 1);
    let mut client = stage.ready::<Increment>(client(1));
    let guest = Guest::connect(&stage);
    let buffer = socket_send_buffer_size(guest.link.wait_object().unwrap()).unwrap();
    for items in [1, 10_000, 13_310, 13_311, 13_312, 60_000] {
        let numbers: Vec<u64> = (0..items).collect();
        let reply = client.call_batch(&numbers).unwrap();
        assert!(reply.iter().eq(1..=items), "{items}");
    }
    let packet = client.status().session.unwrap().limits.packet_size;
    assert_eq!(packet as usize, buffer - 32, "what the kernel takes");
}

#[test]
fn defect_15_leftovers_go_and_everything_else_stays() {
    let stage = Stage::new();
    let at = |name: &str| stage.path().join(name);
    let gone = [
        ("svc-0000000000000001.ipcshm", i32::MAX, 1),
        ("svc-0000000000000002.ipcshm", own_pid(), 0),
        ("svc-0000000000000003.ipcshm", own_pid(), 1),
    ];
    let kept = [
        // Of a process that lives and is not we.
        ("svc-00000000000000aa.ipcshm", 1, 1),
        // Of another service.
        ("svc-extra-0000000000000001.ipcshm", i32::MAX, 1),
        ("svc-0000000000000001.ipcshm.old", i32::MAX, 1),
    ];
    for (name, pid, generation) in gone.into_iter().chain(kept) {
        write_region(&at(name), pid, generation);
    }
    mkfifoat(CWD, at("svc-00000000000000ff.ipcshm"), Mode::RWXU).unwrap();

    let serving = increment_server(&stage, server(WITH_SHM), 2);
    let mut left = stage.files();
    left.retain(|name| !kept.iter().any(|(kept, ..)| kept == name));
    assert_eq!(left, ["svc.sock"]);
    assert_eq!(stage.files().len(), 1 + kept.len());

    // A live region of ours has a generation, and outlives what looks for leftovers.
    let mut first = stage.ready::<Increment>(client(WITH_SHM));
    let header = fs::read(at("svc-0000000000000001.ipcshm")).unwrap();
    assert_ne!(header[12..16], [0; 4]);
    fs::remove_file(stage.socket()).unwrap();
    let second = increment_server(&stage, server(WITH_SHM), 2);
    assert!(at("svc-0000000000000001.ipcshm").exists());
    assert_eq!(first.call(&1).unwrap(), 2);
    let session = first.status().session.unwrap();
    assert_eq!(session.transport, LinkKind::SharedMemory);
    drop(first);
    serving.end();
    second.end();
    assert_eq!(stage.files().len(), kept.len());
}

// Rule L5.
#[test]
fn defect_16_nothing_is_inherited_by_children() {
    let stage = Stage::new();
    let _serving = increment_server(&stage, server(WITH_SHM), 4);
    let mut clients = BOTH.map(|profiles| stage.ready::<Increment>(client(profiles)));
    for client in &mut clients {
        assert_eq!(client.call(&1).unwrap(), 2);
    }
    let mut list = Command::new("ls");
    let output = list.args(["-l", "/proc/self/fd"]).output().unwrap();
    let inherited = String::from_utf8(output.stdout).unwrap();
    let ours = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| {
        let entry = entry.unwrap();
        let number: u32 = entry.file_name().into_string().unwrap().parse().unwrap();
        let target = fs::read_link(entry.path()).ok()?;
        let target = target.display().to_string();
        let is_ours = ["socket:", "anon_inode:", stage.path().to_str().unwrap()]
            .iter()
            .any(|kind| target.starts_with(kind));
        (number > 2 && is_ours).then_some(target)
    });
    let ours: Vec<_> = ours.collect();
    assert!(
        inherited.contains("pipe:"),
        "it was looked for: {inherited}"
    );
    // A listener and both ends of two sessions.
    assert!(ours.len() >= 5, "{ours:?}");
    for target in ours {
        assert!(!inherited.contains(&target), "{target} in {inherited}");
    }
}

// Rule L6.
#[test]
fn defect_17_the_umask_is_neither_changed_nor_trusted() {
    let stage = Stage::new();
    Actor::new(&stage, Role::Masked, WITH_SHM).finish();
}

fn incrementer(stage: &Stage) -> Server<Increment> {
    Server::new(stage.path(), SERVICE, server(1), increment::handler())
}

fn assert_in_use(bound: Result<(), ServeError>, why: &str) {
    let in_use = matches!(bound, Err(ServeError::Bind(BindError::AddressInUse { .. })));
    assert!(in_use, "{why}: {bound:?}");
}

fn own_pid() -> i32 {
    std::process::id().cast_signed()
}

/// A region with the limits of the contract's example.
fn write_region(path: &Path, pid: i32, generation: u32) {
    let words = [
        0x4e53_484d,
        3 | 64 << 16,
        pid.cast_unsigned(),
        generation,
        64,
        4160,
        4224,
        4160,
    ];
    let mut bytes = vec![0; 8384];
    for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&u32::to_le_bytes(word));
    }
    fs::write(path, bytes).unwrap();
}

// Rules L17, L18.
#[test]
fn a_server_whose_endpoint_was_taken_over_ends_and_says_so() {
    let stage = Stage::new();
    let (first, successor) = (incrementer(&stage), incrementer(&stage));
    first.bind().unwrap();
    thread::scope(|scope| {
        let run = scope.spawn(|| first.run());
        let mut client = stage.ready::<Increment>(client(WITH_SHM));
        fs::remove_file(stage.socket()).unwrap();
        successor.bind().unwrap();
        // Once it has looked.
        let error = run.join().unwrap().unwrap_err();
        assert!(
            matches!(error, ServeError::Lost(BindError::AddressInUse { .. })),
            "{error:?}"
        );
        let text = netipc::chain(&error);
        assert!(
            text.contains("taken away") && text.contains("it answers"),
            "{text}"
        );
        // Its clients find the next one.
        scope.spawn(|| successor.run());
        assert_eq!(client.call(&1).unwrap(), 2);
        successor.stop();
    });
}

// Rule L22.
#[test]
fn a_session_whose_region_would_have_anothers_name_takes_the_next_number() {
    let stage = Stage::new();
    // Of a live process, and not of this one.
    let words = [
        0x4e53_484d,
        3 | 64 << 16,
        std::os::unix::process::parent_id(),
        7,
        64,
        4160,
        4224,
        4160,
    ];
    let mut region: Vec<u8> = words
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect();
    region.resize(8384, 0);
    let names: Vec<_> = (1..=3).map(|id| stage.endpoint.region_path(id)).collect();
    for name in &names {
        fs::write(name, &region).unwrap();
    }
    let _serving = increment_server(&stage, server(WITH_SHM), 8);
    let mut client = stage.ready::<Increment>(client(WITH_SHM));
    let session = client.status().session.unwrap();
    assert_eq!(session.transport, LinkKind::SharedMemory, "{session:?}");
    assert_eq!(session.session_id, 4);
    assert_eq!(client.call(&1).unwrap(), 2);
    assert!(
        names.iter().all(|name| name.exists()),
        "theirs are left alone"
    );
}
