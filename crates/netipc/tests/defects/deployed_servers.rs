//! What servers in the field do that ours does not, and how a client copes.

use std::sync::mpsc;
use std::time::Duration;

use netipc::protocol::PidStatus;
use netipc::service::Service;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::apps_lookup::AppsLookupItem;
use netipc::service::cgroups::{CgroupsCache, CgroupsSnapshot};
use netipc::service::increment::Increment;
use netipc::transport::Wait;
use netipc::transport::link::{LinkError, LinkKind};
use netipc::wire::{Decode, Flags, Header, HelloAck, Profiles, Status};
use netipc::{ClientState, ErrorCode, ProtocolError};

use crate::stage::script::{Host, Line, shm_terms, terms, with_len};
use crate::stage::{BOTH, SOON, Stage, WITH_SHM, client, timed};

// Rules S13, P4.
#[test]
fn a_server_that_ignores_the_hint_and_doubles_is_followed() {
    let stage = Stage::new();
    let snapshot = snapshot(100);
    let expected = snapshot.len();
    assert!((4096..8192).contains(&expected));
    let play = Host::new(&stage).play(move |host| {
        // 1024, 2048, 4096, and then it fits.
        for limit in [1024, 2048, 4096, 8192] {
            let mut guest = host.accept();
            let hello = guest.hello();
            assert!(hello.max_response_payload_bytes >= 65_536);
            let mut line = guest.admit(&HelloAck {
                max_response_payload_bytes: limit,
                ..terms(&hello)
            });
            let (request, _) = line.hear();
            match limit as usize >= snapshot.len() {
                true => line.answer(&request, Status::OK, &snapshot),
                false => {
                    line.answer(&request, Status::LIMIT_EXCEEDED, &[]);
                    line.close();
                }
            }
        }
    });
    let mut client = stage.ready::<CgroupsSnapshot>(client(1));
    assert_eq!(client.call_snapshot().unwrap().item_count, 100);
    assert_eq!(client.status().counters.reconnects, 3);
    play.end();
}

// Rules S11, P4.
#[test]
fn a_server_that_never_grows_is_not_asked_for_ever() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        let (mut line, _) = host.welcome();
        let (request, _) = line.hear();
        line.answer(&request, Status::LIMIT_EXCEEDED, &[]);
        line.close();
        // It has the same limit, and is not asked again.
        let (mut line, _) = host.welcome();
        line.hear_end();
    });
    let mut client = stage.ready::<CgroupsSnapshot>(client(1));
    let (called, taken) = timed(|| client.call_snapshot().map(drop));
    let error = called.unwrap_err();
    assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error:?}");
    assert!(taken < SOON / 3, "it goes on until its deadline: {taken:?}");
    drop(client);
    play.end();
}

// Rules S6, P4.
#[test]
fn a_larger_request_proposal_that_is_refused_leaves_a_session() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        let session = |host: &mut Host| loop {
            let mut guest = host.accept();
            let hello = guest.hello();
            if hello.max_request_payload_bytes <= 1024 {
                return guest.admit(&terms(&hello));
            }
            guest.refuse(Status::LIMIT_EXCEEDED);
        };
        let mut line = session(host);
        line.increment();
        // It leaves to propose the next power of two, then exactly what it needs, and comes back
        // with what it had.
        line.hear_end();
        session(host).hear_end();
        let mut line = session(host);
        line.increment();
        line.hear_end();
    });
    let mut client = stage.ready::<Increment>(client(1));
    assert_eq!(client.call(&1).unwrap(), 2);
    let error = client.call_batch(&[0; 1000]).map(drop).unwrap_err();
    assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error:?}");
    assert_eq!(client.call(&2).unwrap(), 3);
    drop(client);
    play.end();
}

// Rules P5, P6, P7.
#[test]
fn no_preference_still_selects_shared_memory() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        let mut guest = host.accept();
        let hello = guest.hello();
        assert_eq!(hello.preferred, Profiles(0));
        // With areas larger than agreed, and the id that ours never give.
        let ack = HelloAck {
            session_id: 0,
            max_request_payload_bytes: 64,
            ..shm_terms(&hello)
        };
        let mut line = guest.admit_to_region(&ack, 1 << 16);
        line.increment();
        line.hear_end();
    });
    let mut config = client(WITH_SHM);
    config.max_request_payload_bytes = 1024;
    let mut client = stage.ready::<Increment>(config);
    let session = client.status().session.unwrap();
    assert_eq!(
        (session.session_id, session.transport),
        (0, LinkKind::SharedMemory)
    );
    assert_eq!(client.call(&41).unwrap(), 42);
    drop(client);
    play.end();
}

// Rules L28, P7.
#[test]
fn the_agreed_limit_is_obeyed_in_a_larger_region() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        for _ in 0..2 {
            let mut guest = host.accept();
            let hello = guest.hello();
            let ack = HelloAck {
                max_request_payload_bytes: 64,
                ..shm_terms(&hello)
            };
            let mut line = guest.admit_to_region(&ack, 1 << 16);
            line.hear_end();
        }
    });
    let mut config = client(WITH_SHM);
    config.max_request_payload_bytes = 4096;
    config.max_request_batch_items = 100;
    let mut client = stage.ready::<Increment>(config);
    let error = client.call_batch(&[0; 100]).map(drop).unwrap_err();
    assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error:?}");
    drop(client);
    play.end();
}

// On Windows it is complete, or not there at all, before the server accepts.
// Rule L23.
#[cfg(unix)]
#[test]
fn a_region_that_is_finished_late_is_waited_for() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        let mut guest = host.accept();
        let hello = guest.hello();
        let ack = shm_terms(&hello);
        guest.answer(Status::OK, &ack);
        host.linger_for(Duration::from_millis(50));
        let mut line = guest.prepare_region(&ack);
        line.increment();
    });
    let mut client = stage.ready::<Increment>(client(WITH_SHM));
    assert_eq!(client.call(&1).unwrap(), 2);
    assert_eq!(
        client.status().session.unwrap().transport,
        LinkKind::SharedMemory
    );
    play.end();
}

// Rule P11.
#[test]
fn an_ok_that_means_busy_is_tried_again() {
    for profiles in [1, WITH_SHM] {
        let stage = Stage::new();
        let play = Host::new(&stage).play(move |host| {
            for round in 0..3 {
                let mut guest = host.accept();
                let hello = guest.hello();
                assert_eq!(hello.supported, Profiles(profiles), "round {round}");
                let mut line = match profiles {
                    1 => guest.admit(&terms(&hello)),
                    _ => guest.admit_to_region(&shm_terms(&hello), 0),
                };
                if round == 2 {
                    line.increment();
                    line.hear_end();
                }
            }
        });
        let mut client = stage.client::<Increment>(client(profiles));
        let mut answers = Vec::new();
        while answers.is_empty() {
            client.refresh();
            match client.call(&1) {
                Ok(answer) => answers.push(answer),
                Err(error) => {
                    let busy = [ErrorCode::DISCONNECTED, ErrorCode::NOT_READY];
                    assert!(busy.contains(&error.code()), "{error:?}");
                }
            }
        }
        assert_eq!(answers, [2]);
        drop(client);
        play.end();
    }
}

// Rule P13.
#[test]
fn error_replies_may_echo_the_batch() {
    for status in [Status::INTERNAL_ERROR, Status::BAD_ENVELOPE] {
        let stage = Stage::new();
        let play = Host::new(&stage).play(move |host| {
            let sessions = if status == Status::INTERNAL_ERROR {
                2
            } else {
                1
            };
            for _ in 0..sessions {
                let (mut line, _) = host.welcome();
                let (request, _) = line.hear();
                let answer = Header {
                    status,
                    payload_len: 0,
                    ..request.answer(Status::OK)
                };
                assert!(answer.flags.is_batch() && answer.item_count == 3);
                line.say(&answer, &[]);
                line.close();
            }
        });
        let mut config = client(1);
        config.max_request_batch_items = 3;
        let mut client = stage.ready::<Increment>(config);
        let error = client.call_batch(&[1, 2, 3]).map(drop).unwrap_err();
        let code = match status {
            Status::INTERNAL_ERROR => ErrorCode::HANDLER_FAILED,
            _ => ErrorCode::REJECTED,
        };
        assert_eq!(error.code(), code, "{error:?}");
        play.end();
    }
}

// Rule P14.
#[test]
fn what_ends_a_session_there_and_what_does_not() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        let (mut line, _) = host.welcome();
        let (request, _) = line.hear();
        line.answer(&request, Status::UNSUPPORTED, &[]);
        line.increment();
        // C closes after it, Rust and Go do not: either way there is a new session.
        let (request, _) = line.hear();
        line.answer(&request, Status::BAD_ENVELOPE, &[]);
        line.hear_end();
        let (mut line, _) = host.welcome();
        line.increment();
    });
    let mut client = stage.ready::<Increment>(client(1));
    assert_eq!(client.call(&1).unwrap_err().code(), ErrorCode::UNSUPPORTED);
    assert_eq!(client.call(&2).unwrap(), 3, "in the same session");
    assert_eq!(client.call(&3).unwrap_err().code(), ErrorCode::REJECTED);
    assert_eq!(client.state(), ClientState::Broken);
    client.refresh();
    assert_eq!(client.call(&4).unwrap(), 5);
    play.end();
}

/// Accepts a client over the best of these profiles.
fn admitted(host: &mut Host, profiles: u32) -> Line {
    let mut guest = host.accept();
    let hello = guest.hello();
    if profiles == WITH_SHM {
        guest.admit_to_region(&shm_terms(&hello), 0)
    } else {
        guest.admit(&terms(&hello))
    }
}

// Rule P15. They drop a request whose client closes before its answer.
#[test]
fn a_client_stays_until_its_answer_is_there() {
    for profiles in BOTH {
        let stage = Stage::new();
        let play = Host::new(&stage).play(move |host| {
            let mut line = admitted(host, profiles);
            let (request, _) = line.hear();
            let early = line.0.receive(&mut [0; 64], &Wait::timeout(Duration::ZERO));
            assert!(matches!(early, Err(LinkError::Timeout)), "{early:?}");
            line.0.check().unwrap();
            line.answer(&request, Status::OK, &2u64.to_le_bytes());
            line.hear_end();
        });
        let mut client = stage.ready::<Increment>(client(profiles));
        assert_eq!(client.call(&1).unwrap(), 2);
        client.close();
        play.end();
    }
}

// Rule P16. C answers LIMIT_EXCEEDED to a request above its limit and closes; Rust and Go close without a word.
#[test]
fn a_server_that_closes_without_a_word_is_asked_once_more_and_then_told_of() {
    for profiles in BOTH {
        let stage = Stage::new();
        let play = Host::new(&stage).play(move |host| {
            for _ in 0..2 {
                let mut line = admitted(host, profiles);
                line.hear();
                line.close();
            }
        });
        let mut client = stage.ready::<Increment>(client(profiles));
        let error = client.call(&1).unwrap_err();
        assert_eq!(error.code(), ErrorCode::DISCONNECTED, "{error:?}");
        assert_eq!(client.status().counters.reconnects, 1);
        play.end();
    }
}

// Rule H1.
#[test]
fn a_cache_says_to_a_server_what_a_client_does() {
    let stage = Stage::new();
    let (said, heard) = mpsc::channel();
    let answer = snapshot(3);
    let play = Host::new(&stage).play(move |host| {
        for _ in 0..2 {
            let (mut line, hello) = host.welcome();
            let (request, payload) = line.hear();
            line.answer(&request, Status::OK, &answer);
            line.hear_end();
            said.send((hello, request, payload)).unwrap();
        }
    });
    let mut asking = stage.ready::<CgroupsSnapshot>(client(1));
    assert_eq!(asking.call_snapshot().unwrap().item_count, 3);
    drop(asking);
    let mut cache = CgroupsCache::of(stage.client(client(1)), ());
    assert!(cache.refresh());
    cache.close();
    play.end();
    assert_eq!(heard.recv().unwrap(), heard.recv().unwrap());
}

// Rules S19, P17.
#[test]
fn a_first_key_that_was_misjudged_is_asked_for_alone() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        let (mut line, _) = host.welcome();
        for (expected, first) in [
            (&[1, 2, 3][..], PidStatus::OVERSIZED_ITEM),
            (&[1], PidStatus::UNKNOWN),
            (&[2, 3], PidStatus::UNKNOWN),
            // The second time it is alone, and so it is final.
            (&[9, 8], PidStatus::OVERSIZED_ITEM),
            (&[9], PidStatus::OVERSIZED_ITEM),
            (&[8], PidStatus::UNKNOWN),
        ] {
            let (request, payload) = line.hear();
            let (asked, reply) = unknown(&payload, first);
            assert_eq!(asked, expected);
            line.answer(&request, Status::OK, &reply);
        }
    });
    let mut config = client(1);
    // What it has is all that the client may ask for.
    config.max_response_payload_bytes = 65_536;
    let mut client = stage.ready::<AppsLookup>(config);
    let reply = client.call(&[1, 2, 3]).unwrap();
    assert!(reply.iter().all(|item| item.status == PidStatus::UNKNOWN));
    let reply = client.call(&[9, 8]).unwrap();
    let statuses: Vec<_> = reply.iter().map(|item| item.status).collect();
    assert_eq!(statuses, [PidStatus::OVERSIZED_ITEM, PidStatus::UNKNOWN]);
    play.end();
}

#[test]
fn odd_flags_in_an_answer_are_ignored_and_its_kind_is_not() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        let (mut line, _) = host.welcome();
        let (request, payload) = line.hear();
        let answer = Header {
            flags: Flags(0xfffe),
            ..request.answer(Status::OK)
        };
        line.say(&with_len(answer, &payload), &payload);
        for _ in 0..2 {
            let (request, payload) = line.hear();
            line.say(&with_len(request, &payload), &payload);
            line.hear_end();
            line = host.welcome().0;
        }
    });
    let mut client = stage.ready::<Increment>(client(1));
    assert_eq!(client.call(&1).unwrap(), 1);
    let error = client.call(&1).unwrap_err();
    let failure = error.failure();
    let wrong_kind = matches!(
        failure,
        netipc::Failure::Protocol(ProtocolError::Session(_))
    );
    assert!(wrong_kind, "{error:?}");
    client.refresh();
    drop(client);
    play.end();
}

/// A snapshot of `items` cgroups.
fn snapshot(items: u32) -> Vec<u8> {
    let mut buf = vec![0; 1 << 16];
    let request = <CgroupsSnapshot as Service>::Request::decode(&[1, 0, 0, 0]).unwrap();
    let mut answer = CgroupsSnapshot::answer(&request, &mut buf).unwrap();
    for n in 0..items {
        answer.add(n, 0, 1, b"a", b"/b").unwrap();
    }
    let len = CgroupsSnapshot::finish(answer).unwrap();
    buf.truncate(len);
    buf
}

/// The keys of a lookup, and an answer that knows none of them.
fn unknown(request: &[u8], first: PidStatus) -> (Vec<u32>, Vec<u8>) {
    let mut buf = vec![0; 4096];
    let request = <AppsLookup as Service>::Request::decode(request).unwrap();
    let mut answer = AppsLookup::answer(&request, &mut buf).unwrap();
    let mut status = first;
    for key in request.keys() {
        let item = AppsLookupItem {
            status,
            pid: key.0,
            ..AppsLookupItem::default()
        };
        answer.add(&item).unwrap();
        status = PidStatus::UNKNOWN;
    }
    let len = AppsLookup::finish(answer).unwrap();
    buf.truncate(len);
    (request.keys().map(|key| key.0).collect(), buf)
}
