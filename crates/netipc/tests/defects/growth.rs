//! Limits that are too small at first: 23, 24, 25.

use netipc::protocol::{AppsCgroupStatus, PidStatus};
use netipc::service::apps_lookup::{self, AppsLookup, AppsLookupItem};
use netipc::service::cgroups::{CgroupsSnapshot, Handler};
use netipc::service::increment::Increment;
use netipc::{ErrorCode, Failure, Server};

use crate::stage::{BOTH, SERVICE, Serving, Stage, client, increment_server, server};

// Rules S13, S31.
#[test]
fn defect_23_requests_grow_as_far_as_both_sides_allow() {
    for profiles in BOTH {
        let stage = Stage::new();
        let _serving = increment_server(&stage, server(profiles), 2);
        let mut client = stage.ready::<Increment>(client(profiles));
        for items in [1, 100, 1_000, 65_536, 10] {
            let numbers: Vec<u64> = (0..items).collect();
            let reply = client.call_batch(&numbers).unwrap();
            assert!(reply.iter().eq(1..=items), "{items}");
        }
        let error = client.call_batch(&[0; 65_537]).map(drop).unwrap_err();
        assert!(
            matches!(error.failure(), Failure::Overflow { .. }),
            "{error:?}"
        );
        assert_eq!(client.call(&1).unwrap(), 2);
    }
}

// Rule S6.
#[test]
fn defect_23_a_refused_proposal_poisons_nobody() {
    for profiles in BOTH {
        let stage = Stage::new();
        let mut config = server(profiles);
        // No power of two, so that growing to one is refused.
        config.max_request_payload_bytes = 3_000;
        let _serving = increment_server(&stage, config, 2);
        let mut client = stage.ready::<Increment>(client(profiles));
        assert_eq!(client.call(&1).unwrap(), 2);

        let error = client.call_batch(&[0; 500]).map(drop).unwrap_err();
        assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error:?}");
        assert_eq!(client.call(&2).unwrap(), 3, "it is not poisoned");

        // What the server does carry gets through, although the next power of two does not.
        let reply = client.call_batch(&[1; 180]).unwrap();
        assert!(reply.iter().eq([2; 180]));
        let reconnects = client.status().counters.reconnects;
        assert!(client.call_batch(&[0; 500]).is_err());
        assert!(client.call_batch(&[0; 180]).is_ok());
        let again = client.status().counters.reconnects - reconnects;
        assert!(again <= 2, "{again} reconnects for what was refused before");
    }
}

#[test]
fn defect_23_a_replaced_provider_is_asked_afresh() {
    let stage = Stage::new();
    let mut small = server(1);
    small.max_request_payload_bytes = 1024;
    let serving = increment_server(&stage, small, 2);
    let mut client = stage.ready::<Increment>(client(1));
    assert!(client.call_batch(&[0; 500]).is_err());
    serving.end();
    let _serving = increment_server(&stage, server(1), 2);
    client.refresh();
    assert!(client.call_batch(&[0; 500]).is_ok());
}

// Rules C32, S18.
#[test]
fn defect_24_a_lookup_window_narrows_until_it_fits() {
    for profiles in BOTH {
        let stage = Stage::new();
        let mut config = server(profiles);
        config.max_response_payload_bytes = 1024;
        // Each item fills an answer alone, and does not fit beside the placeholder of another.
        let path = "p".repeat(900);
        let handler = apps_lookup::Handler::new(move |request, answer| {
            answer.set_generation(9);
            request.keys().try_for_each(|key| {
                answer.add(&AppsLookupItem {
                    status: PidStatus::KNOWN,
                    cgroup_status: AppsCgroupStatus::KNOWN,
                    pid: key.0,
                    comm: "test".into(),
                    cgroup_path: path.as_str().into(),
                    ..AppsLookupItem::default()
                })
            })
        });
        let serving = Serving::new(Server::new(stage.path(), SERVICE, config, handler));
        let mut client = stage.ready::<AppsLookup>(client(profiles));
        let reply = client.call(&(0..9).collect::<Vec<_>>()).unwrap();
        assert!(reply.iter().map(|item| item.pid).eq(0..9));
        assert!(reply.iter().all(|item| item.cgroup_path.len() == 900));
        assert_eq!(reply.generation, 9);
        let stats = serving.stats();
        assert!(stats.limit_exceeded > 0, "{stats:?}");
        assert!(stats.requests() < 9 + 9, "{} requests", stats.requests());
    }
}

// Rule C11.
#[test]
fn defect_25_a_truncated_snapshot_is_never_sent_as_if_it_were_whole() {
    for (limit, whole) in [(4096, false), (0, true)] {
        let stage = Stage::new();
        let mut config = server(1);
        config.max_response_payload_bytes = limit;
        // It does not even look whether its items fit, and says that all is well.
        let handler = Handler::new(|_request, answer| {
            answer.set_header(1, 42);
            for n in 0..2_000_u32 {
                let _ = answer.add(n, 0, 1, format!("name {n}").as_bytes(), b"/path");
            }
            true
        });
        let _serving = Serving::new(Server::new(stage.path(), SERVICE, config, handler));
        let mut client = stage.ready::<CgroupsSnapshot>(client(1));
        match client.call_snapshot() {
            Ok(view) => assert!(whole && view.item_count == 2_000),
            Err(error) => {
                assert!(!whole, "{error:?}");
                assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error:?}");
            }
        }
    }
}

// Rule C11.
#[test]
fn defect_25_a_truncated_snapshot_can_be_asked_for() {
    let stage = Stage::new();
    let mut config = server(1);
    config.max_response_payload_bytes = 4096;
    let handler = Handler::new(|_request, answer| {
        while answer.add(1, 0, 1, b"name", b"/path").is_ok() {}
        answer.accept_truncated();
        true
    });
    let _serving = Serving::new(Server::new(stage.path(), SERVICE, config, handler));
    let mut client = stage.ready::<CgroupsSnapshot>(client(1));
    let view = client.call_snapshot().unwrap();
    assert!(view.item_count > 50);
    assert!(view.iter().all(|item| item.is_ok()));
}
