//! A logical lookup gives what one request without limits would, whatever it takes on the wire.

use std::sync::atomic::{AtomicU64, Ordering};

use netipc::lookup::{LookupItem, TextKey};
use netipc::protocol::{CgroupStatus, PROFILE_BASELINE, PidStatus};
use netipc::service::Orchestrator;
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem};
use netipc::service::cgroups_lookup::{CgroupsLookup, CgroupsLookupItem};
use netipc::transport::MemoryTransport;
use netipc::wire::Encode;
use netipc::{ClientConfig, ClientState, ErrorCode, Failure, Handler, ServerConfig, simple_hash};
use netipc_conformance::service::data::{self, GENERATION};
use netipc_conformance::service::{Running, World, connected};
use proptest::collection::vec;
use proptest::prelude::*;

/// The limits of both sides; 0 is the default of a client.
#[derive(Clone, Copy, Debug)]
struct Sides {
    server_request: u32,
    server_response: u32,
    client_request: u32,
    client_response: u32,
}

fn sides() -> impl Strategy<Value = Sides> {
    let client = || prop_oneof![Just(0_u32), 1024_u32..4000];
    (1024_u32..5000, 1024_u32..5000, client(), client()).prop_map(|limits| Sides {
        server_request: limits.0,
        server_response: limits.1,
        client_request: limits.2,
        client_response: limits.3,
    })
}

impl Sides {
    fn server(self, world: &World) -> ServerConfig {
        ServerConfig {
            max_request_payload_bytes: self.server_request,
            max_response_payload_bytes: self.server_response,
            ..world.server_config()
        }
    }

    fn client(self, world: &World) -> ClientConfig {
        ClientConfig {
            max_request_payload_bytes: self.client_request,
            max_response_payload_bytes: self.client_response,
            ..world.client_config()
        }
    }
}

fn world() -> World {
    World::new(MemoryTransport::new(), PROFILE_BASELINE)
}

/// A name whose length only the seed and the process tell.
fn name_len(seed: u32, pid: u32) -> usize {
    let hash = simple_hash(&[seed.to_le_bytes(), pid.to_le_bytes()].concat()) as usize;
    match hash % 10 {
        0 => hash / 10 % 6000,
        1..4 => hash / 10 % 600,
        _ => hash / 10 % 30,
    }
}

/// What is known of a path: its own length tells how much.
fn with_item<R>(seed: u32, path: TextKey<'_>, see: impl FnOnce(&CgroupsLookupItem<'_>) -> R) -> R {
    let name = vec![b'n'; name_len(seed, simple_hash(path.as_bytes()))];
    see(&CgroupsLookupItem {
        orchestrator: Orchestrator::DOCKER,
        name: (&name).into(),
        ..CgroupsLookupItem::bare(path, CgroupStatus::KNOWN.0)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn processes(pids in vec(any::<u32>(), 0..400), sides in sides(), seed: u32) {
        let world = world();
        let handler = data::apps(move |pid| name_len(seed, pid));
        let server = Running::start(world.server_with(sides.server(&world), handler));
        let mut client = connected(world.client_with::<AppsLookup>(sides.client(&world)));
        for _ in 0..2 {
            let reply = client.call(&pids).expect("an answer");
            prop_assert_eq!(reply.generation, GENERATION);
            prop_assert_eq!(reply.len(), pids.len());
            for (pid, item) in pids.iter().zip(reply.iter()) {
                data::with_process(*pid, name_len(seed, *pid), |known| {
                    if item.status == PidStatus::OVERSIZED_ITEM {
                        assert!(24 + known.size() > smaller(sides));
                        assert_eq!(item, AppsLookupItem::bare(known.key(), item.status.0));
                    } else {
                        assert!(24 + known.size() <= smaller(sides));
                        assert_eq!(item, *known);
                    }
                });
            }
        }
        let session = client.status().session.expect("a session");
        prop_assert_eq!(session.limits.response.payload_bytes as usize, smaller(sides));
        let requests = server.finish().requests();
        prop_assert!(requests <= 2 + 4 * pids.len() as u64, "{} requests", requests);
    }

    #[test]
    fn cgroups(
        paths in vec(vec(1_u8.., 1..60), 0..150),
        long in proptest::option::of(500_usize..6000),
        sides in sides(),
        seed: u32,
    ) {
        let world = world();
        let handler = Handler::<CgroupsLookup>::new(move |request, answer| {
            answer.set_generation(GENERATION);
            request.keys().try_for_each(|path| with_item(seed, path, |item| answer.add(item)))
        });
        let _server = Running::start(world.server_with(sides.server(&world), handler));
        let mut client = connected(world.client_with::<CgroupsLookup>(sides.client(&world)));
        let mut paths = paths;
        if let Some(len) = long {
            paths.insert(paths.len() / 2, vec![b'l'; len]);
        }
        let keys: Vec<&[u8]> = paths.iter().map(Vec::as_slice).collect();
        let reply = match client.call(&keys) {
            Ok(reply) => reply,
            Err(error) => {
                // A path that a request carries and no answer can even echo.
                prop_assert!(long.is_some_and(|len| 24 + 30 + len > smaller(sides)), "{}", error);
                prop_assert_eq!(error.code(), ErrorCode::OVERFLOW);
                return Ok(());
            }
        };
        prop_assert_eq!((reply.generation, reply.len()), (GENERATION, keys.len()));
        for (path, item) in keys.iter().zip(reply.iter()) {
            let key = TextKey::new(path).expect("a key");
            with_item(seed, key, |known| {
                if item.status == CgroupStatus::OVERSIZED_ITEM {
                    let asked = 24 + key.size() <= request_limit(sides);
                    assert!(!asked || 24 + known.size() > smaller(sides));
                    assert_eq!(item, CgroupsLookupItem::bare(key, item.status.0));
                } else {
                    assert_eq!(item, *known);
                }
            });
        }
    }
}

/// Bytes of an answer that both sides allow.
fn smaller(sides: Sides) -> usize {
    let client = match sides.client_response {
        0 => u32::MAX,
        bytes => bytes,
    };
    sides.server_response.min(client) as usize
}

/// Bytes of a request that both sides allow.
fn request_limit(sides: Sides) -> usize {
    let client = match sides.client_request {
        0 => u32::MAX,
        bytes => bytes,
    };
    sides.server_request.min(client) as usize
}

// Rule S17.
#[test]
fn data_that_changes_in_the_middle_is_a_mismatch() {
    let world = world();
    let generation = AtomicU64::new(0);
    let handler = Handler::<AppsLookup>::new(move |request, answer| {
        answer.set_generation(generation.fetch_add(1, Ordering::Relaxed));
        request.keys().try_for_each(|_| answer.add_bare(1))
    });
    let config = ServerConfig {
        max_response_payload_bytes: 1024,
        ..world.server_config()
    };
    let _server = Running::start(world.server_with(config, handler));
    let mut client = world.connected::<AppsLookup>();
    let pids: Vec<u32> = (0..100).collect();
    let error = client.call(&pids).expect_err("it changes");
    let failure = error.failure();
    assert!(
        matches!(failure, Failure::GenerationMismatch { first, then } if *then == first + 1),
        "{error}"
    );
    assert_eq!(error.code(), ErrorCode::GENERATION_MISMATCH);
    assert_eq!(client.state(), ClientState::Ready, "the session is fine");
    assert_eq!(client.status().counters.retries, 0);
    assert_eq!(client.call(&pids[..5]).expect("in one request").len(), 5);
}

// Rule S15.
#[test]
fn ceilings_of_a_lookup_are_kept() {
    let world = world();
    let config = ServerConfig {
        max_response_payload_bytes: 1024,
        ..world.server_config()
    };
    let server = Running::start(world.server_with(config, data::apps(|_| 300)));
    let pids: Vec<u32> = (0..100).collect();
    let limited = |keys, subcalls, bytes| ClientConfig {
        max_logical_lookup_items: keys,
        max_logical_lookup_subcalls: subcalls,
        max_logical_lookup_response_bytes: bytes,
        ..world.client_config()
    };
    // The least that an answer takes is known at once: 16 + 8 n and 63 for each.
    let early = [limited(99, 0, 0), limited(0, 0, 7000)];
    for config in early {
        let mut client = connected(world.client_with::<AppsLookup>(config));
        let error = client.call(&pids).expect_err("too much");
        assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error}");
        assert_eq!(client.status().counters.calls, 0, "before anything is sent");
    }
    for config in [limited(0, 5, 0), limited(0, 0, 8000)] {
        let mut client = connected(world.client_with::<AppsLookup>(config));
        let error = client.call(&pids).expect_err("too much");
        assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error}");
        assert!(client.status().counters.calls > 0);
        assert_eq!(client.call(&pids[..3]).expect("less").len(), 3);
    }
    assert!(server.finish().requests() > 6);
}
