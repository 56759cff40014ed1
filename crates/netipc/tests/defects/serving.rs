//! Accepting and stopping: 1, 2, 8, 10, 28.

use std::error::Error;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use netipc::connection::Connection;
use netipc::service::increment::{self, Increment};
use netipc::transport::link::{BindError, BindOptions, ConnectError, Profile};
use netipc::transport::{Abort, Baseline, Endpoint, Listener, NativeTransport, Transport, Wait};
use netipc::wire::{Header, MethodCode, Profiles, Status};
use netipc::{ClientState, ErrorCode, OpenError, ServeError, Server};
use netipc_proto::session::DirectionLimits;
use netipc_proto::session::handshake::{HandshakeError, Proposal};

use crate::stage::platform::{FILES_OF_A_SESSION, IDLE};
use crate::stage::script::{Guest, Host, proposal, with_len};
use crate::stage::{
    AT_ONCE, BOTH, HANDSHAKE, SERVICE, SOON, Serving, Stage, TOKEN, WITH_SHM, client,
    increment_server, prompt, server, timed, until,
};

/// How long a server that is full may take to say so.
const REFUSED: Duration = Duration::from_millis(50);

/// A deadline that is meant to pass.
const SHORT: Duration = Duration::from_millis(100);

// Rules W18, S26.
#[test]
fn defect_01_silent_connections_delay_nobody() {
    prompt("an answer and a stop beside the silent", AT_ONCE, || {
        let stage = Stage::new();
        let serving = increment_server(&stage, server(1), 8);
        // One place is left between accept and handshake.
        let mut silent: Vec<_> = (0..63).map(|_| Guest::connect(&stage)).collect();
        let (answer, answering) = timed(|| stage.ready::<Increment>(client(1)).call(&1).unwrap());
        assert_eq!(answer, 2);

        // Now even that is taken, and some wait in the backlog.
        silent.extend((0..8).map(|_| Guest::connect(&stage)));
        let stopping = serving.end();
        assert_eq!(stage.files(), [""; 0]);
        answering.max(stopping)
    });
}

// Rule W18.
#[test]
fn defect_02_a_refresh_ends_when_nobody_accepts_or_answers() {
    let refreshed = |stage: &Stage| {
        let mut client = stage.client::<Increment>(client(1));
        let (_, taken) = timed(|| client.refresh());
        assert!((HANDSHAKE..SOON).contains(&taken), "{taken:?}");
        let status = client.status();
        assert_eq!(status.state, ClientState::Disconnected);
        let error = status.last_error.unwrap();
        assert!(error.contains("no handshake within 2000 ms"), "{error}");
        let late = client.open_error().unwrap();
        let cause = late.source().map(ToString::to_string);
        assert!(cause.is_some(), "where it ended: {late:?}");
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let stage = Stage::new();
            // Accepted by the kernel alone.
            let _host = Host::new(&stage);
            refreshed(&stage);
        });
        scope.spawn(|| {
            let stage = Stage::new();
            let _host = Host::with_backlog(&stage, 0);
            let _first = Guest::connect(&stage);
            // There is not even room to wait.
            refreshed(&stage);
        });
    });
}

// Rules S7, S11.
#[test]
fn defect_02_a_call_ends_in_every_phase() {
    type Phase = fn(&mut Host);
    let phases: [(&str, Phase); 4] = [
        ("never answers", |host| {
            let (mut line, _) = host.welcome();
            line.hear();
            host.stay();
            assert!(host.is_alone(), "what has timed out is not retried");
        }),
        ("never reads", |host| {
            let _line = host.welcome();
            host.stay();
            assert!(host.is_alone(), "what has timed out is not retried");
        }),
        ("accepts no more after it has closed", |host| {
            drop(host.welcome());
            host.stay();
        }),
        ("answers no HELLO after it has closed", |host| {
            drop(host.welcome());
            let mut guest = host.accept();
            guest.hello();
            host.stay();
        }),
    ];
    for (what, phase) in phases {
        prompt(what, AT_ONCE, || time_of_timeout(what, phase));
    }
}

/// How long a call takes that may take [`SHORT`], with a host that does something else.
fn time_of_timeout(what: &str, phase: fn(&mut Host)) -> Duration {
    let stage = Stage::new();
    let play = Host::new(&stage).play(phase);
    let mut config = client(1);
    config.max_request_payload_bytes = 1 << 20;
    config.max_request_batch_items = 60_000;
    config.max_response_payload_bytes = 1 << 20;
    let mut client = stage.ready::<Increment>(config);
    client.set_call_timeout(100);
    // More than a socket holds.
    let (done, taken) = timed(|| client.call_batch(&[7; 60_000]).map(drop));
    let error = done.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TIMEOUT, "{what}: {error:?}");
    assert!(taken >= SHORT, "{what}: {taken:?}");
    assert_eq!(client.state(), ClientState::Broken, "{what}");
    drop(client);
    play.end();
    taken
}

#[test]
fn who_was_told_nothing_was_not_refused() {
    let stage = Stage::new();
    let serving = increment_server(&stage, server(1), 1);
    // No HELLO, the end of a connection, and a stop while others say nothing.
    let mut stray = Guest::connect(&stage).link;
    stray.send(&[0xee; 32], &[], &Wait::timeout(SOON)).unwrap();
    let mut answer = [0; 128];
    let closed = stray.receive(&mut answer, &Wait::timeout(SOON));
    assert!(closed.is_err(), "{closed:?}");
    drop(Guest::connect(&stage));
    let _silent = Guest::connect(&stage);
    assert_eq!(stage.ready::<Increment>(client(1)).call(&1).unwrap(), 2);
    assert_eq!(serving.ended().stats().refused, 0);

    let serving = increment_server(&stage, server(1), 1);
    let mut stranger = client(1);
    stranger.auth_token = TOKEN + 1;
    stage.client::<Increment>(stranger).refresh();
    assert_eq!(serving.ended().stats().refused, 1);
}

/// Says when it binds, and fails once it may.
#[derive(Debug)]
struct Stuck {
    binding: Abort,
    free: Abort,
}

impl Transport for Stuck {
    fn profiles(&self) -> &'static [Profile] {
        NativeTransport::new().profiles()
    }

    fn connect(
        &self,
        endpoint: &Endpoint,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Baseline>, ConnectError> {
        NativeTransport::new().connect(endpoint, wait)
    }

    fn bind(
        &self,
        endpoint: &Endpoint,
        _options: &BindOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        self.binding.raise();
        let _ = Wait::timeout(SOON).or_abort(&self.free).sleep(SOON);
        Err(BindError::AddressInUse {
            endpoint: endpoint.to_string(),
            why: "another starter",
            holders: Vec::new(),
        })
    }
}

#[test]
fn a_stop_does_not_wait_for_a_bind_whose_failure_is_nobodys_concern() {
    let stage = Stage::new();
    let (binding, free) = (Abort::new(), Abort::new());
    let transport = Stuck {
        binding: binding.clone(),
        free: free.clone(),
    };
    let server = Server::new(stage.path(), SERVICE, server(1), increment::handler())
        .over(Arc::new(transport));
    thread::scope(|scope| {
        let run = scope.spawn(|| server.run());
        until("it binds", || binding.is_raised().then_some(()));
        server.stop();
        assert!(!run.is_finished(), "it still binds");
        free.raise();
        let ended = run.join().unwrap();
        assert!(ended.is_ok(), "{ended:?}");
    });
}

#[test]
fn defect_02_a_client_that_never_reads_holds_up_no_stop() {
    let stage = Stage::new();
    let serving = increment_server(&stage, server(1), 1);
    let (mut line, _) = Guest::connect(&stage).open(&proposal(1));
    let request = with_len(Header::request(MethodCode::INCREMENT, 1), &[0; 8]);
    let soon = Wait::timeout(SHORT);
    // Until its answers fill our side, and our requests its.
    while line.0.send(&request.encode(), &[0; 8], &soon).is_ok() {}
    let taken = serving.end();
    assert!(taken < SOON, "{taken:?}");
}

// Rule S25.
#[test]
fn defect_08_at_capacity_nobody_is_told_ok() {
    for profiles in BOTH {
        let stage = Stage::new();
        let serving = increment_server(&stage, server(profiles), 1);
        let mut first = stage.ready::<Increment>(client(profiles));

        let mut refusals = 0;
        prompt("the refusal", REFUSED, || {
            let (refused, taken) = timed(|| connect(&stage, profiles));
            let error = refused.unwrap_err();
            let honest = matches!(
                error,
                OpenError::Handshake(HandshakeError::Rejected {
                    status: Status::INTERNAL_ERROR
                })
            );
            assert!(honest, "{error:?}");
            refusals += 1;
            taken
        });
        // Who is in a hurry is told the same.
        let mut hurried = stage.client::<Increment>(client(profiles));
        prompt("a refusal in a hurry", REFUSED, || {
            let (_, taken) = timed(|| hurried.refresh_within(REFUSED));
            let error = hurried.status().last_error.unwrap();
            refusals += u64::from(error.contains("all its sessions are taken"));
            taken
        });
        let error = hurried.status().last_error.unwrap();
        assert!(error.contains("all its sessions are taken"), "{error}");
        assert!(serving.stats().refused >= refusals);
        assert_eq!(first.call(&1).unwrap(), 2, "not at the cost of the first");

        // One that has left makes room.
        drop(first);
        connect(&stage, profiles).unwrap();
    }
}

// Rule W15.
#[test]
fn defect_10_no_region_exists_before_authentication_and_admission() {
    let stage = Stage::new();
    let _serving = increment_server(&stage, server(WITH_SHM), 1);
    let _silent = Guest::connect(&stage);
    let mut stranger = client(WITH_SHM);
    stranger.auth_token = TOKEN + 1;
    let mut stranger = stage.client::<Increment>(stranger);
    stranger.refresh();
    assert_eq!(stranger.state(), ClientState::AuthFailed);
    assert_eq!(stage.files(), IDLE);

    let first = stage.ready::<Increment>(client(1));
    thread::scope(|scope| {
        let second = scope.spawn(|| connect(&stage, WITH_SHM));
        while !second.is_finished() {
            assert_eq!(stage.regions(), [""; 0], "while it waits for a slot");
        }
        second.join().unwrap().unwrap_err();
    });
    assert_eq!(stage.regions(), [""; 0], "after it was turned down");
    drop(first);
    let _admitted = until("the slot is free", || connect(&stage, WITH_SHM).ok());
    assert_eq!(stage.regions().len(), FILES_OF_A_SESSION);
}

// Rule S23.
#[test]
fn defect_28_a_stop_before_run_is_not_lost() {
    let stage = Stage::new();
    let server = || Server::new(stage.path(), SERVICE, server(1), increment::handler());
    for bound in [false, true] {
        let server = server();
        if bound {
            server.bind().unwrap();
        }
        server.stop();
        server.run().unwrap();
        assert_eq!(stage.files(), [""; 0], "{bound}");
    }
    let drained = server();
    assert!(drained.drain(SOON));
    drained.run().unwrap();
    // Clients would wait in vain for one that was bound only then.
    assert!(matches!(drained.bind(), Err(ServeError::Stopped)));
    // Another one can take the endpoint, and one that was stopped does not even try.
    let _serving = Serving::new(server());
    stage.ready::<Increment>(client(1));
    let stopped = server();
    stopped.stop();
    stopped.run().unwrap();
}

fn connect(stage: &Stage, profiles: u32) -> Result<Connection, OpenError> {
    let limits = DirectionLimits {
        payload_bytes: 1024,
        batch_items: 1,
    };
    let proposal = Proposal {
        supported: Profiles(profiles),
        preferred: Profiles(0),
        request: limits,
        response: limits,
        auth_token: TOKEN,
        packet_size: 0,
        response_ceiling: u32::MAX,
    };
    let wait = Wait::timeout(SOON);
    Connection::connect(&NativeTransport::new(), &stage.endpoint, proposal, &wait)
}
