//! Silent and departed clients, where the platform tells them: 1, 8.

use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

use netipc::service::increment::{self, Increment, IncrementHandler};
use netipc::transport::link::LinkError;
use netipc::transport::{Abort, Endpoint, NativeTransport, Transport, Wait};
use netipc::wire::{Hello, Opcode, Profiles, Status};
use netipc::{Client, Server};

use crate::stage::script::{Guest, control, proposal};
use crate::stage::{
    BOTH, HANDSHAKE, SERVICE, SOON, Serving, Stage, TOKEN, client, increment_server, prompt,
    server, soon, timed, until,
};

/// How long an answer may take beside those who say nothing.
const PROMPT: Duration = Duration::from_millis(100);

// Rule S26.
#[test]
fn defect_01_a_thousand_silent_connections_delay_nobody_and_cost_no_thread() {
    // Its threads have names of their own.
    let name = "quiet";
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")));
        // A thread may end meanwhile.
        names
            .flatten()
            .filter(|name| name == "netipc-quiet\n")
            .count()
    };
    let stage = Stage::new();
    let endpoint = Endpoint::new(stage.path(), name).unwrap();
    let handler = increment::handler();
    let _serving = Serving::new(Server::new(stage.path(), name, server(1), handler));
    prompt("an answer beside a thousand silent", PROMPT, || {
        let mut silent = VecDeque::new();
        for _ in 0..1000 {
            silent.push_back(NativeTransport::new().connect(&endpoint, &soon()).unwrap());
            // The oldest have had to make way for others.
            if silent.len() > 200 {
                silent.pop_front();
            }
        }
        assert!(threads() < 8, "{} threads for the silent", threads());
        let mut client = Client::<Increment>::new(stage.path(), name, client(1));
        let (answer, taken) = timed(|| {
            client.refresh();
            client.call(&1)
        });
        assert_eq!(answer.unwrap(), 2);
        assert!(silent.pop_back().unwrap().check().is_ok(), "the newest");
        taken
    });
}

// Rule S26.
#[test]
fn defect_01_silent_connections_end_in_time() {
    let stage = Stage::new();
    let _serving = increment_server(&stage, server(1), 8);
    let (ended, taken) = timed(|| {
        let mut silent = Guest::connect(&stage).link;
        silent.receive(&mut [0], &Wait::timeout(SOON)).unwrap_err()
    });
    assert!(matches!(ended, LinkError::Disconnected), "{ended:?}");
    assert!(taken >= HANDSHAKE, "{taken:?}");
}

// Rule S25.
#[test]
fn a_client_waits_for_a_session_that_is_ending_and_is_counted_where_it_leaves() {
    for profiles in BOTH {
        let stage = Stage::new();
        let (asked, free) = (Abort::new(), Abort::new());
        let (handled, held) = (asked.clone(), free.clone());
        let handler = IncrementHandler::new(move |n, answer| {
            handled.raise();
            let _ = Wait::timeout(SOON).or_abort(&held).sleep(SOON);
            answer.put(&(n + 1))
        });
        let server = Server::with_workers(stage.path(), SERVICE, server(profiles), handler, 1);
        let serving = Serving::new(server);
        let mut first = stage.ready::<Increment>(client(profiles));
        first.set_call_timeout(1);
        first.call(&1).unwrap_err();
        until("it is asked", || asked.is_raised().then_some(()));
        // Its client has left: the session ends with its handler.
        drop(first);

        let mut line = Guest::connect(&stage).link;
        let header = control(Opcode::HELLO, Status::OK);
        line.send(&header.encode(), &proposal(profiles).encode(), &soon())
            .unwrap();
        drop(line);
        until("who left is counted", || {
            (serving.stats().refused == 1).then_some(())
        });

        thread::scope(|scope| {
            let second = scope.spawn(|| {
                let mut second = stage.client::<Increment>(client(profiles));
                second.refresh();
                second.ready()
            });
            free.raise();
            assert!(second.join().unwrap(), "the session has ended");
        });
        assert_eq!(serving.stats().refused, 1);
    }
}

/// It stays meanwhile, so that whatever comes after its answer has to wait for it.
#[test]
fn a_refusal_is_counted_before_the_client_is_told() {
    for profiles in BOTH {
        let stage = Stage::new();
        let serving = increment_server(&stage, server(profiles), 1);
        let wrong = Hello {
            auth_token: TOKEN + 1,
            ..proposal(profiles)
        };
        let strange = Hello {
            supported: Profiles(1 << 30),
            ..proposal(profiles)
        };
        for (refused, hello) in (1..).zip([wrong, strange, wrong]) {
            let mut guest = Guest::connect(&stage);
            let (status, _) = guest.greet(&hello, 0);
            assert_ne!(status, Status::OK);
            assert_eq!(serving.stats().refused, refused, "{status:?}");
        }
    }
}
