//! Packets and lengths that lie: 11, 13, 21, 22.

use netipc::service::increment::{self, Increment};
use netipc::wire::{Flags, Header, HelloAck, MethodCode, Status};
use netipc::{ClientState, ErrorCode, Failure, Server};
#[cfg(unix)]
use rustix::net::{SendFlags, send};

#[cfg(unix)]
use crate::stage::script::Line;
use crate::stage::script::{Guest, Host, proposal, shm_terms, terms, with_len};
use crate::stage::{SERVICE, Serving, Stage, WITH_SHM, client, increment_server, server, until};

#[test]
fn defect_11_a_packet_above_the_agreed_size_is_no_chunk() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        for _ in 0..2 {
            let mut guest = host.accept();
            let hello = guest.hello();
            let mut line = guest.admit(&HelloAck {
                packet_size: 64,
                ..terms(&hello)
            });
            let (request, _) = line.hear();
            let answer = with_len(request.answer(Status::OK), &[0; 100]);
            // In one packet where it should be four.
            line.say(&answer, &[0; 100]);
            line.hear_end();
        }
    });
    let mut client = stage.ready::<Increment>(client(1));
    let error = client.call(&1).unwrap_err();
    assert_eq!(error.code(), ErrorCode::PROTOCOL, "{error:?}");
    drop(client);
    play.end();

    let serving = increment_server(&stage, server(1), 1);
    let mut hello = proposal(1);
    hello.packet_size = 64;
    let (mut line, _) = Guest::connect(&stage).open(&hello);
    let request = Header::request(MethodCode::INCREMENT, 1);
    line.say(&with_len(request, &[0; 100]), &[0; 100]);
    line.hear_end();
    assert_eq!(serving.stats().requests(), 0);
}

// On Windows: `crates/transport/tests/windows`.
// Rule L10.
#[cfg(unix)]
#[test]
fn defect_13_an_empty_packet_is_no_end_of_stream() {
    fn empty_packet(line: &Line) {
        send(line.0.wait_object().unwrap(), &[], SendFlags::NOSIGNAL).unwrap();
    }
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        for _ in 0..2 {
            let (mut line, _) = host.welcome();
            line.hear();
            empty_packet(&line);
            line.hear_end();
        }
        // The real thing, for comparison.
        for _ in 0..2 {
            let (mut line, _) = host.welcome();
            line.hear();
        }
    });
    let mut client = stage.ready::<Increment>(client(1));
    let error = client.call(&1).unwrap_err();
    assert_eq!(error.code(), ErrorCode::PROTOCOL, "{error:?}");
    client.refresh();
    let error = client.call(&1).unwrap_err();
    assert_eq!(error.code(), ErrorCode::DISCONNECTED, "{error:?}");
    play.end();

    let _serving = increment_server(&stage, server(1), 1);
    let (mut line, _) = Guest::connect(&stage).open(&proposal(1));
    empty_packet(&line);
    line.hear_end();
}

// Rule W17.
#[test]
fn defect_21_agreed_sizes_up_to_4_gib_are_not_trusted() {
    type Lie = fn(&mut HelloAck);
    let lies: [(&str, Lie); 5] = [
        ("response payload bytes", |ack| {
            ack.max_response_payload_bytes = u32::MAX
        }),
        ("response payload bytes", |ack| {
            ack.max_response_payload_bytes = (64 << 20) + 1
        }),
        ("request payload bytes", |ack| {
            ack.max_request_payload_bytes = 1025
        }),
        ("request batch items", |ack| ack.max_request_batch_items = 2),
        ("packets", |ack| ack.packet_size = u32::MAX),
    ];
    for (what, lie) in lies {
        for profiles in [1, WITH_SHM] {
            let stage = Stage::new();
            let play = Host::new(&stage).play(move |host| {
                let mut guest = host.accept();
                let hello = guest.hello();
                let mut ack = match profiles {
                    1 => terms(&hello),
                    _ => shm_terms(&hello),
                };
                lie(&mut ack);
                guest.admit(&ack).hear_end();
            });
            let mut client = stage.client::<Increment>(client(profiles));
            client.refresh();
            let status = client.status();
            assert_eq!(status.state, ClientState::Disconnected, "{what}");
            let error = status.last_error.unwrap();
            assert!(error.contains(what), "{what}: {error}");
            play.end();
        }
    }
}

#[test]
fn defect_22_a_bad_batch_reply_is_an_error() {
    type Lie = fn(&mut Header, &mut Vec<u8>);
    let lies: [(&str, Lie); 7] = [
        ("more items than agreed", |header, _| {
            header.item_count = u32::MAX
        }),
        ("more bytes than agreed", |header, _| {
            header.payload_len = u32::MAX
        }),
        ("more items than asked for", |header, payload| {
            header.item_count = 3;
            payload.extend([0; 8]);
        }),
        ("fewer items than asked for", |header, _| {
            header.item_count = 1
        }),
        ("no batch", |header, _| header.flags = Flags::NONE),
        ("an item outside", |_, payload| payload[4..8].fill(0xff)),
        ("an item too short", |_, payload| payload[4] = 4),
    ];
    for (what, lie) in lies {
        let stage = Stage::new();
        let play = Host::new(&stage).play(move |host| {
            for _ in 0..2 {
                let (mut line, _) = host.welcome();
                let (request, mut payload) = line.hear();
                let mut answer = with_len(request.answer(Status::OK), &payload);
                lie(&mut answer, &mut payload);
                if answer.payload_len != u32::MAX {
                    answer = with_len(answer, &payload);
                }
                line.say(&answer, &payload);
                line.hear_end();
            }
            // A good one after the bad ones.
            let (mut line, _) = host.welcome();
            let (request, payload) = line.hear();
            line.answer(&request, Status::OK, &payload);
        });
        let mut config = client(1);
        config.max_request_batch_items = 4;
        let mut client = stage.ready::<Increment>(config);
        let error = client.call_batch(&[1, 2]).map(drop).unwrap_err();
        assert!(
            matches!(error.failure(), Failure::Protocol(_)),
            "{what}: {error:?}"
        );
        client.refresh();
        assert!(
            client.call_batch(&[1, 2]).unwrap().iter().eq([1, 2]),
            "{what}"
        );
        play.end();
    }
}

#[test]
fn defect_22_a_batch_reply_that_does_not_fit_is_an_error() {
    for profiles in [1, WITH_SHM] {
        let stage = Stage::new();
        let mut config = server(profiles);
        config.max_response_payload_bytes = 1024;
        let handler = increment::handler();
        let serving = Serving::new(Server::new(stage.path(), SERVICE, config, handler));
        let mut client = stage.ready::<Increment>(client(profiles));
        let error = client.call_batch(&[7; 100]).map(drop).unwrap_err();
        assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error:?}");
        client.refresh();
        assert!(client.call_batch(&[7; 64]).unwrap().iter().eq([8; 64]));
        until("both are counted", || {
            let stats = serving.stats();
            (stats.ok == 1 && stats.requests() == 2).then_some(())
        });
        assert_eq!(serving.stats().internal_error, 0);
    }
}
