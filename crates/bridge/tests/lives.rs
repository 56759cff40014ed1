//! Hosts that come, go, come again, and claim what others claim; and what travels of answers.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{
    ASKER, HOST, IMPORTED, Pair, SERVICE, TOKEN, export_config, export_lists, import_config,
    import_lists, open_connecting, open_router, texts, through_router, until,
};
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem, PidStatus};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::service::increment::{self, Increment};
use netipc::{Client, ClientState, ErrorCode, Handler, Server, ServerConfig};
use netipc_bridge::allow::Lists;
use netipc_bridge::everyone::Everyone;
use netipc_bridge::export::{Export, ExportConfig};
use netipc_bridge::import::Import;
use netipc_bridge::metrics;
use netipc_bridge::status::{self, StatusServer};
use netipc_conformance::service::{Running, connected, data, turnstile};

/// A provider on the far side.
fn serve<S: netipc::service::Service>(dir: &std::path::Path, handler: Handler<S>) -> Running<S> {
    let config = ServerConfig {
        auth_token: TOKEN,
        ..ServerConfig::default()
    };
    Running::start(Server::with_workers(dir, SERVICE, config, handler, 8))
}

fn client<S: netipc::service::Service>(pair: &Pair) -> Client<S> {
    Client::new(pair.near.path(), IMPORTED, pair.client_config())
}

#[test]
fn a_host_that_is_gone_is_not_found() {
    let mut pair = Pair::new();
    let _server = serve(&pair.far, increment::handler());
    let mut asker = connected(client::<Increment>(&pair));
    assert_eq!(asker.call(&41).unwrap(), 42);
    pair.stop_exporting();
    pair.until_standing("absent");
    assert!(asker.call(&1).is_err());
    asker.refresh();
    assert_eq!(asker.status().state, ClientState::NotFound);
    pair.export(export_config(&pair.far));
    asker.refresh();
    assert_eq!(asker.call(&1).unwrap(), 2);
}

#[test]
fn a_provider_that_is_gone_is_a_handler_that_failed() {
    let pair = Pair::new();
    let mut asker = connected(client::<Increment>(&pair));
    let error = asker.call(&1).unwrap_err();
    assert_eq!(error.code(), ErrorCode::HANDLER_FAILED, "{error}");
    let refused = &pair.export_report().peers[0].row.refused;
    assert!(
        refused.contains_key("nobody serves it there"),
        "{refused:?}"
    );
    // It comes late, and is found.
    let _server = serve(&pair.far, increment::handler());
    asker.refresh();
    assert_eq!(asker.call(&1).unwrap(), 2);
}

#[test]
fn a_host_that_goes_while_it_is_asked_is_an_error_within_the_deadline() {
    let mut pair = Pair::new();
    let (turnstile, doorman) = turnstile();
    let handler = Handler::<Increment>::new(move |n, answer| {
        turnstile.pass();
        answer.put(&n.wrapping_add(1))
    });
    let server = serve(&pair.far, handler);
    let mut asker = connected(client::<Increment>(&pair));
    let asked = thread::spawn(move || {
        let began = Instant::now();
        (
            asker
                .call_with_timeout(&1, 50_000)
                .map_err(|error| error.code()),
            began.elapsed(),
        )
    });
    doorman.meet();
    // The exporter's client is called off, and so is its provider once it is let through.
    pair.stop_exporting();
    let (answer, took) = asked.join().unwrap();
    assert!(answer.is_err(), "{answer:?}");
    assert!(
        took < Duration::from_secs(50),
        "not by the deadline: {took:?}"
    );
    drop(doorman);
    drop(server);
}

#[test]
fn a_host_that_restarts_under_its_name_ends_every_session() {
    let mut pair = Pair::new();
    let _server = serve(&pair.far, increment::handler());
    let mut asker = connected(client::<Increment>(&pair));
    assert_eq!(asker.call(&1).unwrap(), 2);
    let before = pair.exporting.as_ref().unwrap().0.claim();
    pair.export(export_config(&pair.far));
    assert_ne!(pair.exporting.as_ref().unwrap().0.claim(), before);
    let sessions = asker.status().session.unwrap().session_id;
    asker.refresh();
    assert_eq!(asker.call(&2).unwrap(), 3);
    let status = asker.status();
    assert!(
        status.counters.reconnects > 0,
        "{status:?} after {sessions}"
    );
}

#[test]
fn a_provider_that_restarts_ends_every_session_whatever_its_generations() {
    let pair = Pair::new();
    let server = serve(&pair.far, increment::handler());
    let mut asker = connected(client::<Increment>(&pair));
    let session = |asker: &Client<Increment>| asker.status().session.unwrap().session_id;
    assert_eq!(asker.call(&1).unwrap(), 2);
    let first = session(&asker);
    assert_eq!(asker.call(&2).unwrap(), 3);
    assert_eq!(session(&asker), first);
    drop(server);
    let _server = serve(&pair.far, increment::handler());
    // The exporter has a session with the new one; nobody may have half an answer of either.
    assert_eq!(asker.call(&3).unwrap(), 4);
    assert_ne!(session(&asker), first);
    let refused = pair.import.report().peers[0].row.refused.clone();
    let why = "the provider there may have restarted";
    assert_eq!(refused.get(why), Some(&1), "{refused:?}");
}

#[test]
fn two_that_claim_one_name_are_both_refused_until_one_goes() {
    let pair = Pair::new();
    let _server = serve(&pair.far, increment::handler());
    let mut asker = connected(client::<Increment>(&pair));
    assert_eq!(asker.call(&1).unwrap(), 2);
    let other = pair.another(export_config(&pair.far));
    pair.until_standing("disputed");
    let line = "none is believed host=\"web-1\" service=\"svc\" claims=2";
    let is_logged = || common::logged().iter().any(|logged| logged.ends_with(line));
    until("a line in the log", || is_logged().then_some(()));
    asker.refresh();
    assert_eq!(asker.status().state, ClientState::NotFound);
    drop(other);
    pair.until_standing("up");
    asker.refresh();
    assert_eq!(asker.call(&1).unwrap(), 2);
}

#[test]
fn whoever_comes_second_to_a_name_does_not_offer_it() {
    let pair = Pair::new();
    let authority = &pair.authority;
    let (_router, place) = {
        let mut lists = Lists::default();
        lists.route_host(HOST, false);
        open_router(authority, &lists)
    };
    let begin = || {
        let config = export_config(&pair.far);
        let lists = Lists::of_export(
            &config.host,
            &config.services,
            &config.askers,
            &texts(&["router"]),
            false,
        );
        let session = open_connecting(&through_router(authority, HOST), &lists, &place);
        let export = Export::begin(&session, config).unwrap();
        (export, session)
    };
    let standing = |export: &Export| export.report().services.first().map(|s| s.standing.clone());
    let first = begin();
    until("the first", || {
        (standing(&first.0)? == "offered").then_some(())
    });
    let second = begin();
    until("the dispute", || {
        (standing(&second.0)? == "disputed").then_some(())
    });
    let line = "not offered until it has gone host=\"web-1\" service=\"svc\" others=1";
    let is_logged = || common::logged().iter().any(|logged| logged.ends_with(line));
    until("a line in the log", || is_logged().then_some(()));
    drop(first);
    until("its end", || {
        (standing(&second.0)? == "offered").then_some(())
    });
}

#[test]
fn a_snapshot_of_3_mib_travels_once_while_it_does_not_change() {
    let pair = Pair::new();
    let generation = Arc::new(AtomicU64::new(1));
    let now = Arc::clone(&generation);
    let handler = Handler::<CgroupsSnapshot>::new(move |_, answer| {
        answer.set_header(1, now.load(Ordering::SeqCst));
        (0..1000).try_for_each(|index| data::with_cgroup(index, 3100, |item| answer.push(item)))
    });
    let _server = serve(&pair.far, handler);
    let config = netipc::ClientConfig {
        max_response_payload_bytes: 4 << 20,
        ..pair.client_config()
    };
    let mut asker = connected(Client::<CgroupsSnapshot>::new(
        pair.near.path(),
        IMPORTED,
        config,
    ));
    let mut ask = || {
        let view = asker.call(&Default::default()).unwrap();
        assert_eq!(view.item_count, 1000);
        view.generation
    };
    let row = || pair.import.report().peers[0].row.clone();
    assert_eq!(ask(), 1);
    let first = row();
    assert!(first.bytes > 3 << 20, "{first:?}");
    assert!(first.sent_bytes < first.bytes / 2, "compressed: {first:?}");
    assert_eq!((ask(), ask()), (1, 1));
    let held = row();
    assert_eq!(held.unchanged, 2);
    assert!(held.sent_bytes < first.sent_bytes + 1000, "{held:?}");
    generation.store(2, Ordering::SeqCst);
    assert_eq!(ask(), 2);
    let changed = row();
    assert_eq!(changed.unchanged, 2, "whole, because it is another");
    assert!(changed.sent_bytes > held.sent_bytes + 1000);
}

#[test]
fn questions_pass_a_router() {
    let (far, near) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let authority = common::Authority::new();
    let mut lists = Lists::default();
    lists.route_host(HOST, false);
    lists.route_asker(ASKER);
    let (_router, place) = open_router(&authority, &lists);
    let via = texts(&["router"]);

    let config = export_config(far.path());
    let lists = Lists::of_export(&config.host, &config.services, &config.askers, &via, false);
    let exporter = open_connecting(&through_router(&authority, HOST), &lists, &place);
    let export = Export::begin(&exporter, config).unwrap();

    let mut lists = Lists::default();
    lists.import(ASKER, HOST, SERVICE, &via);
    let importer = open_connecting(&through_router(&authority, ASKER), &lists, &place);
    let config = import_config(near.path());
    let import = Import::begin(&importer, HOST, SERVICE, IMPORTED, config).unwrap();
    until("the host", || {
        (import.report().services[0].standing == "up").then_some(())
    });

    let _server = serve(far.path(), data::snapshot(1000, 3100));
    let config = netipc::ClientConfig {
        auth_token: TOKEN,
        ..netipc::ClientConfig::default()
    };
    let mut asker = connected(Client::<CgroupsSnapshot>::new(
        near.path(),
        IMPORTED,
        config,
    ));
    assert_eq!(asker.call(&Default::default()).unwrap().item_count, 1000);
    drop((import, export));
}

/// An exporter of a lookup that knows processes from `first` on.
fn knows(dir: &std::path::Path, first: u32) -> Running<AppsLookup> {
    let handler = Handler::<AppsLookup>::new(move |request, answer| {
        answer.set_generation(7);
        request.keys().try_for_each(|pid| {
            if pid.0 < first {
                answer.add_bare(PidStatus::UNKNOWN.0)
            } else {
                answer.add(&AppsLookupItem {
                    status: PidStatus::KNOWN,
                    pid: pid.0,
                    cgroup_status: netipc::service::apps_lookup::AppsCgroupStatus::HOST_ROOT,
                    comm: "known".into(),
                    ..AppsLookupItem::default()
                })
            }
        })
    });
    serve(dir, handler)
}

#[test]
fn everyone_is_asked_and_who_knows_answers() {
    let authority = common::Authority::new();
    let near = tempfile::tempdir().unwrap();
    let hosts = [("a", 1_000_000), ("b", 100), ("c", 1_000_000)];
    let mut lists = Lists::default();
    for (host, _) in hosts {
        lists.import_everyone(ASKER, host, SERVICE, host);
    }
    let (importer, place) = common::open_listening(&authority.net(ASKER), &lists);
    // c is not believed, whatever it says.
    let believed = ["a", "b"].map(str::to_owned).into_iter().collect();
    let config = import_config(near.path());
    let everyone = Everyone::begin(&importer, SERVICE, IMPORTED, believed, config).unwrap();
    let mut exporting = Vec::new();
    for (host, first) in hosts {
        let far = tempfile::tempdir().unwrap();
        let config = ExportConfig {
            host: host.into(),
            everyone: true,
            ..export_config(far.path())
        };
        let session = open_connecting(&authority.net(host), &export_lists(&config), &place);
        let export = Export::begin(&session, config).unwrap();
        exporting.push((export, session, knows(far.path(), first), far));
    }
    // Who is not believed is not remembered either.
    until("two hosts", || {
        let up = everyone.report().services;
        (up.len() == 2 && up.iter().all(|s| s.standing == "up")).then_some(())
    });
    let config = netipc::ClientConfig {
        auth_token: TOKEN,
        ..netipc::ClientConfig::default()
    };
    let mut asker = connected(Client::<AppsLookup>::new(near.path(), IMPORTED, config));
    let reply = asker.call(&[200, 300]).unwrap();
    assert!(reply.iter().all(|item| item.status == PidStatus::KNOWN));
    let of_b = reply.generation;
    assert_eq!(
        asker.call(&[400]).unwrap().generation,
        of_b,
        "the same host"
    );
    let reply = asker.call(&[5]).unwrap();
    assert_eq!(reply.item(0).unwrap().status, PidStatus::UNKNOWN);
    assert_ne!(reply.generation, 7, "of a host, not of all");
    // The third was asked, too, and says the same: it may be slow to join.
    until("the third", || {
        let third = &exporting[2].0;
        assert_eq!(asker.call(&[5]).unwrap().len(), 1);
        (!third.report().peers.is_empty()).then_some(())
    });
    let told = everyone.report();
    let answered = told.peers.iter().map(|row| &*row.peer);
    assert!(answered.clone().all(|peer| peer != "c"), "{told:?}");
    assert!(answered.count() > 0);
    drop(exporting);
    drop(everyone);
}

#[test]
fn a_status_whose_socket_is_gone_ends_all_the_same() {
    let run_dir = tempfile::tempdir().unwrap();
    let told = StatusServer::begin(run_dir.path(), 1, Vec::new).unwrap();
    let socket = run_dir.path().join("bridge-0000000000000001.status");
    std::fs::remove_file(socket).unwrap();
    let (tell, ended) = std::sync::mpsc::channel();
    thread::spawn(move || {
        drop(told);
        tell.send(()).unwrap();
    });
    ended.recv_timeout(common::PATIENCE).unwrap();
}

/// Takes the imported endpoint away from who has it, for as long as it lives.
fn take_away(dir: &std::path::Path) -> Running<Increment> {
    // Who has it looks after it, and may be quicker.
    Running::start(until("the endpoint", || {
        let _ = std::fs::remove_file(dir.join(format!("{IMPORTED}.sock")));
        let config = ServerConfig::default();
        let handler = increment::handler();
        let thief = Server::with_workers(dir, IMPORTED, config, handler, 1);
        thief.bind().is_ok().then_some(thief)
    }))
}

#[test]
fn an_endpoint_that_was_taken_away_comes_back() {
    let pair = Pair::new();
    let _server = serve(&pair.far, increment::handler());
    let thief = take_away(pair.near.path());
    pair.until_standing("not served yet");
    drop(thief);
    pair.until_standing("up");
    let mut asker = connected(client::<Increment>(&pair));
    assert_eq!(asker.call(&1).unwrap(), 2);
}

#[test]
fn an_endpoint_of_everyone_that_was_taken_away_comes_back() {
    let authority = common::Authority::new();
    let near = tempfile::tempdir().unwrap();
    let (importer, _) = common::open_listening(&authority.net(ASKER), &Lists::default());
    let config = import_config(near.path());
    let everyone = Everyone::begin(&importer, SERVICE, IMPORTED, Default::default(), config);
    let thief = take_away(near.path());
    let is_logged = |end: &str| common::logged().iter().any(|line| line.contains(end));
    until("its end", || {
        is_logged("not served any more, trying again").then_some(())
    });
    drop(thief);
    let config = netipc::ClientConfig {
        auth_token: TOKEN,
        ..netipc::ClientConfig::default()
    };
    let mut asker = Client::<AppsLookup>::new(near.path(), IMPORTED, config);
    until("the endpoint", || {
        asker.refresh();
        asker.ready().then_some(())
    });
    drop(everyone.unwrap());
}

#[test]
fn a_bridge_tells_who_asked_what() {
    let pair = Pair::new();
    let _server = serve(&pair.far, increment::handler());
    let mut asker = connected(client::<Increment>(&pair));
    assert_eq!(asker.call(&1).unwrap(), 2);
    let report = pair.export_report();
    let run_dir = tempfile::tempdir().unwrap();
    let told = StatusServer::begin(run_dir.path(), 1, {
        let report = report.clone();
        move || vec![report.clone()]
    });
    let told = told.unwrap();
    let socket = run_dir.path().join("bridge-0000000000000001.status");
    let mode = std::fs::metadata(socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // One of a bridge that has died.
    let dead = run_dir.path().join("bridge-0000000000000002.status");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    let reports = status::collect(run_dir.path()).unwrap();
    assert_eq!(reports, [report]);
    assert!(!dead.exists(), "removed");
    let text = status::text(&reports);
    assert!(text.contains("viewer svc: 1 answered"), "{text}");
    let metrics = metrics::prometheus(&reports);
    let line = "netipc_bridge_answered_total{role=\"export\",name=\"web-1\",peer=\"viewer\",service=\"svc\",endpoint=\"svc\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    drop(told);
    assert_eq!(
        std::fs::read_dir(run_dir.path()).unwrap().count(),
        0,
        "nothing is left"
    );
    let _ = import_lists();
}
