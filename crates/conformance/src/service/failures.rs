//! The rules of what goes wrong while everybody is there.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use netipc::connection::ConnectionError;
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::service::increment::{self, Increment};
use netipc::service::string_reverse::{self, StringReverse, Text};
use netipc::wire::{Header, MethodCode, Status, WireErrorKind};
use netipc::{ClientConfig, ClientState, ErrorCode, Failure, Handler, ServerConfig};
use netipc_transport::Wait;
use netipc_transport::link::LinkError;

use super::script::request;
use super::{Running, SOON, World, connected, data};

// Rule S28.
/// The session of a client with the wrong idea is as good as before.
pub fn another_method_is_unsupported_and_the_session_goes_on(world: &World) {
    let server = world.serve(increment::handler());
    let mut client = world.connected::<StringReverse>();
    for _ in 0..2 {
        let error = client.call(&Text::new(b"x")).expect_err("another method");
        assert!(matches!(error.failure(), Failure::Unsupported), "{error}");
        assert_eq!(client.state(), ClientState::Ready);
    }
    assert_eq!(client.status().counters.retries, 0);
    assert_eq!(client.status().counters.reconnects, 0);

    let mut raw = world.raw_client();
    let wait = Wait::timeout(SOON);
    let wrong = Header::request(MethodCode(999), 5);
    raw.send(wrong, b"whatever", &wait).expect("it leaves");
    let (header, payload) = request(&mut raw);
    assert_eq!(header, wrong.answer(Status::UNSUPPORTED));
    assert!(payload.is_empty());
    let right = Header::request(MethodCode::INCREMENT, 6);
    raw.send(right, &[1; 8], &wait).expect("it leaves");
    assert_eq!(request(&mut raw).0.status, Status::OK);
    assert_eq!(server.finish().unsupported, 3);
}

/// What a pipeline has asked in vain is not taken for the answers of the next.
pub fn a_pipeline_that_gives_up_leaves_no_answers_behind(world: &World) {
    let _server = world.serve(increment::handler());
    let mut client = world.connected::<StringReverse>();
    let requests = [Text::new(b"x"); 8];
    for _ in 0..2 {
        let error = client
            .call_pipelined(&requests, 4, |_, _| ())
            .expect_err("another method");
        assert!(matches!(error.failure(), Failure::Unsupported), "{error}");
        client.refresh();
    }
    assert_eq!(client.status().counters.retries, 0);

    let mut client = world.connected::<Increment>();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        client.call_pipelined(&[1; 8], 4, |_, _| panic!("on purpose"))
    }));
    assert!(panicked.is_err());
    client.refresh();
    assert_eq!(client.call(&100).expect("its own answer"), 101);
    assert_eq!(client.status().counters.retries, 0);
}

// Rules S28, S30.
/// What cannot be decoded is answered, and then the session is over.
pub fn a_malformed_request_ends_the_session(world: &World) {
    let server = world.serve(increment::handler());
    let wait = Wait::timeout(SOON);
    let batch = Header::batch(MethodCode::INCREMENT, 9, 2);
    // A number that is too short; and a batch whose second item is.
    let short_item = [
        &[0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0][..],
        &[0; 16],
    ]
    .concat();
    let single = Header::request(MethodCode::INCREMENT, 9);
    for (header, payload) in [(single, &[0; 7][..]), (batch, &short_item)] {
        let mut raw = world.raw_client();
        raw.send(header, payload, &wait).expect("it leaves");
        let (answer, payload) = request(&mut raw);
        assert_eq!(answer, header.answer(Status::BAD_ENVELOPE));
        assert!(payload.is_empty());
        let after = raw.receive(&wait);
        let over = ConnectionError::Link(LinkError::Disconnected);
        assert_eq!(
            format!("{after:?}"),
            format!("{:?}", Err::<Header, _>(over))
        );
    }
    assert_eq!(world.connected::<Increment>().call(&1).expect("others"), 2);
    assert_eq!(server.finish().bad_envelope, 2);
}

// Rules S11, S12.
/// Handlers are asked once more, because a failure may pass; and no more than that.
pub fn a_handler_that_fails_is_asked_twice(world: &World) {
    let asked = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&asked);
    let handler = Handler::<Increment>::new(move |n, answer| {
        let before = counting.fetch_add(1, Ordering::Relaxed);
        // Fails for good, once, and never.
        let fails = *n == 0 || (*n == 1 && before == 2);
        !fails && answer.put(&(n + 1)).is_ok()
    });
    let server = world.serve(handler);
    let mut client = world.connected::<Increment>();
    let error = client.call(&0).expect_err("it fails");
    assert!(matches!(error.failure(), Failure::HandlerFailed), "{error}");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert_eq!(client.state(), ClientState::Broken);
    assert!(client.refresh());
    assert_eq!(client.call(&1).expect("the second time"), 2);
    let counters = client.status().counters;
    assert_eq!(
        (counters.errors, counters.retries, counters.calls),
        (1, 2, 1)
    );
    assert_eq!(server.finish().internal_error, 3);
}

// Rule S29.
/// A panic ends the session that it happened in, and no other.
pub fn a_panic_costs_one_session(world: &World) {
    let handler = Handler::<Increment>::new(|n, answer| {
        assert!(*n != 13, "unlucky on purpose");
        answer.put(&(n + 1))
    });
    let server = world.serve(handler);
    let mut other = world.connected::<Increment>();
    let mut client = world.connected::<Increment>();
    let error = client.call(&13).expect_err("a panic");
    assert_eq!(error.code(), ErrorCode::HANDLER_FAILED, "{error}");
    assert_eq!(other.call(&1).expect("unharmed"), 2);
    assert_eq!(other.status().counters.reconnects, 0);
    client.refresh();
    assert_eq!(client.call(&14).expect("a new session"), 15);
    assert_eq!(server.finish().internal_error, 2);
}

// Rules S14, S30.
/// The first item that fails decides for the whole batch.
pub fn one_bad_item_fails_its_batch(world: &World) {
    let handler = Handler::<Increment>::new(|n, answer| *n < 500 && answer.put(&(n + 1)).is_ok());
    let _server = world.serve(handler);
    let mut client = world.connected::<Increment>();
    let error = client.call_batch(&[1, 2, 500, 3]).expect_err("one fails");
    assert!(matches!(error.failure(), Failure::HandlerFailed), "{error}");
    client.refresh();
    let reply = client.call_batch(&[1, 2, 3]).expect("all well");
    assert!(reply.iter().eq([2, 3, 4]));
}

// Rules S11, S31.
/// Growth ends at the smaller side's limit, with an error that says so.
pub fn an_answer_above_all_limits_is_an_overflow(world: &World) {
    let config = ServerConfig {
        max_response_payload_bytes: 100_000,
        ..world.server_config()
    };
    let server = Running::start(world.server_with(config, data::snapshot(3000, 100)));
    let mut client = world.connected::<CgroupsSnapshot>();
    for _ in 0..2 {
        client.refresh();
        let error = client.call_snapshot().expect_err("too large");
        assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error}");
        assert!(error.to_string().contains("100000"), "{error}");
    }
    let seen = server.finish().limit_exceeded;
    assert!((2..=10).contains(&seen), "a few attempts, not {seen}");

    let config = ClientConfig {
        max_request_payload_bytes: 100,
        ..world.client_config()
    };
    let server = world.serve(string_reverse::handler());
    let mut client = connected(world.client_with::<StringReverse>(config));
    let error = client
        .call(&Text::new(&[b'x'; 101]))
        .expect_err("too large");
    assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error}");
    assert_eq!(client.state(), ClientState::Ready, "nothing was sent");
    assert_eq!(server.stats().requests(), 0);
}

// Rule C11.
/// A handler's answer is whole or an error, unless it says that less will do.
pub fn a_truncated_snapshot_is_sent_only_on_request(world: &World) {
    let config = ServerConfig {
        max_response_payload_bytes: 4096,
        ..world.server_config()
    };
    for truncate in [false, true] {
        let handler = Handler::<CgroupsSnapshot>::new(move |_, answer| {
            let full = (0..1000)
                .find_map(|n| answer.add(n, 0, 1, b"name", b"path").err())
                .map(|error| error.kind());
            assert_eq!(full, Some(WireErrorKind::Overflow));
            if truncate {
                answer.accept_truncated();
            }
        });
        let _server = Running::start(world.server_with(config.clone(), handler));
        let mut client = world.connected::<CgroupsSnapshot>();
        match client.call_snapshot() {
            Ok(view) => assert!(truncate && (50..100).contains(&view.item_count)),
            Err(error) => assert!(!truncate, "{error}"),
        }
    }
}

// Rules S3, S6.
/// Who does not know the secret is told so, and does not hammer.
pub fn a_wrong_token_is_refused_and_not_tried_at_once(world: &World) {
    let server = world.serve(increment::handler());
    let config = ClientConfig {
        auth_token: 1,
        ..world.client_config()
    };
    let mut client = world.client_with::<Increment>(config);
    assert!(client.refresh());
    assert_eq!(client.state(), ClientState::AuthFailed);
    for _ in 0..10 {
        assert!(!client.refresh(), "waits before it tries again");
    }
    let error = client.call(&1).expect_err("no session");
    assert_eq!(error.code(), ErrorCode::NOT_READY);
    assert!(error.to_string().contains("auth failed"), "{error}");
    let endpoint = world.endpoint().to_string();
    assert!(error.to_string().contains(&endpoint), "{error}");
    assert_eq!(world.connected::<Increment>().call(&1).expect("others"), 2);
    assert_eq!(server.finish().refused, 1);
}

// Rule S6.
/// Sides without a profile in common part at the handshake.
pub fn without_a_common_profile_there_is_no_session(world: &World) {
    let _server = world.serve(increment::handler());
    // Reserved, so that nobody implements it.
    let config = ClientConfig {
        supported_profiles: netipc::protocol::PROFILE_SHM_WAITADDR,
        ..world.client_config()
    };
    let mut client = world.client_with::<Increment>(config);
    assert!(client.refresh());
    assert_eq!(client.state(), ClientState::Incompatible);
    assert!(!client.refresh(), "waits before it tries again");
    assert!(client.status().last_error.is_some());
}

// Rules S2, L1.
/// A client of an impossible name exists, and says what is wrong.
pub fn a_name_that_cannot_be_is_an_error_of_the_refresh(world: &World) {
    let endpoint = world.endpoint();
    let mut client = netipc::Client::<Increment>::with_transport(
        world.transport(),
        endpoint.run_dir(),
        "../evil",
        world.client_config(),
    );
    client.refresh();
    assert!(!client.ready());
    let error = client.status().last_error.expect("a reason");
    assert!(error.contains("../evil"), "{error}");
    let server = netipc::Server::new(
        endpoint.run_dir(),
        "../evil",
        world.server_config(),
        increment::handler(),
    );
    assert!(server.run().is_err());
}

// Rule S8.
/// Without a session nothing is tried.
pub fn a_call_without_a_session_does_no_io(world: &World) {
    let server = world.serve(increment::handler());
    let mut client = world.client::<Increment>();
    let failures = [
        client.call(&1).expect_err("no session"),
        client.call_batch(&[1]).expect_err("no session"),
        client
            .call_pipelined(&[1], 1, |_, _| ())
            .expect_err("no session"),
    ];
    for error in failures {
        assert_eq!(error.code(), ErrorCode::NOT_READY, "{error}");
    }
    assert_eq!(client.status().counters.errors, 3);
    assert_eq!(server.stats().sessions_total, 0);
}
