//! A server on tokio, and clients with threads and without.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what fails is a failed test")]

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::{SOON, Stage, client_config, run, server_config};
use netipc::connection::Connection;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::increment::Increment;
use netipc::transport::{Endpoint, NativeTransport, Transport, Wait};
use netipc::wire::{Header, MethodCode};
use netipc::{
    Client as BlockingClient, ClientConfig, ErrorCode, Handler, HandlerFailed, ServeError,
};
use netipc_tokio::Server;

/// A deadline that is meant to pass.
const SHORT: Duration = Duration::from_millis(50);

/// Runs `server` beside what `others` do in a thread of their own, and gives it back.
fn beside<S: netipc::service::Service>(
    mut server: Server<S>,
    others: impl FnOnce() + Send,
) -> Server<S> {
    thread::scope(|scope| {
        let (done, is_done) = tokio::sync::oneshot::channel::<()>();
        let others = scope.spawn(move || {
            let _done = done;
            others();
        });
        run(async {
            tokio::select! {
                ended = server.run() => panic!("{ended:?}"),
                _ = is_done => {}
            }
        });
        others.join().unwrap();
    });
    server
}

#[test]
fn clients_with_threads_are_served() {
    let stage = Stage::new();
    let server = beside(stage.server(8), || {
        thread::scope(|scope| {
            for offset in 0..8 {
                let stage = &stage;
                scope.spawn(move || {
                    // What is offered besides the socket is left out.
                    let config = ClientConfig {
                        supported_profiles: 7,
                        ..client_config()
                    };
                    let mut client = BlockingClient::<Increment>::new(stage.dir(), "svc", config);
                    client.refresh();
                    for n in 0..100 {
                        assert_eq!(client.call(&(n << offset)).unwrap(), (n << offset) + 1);
                    }
                    assert_eq!(
                        client.call_batch(&[1, 2, 3]).unwrap().iter().sum::<u64>(),
                        9
                    );
                });
            }
        });
    });
    // A batch wants a session with room for it.
    let counts = server.counts();
    assert_eq!(
        (
            counts.sessions_total,
            counts.refused,
            counts.ok,
            counts.failed
        ),
        (16, 0, 8 * 101, 0)
    );
    drop(server);
    assert_eq!(stage.files(), 0);
}

#[test]
fn a_full_server_says_so_and_a_wrong_token_is_told() {
    let stage = Stage::new();
    let server = beside(stage.server(1), || {
        let mut first = BlockingClient::<Increment>::new(stage.dir(), "svc", client_config());
        first.refresh();
        assert_eq!(first.call(&1).unwrap(), 2);
        let refused = |config| {
            let mut client = BlockingClient::<Increment>::new(stage.dir(), "svc", config);
            client.refresh();
            netipc::chain(client.open_error().expect("it is refused"))
        };
        let why = refused(client_config());
        assert!(why.contains("all its sessions are taken"), "{why}");
        let why = refused(ClientConfig::default());
        assert!(why.contains("auth token"), "{why}");
        // The slot of a client that is gone is free.
        drop(first);
        let mut next = BlockingClient::<Increment>::new(stage.dir(), "svc", client_config());
        let until = Instant::now() + SOON;
        while !next.ready() && Instant::now() < until {
            next.refresh();
        }
        assert_eq!(next.call(&1).unwrap(), 2);
    });
    assert!(server.counts().refused >= 2);
}

#[test]
fn a_failing_handler_and_another_method_are_answered_as_by_every_server() {
    let stage = Stage::new();
    let handler = Handler::<Increment>::new(|n, answer| {
        assert!(*n != 13, "on purpose");
        if *n == 9 {
            return Err(HandlerFailed::from("not that one"));
        }
        Ok(answer.put(&(n + 1))?)
    });
    let server = Server::bind(stage.dir(), "svc", &server_config(), handler).unwrap();
    let server = beside(server, || {
        let mut client = BlockingClient::<Increment>::new(stage.dir(), "svc", client_config());
        for n in [9, 13] {
            client.refresh();
            assert_eq!(
                client.call(&n).unwrap_err().code(),
                ErrorCode::HANDLER_FAILED
            );
        }
        client.refresh();
        assert_eq!(client.call(&1).unwrap(), 2);
        let mut other = BlockingClient::<CgroupsSnapshot>::new(stage.dir(), "svc", client_config());
        other.refresh();
        assert_eq!(
            other.call(&Default::default()).err().unwrap().code(),
            ErrorCode::UNSUPPORTED
        );
        // A broken rule of the session has its answer, too.
        let endpoint = Endpoint::new(stage.dir(), "svc").unwrap();
        let wait = Wait::timeout(SOON);
        let proposal = client_config().proposal();
        let mut raw =
            Connection::connect(&NativeTransport::default(), &endpoint, proposal, &wait).unwrap();
        let header = Header::batch(MethodCode::INCREMENT, 1, 0);
        raw.send_packet(&header.encode(), &[], &wait).unwrap();
        let answer = raw.receive(&wait);
        assert!(answer.is_ok() || raw.is_over(), "{answer:?}");
    });
    assert!(server.counts().failed >= 4);
}

#[test]
fn a_large_answer_to_a_slow_reader_holds_up_nobody() {
    const ITEMS: u32 = 20_000;
    let stage = Stage::new();
    let handler = Handler::<CgroupsSnapshot>::new(|_, answer| {
        for hash in 0..ITEMS {
            answer.add(
                hash,
                0,
                1,
                format!("name-{hash:06}").as_bytes(),
                b"/sys/fs/cgroup/somewhere",
            )?;
        }
        Ok::<_, HandlerFailed>(())
    });
    let server = Server::bind(stage.dir(), "svc", &server_config(), handler).unwrap();
    beside(server, || {
        let endpoint = Endpoint::new(stage.dir(), "svc").unwrap();
        let wait = Wait::timeout(SOON);
        let mut proposal = client_config().proposal();
        proposal.response.payload_bytes = 8 << 20;
        // It asks, and does not read yet.
        let mut slow =
            Connection::connect(&NativeTransport::default(), &endpoint, proposal, &wait).unwrap();
        slow.send(
            Header::request(MethodCode::CGROUPS_SNAPSHOT, 1),
            &[1, 0, 0, 0],
            &wait,
        )
        .unwrap();
        let mut client =
            BlockingClient::<CgroupsSnapshot>::new(stage.dir(), "svc", client_config());
        client.refresh();
        assert_eq!(client.call(&Default::default()).unwrap().item_count, ITEMS);
        slow.receive(&wait).unwrap();
        assert!(slow.message().unwrap().payload().len() > 1 << 20);
    });
}

#[test]
fn silent_clients_delay_nobody() {
    let stage = Stage::new();
    beside(stage.server(8), || {
        let endpoint = Endpoint::new(stage.dir(), "svc").unwrap();
        let transport = NativeTransport::default();
        let silent = (0..80).map(|_| transport.connect(&endpoint, &Wait::timeout(SOON)).unwrap());
        let mut silent: Vec<_> = silent.collect();
        let mut client = BlockingClient::<Increment>::new(stage.dir(), "svc", client_config());
        client.refresh();
        assert_eq!(client.call(&1).unwrap(), 2);
        // The oldest have made way.
        let oldest = silent.first_mut().unwrap();
        let until = Instant::now() + SOON;
        while oldest.check().is_ok() && Instant::now() < until {
            thread::yield_now();
        }
        assert!(oldest.check().is_err());
    });
}

#[test]
fn a_server_that_is_not_polled_any_more_ends_its_sessions_and_may_go_on() {
    let stage = Stage::new();
    let mut server = stage.server(8);
    run(async {
        let mut client = stage.client();
        for turn in 0..3 {
            let asked = async {
                while !client.refresh().await {}
                client.call(&turn).await
            };
            tokio::select! {
                ended = server.run() => panic!("{ended:?}"),
                answer = asked => assert_eq!(answer.unwrap(), turn + 1),
            }
            // Its sessions are gone with it: this one is lost, and nobody accepts another.
            assert_eq!(
                client.call_within(&turn, SHORT).await.unwrap_err().code(),
                ErrorCode::TIMEOUT
            );
        }
    });
    drop(server);
    assert_eq!(stage.files(), 0);
}

#[test]
fn an_endpoint_that_was_taken_away_ends_the_server() {
    let stage = Stage::new();
    let mut server = stage.server(8);
    // Another server has the name.
    std::fs::remove_file(stage.dir().join("svc.sock")).unwrap();
    let _thief = stage.server(8);
    let lost = run(server.run()).unwrap_err();
    assert!(matches!(lost, ServeError::Lost(_)), "{lost:?}");
}

#[test]
fn an_endpoint_that_is_taken_is_an_error() {
    let stage = Stage::new();
    let _first = stage.server(1);
    let handler = Handler::<Increment>::new(|n, answer| answer.put(n));
    let error = Server::bind(stage.dir(), "svc", &server_config(), handler).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ADDRESS_IN_USE);
}
