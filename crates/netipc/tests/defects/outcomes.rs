//! Who is told what, and for how long it counts: 26, 31.

use std::thread;
use std::time::{Duration, Instant};

use netipc::protocol::PROFILE_SHM_HYBRID;
use netipc::service::apps_lookup::{self, AppsLookup};
use netipc::service::increment::Increment;
use netipc::wire::{Flags, Header, MethodCode, Status};
use netipc::{ClientConfig, ClientState, ErrorCode, Handler, Server, ServerConfig};

use crate::stage::script::{Guest, proposal};
use crate::stage::{
    BOTH, SERVICE, SOON, Serving, Stage, TOKEN, client, increment_server, server, until,
};

// Rule S28.
#[test]
fn defect_26_faults_are_told_by_whose_they_are() {
    for profiles in BOTH {
        let stage = Stage::new();
        let handler = Handler::<Increment>::new(|n, answer| match n {
            1 => Err("it does not want to"),
            2 => panic!("a panic that the test wants"),
            // Without an answer, which is a wrong number of them.
            3 => Ok(()),
            4 => {
                answer.put(&1_u64).unwrap();
                let _ = answer.put(&2_u64);
                Ok(())
            }
            _ => answer.put(n).or(Err("it does not fit")),
        });
        let serving = Serving::new(Server::new(
            stage.path(),
            SERVICE,
            server(profiles),
            handler,
        ));
        let single = Header::request(MethodCode::INCREMENT, 5);
        let batch = Header::batch(MethodCode::INCREMENT, 5, 1);
        let other = Header::request(MethodCode::STRING_REVERSE, 5);
        let n = |n: u64| n.to_le_bytes().to_vec();
        let entry = |offset: u8, len: u8| [[offset, 0, 0, 0, len, 0, 0, 0], [9; 8]].concat();
        for (what, header, payload, status) in [
            ("a handler's error", single, n(1), Status::INTERNAL_ERROR),
            ("a panic", single, n(2), Status::INTERNAL_ERROR),
            ("no answer", single, n(3), Status::INTERNAL_ERROR),
            ("two answers", single, n(4), Status::INTERNAL_ERROR),
            ("a short request", single, vec![1; 7], Status::BAD_ENVELOPE),
            ("a short item", batch, entry(0, 7), Status::BAD_ENVELOPE),
            ("an item outside", batch, entry(8, 8), Status::BAD_ENVELOPE),
            ("another method", other, n(9), Status::UNSUPPORTED),
            ("a good one", single, n(9), Status::OK),
        ] {
            let (mut line, _) = Guest::connect(&stage).open(&proposal(profiles));
            let (answer, payload) = line.ask(header, &payload);
            let told = (answer.status, answer.code, answer.message_id);
            assert_eq!(told, (status, header.code, 5), "{what}");
            if status == Status::OK {
                assert_eq!(payload, n(9));
                continue;
            }
            let shape = (answer.flags, answer.item_count, payload.len());
            assert_eq!(shape, (Flags::NONE, 1, 0), "{what}");
            match status {
                Status::UNSUPPORTED => assert_eq!(line.ask(single, &n(7)).1, n(7), "it goes on"),
                _ => line.hear_end(),
            }
        }
        // What is counted is counted when the client has its answer already.
        until("all are counted", || {
            (serving.stats().requests() == 10).then_some(())
        });
        let stats = serving.stats();
        let counted = (stats.ok, stats.internal_error, stats.bad_envelope);
        assert_eq!(counted, (2, 4, 3), "and 1 of another method");
    }
}

// Rules C33, S28.
#[test]
fn defect_26_a_missing_lookup_item_is_the_servers_fault() {
    let stage = Stage::new();
    let handler = apps_lookup::Handler::new(|_request, _answer| true);
    let _serving = Serving::new(Server::new(stage.path(), SERVICE, server(1), handler));
    let mut client = stage.ready::<AppsLookup>(client(1));
    let error = client.call(&[1]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::HANDLER_FAILED, "{error:?}");
    // None are missing where none were asked for.
    client.refresh();
    assert!(client.call(&[]).unwrap().is_empty());
}

// Rule S3.
#[test]
fn defect_31_refusals_heal_when_the_provider_is_replaced() {
    let heals = |client: ClientConfig, refusing, accepting, state| {
        let stage = Stage::new();
        let serving = increment_server(&stage, refusing, 2);
        let mut client = stage.client::<Increment>(client);
        let backoff = Duration::from_secs(1);
        let told = Instant::now();
        client.refresh();
        assert_eq!(client.state(), state);
        // It is counted once the client has been told.
        let (refused, _) = until("it is counted", || {
            Some(serving.stats().refused).filter(|refused| *refused > 0)
        });
        for _ in 0..100 {
            assert!(!client.refresh());
        }
        let again = serving.stats().refused - refused;
        assert!(
            again == 0 || told.elapsed() > backoff,
            "within the back-off"
        );
        serving.end();

        let _serving = increment_server(&stage, accepting, 2);
        let (_, taken) = until("it has healed", || {
            client.refresh();
            client.ready().then_some(())
        });
        assert!(taken < SOON / 2, "{taken:?}");
        assert_eq!(client.call(&1).unwrap(), 2);
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let other = ServerConfig {
                auth_token: TOKEN + 1,
                ..server(1)
            };
            heals(client(1), other, server(1), ClientState::AuthFailed);
        });
        scope.spawn(|| {
            let shm = PROFILE_SHM_HYBRID;
            heals(
                client(shm),
                server(1),
                server(shm),
                ClientState::Incompatible,
            );
        });
    });
}
