//! What a lookup makes of servers that are full, small, mistaken or wrong.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread;

use netipc::lookup::{LookupItem, LookupRequest};
use netipc::protocol::{Kind, PROFILE_BASELINE, PidStatus, Status};
use netipc::service::apps_lookup::{AppsCgroupStatus, AppsLookup, AppsLookupItem, Pid};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::transport::link::BindOptions;
use netipc::transport::{Link, MemoryTransport, Wait};
use netipc::wire::{Decode, Header, PackedWriter};
use netipc::{Client, ClientConfig, ClientState, ErrorCode};
use netipc_conformance::service::script::{answer, request};
use netipc_conformance::service::{SOON, Script, TOKEN, World, connected, data, growing};
use netipc_proto::session::DirectionLimits;
use netipc_proto::session::handshake::{Policy, ServerHandshake};
use netipc_proto::wire::Profiles;

const KNOWN: u16 = 0;
const EXCEEDED: u16 = 2;
const OVERSIZED: u16 = 3;

fn world() -> World {
    World::new(MemoryTransport::new(), PROFILE_BASELINE)
}

/// A reply of these processes and statuses.
fn reply(items: &[(u32, u16)], generation: u64) -> Vec<u8> {
    let mut buf = vec![0; 16 + 80 * items.len()];
    let mut list = PackedWriter::exact(&mut buf, 16, items.len()).unwrap();
    for (pid, status) in items {
        let known = AppsLookupItem {
            status: PidStatus::KNOWN,
            cgroup_status: AppsCgroupStatus::HOST_ROOT,
            pid: *pid,
            comm: "c".into(),
            ..AppsLookupItem::default()
        };
        let item = match *status {
            KNOWN => known,
            status => AppsLookupItem::bare(Pid(*pid), status),
        };
        list.push(&item).unwrap();
    }
    let (front, len) = list.finish();
    front[0] = 1;
    front[4..8].copy_from_slice(&u32::try_from(items.len()).unwrap().to_le_bytes());
    front[8..16].copy_from_slice(&generation.to_le_bytes());
    buf.truncate(len);
    buf
}

/// The processes that a request asks for.
fn asked(payload: &[u8]) -> Vec<u32> {
    let request = LookupRequest::<AppsLookup>::decode(payload).unwrap();
    request.keys().map(|pid| pid.0).collect()
}

/// Serves one session by these steps: what must be asked, and what is answered.
type Step = (&'static [u32], &'static [u16]);

fn play(script: &mut Script, steps: &[Step]) {
    let mut session = script.accept();
    for (pids, statuses) in steps {
        let (header, payload) = request(&mut session);
        assert_eq!(asked(&payload), *pids);
        let items: Vec<_> = pids.iter().copied().zip(statuses.iter().copied()).collect();
        answer(&mut session, &header, Status::OK, &reply(&items, 1));
    }
}

/// What a client makes of a server that plays `steps`.
fn statuses_after(pids: &[u32], steps: &'static [Step]) -> Vec<u16> {
    let world = world();
    let script = world.script().play(|script| play(script, steps));
    // What it has is all that the client may ask for.
    let config = ClientConfig {
        max_response_payload_bytes: 65_536,
        ..world.client_config()
    };
    let mut client = connected(world.client_with::<AppsLookup>(config));
    let reply = client.call(pids).unwrap();
    assert!(reply.iter().map(|item| item.pid).eq(pids.iter().copied()));
    let statuses = reply.iter().map(|item| item.status.0).collect();
    script.join().unwrap();
    statuses
}

// Rules S19, P17.
#[test]
fn a_first_key_judged_too_large_is_asked_again_alone() {
    let steps: &[Step] = &[
        (&[1, 2, 3], &[OVERSIZED, KNOWN, KNOWN]),
        (&[1], &[KNOWN]),
        (&[2, 3], &[KNOWN, KNOWN]),
    ];
    assert_eq!(statuses_after(&[1, 2, 3], steps), [KNOWN; 3]);
}

// Rules S19, P17.
#[test]
fn a_key_too_large_alone_is_final() {
    let steps: &[Step] = &[
        (&[1, 2, 3], &[OVERSIZED, KNOWN, KNOWN]),
        (&[1], &[OVERSIZED]),
        (&[2, 3], &[KNOWN, OVERSIZED]),
    ];
    assert_eq!(
        statuses_after(&[1, 2, 3], steps),
        [OVERSIZED, KNOWN, OVERSIZED]
    );
}

// Rule S17.
#[test]
fn a_full_answer_is_continued_from_where_it_ends() {
    let steps: &[Step] = &[
        (&[1, 2, 3, 4], &[KNOWN, 1, EXCEEDED, EXCEEDED]),
        (&[3, 4], &[OVERSIZED, EXCEEDED]),
        (&[3], &[OVERSIZED]),
        (&[4], &[KNOWN]),
    ];
    assert_eq!(
        statuses_after(&[1, 2, 3, 4], steps),
        [KNOWN, 1, OVERSIZED, KNOWN]
    );
}

// Rule S18.
#[test]
fn a_refused_window_is_halved_in_a_new_session() {
    let world = world();
    let script = world.script().play(|script| {
        for pids in [&[1, 2, 3, 4, 5][..], &[1, 2]] {
            let mut session = script.accept();
            let (header, payload) = request(&mut session);
            assert_eq!(asked(&payload), pids);
            answer(&mut session, &header, Status::LIMIT_EXCEEDED, &[]);
        }
        let steps: &[Step] = &[
            (&[1], &[KNOWN]),
            (&[2, 3], &[KNOWN; 2]),
            (&[4, 5], &[KNOWN; 2]),
        ];
        play(script, steps);
    });
    let mut client = world.connected::<AppsLookup>();
    let reply = client.call(&[1, 2, 3, 4, 5]).unwrap();
    assert!(reply.iter().all(|item| item.status == PidStatus::KNOWN));
    assert_eq!(client.status().counters.reconnects, 2);
    script.join().unwrap();
}

// Rules S13, P4.
#[test]
fn a_server_may_grow_by_itself_from_session_to_session() {
    let world = world();
    let handler = data::snapshot(100, 40);
    let script = world.script().play(move |script| {
        script.policy_mut().max_response_bytes = 1024;
        loop {
            let mut session = script.accept();
            let (header, _) = request(&mut session);
            let limit = session.limits().response.payload_bytes;
            let mut buf = vec![0; limit as usize];
            let answered = handler.dispatch(session.message().unwrap(), &mut buf);
            answer(&mut session, &header, answered.status, &buf[..answered.len]);
            if answered.status == Status::OK {
                return limit;
            }
            script.policy_mut().max_response_bytes *= 2;
        }
    });
    let mut client = world.connected::<CgroupsSnapshot>();
    assert_eq!(client.call_snapshot().unwrap().item_count, 100);
    assert_eq!(script.join().unwrap(), 16_384);
    assert_eq!(client.status().counters.reconnects, 4);
    assert_eq!(client.status().counters.errors, 0);
}

// Rules S13, S15, P4.
#[test]
fn the_processes_of_a_large_host_are_found_where_responses_start_small() {
    growing::finds_many_processes(&world(), 20_000, 4096);
}

// Rules S16, P4.
#[test]
fn a_server_for_small_requests_is_asked_in_small_ones() {
    let world = world();
    let mut script = world.script();
    script.policy_mut().request = DirectionLimits {
        payload_bytes: 1024,
        batch_items: 1,
    };
    let script = script.play(|script| {
        let handler = data::apps(|_| 5);
        let (mut requests, mut seen) = (0, 0);
        let mut session = script.accept();
        while seen < 2 * 300 {
            let wait = Wait::timeout(SOON);
            // The client leaves a session when it tries for a wider one.
            let Ok(header) = session.receive(&wait) else {
                session = script.accept();
                continue;
            };
            let mut buf = vec![0; session.limits().response.payload_bytes as usize];
            let message = session.message().unwrap();
            assert!(message.payload().len() <= 1024);
            seen += asked(message.payload()).len();
            let answered = handler.dispatch(message, &mut buf);
            answer(&mut session, &header, answered.status, &buf[..answered.len]);
            requests += 1;
        }
        requests
    });
    let mut client = world.connected::<AppsLookup>();
    let pids: Vec<u32> = (0..300).collect();
    for _ in 0..2 {
        let reply = client.call(&pids).unwrap();
        assert!(reply.iter().map(|item| item.pid).eq(0..300));
    }
    let requests = script.join().unwrap();
    assert!(
        requests <= 12,
        "63 keys in each request, not {requests} requests"
    );
    assert!(client.status().counters.reconnects <= 1, "refused once");
}

// Rule P11.
#[test]
fn a_server_that_accepts_and_closes_is_busy() {
    for sessions in [1, 2] {
        let world = world();
        let script = world.script().play(move |script| {
            for _ in 0..sessions {
                drop(script.accept());
            }
            if sessions == 1 {
                play(script, &[(&[1], &[KNOWN])]);
            }
        });
        let mut client = world.connected::<AppsLookup>();
        match client.call(&[1]) {
            Ok(reply) => assert!(sessions == 1 && reply.len() == 1),
            Err(error) => {
                assert_eq!(sessions, 2, "the second time it is given up");
                assert_eq!(error.code(), ErrorCode::DISCONNECTED, "{error}");
                assert_eq!(client.state(), ClientState::Broken);
            }
        }
        script.join().unwrap();
    }
}

/// A reply that breaks one rule: what must be asked, and what comes back.
struct Wrong {
    rule: &'static str,
    code: ErrorCode,
    header: fn(&mut Header),
    items: &'static [(u32, u16)],
}

const RIGHT: &[(u32, u16)] = &[(1, KNOWN), (2, KNOWN), (3, KNOWN)];

/// Each rule of a reply, broken.
fn wrong() -> [Wrong; 9] {
    let headers = |rule, header| Wrong {
        rule,
        code: ErrorCode::PROTOCOL,
        header,
        items: RIGHT,
    };
    let items = |rule, items| Wrong {
        rule,
        code: ErrorCode::PROTOCOL,
        header: |_| (),
        items,
    };
    [
        headers("message_id", |header| header.message_id += 1),
        headers("code", |header| header.code += 1),
        headers("kind", |header| header.kind = Kind::REQUEST),
        items("too few items", &[(1, KNOWN), (2, KNOWN)]),
        items(
            "too many items",
            &[(1, KNOWN), (2, KNOWN), (3, KNOWN), (4, KNOWN)],
        ),
        items("echoed key", &[(1, KNOWN), (3, KNOWN), (2, KNOWN)]),
        items(
            "first is full",
            &[(1, EXCEEDED), (2, EXCEEDED), (3, EXCEEDED)],
        ),
        items("item behind full", &[(1, KNOWN), (2, EXCEEDED), (3, KNOWN)]),
        Wrong {
            code: ErrorCode::BAD_LAYOUT,
            ..items("status", RIGHT)
        },
    ]
}

// Rules S11, S17.
#[test]
fn a_wrong_reply_is_tried_once_more_and_never_believed() {
    for Wrong {
        rule,
        code,
        header,
        items,
    } in wrong()
    {
        let payload = match code {
            ErrorCode::BAD_LAYOUT => spoilt_status(),
            _ => reply(items, 1),
        };
        for recovers in [false, true] {
            let world = world();
            let listener = RawServer::bind(&world);
            let right = reply(RIGHT, 1);
            let payload = payload.clone();
            let server = thread::spawn(move || {
                let mut listener = listener;
                listener.answer_once(header, &payload);
                match recovers {
                    true => listener.answer_once(|_| (), &right),
                    false => listener.answer_once(header, &payload),
                }
            });
            let mut client: Client<AppsLookup> = connected(world.client());
            match client.call(&[1, 2, 3]) {
                Ok(reply) => assert!(recovers && reply.len() == 3, "{rule}"),
                Err(error) => {
                    assert!(!recovers, "{rule}: {error}");
                    assert_eq!(error.code(), code, "{rule}: {error}");
                    let text = netipc::chain(&error);
                    let names_item = text.contains("item 1 of the answer has another key");
                    assert_eq!(names_item, rule == "echoed key", "{rule}: {text}");
                    assert_eq!(client.state(), ClientState::Broken, "{rule}");
                }
            }
            assert_eq!(client.status().counters.retries, 1, "{rule}");
            server.join().unwrap();
        }
    }
}

/// The right reply, but for a status that does not exist.
fn spoilt_status() -> Vec<u8> {
    let mut bytes = reply(RIGHT, 1);
    let first_item = 16 + 8 * RIGHT.len();
    bytes[first_item + 2] = 9;
    bytes
}

/// A server below the rules of a session, so that it can break them.
struct RawServer {
    listener: Box<dyn netipc::transport::Listener>,
    sessions: u64,
}

impl RawServer {
    fn bind(world: &World) -> Self {
        let transport = world.transport();
        Self {
            listener: transport
                .bind(&world.endpoint(), &BindOptions::default())
                .unwrap(),
            sessions: 0,
        }
    }

    /// Accepts a session, receives one request and answers it wrongly.
    fn answer_once(&mut self, spoil: impl FnOnce(&mut Header), payload: &[u8]) {
        let wait = Wait::timeout(SOON);
        let mut link = self.accept();
        let mut packet = [0; 1000];
        let len = link.receive(&mut packet, &wait).unwrap();
        assert_eq!(asked(&packet[Header::LEN..len]), [1, 2, 3]);
        let mut header = Header::decode(&packet).unwrap().answer(Status::OK);
        header.payload_len = u32::try_from(payload.len()).unwrap();
        spoil(&mut header);
        link.send(&header.encode(), payload, &wait).unwrap();
        link.linger();
    }

    fn accept(&mut self) -> Box<dyn Link> {
        let wait = Wait::timeout(SOON);
        let mut link = self.listener.accept(&wait).unwrap();
        let mut hello = [0; 128];
        let len = link.receive(&mut hello, &wait).unwrap();
        let direction = DirectionLimits {
            payload_bytes: 65_536,
            batch_items: 1,
        };
        let policy = Policy {
            supported: Profiles::BASELINE,
            preferred: Profiles::NONE,
            request: direction,
            min_response_bytes: 1024,
            max_response_bytes: 65_536,
            auth_token: TOKEN,
            packet_size: link.packet_size(),
        };
        let offer = ServerHandshake::new(policy)
            .hello(&hello[..len], true)
            .unwrap();
        self.sessions += 1;
        link.send(&offer.accept(self.sessions), &[], &wait).unwrap();
        link.switch()
    }
}
