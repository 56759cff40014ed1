//! Shared memory that is missing, lies, or is left behind: 9, 18, 19, 20, 32.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use netipc::service::Service;
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem};
use netipc::service::increment::Increment;
use netipc::transport::link::LinkKind;
use netipc::wire::{Decode, Header, HelloAck, Kind, MethodCode, Profiles, Status};
use netipc::{Client, ErrorCode};

use crate::stage::script::{Host, shm_terms, terms};
use crate::stage::{SOON, Stage, WITH_SHM, client, increment_server, server, timed, until};

// Rule L23.
#[test]
fn defect_09_a_missing_region_excludes_shared_memory_for_a_while() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        let mut guest = host.accept();
        let hello = guest.hello();
        assert_eq!(hello.supported, Profiles(WITH_SHM));
        // Announces a region that it never makes.
        let mut line = guest.admit(&shm_terms(&hello));
        line.hear_end();

        let (mut line, hello) = host.welcome();
        assert_eq!(hello.supported, Profiles::BASELINE);
        line.increment();
    });
    let mut client = stage.client::<Increment>(client(WITH_SHM));
    let (_, taken) = timed(|| client.refresh());
    let patience = Duration::from_millis(500);
    assert!((patience..SOON).contains(&taken), "{taken:?}");
    let error = client.status().last_error.unwrap();
    assert!(error.contains("-0000000000000001.ipcshm"), "{error}");
    assert_eq!(client.call(&1).unwrap(), 2);
    play.end();

    // The provider is replaced by one that keeps its promises.
    let _serving = increment_server(&stage, server(WITH_SHM), 2);
    let transport = |client: &mut Client<Increment>| {
        client.close();
        client.refresh();
        client.status().session.unwrap().transport
    };
    assert_eq!(transport(&mut client), LinkKind::Socket, "not yet");
    until("shared memory is offered again", || {
        (transport(&mut client) == LinkKind::SharedMemory).then_some(())
    });
    assert_eq!(client.call(&2).unwrap(), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn defect_09_what_cannot_be_attached_is_left_out_and_nothing_else() {
    let stage = Stage::new();
    let ring = Profiles::SHM_RING.0;
    let play = Host::new(&stage).play(move |host| {
        let mut guest = host.accept();
        let hello = guest.hello();
        assert_eq!(hello.supported, Profiles(WITH_SHM | ring));
        // A region, which it never makes.
        guest.admit(&shm_terms(&hello)).hear_end();

        let mut guest = host.accept();
        let hello = guest.hello();
        assert_eq!(hello.supported, Profiles(1 | ring));
        // The ring, which it never passes.
        let ack = HelloAck {
            intersection: Profiles(1 | ring),
            selected: Profiles::SHM_RING,
            ..terms(&hello)
        };
        guest.admit(&ack).hear_end();

        let (mut line, hello) = host.welcome();
        assert_eq!(hello.supported, Profiles::BASELINE);
        line.increment();
    });
    let mut client = stage.client::<Increment>(client(WITH_SHM | ring));
    client.refresh();
    assert_eq!(client.call(&1).unwrap(), 2);
    play.end();
}

#[test]
fn defect_09_who_has_less_time_than_attaching_takes_gets_to_the_socket() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        let mut guest = host.accept();
        let hello = guest.hello();
        assert_eq!(hello.supported, Profiles(WITH_SHM));
        guest.admit(&shm_terms(&hello)).hear_end();

        let (mut line, hello) = host.welcome();
        assert_eq!(hello.supported, Profiles::BASELINE);
        line.increment();
    });
    let mut client = stage.client::<Increment>(client(WITH_SHM));
    client.refresh_within(Duration::from_millis(400));
    assert!(!client.ready());
    client.refresh();
    assert_eq!(client.call(&1).unwrap(), 2);
    play.end();
}

// Rules L23, P11.
#[test]
fn defect_09_a_hang_up_says_nothing_about_shared_memory() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        for _ in 0..2 {
            let mut guest = host.accept();
            let hello = guest.hello();
            assert_eq!(hello.supported, Profiles(WITH_SHM), "offered again");
            // Accepted, and gone without a region.
            drop(guest.admit(&shm_terms(&hello)));
        }
    });
    let mut client = stage.client::<Increment>(client(WITH_SHM));
    for _ in 0..2 {
        client.refresh();
        assert!(!client.ready());
    }
    play.end();
}

// Rule L23.
#[test]
fn defect_18_a_header_that_changes_later_changes_nothing() {
    let stage = Stage::new();
    let _serving = increment_server(&stage, server(WITH_SHM), 1);
    let mut client = stage.ready::<Increment>(client(WITH_SHM));
    // Its name goes with the first message.
    let region = open_region(&stage);
    assert_eq!(client.call(&1).unwrap(), 2);
    region.write_all_at(&[0xff; 32], 0).unwrap();
    for n in 0..100 {
        assert_eq!(client.call(&n).unwrap(), n + 1);
    }
    let counters = client.status().counters;
    assert_eq!((counters.connects, counters.reconnects), (1, 0));
}

// Rule L29.
#[test]
fn defect_19_a_published_length_is_that_of_the_message() {
    for lie in [7, 9, 0, 65_536] {
        let stage = Stage::new();
        let play = Host::new(&stage).play(move |host| {
            for _ in 0..2 {
                let mut guest = host.accept();
                let hello = guest.hello();
                let mut line = guest.admit_to_region(&shm_terms(&hello), 0);
                let (request, _) = line.hear();
                let header = Header {
                    payload_len: lie,
                    ..request.answer(Status::OK)
                };
                line.say(&header, &[0; 8]);
                line.hear_end();
            }
        });
        let mut client = stage.ready::<Increment>(client(WITH_SHM));
        let error = client.call(&1).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PROTOCOL, "{lie}: {error:?}");
        play.end();
    }
}

// Rule L29.
#[test]
fn defect_20_an_answer_over_another_is_an_error() {
    // What stands in resp_seq after one answer, and after two.
    for (seq, delivered) in [(1_u64, true), (2, false), (u64::MAX, false)] {
        let stage = Stage::new();
        let (path, name) = (stage.path().to_owned(), "svc-0000000000000001.ipcshm");
        let play = Host::new(&stage).play(move |host| {
            for _ in 0..if delivered { 1 } else { 2 } {
                let mut guest = host.accept();
                let hello = guest.hello();
                let mut line = guest.admit_to_region(&shm_terms(&hello), 0);
                // Its name goes with the first message.
                let region = OpenOptions::new().write(true).open(path.join(name));
                let region = region.unwrap();
                let (request, _) = line.hear();
                let mut answer = request.answer(Status::OK);
                answer.payload_len = 8;
                let offset =
                    64 + (32 + u64::from(hello.max_request_payload_bytes)).next_multiple_of(64);
                region.write_all_at(&answer.encode(), offset).unwrap();
                region
                    .write_all_at(&[2, 0, 0, 0, 0, 0, 0, 0], offset + 32)
                    .unwrap();
                region.write_all_at(&40_u32.to_le_bytes(), 52).unwrap();
                region.write_all_at(&seq.to_le_bytes(), 40).unwrap();
                line.hear_end();
            }
        });
        let mut client = stage.ready::<Increment>(client(WITH_SHM));
        client.set_call_timeout(5_000);
        match client.call(&1) {
            Ok(answer) => assert!(delivered && answer == 2, "{seq}"),
            Err(error) => {
                assert!(!delivered, "{seq}: {error:?}");
                assert_eq!(error.code(), ErrorCode::PROTOCOL, "{seq}: {error:?}");
            }
        }
        drop(client);
        play.end();
    }
}

#[test]
fn defect_32_a_lookup_retry_sends_the_request_again() {
    let stage = Stage::new();
    let play = Host::new(&stage).play(|host| {
        let mut requests = Vec::new();
        for last in [false, true] {
            let mut guest = host.accept();
            let hello = guest.hello();
            let mut line = guest.admit_to_region(&shm_terms(&hello), 0);
            let (request, payload) = line.hear();
            if last {
                line.answer(&request, Status::OK, &known(&payload));
                line.hear_end();
            }
            requests.push((request, payload));
        }
        let [(first, payload), (second, again)] = &requests[..] else {
            unreachable!("two sessions, two requests");
        };
        assert_eq!(payload, again, "to the byte");
        for header in [first, second] {
            let asked = (header.kind, header.code, header.status, header.item_count);
            let expected = (Kind::REQUEST, MethodCode::APPS_LOOKUP.0, Status::OK, 1);
            assert_eq!(asked, expected);
        }
        assert_eq!(payload.len(), 16 + 3 * (8 + 8));
    });
    let mut client = stage.ready::<AppsLookup>(client(WITH_SHM));
    let reply = client.call(&[3, 1, 2]).unwrap();
    assert!(reply.iter().map(|item| item.pid).eq([3, 1, 2]));
    assert_eq!(client.status().counters.retries, 1);
    drop(client);
    play.end();
}

/// The answer of a server that knows every process.
fn known(request: &[u8]) -> Vec<u8> {
    let mut buf = vec![0; 4096];
    let request = <AppsLookup as Service>::Request::decode(request).unwrap();
    let mut answer = AppsLookup::answer(&request, &mut buf).unwrap();
    for key in request.keys() {
        let item = AppsLookupItem {
            status: netipc::protocol::PidStatus::KNOWN,
            cgroup_status: netipc::protocol::AppsCgroupStatus::HOST_ROOT,
            pid: key.0,
            comm: "test".into(),
            ..AppsLookupItem::default()
        };
        answer.add(&item).unwrap();
    }
    let len = AppsLookup::finish(answer).unwrap();
    buf.truncate(len);
    buf
}

/// The one region there is.
fn open_region(stage: &Stage) -> fs::File {
    let regions = stage.regions();
    assert_eq!(regions.len(), 1);
    let path = stage.path().join(&regions[0]);
    OpenOptions::new().write(true).open(path).unwrap()
}
