//! Who gets in, and how far: what SECURITY.md promises of the bridge.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{
    ASKER, Authority, HOST, IMPORTED, Pair, SERVICE, TOKEN, export_config, export_lists,
    import_config, import_lists, open_connecting, open_listening, texts, until,
};
use netipc::service::increment::{self, Increment};
use netipc::wire::MethodCode;
use netipc::{Client, ClientState, ErrorCode, Handler, Server, ServerConfig};
use netipc_bridge::allow::{Askers, Lists};
use netipc_bridge::config::{Mode, Net};
use netipc_bridge::export::{Export, ExportConfig};
use netipc_bridge::import::{Import, ImportConfig};
use netipc_bridge::keys;
use netipc_bridge::limits::Limits;
use netipc_bridge::wire::{Outcome, Question, Reply};
use netipc_conformance::service::{Running, connected, turnstile};
use zenoh::handlers::FifoChannelHandler;
use zenoh::{Session, Wait};

/// What comes of a question.
type Replies = FifoChannelHandler<zenoh::query::Reply>;

fn serve(pair: &Pair) -> Running<Increment> {
    let config = ServerConfig {
        auth_token: TOKEN,
        ..ServerConfig::default()
    };
    let handler = increment::handler();
    Running::start(Server::with_workers(&pair.far, SERVICE, config, handler, 8))
}

fn client(pair: &Pair) -> Client<Increment> {
    Client::new(pair.near.path(), IMPORTED, pair.client_config())
}

/// An exporter that listens, for strangers to come.
fn listening(config: ExportConfig, authority: &Authority) -> (Export, Session, String) {
    let (session, place) = open_listening(&authority.net(&config.host), &export_lists(&config));
    (Export::begin(&session, config).unwrap(), session, place)
}

/// What a session gets to its question, within some time.
fn ask(session: &Session, asker: &str, header: &[u8], payload: &[u8]) -> Option<Reply> {
    let replies = session
        .get(keys::asked(HOST, SERVICE, asker))
        .attachment(header)
        .payload(payload)
        .timeout(Duration::from_secs(2))
        .wait()
        .unwrap();
    let reply = replies.recv().ok()?;
    let sample = reply.into_result().ok()?;
    Reply::decode(&sample.attachment()?.to_bytes()).ok()
}

fn question(claim: u64) -> Question {
    Question {
        method: MethodCode::INCREMENT,
        batch: None,
        deadline_ms: 10_000,
        room: 65_536,
        life: 0,
        claim,
        held: 0,
        takes_lz4: true,
    }
}

/// Everything allowed: for those who do not care what they may.
fn unbound(net: Net) -> Net {
    Net { plain: true, ..net }
}

/// A session that does not hold back: of this program only the other side refuses.
fn stranger(net: &Net, place: &str) -> Session {
    open_connecting(&unbound(net.clone()), &Lists::default(), place)
}

/// Has the token of `claim` seen by who may see it.
fn until_connected(session: &Session) {
    until("a connection", || session.info().peers_zid().wait().next());
}

/// One attempt to join as a client, which tells how it ended.
fn attempt(net: &Net, place: &str) -> Result<Session, String> {
    let once = Net {
        connect: texts(&[place]),
        mode: Some(Mode::Client),
        ..unbound(net.clone())
    };
    let config = once.zenoh(&Lists::default()).unwrap();
    zenoh::open(config)
        .wait()
        .map_err(|error| error.to_string())
}

#[test]
fn who_has_no_certificate_does_not_get_in() {
    let authority = Authority::new();
    let dir = tempfile::tempdir().unwrap();
    let (export, _session, place) = listening(export_config(dir.path()), &authority);
    let net = authority.net(ASKER);
    // Each believes the authority: it is the other side that says no.
    let without = Net {
        tls_certificate: None,
        tls_key: None,
        ..net.clone()
    };
    let of_another = Authority::new();
    let forged = Net {
        tls_ca: net.tls_ca.clone(),
        ..of_another.net(ASKER)
    };
    for (what, net) in [("without", without), ("forged", forged)] {
        let error = attempt(&net, &place).expect_err(what);
        assert!(error.contains("Unable to connect"), "{what}: {error}");
    }
    // With a certificate the same attempt leads in, and the question is answered: nobody serves it.
    let session = until("a link", || attempt(&net, &place).ok());
    let asked = until("an answer", || {
        ask(&session, ASKER, &question(export.claim()).encode(), &[0; 8])
    });
    assert_eq!(asked.outcome, Outcome::ABSENT);
}

#[test]
fn who_listens_without_a_certificate_is_not_believed() {
    let (authority, of_another) = (Authority::new(), Authority::new());
    let forged = Net {
        tls_ca: authority.net(HOST).tls_ca,
        ..of_another.net(HOST)
    };
    let (_listener, place) = open_listening(&forged, &Lists::default());
    let error = attempt(&authority.net(ASKER), &place).expect_err("forged");
    assert!(error.contains("Unable to connect"), "{error}");
    // With a certificate of the authority the same attempt leads there.
    let (_listener, place) = open_listening(&authority.net(HOST), &Lists::default());
    until("a link", || attempt(&authority.net(ASKER), &place).ok());
}

#[test]
fn who_is_not_on_the_list_is_not_heard() {
    let authority = Authority::new();
    let dir = tempfile::tempdir().unwrap();
    let (export, _session, place) = listening(export_config(dir.path()), &authority);
    let session = stranger(&authority.net("other"), &place);
    until_connected(&session);
    let header = question(export.claim()).encode();
    // In its own name, and in that of one who may.
    for asker in ["other", ASKER] {
        assert_eq!(ask(&session, asker, &header, &[0; 8]), None, "{asker}");
    }
    let tokens = session
        .liveliness()
        .get(keys::claims(HOST, SERVICE))
        .timeout(Duration::from_secs(1))
        .wait()
        .unwrap();
    assert!(tokens.recv().is_err(), "nor told who is there");
    assert!(export.report().peers.is_empty(), "nothing came through");
}

#[test]
fn nobody_asks_in_the_name_of_another() {
    let authority = Authority::new();
    let dir = tempfile::tempdir().unwrap();
    let config = ExportConfig {
        askers: Askers::parse(&texts(&[ASKER, "other"])).unwrap(),
        ..export_config(dir.path())
    };
    let (export, _session, place) = listening(config, &authority);
    // One who may ask, and so is told whom: its questions are sent.
    let session = stranger(&authority.net("other"), &place);
    let header = question(export.claim()).encode();
    until("an answer", || ask(&session, "other", &header, &[0; 8]));
    let before = export.report();
    assert_eq!(ask(&session, ASKER, &header, &[0; 8]), None);
    assert_eq!(export.report(), before, "nothing came through");
}

#[test]
fn a_service_that_is_not_allowed_is_refused_by_name() {
    let authority = Authority::new();
    let dir = tempfile::tempdir().unwrap();
    let config = ExportConfig {
        askers: Askers::parse(&texts(&["viewer=another"])).unwrap(),
        ..export_config(dir.path())
    };
    // Behind a router that lets everything pass, the exporter's own list counts.
    let all = Askers::parse(&texts(&[ASKER])).unwrap();
    let lists = Lists::of_export(HOST, &config.services, &all, &[], false);
    let (session, place) = open_listening(&authority.net(HOST), &lists);
    let export = Export::begin(&session, config).unwrap();
    let asker = stranger(&authority.net(ASKER), &place);
    let header = question(export.claim()).encode();
    let asked = until("an answer", || ask(&asker, ASKER, &header, &[0; 8]));
    assert_eq!(asked.outcome, Outcome::REFUSED);
    let report = export.report();
    assert_eq!(report.peers[0].peer, "strangers");
}

#[test]
fn a_host_is_believed_only_with_a_certificate_of_its_name() {
    let authority = Authority::new();
    let (near, far) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (importer, place) = open_listening(&authority.net(ASKER), &import_lists());
    let config = import_config(near.path());
    let import = Import::begin(&importer, HOST, SERVICE, IMPORTED, config).unwrap();
    // One that says it is the host, and is another by its certificate.
    let impostor = open_connecting(
        &unbound(authority.net("impostor")),
        &Lists::default(),
        &place,
    );
    let false_export = Export::begin(&impostor, export_config(far.path())).unwrap();
    until_connected(&impostor);
    // The real one, later, is the only one there is.
    let config = export_config(far.path());
    let real = open_connecting(&authority.net(HOST), &export_lists(&config), &place);
    let export = Export::begin(&real, config).unwrap();
    until("the host", || {
        (import.report().services[0].standing == "up").then_some(())
    });
    assert_ne!(export.claim(), false_export.claim());
    let mut asker = Client::<Increment>::new(
        near.path(),
        IMPORTED,
        netipc::ClientConfig {
            auth_token: TOKEN,
            ..netipc::ClientConfig::default()
        },
    );
    asker.refresh();
    let _ = asker.call(&1);
    assert!(false_export.report().peers.is_empty(), "it is never asked");
    assert!(!export.report().peers.is_empty());
    drop((false_export, impostor, export, real, import));
}

#[test]
fn a_token_stays_on_its_host() {
    let far = tempfile::tempdir().unwrap();
    let pair = Pair::of(far.path(), |near| ImportConfig {
        auth_token: 77,
        ..import_config(near)
    });
    let server = serve(&pair);
    // Clients here have the token of this side: that of the other is not known here, and of no use.
    let with = |auth_token| {
        let config = netipc::ClientConfig {
            auth_token,
            ..netipc::ClientConfig::default()
        };
        Client::<Increment>::new(pair.near.path(), IMPORTED, config)
    };
    let mut wrong = with(TOKEN);
    wrong.refresh();
    assert_eq!(wrong.status().state, ClientState::AuthFailed);
    let mut asker = connected(with(77));
    assert_eq!(asker.call(&1).unwrap(), 2);
    // Headers have no place for one.
    let header = question(1).encode();
    let token = TOKEN.to_le_bytes();
    assert!(!header.windows(8).any(|bytes| bytes == token));
    drop(server);
}

#[test]
fn who_asks_too_often_is_refused() {
    let mut pair = Pair::new();
    let limits = Limits {
        rate: 5,
        ..Limits::default()
    };
    pair.export(ExportConfig {
        limits,
        ..export_config(&pair.far)
    });
    let _server = serve(&pair);
    let mut asker = connected(client(&pair));
    let began = Instant::now();
    let mut failed = 0;
    // The budget fills up while they are asked: so many more questions than that are too many on any machine.
    for n in 0..u64::MAX {
        if asker.call(&n).is_err() {
            failed += 1;
            break;
        }
        assert!(began.elapsed() < common::PATIENCE, "never told");
    }
    assert_eq!(failed, 1);
    let refused = pair.export_report().peers[0].row.refused.clone();
    assert!(
        refused.keys().any(|why| why.contains("--rate")),
        "{refused:?}"
    );
}

/// Asks, and does not wait for the reply.
fn begin_to_ask(session: &Session, asker: &str, claim: u64, n: u64) -> Replies {
    session
        .get(keys::asked(HOST, SERVICE, asker))
        .attachment(&question(claim).encode()[..])
        .payload(&n.to_le_bytes()[..])
        .timeout(common::PATIENCE)
        .wait()
        .unwrap()
}

fn outcome(replies: &Replies) -> Outcome {
    let sample = replies.recv().unwrap().into_result().unwrap();
    let header = sample.attachment().unwrap().to_bytes();
    Reply::decode(&header).unwrap().outcome
}

#[test]
fn who_fills_its_queue_holds_up_no_other() {
    let authority = Authority::new();
    let far = tempfile::tempdir().unwrap();
    let base = export_config(far.path());
    let config = ExportConfig {
        askers: Askers::parse(&texts(&[ASKER, "other"])).unwrap(),
        limits: Limits {
            waiting: 2,
            ..base.limits
        },
        ..base
    };
    let (export, _session, place) = listening(config, &authority);
    let (claim, asked) = (export.claim(), Arc::new(Mutex::new(Vec::new())));
    let (turnstile, doorman) = turnstile();
    let order = Arc::clone(&asked);
    let handler = Handler::<Increment>::new(move |n, answer| {
        order.lock().unwrap().push(*n);
        turnstile.pass();
        answer.put(&n.wrapping_add(1))
    });
    let config = ServerConfig {
        auth_token: TOKEN,
        ..ServerConfig::default()
    };
    let server = Running::start(Server::with_workers(
        far.path(),
        SERVICE,
        config,
        handler,
        2,
    ));
    let [greedy, other] = [ASKER, "other"].map(|name| {
        let session = stranger(&authority.net(name), &place);
        // It can ask once it is told so: this claim is of nobody.
        until("the exporter", || {
            ask(&session, name, &question(1).encode(), &[])
        });
        session
    });
    let mut waiting = vec![begin_to_ask(&greedy, ASKER, claim, 1)];
    doorman.meet();
    waiting.extend([2, 3].map(|n| begin_to_ask(&greedy, ASKER, claim, n)));
    assert_eq!(
        outcome(&begin_to_ask(&greedy, ASKER, claim, 4)),
        Outcome::BUSY
    );
    waiting.extend([11, 12].map(|n| begin_to_ask(&other, "other", claim, n)));
    assert_eq!(
        outcome(&begin_to_ask(&other, "other", claim, 13)),
        Outcome::BUSY
    );
    drop(doorman);
    for replies in &waiting {
        assert_eq!(outcome(replies), Outcome::OK);
    }
    assert_eq!(*asked.lock().unwrap(), [1, 2, 11, 3, 12], "in turns");
    drop(server);
}

#[test]
fn no_asker_has_an_answer_take_longer_than_the_exporter_allows() {
    let mut pair = Pair::new();
    let base = export_config(&pair.far);
    pair.export(ExportConfig {
        limits: Limits {
            answer_ms: 50,
            ..base.limits
        },
        ..base
    });
    let (turnstile, doorman) = turnstile();
    let handler = Handler::<Increment>::new(move |n, answer| {
        turnstile.pass();
        answer.put(n)
    });
    let config = ServerConfig {
        auth_token: TOKEN,
        ..ServerConfig::default()
    };
    let server = Running::start(Server::with_workers(&pair.far, SERVICE, config, handler, 2));
    let patient = Question {
        deadline_ms: u32::MAX,
        ..question(pair.exporting.as_ref().unwrap().0.claim())
    };
    // The provider does not answer before it is let through.
    let reply = ask(&pair.importer, ASKER, &patient.encode(), &[0; 8]).unwrap();
    assert_eq!(reply.outcome, Outcome::LATE);
    drop(doorman);
    drop(server);
}

#[test]
fn what_is_too_large_is_refused_before_it_is_asked() {
    let mut pair = Pair::new();
    pair.export(ExportConfig {
        limits: Limits {
            request_bytes: 64,
            answer_bytes: 4,
            rate: 1_000_000,
            ..Limits::default()
        },
        ..export_config(&pair.far)
    });
    let server = serve(&pair);
    let mut asker = connected(client(&pair));
    // The answer has 8 bytes, where 4 are allowed.
    let error = asker.call(&1).unwrap_err();
    assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error}");
    let session = &pair.importer;
    let claim = pair.exporting.as_ref().unwrap().0.claim();
    let before = server.stats().requests();
    let asked = ask(session, ASKER, &question(claim).encode(), &[0; 65]).unwrap();
    assert_eq!(asked.outcome.status(), netipc::wire::Status::LIMIT_EXCEEDED);
    assert_eq!(
        server.stats().requests(),
        before,
        "the provider saw nothing of it"
    );
}

#[test]
fn a_question_that_is_none_is_told_so() {
    let pair = Pair::new();
    let session = &pair.importer;
    let claim = pair.exporting.as_ref().unwrap().0.claim();
    let mut newer = question(claim).encode();
    newer[2] = 9;
    for (header, outcome) in [
        (&b""[..], Outcome::MALFORMED),
        (&[0xff; 40], Outcome::MALFORMED),
        (&newer, Outcome::VERSION),
        (&question(claim ^ 1).encode(), Outcome::STALE),
        (&question(0).encode(), Outcome::REFUSED),
    ] {
        let asked = ask(session, ASKER, header, &[0; 8]).unwrap();
        assert_eq!(asked.outcome, outcome, "{header:?}");
    }
}
