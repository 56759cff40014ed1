//! The rules of sessions, servers and their ends.

use std::thread;
use std::time::{Duration, Instant};

use netipc::service::increment::{self, Increment};
use netipc::{ClientState, ErrorCode, Handler, ServeError};

use super::{AT_ONCE, Doorman, Running, SHORT, SOON, World, turnstile, within};

/// Many clients, each with answers of its own.
pub fn sessions_run_at_the_same_time(world: &World) {
    let server = world.serve(increment::handler());
    thread::scope(|scope| {
        for first in 0..6 {
            scope.spawn(move || {
                let mut client = world.connected::<Increment>();
                for n in (first * 1000..).take(100) {
                    assert_eq!(client.call(&n).expect("an answer"), n + 1);
                }
            });
        }
    });
    let stats = server.finish();
    assert_eq!((stats.sessions_total, stats.ok), (6, 600));
}

/// At capacity a client is turned down at once, and told before it believes in a session.
pub fn a_full_server_says_so_before_it_accepts(world: &World) {
    let config = world.server_config();
    let server = Running::start(world.limited_server(config, increment::handler(), 1));
    let mut first = world.connected::<Increment>();
    let mut second = world.client::<Increment>();
    within(AT_ONCE, "the refusal", || second.refresh());
    assert_eq!(second.state(), ClientState::Disconnected);
    let why = second.status().last_error.expect("it was turned down");
    assert!(why.contains("all its sessions are taken"), "{why}");
    assert_eq!(first.call(&1).expect("the first goes on"), 2);
    first.close();
    assert!(second.refresh(), "{:?}", second.status());
    assert_eq!(second.call(&2).expect("a slot"), 3);
    assert_eq!(server.finish().refused, 1);
}

/// A client is never refused because of its own last session.
pub fn a_departed_client_leaves_its_slot_at_once(world: &World) {
    let config = world.server_config();
    let server = Running::start(world.limited_server(config, increment::handler(), 1));
    for n in 0..10 {
        let mut client = world.connected::<Increment>();
        assert_eq!(client.call(&n).expect("a slot"), n + 1);
    }
    let stats = server.finish();
    assert_eq!((stats.sessions_total, stats.refused), (10, 0));
}

// Rules S3, S5, S12.
/// Absence is normal, and so is a restart between two calls.
pub fn a_provider_may_come_late_and_restart(world: &World) {
    let mut client = world.client::<Increment>();
    assert!(client.refresh());
    assert_eq!(client.state(), ClientState::NotFound);
    assert!(!client.refresh(), "nothing has changed");
    assert_eq!(client.status().counters.connects, 0);

    let server = world.serve(increment::handler());
    assert!(client.refresh());
    assert_eq!(client.call(&1).expect("an answer"), 2);
    assert!(!client.refresh(), "nothing has changed");

    drop(server);
    let server = world.serve(increment::handler());
    assert_eq!(client.call(&2).expect("without a refresh"), 3);
    let counters = client.status().counters;
    assert_eq!((counters.connects, counters.reconnects), (1, 1));
    assert_eq!((counters.retries, counters.errors), (1, 0));

    drop(server);
    let _server = world.serve(increment::handler());
    assert!(client.refresh(), "a new session");
    assert_eq!(client.call(&3).expect("after a refresh"), 4);
    assert_eq!(client.status().counters.reconnects, 2);
    client.close();
    assert_eq!(client.state(), ClientState::Disconnected);
    assert_eq!(client.status().counters.calls, 3, "counters stay");
    assert!(client.refresh(), "a closed client can be used again");
}

// Rule S6.
/// A call to a provider that is gone fails at once, and says what is missing.
pub fn a_provider_may_vanish(world: &World) {
    let server = world.serve(increment::handler());
    let mut client = world.connected::<Increment>();
    drop(server);
    let error = within(AT_ONCE, "the failure", || client.call(&1)).expect_err("gone");
    assert_eq!(error.code(), ErrorCode::DISCONNECTED, "{error}");
    assert!(!client.ready());
    client.refresh();
    assert_eq!(client.state(), ClientState::NotFound);
}

// Rule S23.
/// What is being answered is answered, and nothing else is begun.
pub fn draining_lets_requests_finish(world: &World) {
    let (server, doorman) = slow(world);
    let mut client = world.connected::<Increment>();
    let mut idle = world.connected::<Increment>();
    let drained = thread::scope(|scope| {
        let call = scope.spawn(|| client.call(&1).expect("in flight"));
        doorman.meet();
        let drain = scope.spawn(|| server.drain(SOON));
        // An idle session ends at once: that tells that the drain has begun.
        while idle.state() == ClientState::Ready {
            idle.refresh();
            thread::yield_now();
        }
        doorman.release();
        assert_eq!(call.join().expect("the call"), 2);
        drain.join().expect("the drain")
    });
    assert!(drained, "all finished");
    server.join();
    idle.refresh();
    assert_eq!(idle.state(), ClientState::NotFound);
}

// Rule S23.
/// A drain has a deadline.
pub fn draining_gives_up_in_time(world: &World) {
    let (server, doorman) = slow(world);
    let mut client = world.connected::<Increment>();
    thread::scope(|scope| {
        scope.spawn(|| client.call(&1).expect_err("the server has stopped"));
        doorman.meet();
        assert!(!within(SHORT + AT_ONCE, "the drain", || server.drain(SHORT)));
        // For the request, and for its retry if it came through before the stop.
        doorman.release();
        doorman.release();
    });
    server.join();
    let idle = world.serve(increment::handler());
    assert!(idle.drain(Duration::ZERO) || idle.drain(SOON));
    idle.join();
}

// Rule S23.
/// A stop counts whenever it comes.
pub fn a_stopped_server_never_runs(world: &World) {
    let server = world.server(increment::handler());
    server.stop();
    within(AT_ONCE, "running", || server.run()).expect("returns");
    assert_eq!(world.files(), 0);

    let server = world.server(increment::handler());
    server.bind().expect("a free endpoint");
    server.stop();
    server.run().expect("returns");
    assert_eq!(world.files(), 0, "gives the endpoint back");

    let server = world.serve(increment::handler());
    let mut client = world.connected::<Increment>();
    within(AT_ONCE, "the stop", || {
        server.stop();
        server.join();
    });
    assert!(client.call(&1).is_err());
}

/// The second server of an endpoint is refused and harms nobody.
pub fn an_endpoint_has_one_server(world: &World) {
    let server = world.serve(increment::handler());
    let mut client = world.connected::<Increment>();
    server.bind().expect("its own endpoint");
    assert!(matches!(server.run(), Err(ServeError::Running)));
    let second = world.server(increment::handler());
    let error = second.bind().expect_err("one owner");
    assert!(matches!(error, ServeError::Bind(_)), "{error}");
    assert_eq!(client.call(&1).expect("the first"), 2);
}

// Rule S32.
/// Every number says what it promises.
pub fn statistics_add_up(world: &World) {
    let handler = Handler::<Increment>::new(|n, answer| {
        let start = Instant::now();
        while *n == 7 && start.elapsed() < Duration::from_millis(5) {}
        answer.put(&(n + 1))
    });
    let server = world.serve(handler);
    assert_eq!(server.stats().requests(), 0);
    let mut client = world.connected::<Increment>();
    for n in 0..10 {
        client.call(&n).expect("an answer");
    }
    assert_eq!(server.stats().sessions_now, 1);
    client.call_batch(&[1, 2, 3]).expect("an answer");
    let counters = client.status().counters;
    let stats = server.finish();
    assert_eq!((stats.sessions_now, stats.sessions_total), (0, 2));
    assert_eq!((stats.ok, stats.requests(), stats.refused), (11, 11, 0));
    assert_eq!(stats.bytes_received, counters.bytes_sent);
    assert_eq!(stats.bytes_sent, counters.bytes_received);
    for times in [&stats.handler_time, &stats.total_time] {
        assert_eq!(times.count(), 11);
        assert!(times.sum() >= Duration::from_millis(5));
        assert_eq!(times.at_most(Duration::from_secs(10)), 11);
        assert!(times.at_most(Duration::from_millis(3)) <= 10);
    }
    assert!(stats.total_time.sum() >= stats.handler_time.sum());
}

/// Sessions and servers take with them what they put into the directory.
pub fn nothing_stays_behind(world: &World) {
    let server = world.serve(increment::handler());
    let mut client = world.connected::<Increment>();
    client.call(&1).expect("an answer");
    drop(server);
    assert_eq!(world.files(), 0);
    drop(client);
}

/// A server whose handler waits for a doorman.
fn slow(world: &World) -> (Running<Increment>, Doorman) {
    let (turnstile, doorman) = turnstile();
    let handler = Handler::<Increment>::new(move |n, answer| {
        turnstile.pass();
        answer.put(&(n + 1))
    });
    (world.serve(handler), doorman)
}
