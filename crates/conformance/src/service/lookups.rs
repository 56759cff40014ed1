//! The rules of logical lookups.

use netipc::lookup::TextKey;
use netipc::protocol::{CgroupStatus, PidStatus};
use netipc::{Client, ClientConfig, ErrorCode, ServerConfig};

use super::data::{self, GENERATION, Paths, Process, Processes};
use super::{Running, World, connected};

// Rule S15.
/// One process, as many as an application has, and all of a large host.
pub fn processes_are_found_in_order(world: &World) {
    let _server = world.serve(data::apps(|_| 20));
    let mut client = world.connected();
    for count in [1, 256, 20_000, 1] {
        let pids: Vec<u32> = (0..count).rev().collect();
        finds_processes(&mut client, &pids, |_| 20);
    }
    finds_processes(&mut client, &[7, 7, u32::MAX, 7], |_| 20);
    assert_eq!(client.status().counters.errors, 0);
}

// Rule S15.
/// One path, as many as an application has, and more than any host.
pub fn cgroups_are_found_in_order(world: &World) {
    let _server = world.serve(data::cgroups());
    let mut client = world.connected();
    for count in [1, 256, 20_000] {
        let paths: Vec<String> = (0..count).map(|i| format!("/slice/pod-{i}")).collect();
        let keys: Vec<&[u8]> = paths.iter().map(String::as_bytes).collect();
        finds_paths(&mut client, &keys);
    }
    let long = "/long".repeat(400);
    finds_paths(&mut client, &[b"/a", long.as_bytes(), b"\xff\xfe", b"/a"]);
    assert_eq!(client.status().counters.errors, 0);
}

// Rules C14, S21, P18.
/// An empty lookup is one request.
pub fn no_keys_ask_for_the_generation(world: &World) {
    let server = world.serve(data::cgroups());
    let mut client = world.connected::<Paths>();
    let reply = client.call(&[]).expect("a generation");
    assert!(reply.is_empty());
    assert_eq!(reply.generation, GENERATION);
    drop(server);

    let server = world.serve(data::apps(|_| 0));
    let mut client = world.connected::<Processes>();
    let reply = client.call(&[]).expect("a generation");
    assert_eq!((reply.len(), reply.generation), (0, GENERATION));
    assert_eq!(server.finish().requests(), 1);
}

// Rules C30, S19.
/// What no answer can hold is final for its key and harms no other.
pub fn items_that_fit_no_answer_are_oversized(world: &World) {
    let name_len = |pid| if pid % 20 == 4 { 9000 } else { 10 };
    let config = ServerConfig {
        max_response_payload_bytes: 8192,
        ..world.server_config()
    };
    let _server = Running::start(world.server_with(config, data::apps(name_len)));
    let mut client = world.connected::<Processes>();
    for first in [0, 4] {
        let pids: Vec<u32> = (first..300).collect();
        let reply = client.call(&pids).expect("an answer");
        for (pid, item) in pids.iter().zip(reply.iter()) {
            if pid % 20 == 4 {
                assert_eq!((item.pid, item.status), (*pid, PidStatus::OVERSIZED_ITEM));
                assert!(item.comm.is_empty());
            } else {
                is_process(&item, *pid, 10);
            }
        }
        assert_eq!(reply.len(), pids.len());
    }
}

// Rules S20, S21.
/// A key that no request can carry is answered on the spot; one that a wider session carries is
/// asked for.
pub fn keys_that_fit_no_request_are_oversized(world: &World) {
    let server = world.serve(data::cgroups());
    let long = vec![b'l'; 3000];
    let longer = vec![b'm'; 2 << 20];
    let mut client = world.connected::<Paths>();
    finds_paths(&mut client, &[b"/a", &long, b"/b"]);
    oversized_between(&mut client, &longer);

    let config = ClientConfig {
        max_request_payload_bytes: 2048,
        ..world.client_config()
    };
    let mut client = connected(world.client_with::<Paths>(config));
    oversized_between(&mut client, &long);
    assert!(server.finish().requests() > 0);

    let server = world.serve(data::cgroups());
    client.refresh();
    let keys = [&long[..], &long];
    let reply = client.call(&keys).expect("an answer");
    assert_eq!(reply.generation, GENERATION);
    let oversized = CgroupStatus::OVERSIZED_ITEM;
    assert!(reply.iter().all(|item| item.status == oversized));
    assert_eq!(reply.len(), 2);
    assert_eq!(server.finish().requests(), 1, "for the generation");
}

/// Items of very different lengths in one call, over sessions that cannot hold all of them.
pub fn large_and_small_items_mix(world: &World) {
    let name_len = |pid: u32| (pid as usize * 7919) % 3000;
    let config = ServerConfig {
        max_response_payload_bytes: 16_384,
        ..world.server_config()
    };
    let server = Running::start(world.server_with(config, data::apps(name_len)));
    let mut client = world.connected();
    let pids: Vec<u32> = (0..1500).collect();
    finds_processes(&mut client, &pids, name_len);
    let requests = server.finish().requests();
    assert!(requests > 20, "in many requests: {requests}");
    assert!(requests < 300, "but not one for each key: {requests}");
}

// Rules S15, S20.
/// Mistakes of the caller stay on the caller's side.
pub fn bad_keys_are_refused_before_anything_is_sent(world: &World) {
    let server = world.serve(data::cgroups());
    let config = ClientConfig {
        max_logical_lookup_items: 3,
        ..world.client_config()
    };
    let mut client = connected(world.client_with::<Paths>(config));
    for bad in [&b""[..], b"a\0b", b"\0"] {
        let error = client.call(&[b"/good", bad]).expect_err("not a key");
        assert_eq!(error.code(), ErrorCode::INVALID_ARGUMENT, "{error}");
    }
    let error = client.call(&[&b"/a"[..]; 4]).expect_err("too many");
    assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error}");
    assert_eq!(server.stats().requests(), 0);
    finds_paths(&mut client, &[&b"/a"[..]; 3]);
}

fn finds_processes(client: &mut Client<Processes>, pids: &[u32], name_len: impl Fn(u32) -> usize) {
    let reply = client.call(pids).expect("an answer");
    assert_eq!(reply.generation, GENERATION);
    assert_eq!(reply.len(), pids.len());
    for (pid, item) in pids.iter().zip(reply.iter()) {
        is_process(&item, *pid, name_len(*pid));
    }
}

fn is_process(item: &Process<'_>, pid: u32, name_len: usize) {
    data::with_process(pid, name_len, |expected| assert_eq!(item, expected));
}

fn finds_paths(client: &mut Client<Paths>, paths: &[&[u8]]) {
    let reply = client.call(paths).expect("an answer");
    assert_eq!(reply.generation, GENERATION);
    assert_eq!(reply.len(), paths.len());
    for (path, item) in paths.iter().zip(reply.iter()) {
        let key = TextKey::new(path).expect("a key");
        data::with_path(key, |expected| assert_eq!(item, *expected));
    }
}

fn oversized_between(client: &mut Client<Paths>, long: &[u8]) {
    let reply = client.call(&[b"/a", long, b"/b"]).expect("an answer");
    let item = reply.item(1).expect("three items");
    assert_eq!(item.status, CgroupStatus::OVERSIZED_ITEM);
    assert_eq!(item.path.as_bytes(), long);
    for (index, path) in [(0, b"/a"), (2, b"/b")] {
        let item = reply.item(index).expect("three items");
        let key = TextKey::new(path).expect("a key");
        data::with_path(key, |expected| assert_eq!(item, *expected));
    }
}
