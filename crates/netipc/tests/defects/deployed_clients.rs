//! What clients in the field do that ours do not, and how a server copes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use netipc::service::increment::Increment;
use netipc::transport::link::LinkKind;
use netipc::wire::{Flags, Header, Hello, Kind, MethodCode, Profiles, Status};
use netipc::{Handler, Server};

use crate::stage::script::{Guest, Line, control, proposal, with_len};
use crate::stage::{
    AT_ONCE, BOTH, SERVICE, Serving, Stage, WITH_SHM, client, increment_server, prompt, server,
    soon, timed, until,
};

const FIVE: [u8; 8] = 5_u64.to_le_bytes();
const SIX: [u8; 8] = 6_u64.to_le_bytes();

fn request(message_id: u64) -> Header {
    Header::request(MethodCode::INCREMENT, message_id)
}

// Rule P10. The Rust client in the field gives up after 100 ms, whatever its deadline.
#[test]
fn an_answer_comes_well_before_a_deployed_client_gives_up() {
    let stage = Stage::new();
    let _serving = increment_server(&stage, server(BOTH[0]), 1);
    let (mut line, _) = Guest::connect(&stage).open(&proposal(BOTH[0]));
    let mut id = 0;
    prompt("an answer", Duration::from_millis(100), || {
        id += 1;
        let ((answer, _), taken) = timed(|| line.ask(request(id), &FIVE));
        assert_eq!(answer.status, Status::OK);
        taken
    });
}

// Rule P18.
#[test]
fn what_deployed_servers_ignore_is_ignored() {
    for profiles in BOTH {
        let stage = Stage::new();
        let _serving = increment_server(&stage, server(profiles), 1);
        let (mut line, _) = Guest::connect(&stage).open(&proposal(profiles));
        for (what, header) in [
            ("id 0", request(0)),
            ("the same id again", request(0)),
            (
                "unknown flags",
                Header {
                    flags: Flags(0xfffe),
                    ..request(1)
                },
            ),
            (
                "a status",
                Header {
                    status: Status::INTERNAL_ERROR,
                    ..request(2)
                },
            ),
            (
                "no item",
                Header {
                    item_count: 0,
                    ..request(3)
                },
            ),
        ] {
            let (answer, payload) = line.ask(header, &FIVE);
            assert_eq!(answer.status, Status::OK, "{what}");
            assert_eq!(answer.message_id, header.message_id, "{what}");
            assert_eq!(
                (answer.kind, answer.item_count),
                (Kind::RESPONSE, 1),
                "{what}"
            );
            assert!(!answer.flags.is_batch(), "{what}");
            assert_eq!(payload, SIX, "{what}");
        }
    }
}

// Rules W5, P13.
#[test]
fn a_batch_of_one_is_a_batch() {
    for profiles in BOTH {
        let stage = Stage::new();
        let _serving = increment_server(&stage, server(profiles), 1);
        let (mut line, _) = Guest::connect(&stage).open(&proposal(profiles));
        let directory = [0, 0, 0, 0, 8, 0, 0, 0];
        let batch = Header::batch(MethodCode::INCREMENT, 1, 1);
        let (answer, payload) = line.ask(batch, &[directory, FIVE].concat());
        assert_eq!(answer.status, Status::OK);
        assert!(answer.flags.is_batch() && answer.item_count == 1);
        assert_eq!(payload, [directory, SIX].concat());
    }
}

// Rule P2.
#[test]
fn a_longer_hello_is_understood_and_a_sealed_one_is_not() {
    let stage = Stage::new();
    let serving = increment_server(&stage, server(1), 1);
    for more in [20, 52] {
        let mut guest = Guest::connect(&stage);
        let (status, ack) = guest.greet(&proposal(1), more);
        assert_eq!(
            (status, ack.selected),
            (Status::OK, Profiles::BASELINE),
            "{more}"
        );
        assert!(ack.packet_size < 212_992, "what the kernel takes");
        drop(guest);
        until("it has left", || {
            (serving.stats().sessions_now == 0).then_some(())
        });
    }
    let mut padded = proposal(1);
    padded.padding = 1;
    let (status, _) = Guest::connect(&stage).greet(&padded, 0);
    assert_eq!(status, Status::BAD_ENVELOPE);
}

// Rules W14, P5.
#[test]
fn no_preference_selects_the_best_of_both() {
    let stage = Stage::new();
    let _serving = increment_server(&stage, server(WITH_SHM), 2);
    let all = Profiles(WITH_SHM);
    for (profiles, selected) in [
        (1, Profiles::BASELINE),
        (3, Profiles::SHM_HYBRID),
        (7, all.highest()),
        (0xff, all.highest()),
    ] {
        let (mut line, ack) = Guest::connect(&stage).open(&proposal(profiles));
        assert_eq!(ack.selected, selected);
        assert_eq!(line.ask(request(1), &FIVE).1, SIX);
        let shm = line.0.info().kind == LinkKind::SharedMemory;
        assert_eq!(shm, selected != Profiles::BASELINE);
    }
}

// Rule L19.
#[test]
fn a_probe_that_leaves_before_its_hello_is_taken_calmly() {
    prompt("a session after many probes", AT_ONCE, || {
        let stage = Stage::new();
        let serving = increment_server(&stage, server(1), 1);
        for _ in 0..200 {
            drop(Guest::connect(&stage));
        }
        let (answer, taken) = timed(|| stage.ready::<Increment>(client(1)).call(&5).unwrap());
        assert_eq!(answer, 6);
        assert_eq!(serving.stats().refused, 0);
        taken
    });
}

#[test]
fn what_is_no_hello_gets_no_answer() {
    let stage = Stage::new();
    let _serving = increment_server(&stage, server(1), 1);
    let hello = control(netipc::wire::Opcode::HELLO, Status::OK).encode();
    let mut magic = hello;
    magic[0] ^= 1;
    for (what, head, body) in [
        ("a short packet", &hello[..], &proposal(1).encode()[..43]),
        ("another magic", &magic[..], &proposal(1).encode()[..]),
        ("a long packet", &hello[..], &[0; 97][..]),
        ("a request", &request(1).encode()[..], &FIVE[..]),
    ] {
        let mut guest = Guest::connect(&stage);
        guest.link.send(head, body, &soon()).unwrap();
        let mut line = Line(guest.link.into_link());
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| line.hear_end()));
        assert!(ended.is_ok(), "{what}");
    }
}

// Elsewhere nobody but the link has the means to write beside it.
// Rule L31.
#[cfg(unix)]
#[test]
fn data_beside_a_region_ends_the_session() {
    let stage = Stage::new();
    let serving = increment_server(&stage, server(WITH_SHM), 1);
    let (mut line, _) = Guest::connect(&stage).open(&proposal(WITH_SHM));
    assert_eq!(line.ask(request(1), &FIVE).1, SIX);
    let socket = line.0.wait_object().unwrap();
    rustix::net::send(socket, b"beside", rustix::net::SendFlags::NOSIGNAL).unwrap();
    line.hear_end();
    until("the slot is free", || {
        (serving.stats().sessions_now == 0).then_some(())
    });
}

// Rules S28, S30.
#[test]
fn too_much_is_answered_and_ends_the_session() {
    for profiles in BOTH {
        let stage = Stage::new();
        let serving = increment_server(&stage, server(profiles), 1);
        for (what, header, len) in [
            ("bytes", request(7), 1025),
            (
                "items",
                Header {
                    item_count: 2,
                    ..request(7)
                },
                8,
            ),
            (
                "batch items",
                Header::batch(MethodCode::INCREMENT, 7, 2),
                32,
            ),
        ] {
            // The area is rounded up, so that it has room for more than was agreed on.
            let guest = Guest::connect(&stage);
            let (mut line, _) = guest.open_beyond(&proposal(profiles), 32);
            let payload = vec![0; len];
            let (answer, payload) = line.ask(header, &payload);
            let told = (answer.status, answer.message_id, payload.len());
            assert_eq!(told, (Status::LIMIT_EXCEEDED, 7, 0), "{what}");
            line.hear_end();
            until("the slot is free", || {
                (serving.stats().sessions_now == 0).then_some(())
            });
        }
    }
}

// Rule S27.
#[test]
fn a_request_before_a_hang_up_is_still_handled() {
    for profiles in BOTH {
        let stage = Stage::new();
        let handled = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&handled);
        let handler = Handler::<Increment>::new(move |n, answer| {
            counter.fetch_add(1, Ordering::Relaxed);
            answer.put(n)
        });
        let server = Server::new(stage.path(), SERVICE, server(profiles), handler);
        let _serving = Serving::new(server);
        for asked in 1..=20 {
            let (mut line, _) = Guest::connect(&stage).open(&proposal(profiles));
            line.say(&with_len(request(1), &FIVE), &FIVE);
            drop(line);
            until("it was handled", || {
                (handled.load(Ordering::Relaxed) == asked).then_some(())
            });
        }
    }
}

// Rule W16.
#[test]
fn any_number_of_batch_items_is_echoed() {
    let stage = Stage::new();
    let _serving = increment_server(&stage, server(1), 8);
    for items in [0, 1, 65_536, 65_537, u32::MAX] {
        let hello = Hello {
            max_request_batch_items: items,
            ..proposal(1)
        };
        let (status, ack) = Guest::connect(&stage).greet(&hello, 0);
        assert_eq!(status, Status::OK, "{items}");
        let agreed = (ack.max_request_batch_items, ack.max_response_batch_items);
        assert_eq!(agreed, (items, items));
    }
}
