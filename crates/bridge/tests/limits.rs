//! What is too large, too long or too much: a client is told what a local provider would tell it, and a peer that floods is
//! neither remembered nor logged without end.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::fmt::Debug;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use common::{
    ASKER, HOST, IMPORTED, PATIENCE, Pair, SERVICE, TOKEN, export_config, import_config, logged,
    until,
};
use netipc::connection::Message;
use netipc::service::Service;
use netipc::service::apps_lookup::{AppsLookup, PidStatus};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::service::increment::{self, Increment};
use netipc::service::string_reverse::{self, StringReverse, Text};
use netipc::transport::Wait as Patience;
use netipc::untyped::{Answered, AnyClient, AnyServer};
use netipc::wire::{MethodCode, Status};
use netipc::{Client, ClientConfig, ErrorCode, Handler, Server, ServerConfig};
use netipc_bridge::export::ExportConfig;
use netipc_bridge::import::ImportConfig;
use netipc_bridge::keys;
use netipc_bridge::limits::{Limits, MAX_PAYLOAD_BYTES};
use netipc_bridge::wire::{Outcome, Question, Reply};
use netipc_conformance::service::{Running, connected, data, turnstile};
use zenoh::{Session, Wait};

fn serve<S: Service>(pair: &Pair, limits: ServerConfig, handler: Handler<S>) -> Running<S> {
    let config = ServerConfig {
        auth_token: TOKEN,
        ..limits
    };
    Running::start(Server::with_workers(&pair.far, SERVICE, config, handler, 8))
}

/// A client with so much room for an answer; with 0 it takes more as it needs it.
fn with_room(pair: &Pair, bytes: u32) -> ClientConfig {
    ClientConfig {
        max_response_payload_bytes: bytes,
        ..pair.client_config()
    }
}

/// Has the provider itself asked, and the bridge. Both say the same, which is given.
fn both<S: Service, T: Debug + PartialEq>(
    pair: &Pair,
    near: &ClientConfig,
    far: &ClientConfig,
    ask: impl Fn(&mut Client<S>) -> T,
) -> T {
    let (here, there) = (
        (pair.near.path(), IMPORTED, near),
        (&*pair.far, SERVICE, far),
    );
    let [here, there] = [here, there].map(|(dir, endpoint, config)| {
        let mut client = connected(Client::new(dir, endpoint, config.clone()));
        ask(&mut client)
    });
    assert_eq!(here, there, "the bridge and the provider, with {near:?}");
    there
}

/// What becomes of sixty processes: items of some bytes, and of 70,000 and 200,000.
fn lookup(client: &mut Client<AppsLookup>) -> Result<Vec<(PidStatus, usize)>, ErrorCode> {
    let pids: Vec<u32> = (0..60).collect();
    let reply = client.call(&pids).map_err(|error| error.code())?;
    Ok(reply
        .iter()
        .map(|item| (item.status, item.cgroup_name.as_bytes().len()))
        .collect())
}

fn large_and_small() -> Handler<AppsLookup> {
    data::apps(|pid| match pid {
        14 | 24 => 70_000,
        34 => 200_000,
        _ => 3000,
    })
}

fn snapshot(client: &mut Client<CgroupsSnapshot>) -> Result<u32, ErrorCode> {
    let view = client.call(&Default::default());
    view.map(|view| view.item_count)
        .map_err(|error| error.code())
}

fn batch(client: &mut Client<Increment>) -> Result<usize, ErrorCode> {
    let requests: Vec<u64> = (0..20_000).collect();
    let reply = client.call_batch(&requests);
    reply.map(|reply| reply.len()).map_err(|error| error.code())
}

fn oversized(found: &Result<Vec<(PidStatus, usize)>, ErrorCode>) -> usize {
    let found = found.as_ref().unwrap();
    let is_oversized = |(status, _): &&(PidStatus, usize)| *status == PidStatus::OVERSIZED_ITEM;
    found.iter().filter(is_oversized).count()
}

#[test]
fn answers_have_the_room_of_whoever_asks() {
    let pair = Pair::new();
    let server = serve(&pair, ServerConfig::default(), large_and_small());
    // Whoever had much room before has an effect on nobody who has little after him, nor the other way round.
    for (room, too_large) in [
        (4 << 20, 0),
        (65_536, 3),
        (131_072, 1),
        (0, 0),
        (65_536, 3),
        (4 << 20, 0),
    ] {
        let config = with_room(&pair, room);
        let found = both(&pair, &config, &config, lookup);
        assert_eq!(oversized(&found), too_large, "{room}");
    }
    drop(server);
    let server = serve(&pair, ServerConfig::default(), data::snapshot(300, 1000));
    for (room, answer) in [
        (4 << 20, Ok(300)),
        (65_536, Err(ErrorCode::OVERFLOW)),
        (0, Ok(300)),
    ] {
        let config = with_room(&pair, room);
        assert_eq!(both(&pair, &config, &config, snapshot), answer, "{room}");
    }
    drop(server);
    let _server = serve(&pair, ServerConfig::default(), increment::handler());
    for (room, answer) in [
        (4 << 20, Ok(20_000)),
        (65_536, Err(ErrorCode::OVERFLOW)),
        (0, Ok(20_000)),
    ] {
        let config = with_room(&pair, room);
        assert_eq!(both(&pair, &config, &config, batch), answer, "{room}");
    }
}

#[test]
fn a_provider_with_little_room_is_one_through_the_bridge() {
    let pair = Pair::new();
    let little = |bytes| ServerConfig {
        max_response_payload_bytes: bytes,
        ..ServerConfig::default()
    };
    let server = serve(&pair, little(8192), large_and_small());
    for room in [4 << 20, 65_536, 0] {
        let config = with_room(&pair, room);
        let found = both(&pair, &config, &config, lookup);
        assert_eq!(oversized(&found), 3, "{room}");
    }
    drop(server);
    let _server = serve(&pair, little(8192), data::snapshot(300, 1000));
    let config = with_room(&pair, 0);
    let answer = both(&pair, &config, &config, snapshot);
    assert_eq!(answer, Err(ErrorCode::OVERFLOW));
}

#[test]
fn an_exporter_that_allows_little_is_a_provider_with_little_room() {
    let mut pair = Pair::new();
    let base = export_config(&pair.far);
    pair.export(ExportConfig {
        limits: Limits {
            answer_bytes: 131_072,
            ..base.limits
        },
        ..base
    });
    let server = serve(&pair, ServerConfig::default(), large_and_small());
    let little = with_room(&pair, 131_072);
    for (room, too_large) in [(4 << 20, 1), (0, 1)] {
        let found = both(&pair, &with_room(&pair, room), &little, lookup);
        assert_eq!(oversized(&found), too_large, "{room}");
    }
    drop(server);
    let _server = serve(&pair, ServerConfig::default(), data::snapshot(300, 1000));
    let answer = both(&pair, &with_room(&pair, 0), &little, snapshot);
    assert_eq!(answer, Err(ErrorCode::OVERFLOW));
}

/// Processes that take a request of 20,000 bytes.
fn many(client: &mut Client<AppsLookup>) -> Result<usize, ErrorCode> {
    let pids: Vec<u32> = (0..5000).collect();
    let reply = client.call(&pids).map_err(|error| error.code())?;
    assert!(reply.iter().zip(&pids).all(|(item, pid)| item.pid == *pid));
    Ok(reply.len())
}

#[test]
fn requests_are_as_long_as_providers_there_take() {
    // As programs do that speak NetIPC and do not know this library.
    let short = ServerConfig {
        max_request_payload_bytes: 1024,
        ..ServerConfig::default()
    };
    let far = tempfile::tempdir().unwrap();
    let pair = Pair::of(far.path(), |near| ImportConfig {
        request_bytes: 1024,
        ..import_config(near)
    });
    let _server = serve(&pair, short.clone(), data::apps(|_| 10));
    let config = pair.client_config();
    assert_eq!(both(&pair, &config, &config, many), Ok(5000));

    // Where the endpoint was not told of it, lookups find out by failing, and what cannot be split fails here as there.
    let pair = Pair::new();
    let server = serve(&pair, short.clone(), data::apps(|_| 10));
    assert_eq!(both(&pair, &config, &config, many), Ok(5000));
    drop(server);
    let _server = serve(&pair, short, string_reverse::handler());
    let answer = both(
        &pair,
        &config,
        &config,
        |client: &mut Client<StringReverse>| {
            let text = client.call(&Text::new(&[b'x'; 5000]));
            text.map(|text| text.0.as_bytes().len())
                .map_err(|error| error.code())
        },
    );
    assert_eq!(answer, Err(ErrorCode::OVERFLOW));
    let is_told = |line: &String| line.contains("see --request-bytes");
    assert!(logged().iter().any(is_told));
}

/// Bytes that do not shrink.
fn noise(out: &mut [u8]) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for byte in out {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = state.to_le_bytes()[7];
    }
}

/// Answers as many bytes as it is asked for.
fn serve_noise(pair: &Pair) -> (Arc<AnyServer>, thread::JoinHandle<()>) {
    let answer = |request: Message<'_>, out: &mut [u8]| {
        let wanted = request.payload().first_chunk().copied().unwrap();
        let wanted = u32::from_le_bytes(wanted) as usize;
        match out.get_mut(..wanted) {
            Some(out) => noise(out),
            None => return Answered::failed(Status::LIMIT_EXCEEDED),
        }
        Answered::ok(wanted)
    };
    let config = ServerConfig {
        auth_token: TOKEN,
        max_response_payload_bytes: MAX_PAYLOAD_BYTES + 4096,
        ..ServerConfig::default()
    };
    let server = AnyServer::new(&pair.far, SERVICE, &config, 4, Box::new(answer));
    let server = Arc::new(server);
    server.bind().unwrap();
    let running = Arc::clone(&server);
    let thread = thread::spawn(move || running.run().unwrap());
    (server, thread)
}

#[test]
fn the_largest_answer_arrives_and_one_byte_more_is_told_so() {
    // A bound for hangs alone: nothing here is optimised.
    let long = 10 * PATIENCE;
    let far = tempfile::tempdir().unwrap();
    let mut pair = Pair::of(far.path(), |near| ImportConfig {
        timeout: long,
        ..import_config(near)
    });
    let base = export_config(&pair.far);
    pair.export(ExportConfig {
        limits: Limits {
            answer_ms: u32::MAX,
            ..base.limits
        },
        ..base
    });
    let (server, thread) = serve_noise(&pair);
    let config = with_room(&pair, MAX_PAYLOAD_BYTES + 4096);
    let wait = Patience::timeout(long);
    let mut client = AnyClient::new(pair.near.path(), IMPORTED, &config);
    client.refresh(&wait);
    let mut ask = |bytes: u32| {
        let answer = client.call_bytes(MethodCode(1), &bytes.to_le_bytes(), &wait, |_any| Ok(()));
        let mut expected = vec![0; bytes as usize];
        noise(&mut expected);
        answer.map(|answer| assert!(answer == expected, "{bytes} bytes"))
    };
    for bytes in [3 << 20, MAX_PAYLOAD_BYTES] {
        ask(bytes).unwrap();
    }
    let error = ask(MAX_PAYLOAD_BYTES + 1).unwrap_err();
    assert_eq!(error.code(), ErrorCode::OVERFLOW);
    let text = netipc::chain(&error);
    assert!(text.contains(IMPORTED), "{text}");
    assert!(text.contains("16777216"), "{text}");
    server.stop();
    thread.join().unwrap();
}

/// A question, and its reply where one comes.
fn ask(session: &Session, question: &Question, payload: &[u8]) -> Option<Reply> {
    let replies = session
        .get(keys::asked(HOST, SERVICE, ASKER))
        .attachment(&question.encode()[..])
        .payload(payload)
        .timeout(PATIENCE)
        .wait()
        .unwrap();
    let sample = replies.recv().ok()?.into_result().ok()?;
    Reply::decode(&sample.attachment()?.to_bytes()).ok()
}

fn question(pair: &Pair) -> Question {
    Question {
        method: MethodCode::INCREMENT,
        batch: None,
        deadline_ms: 30_000,
        room: 65_536,
        life: 0,
        claim: pair.exporting.as_ref().unwrap().0.claim(),
        held: 0,
        takes_lz4: false,
    }
}

#[test]
fn a_message_beyond_every_limit_is_dropped_and_the_link_goes_on() {
    let pair = Pair::new();
    let _server = serve(&pair, ServerConfig::default(), increment::handler());
    let question = question(&pair);
    let dropped = pair
        .importer
        .get(keys::asked(HOST, SERVICE, ASKER))
        .attachment(&question.encode()[..])
        .payload(vec![0; MAX_PAYLOAD_BYTES as usize + (1 << 20)])
        .timeout(PATIENCE)
        .wait()
        .unwrap();
    // Comes behind it on the same link.
    let reply = ask(&pair.importer, &question, &1_u64.to_le_bytes()).unwrap();
    assert_eq!(reply.outcome, Outcome::OK);
    let row = pair.export_report().peers[0].row.clone();
    assert_eq!(row.answered, 1);
    assert!(row.refused.is_empty(), "never seen: {row:?}");
    drop(dropped);
}

#[test]
fn who_asks_badly_ends_no_session_of_others() {
    let pair = Pair::new();
    let _server = serve(&pair, ServerConfig::default(), increment::handler());
    let good = question(&pair);
    let first = ask(&pair.importer, &good, &1_u64.to_le_bytes()).unwrap();
    assert_eq!(first.outcome, Outcome::OK);
    let next = Question {
        life: first.life,
        ..good
    };
    let bad = |change: fn(&mut Question), payload: &[u8]| {
        let mut bad = good;
        change(&mut bad);
        ask(&pair.importer, &bad, payload).unwrap().outcome
    };
    let told = [
        bad(|_| {}, b"bad"),
        bad(|bad| bad.room = 1 << 20, &[0; 8]),
        bad(|bad| bad.room = 4, &[0; 8]),
        bad(|bad| bad.method = MethodCode(77), &[0; 8]),
    ];
    let wanted = [
        Status::BAD_ENVELOPE,
        Status::OK,
        Status::LIMIT_EXCEEDED,
        Status::UNSUPPORTED,
    ];
    assert_eq!(told, wanted.map(Outcome::from));
    for n in 0..3_u64 {
        let reply = ask(&pair.importer, &next, &n.to_le_bytes()).unwrap();
        assert_eq!((reply.outcome, reply.life), (Outcome::OK, first.life));
        assert_eq!(bad(|_| {}, b"bad"), Outcome::from(Status::BAD_ENVELOPE));
    }
}

#[test]
fn nobody_waits_for_an_answer_to_a_client_that_has_gone() {
    // Long enough that no deadline ends it.
    let far = tempfile::tempdir().unwrap();
    let pair = Pair::of(far.path(), |near| ImportConfig {
        timeout: 10 * PATIENCE,
        workers: 1,
        ..import_config(near)
    });
    let (turnstile, doorman) = turnstile();
    let handler = Handler::<Increment>::new(move |n, answer| {
        turnstile.pass();
        answer.put(n)
    });
    let server = serve(&pair, ServerConfig::default(), handler);
    let client = || Client::<Increment>::new(pair.near.path(), IMPORTED, pair.client_config());
    let mut impatient = connected(client());
    let error = impatient.call_with_timeout(&1, 50).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TIMEOUT);
    drop(impatient);
    until("its end", || {
        let report = pair.import.report();
        let row = &report.peers.first()?.row;
        row.refused
            .contains_key("the client did not wait for the answer")
            .then_some(())
    });
    drop(doorman);
    // The one session is free for another.
    let mut patient = client();
    until("a session", || {
        patient.refresh();
        patient.ready().then_some(())
    });
    assert_eq!(patient.call(&7).unwrap(), 7);
    drop(server);
}

/// How many lines with `text` were logged, and how many may have been since `began`.
fn lines(text: &str, began: Instant) -> (usize, usize) {
    let logged = logged();
    let told = logged.iter().filter(|line| line.contains(text)).count();
    let may = 11 + usize::try_from(began.elapsed().as_secs() / 10).unwrap();
    (told, may)
}

#[test]
fn who_claims_without_end_is_neither_remembered_nor_logged_without_end() {
    let pair = Pair::new();
    let _server = serve(&pair, ServerConfig::default(), increment::handler());
    let began = Instant::now();
    // It has a certificate of that name, so that it is heard.
    let net = netipc_bridge::config::Net {
        plain: true,
        ..pair.authority.net(HOST)
    };
    let hostile =
        common::open_connecting(&net, &netipc_bridge::allow::Lists::default(), &pair.place);
    let claim = |number| {
        let key = keys::claim(HOST, SERVICE, number);
        hostile.liveliness().declare_token(key).wait().unwrap()
    };
    let tokens: Vec<_> = (1..=1000).map(claim).collect();
    let many = "none is believed host=\"web-1\" service=\"svc\" claims=2";
    until("the dispute", || (lines(many, began).0 > 0).then_some(()));
    pair.until_standing("disputed");
    drop(tokens);
    pair.until_standing("up");
    for number in 1001..1200 {
        drop(claim(number));
    }
    // What it did arrives after it was done: sessions end until all of it has.
    let config = pair.client_config();
    let mut asker = Client::<Increment>::new(pair.near.path(), IMPORTED, config);
    let answer = until("an answer", || {
        asker.refresh();
        asker.call(&1).ok()
    });
    assert_eq!(answer, 2);
    let (told, may) = lines("none is believed", began);
    assert!((1..=may).contains(&told), "{told} lines of {may}");
}

#[test]
fn whatever_is_refused_without_end_is_a_few_lines() {
    let pair = Pair::new();
    let began = Instant::now();
    let of = |claim| Question {
        claim,
        ..question(&pair)
    };
    let (stale, everyone) = (of(1), of(0));
    for _ in 0..300 {
        assert_eq!(
            ask(&pair.importer, &stale, b"").unwrap().outcome,
            Outcome::STALE
        );
    }
    let text =
        "a question was refused asker=\"viewer\" service=\"svc\" outcome=the host has restarted";
    let (told, may) = lines(text, began);
    assert!((10..=may).contains(&told), "{told} lines of {may}");
    // Another cause has lines of its own.
    let refused = ask(&pair.importer, &everyone, b"").unwrap().outcome;
    assert_eq!(refused, Outcome::REFUSED);
    assert_eq!(lines("outcome=not allowed there", began).0, 1);
    let counted = pair.export_report().peers[0].row.refused.clone();
    assert_eq!(counted["the host has restarted"], 300, "all are counted");
}
