//! The rules of calls, batches, pipelines and snapshots.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use netipc::service::increment::{self, Increment};
use netipc::service::string_reverse::{self, StringReverse, Text};
use netipc::transport::link::LinkKind;
use netipc::wire::Profiles;
use netipc::{Client, ClientConfig, Handler, ServerConfig};

use super::data::{self, GENERATION};
use super::{Running, World, connected};
use crate::link::bytes;

// Rule C4.
/// One number at a time.
pub fn numbers_are_incremented(world: &World) {
    let _server = world.serve(increment::handler());
    let mut client = world.connected::<Increment>();
    for n in [0, 41, u64::MAX - 1, u64::MAX] {
        assert_eq!(client.call(&n).expect("an answer"), n.wrapping_add(1));
    }
    for n in 0..100 {
        assert_eq!(client.call(&n).expect("an answer"), n + 1);
    }
    assert_eq!(client.status().counters.calls, 104);
    assert_eq!(client.status().counters.reconnects, 0);
}

// Rules C5, S13.
/// Texts of any bytes and any length, also beyond what the session was made for.
pub fn texts_are_reversed(world: &World) {
    let _server = world.serve(string_reverse::handler());
    let mut client = world.connected::<StringReverse>();
    for text in [
        &b""[..],
        b"a",
        b"hello",
        b"nul\0inside\0",
        b"\xff\xfe\x00\x80",
    ] {
        reverses(&mut client, text);
    }
    assert_eq!(client.status().counters.reconnects, 0);
    for len in [1015, 1016, 65_000, 500_000, 100] {
        reverses(&mut client, &bytes(len, len));
    }
    let status = client.status();
    assert!(status.counters.reconnects > 0, "grown: {status:?}");
    assert_eq!(status.counters.retries, 0, "growing is no retry");
}

/// Nothing is lost where a message just fits a packet, or just does not.
pub fn messages_of_every_length_around_a_packet_arrive(world: &World) {
    let _server = world.serve(string_reverse::handler());
    let config = ClientConfig {
        max_request_payload_bytes: 1 << 20,
        max_response_payload_bytes: 1 << 20,
        ..world.client_config()
    };
    let mut client = connected(world.client_with::<StringReverse>(config));
    let session = client.status().session.expect("a session");
    let packet = session.limits.packet_size as usize;
    // The envelope, and what a text has in front and behind.
    let around = 32 + 8 + 1;
    for total in (packet - 2..=packet + 2).chain([2 * packet - 40, 2 * packet]) {
        reverses(&mut client, &bytes(total - around, total));
    }
    assert_eq!(client.status().counters.reconnects, 0);
}

/// None, some and many items.
pub fn snapshots_arrive_whole(world: &World) {
    for count in [0, 16, 5000] {
        let _server = world.serve(data::snapshot(count, 40));
        let mut client = world.connected();
        for _ in 0..2 {
            is_snapshot(&mut client, count, 40);
        }
    }
}

// Rule S31.
/// Three megabytes, where both sides are configured for them.
pub fn a_large_snapshot_needs_configured_limits(world: &World) {
    let config = ServerConfig {
        max_response_payload_bytes: 4 << 20,
        ..world.server_config()
    };
    let handler = data::snapshot(3000, 1000);
    let _server = Running::start(world.server_with(config, handler));
    let config = ClientConfig {
        max_response_payload_bytes: 4 << 20,
        ..world.client_config()
    };
    let mut client = connected(world.client_with(config));
    is_snapshot(&mut client, 3000, 1000);
    assert!(client.status().counters.bytes_received > 3_000_000);
    assert_eq!(client.status().counters.reconnects, 0);
}

// Rule S13.
/// An unconfigured client gets what it needs, once.
pub fn a_snapshot_that_does_not_fit_makes_the_session_grow(world: &World) {
    let _server = world.serve(data::snapshot(3000, 100));
    let mut client = world.connected();
    is_snapshot(&mut client, 3000, 100);
    let grown = client.status();
    assert!(grown.counters.reconnects > 0, "{grown:?}");
    assert_eq!(grown.counters.errors, 0);
    is_snapshot(&mut client, 3000, 100);
    let again = client.status();
    assert_eq!(again.counters.reconnects, grown.counters.reconnects);
}

// Rules W5, S14.
/// One, two and a thousand requests in one message; none without any.
pub fn batches_are_answered_by_position(world: &World) {
    let server = world.serve(increment::handler());
    let mut client = world.connected::<Increment>();
    let before = client.status().last_success;
    assert!(client.call_batch(&[]).expect("nothing to ask").is_empty());
    assert_eq!(client.status().last_success, before, "nothing was asked");
    assert_eq!(server.stats().requests(), 0);
    for count in [1, 2, 1000, 2] {
        let requests: Vec<u64> = (0..count).map(|n| n * 3).collect();
        let reply = client.call_batch(&requests).expect("an answer");
        assert_eq!(reply.len(), requests.len());
        assert!(reply.iter().eq(requests.iter().map(|n| n + 1)));
        assert_eq!(reply.get(0), Some(1));
        assert_eq!(reply.get(requests.len()), None);
    }
    assert_eq!(client.call(&1).expect("a single one again"), 2);
}

// Rule S13.
/// A batch whose answer is larger than agreed so far is not run in vain first.
pub fn large_batches_run_once(world: &World) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let _server = world.serve(Handler::<Increment>::new(move |n, answer| {
        counter.fetch_add(1, Ordering::Relaxed);
        answer.put(&increment::next(*n))
    }));
    let mut client = world.connected::<Increment>();
    let requests: Vec<u64> = (0..20_000).collect();
    let reply = client.call_batch(&requests).expect("an answer");
    assert!(reply.iter().eq(1..=20_000));
    assert_eq!(runs.load(Ordering::Relaxed), 20_000);
}

// Rules W4, W5.
/// Items of a batch have any length.
pub fn texts_come_in_batches(world: &World) {
    let _server = world.serve(string_reverse::handler());
    let mut client = world.connected::<StringReverse>();
    let texts: Vec<Vec<u8>> = (0..40).map(|len| bytes(len * len, len)).collect();
    let requests: Vec<Text<'_>> = texts.iter().map(|text| Text::new(text)).collect();
    let reply = client.call_batch(&requests).expect("an answer");
    assert_eq!(reply.len(), texts.len());
    for (text, reply) in texts.iter().zip(reply.iter()) {
        assert!(reply.0.iter().eq(text.iter().rev()));
    }
}

// Rule S14.
/// Every request of a pipeline has its answer, whatever the window and the lengths.
pub fn pipelines_answer_every_request_once(world: &World) {
    let _server = world.serve(string_reverse::handler());
    let mut client = world.connected::<StringReverse>();
    let texts: Vec<Vec<u8>> = (0..200).map(|i| bytes(i * 7 % 900, i)).collect();
    let requests: Vec<Text<'_>> = texts.iter().map(|text| Text::new(text)).collect();
    for window in [1, 3, 64] {
        let mut seen = vec![0; texts.len()];
        client
            .call_pipelined(&requests, window, |index, reply| {
                seen[index] += 1;
                assert!(reply.0.iter().eq(texts[index].iter().rev()), "{index}");
            })
            .expect("every answer");
        assert_eq!(seen, vec![1; texts.len()], "window {window}");
    }
    assert_eq!(client.status().counters.calls, 600);
}

// Rule S4.
/// What was negotiated is what is used, and both sides can tell.
pub fn the_negotiated_profile_carries_the_data(world: &World) {
    let server = world.serve(increment::handler());
    let mut client = world.connected::<Increment>();
    client.call(&1).expect("an answer");
    let session = client.status().session.expect("a session");
    assert_eq!(session.profile, world.profile());
    let shared = session.profile != Profiles::BASELINE;
    assert_eq!(session.transport == LinkKind::SharedMemory, shared);
    let sessions = server.stats().sessions;
    assert_eq!(sessions.shared_memory, u64::from(shared));
    assert_eq!(sessions.total(), 1);
    let memory = session.transport == LinkKind::Memory;
    assert_eq!(session.peer.pid, (!memory).then(std::process::id));
}

fn reverses(client: &mut Client<StringReverse>, text: &[u8]) {
    let reply = client.call(&Text::new(text)).expect("an answer");
    let mut reversed = text.to_vec();
    reversed.reverse();
    assert!(reply.0.as_bytes() == reversed, "{} bytes", text.len());
}

fn is_snapshot(client: &mut netipc::service::cgroups::CgroupsClient, count: u32, path_len: usize) {
    let view = client.call_snapshot().expect("a snapshot");
    assert_eq!((view.item_count, view.systemd_enabled), (count, 1));
    assert_eq!(view.generation, GENERATION);
    view.validate().expect("valid items");
    for index in 0..count {
        let item = view.item(index).expect("a valid item");
        data::with_cgroup(index, path_len, |expected| assert_eq!(item, *expected));
    }
    assert!(view.item(count).is_err());
    assert_eq!(view.iter().len(), count as usize);
}
