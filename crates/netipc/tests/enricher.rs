//! Enrichers with real providers, over every transport there is.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use netipc::enricher::{EnricherConfig, EnricherReader, Missing, StepEnd};
use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_HYBRID};
use netipc::service::Orchestrator;
use netipc::service::cgroups_lookup::{CgroupStatus, CgroupsLookup, CgroupsLookupItem, Handler};
use netipc::transport::link::{BindError, BindOptions, ConnectError, Profile};
use netipc::transport::{
    Baseline, Endpoint, Listener, MemoryTransport, NativeTransport, Transport, Wait,
};
use netipc::wire::{Label, Labels};
use netipc::{ClientConfig, Enricher};
use netipc_conformance::service::{Running, World};

/// What hangs is noticed.
const HANG: Duration = Duration::from_secs(60);

fn worlds() -> Vec<World> {
    vec![
        World::new(MemoryTransport::new(), PROFILE_BASELINE),
        World::new(NativeTransport::new(), PROFILE_BASELINE),
        World::new(
            NativeTransport::new(),
            PROFILE_BASELINE | PROFILE_SHM_HYBRID,
        ),
    ]
}

fn enricher(world: &World, config: EnricherConfig) -> Enricher<CgroupsLookup> {
    let (endpoint, client) = (world.endpoint(), world.client_config());
    let (run_dir, service) = (endpoint.run_dir(), endpoint.service());
    Enricher::with_transport(world.transport(), run_dir, service, client, config)
}

/// Names by path, and a generation.
#[derive(Clone, Default)]
struct Data(Arc<Mutex<(HashMap<String, String>, u64)>>);

impl Data {
    fn set(&self, path: &str, name: &str) {
        let mut data = self.0.lock().unwrap();
        data.0.insert(path.to_owned(), name.to_owned());
        data.1 += 1;
    }

    fn serve(&self, world: &World) -> Running<CgroupsLookup> {
        let data = self.clone();
        world.serve(Handler::new(move |request, answer| {
            let (names, generation) = data.0.lock().unwrap().clone();
            answer.set_generation(generation);
            request.keys().try_for_each(|path| {
                let text = path.text().to_string();
                let Some(name) = names.get(&text) else {
                    return answer.add_bare(CgroupStatus::UNKNOWN_RETRY_LATER.0);
                };
                let labels = [Label::new("app", name)];
                answer.add(&CgroupsLookupItem {
                    status: CgroupStatus::KNOWN,
                    orchestrator: Orchestrator::DOCKER,
                    path,
                    name: name.into(),
                    labels: Labels::Pairs(&labels),
                })
            })
        }))
    }
}

fn name(reader: &EnricherReader<CgroupsLookup>, path: &str) -> Result<String, Missing> {
    let guard = reader.read();
    let hit = guard.get(path)?;
    assert_eq!(hit.item.path.text().to_string(), path);
    let labels: Vec<String> = hit
        .item
        .labels
        .iter()
        .map(|label| label.value.to_string())
        .collect();
    assert_eq!(labels, [hit.item.name.to_string()]);
    Ok(hit.item.name.to_string())
}

/// Waits for what another thread brings about.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < HANG, "{what}");
        thread::yield_now();
    }
}

/// Rounds until the provider is there, as it is not at once on a busy machine.
fn settle(enricher: &mut Enricher<CgroupsLookup>) {
    until("a round with a provider", || {
        let end = enricher.step(HANG).end;
        end == StepEnd::Idle
    });
}

#[test]
fn a_provider_may_come_late_restart_and_vanish() {
    for world in worlds() {
        let data = Data::default();
        let config = EnricherConfig {
            backoff_first: Duration::from_nanos(1),
            backoff_most: Duration::from_nanos(1),
            ..EnricherConfig::default()
        };
        let mut enricher = enricher(&world, config);
        let reader = enricher.reader();
        assert_eq!(name(&reader, "/a"), Err(Missing::Queued));
        assert_eq!(enricher.step(HANG).end, StepEnd::Absent);
        assert_eq!(name(&reader, "/a"), Err(Missing::Absent));
        data.set("/a", "first");
        let server = data.serve(&world);
        settle(&mut enricher);
        assert_eq!(name(&reader, "/a").unwrap(), "first");
        drop(server.finish());
        assert_eq!(enricher.step(HANG).end, StepEnd::Absent);
        assert!(reader.read().get("/a").unwrap().stale);
        data.set("/b", "second");
        let server = data.serve(&world);
        settle(&mut enricher);
        assert!(!reader.read().get("/a").unwrap().stale);
        assert_eq!(enricher.refresh_now(&["/a", "/b", "/c"], HANG), 2);
        assert_eq!(name(&reader, "/b").unwrap(), "second");
        assert!(matches!(name(&reader, "/c"), Err(Missing::ForNow { .. })));
        assert!(matches!(name(&reader, ""), Err(Missing::Invalid)));
        enricher.close();
        drop(server.finish());
    }
}

#[test]
fn a_thread_runs_it_and_others_read() {
    for world in worlds() {
        let data = Data::default();
        for number in 0..500 {
            data.set(&format!("/slice/{number}"), &format!("name-{number}"));
        }
        let server = data.serve(&world);
        let mut enricher = enricher(&world, EnricherConfig::default());
        let (reader, stop) = (enricher.reader(), enricher.abort_handle());
        thread::scope(|scope| {
            let running = scope.spawn(move || enricher.run());
            for first in 0..4 {
                let reader = reader.clone();
                scope.spawn(move || {
                    for number in (first..500).step_by(2) {
                        let path = format!("/slice/{number}");
                        until("an answer", || name(&reader, &path).is_ok());
                        assert_eq!(name(&reader, &path).unwrap(), format!("name-{number}"));
                    }
                });
            }
            let paths: Vec<String> = (0..500).map(|number| format!("/slice/{number}")).collect();
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            assert_eq!(reader.refresh_now(&paths, HANG), 500);
            until("both keys are pinned", || reader.stats().answered >= 500);
            stop.abort();
            running.join().unwrap();
        });
        drop(server.finish());
    }
}

#[test]
fn a_run_notices_at_once_that_a_provider_is_gone_or_there() {
    let world = World::new(
        NativeTransport::new(),
        PROFILE_BASELINE | PROFILE_SHM_HYBRID,
    );
    let data = Data::default();
    data.set("/a", "first");
    let mut enricher = enricher(&world, EnricherConfig::default());
    let (reader, stop) = (enricher.reader(), enricher.abort_handle());
    thread::scope(|scope| {
        let running = scope.spawn(move || enricher.run());
        // The back-off grows meanwhile, and does not matter.
        until("it was found absent", || {
            name(&reader, "/a") == Err(Missing::Absent)
        });
        for _ in 0..3 {
            let server = data.serve(&world);
            until("an item that is not stale", || {
                let guard = reader.read();
                guard.get("/a").is_ok_and(|hit| !hit.stale)
            });
            drop(server.finish());
            until("a stale item", || reader.read().get("/a").unwrap().stale);
        }
        stop.abort();
        running.join().unwrap();
    });
}

#[test]
fn an_abort_ends_a_round_in_every_phase() {
    for world in worlds() {
        // A server that takes the connection and says nothing: the handshake hangs.
        let endpoint = world.endpoint();
        let silent = world
            .transport()
            .bind(&endpoint, &Default::default())
            .unwrap();
        let mut silent_enricher = enricher(&world, EnricherConfig::default());
        silent_enricher.reader().want("/a");
        let stop = silent_enricher.abort_handle();
        thread::scope(|scope| {
            let round = scope.spawn(move || silent_enricher.step(HANG).end);
            stop.abort();
            assert_eq!(round.join().unwrap(), StepEnd::Aborted);
        });
        drop(silent);

        // A handler that does not answer until it is told to: the call hangs.
        let gate = Arc::new(Mutex::new(()));
        let held = gate.lock().unwrap();
        let (asked, hears) = std::sync::mpsc::channel();
        let waits = Arc::clone(&gate);
        let server = world.serve(Handler::new(move |_, answer| {
            let _ = asked.send(());
            drop(waits.lock());
            answer.add_bare(CgroupStatus::UNKNOWN_PERMANENT.0)
        }));
        let mut enricher = enricher(&world, EnricherConfig::default());
        enricher.reader().want("/a");
        let (reader, stop) = (enricher.reader(), enricher.abort_handle());
        thread::scope(|scope| {
            let round = scope.spawn(move || {
                let end = enricher.step(HANG).end;
                (enricher, end)
            });
            hears.recv_timeout(HANG).unwrap();
            assert_eq!(name(&reader, "/a"), Err(Missing::Pending));
            stop.abort();
            let (mut enricher, end) = round.join().unwrap();
            assert_eq!(end, StepEnd::Aborted);
            drop(held);
            assert_eq!(name(&reader, "/a"), Err(Missing::Queued), "it waits again");
            stop.clear();
            settle(&mut enricher);
            assert_eq!(name(&reader, "/a"), Err(Missing::ForGood));
        });
        drop(server.finish());
    }
}

/// A transport whose endpoint takes for ever to reach. Says when somebody tries to.
#[derive(Debug)]
struct Endless {
    inner: MemoryTransport,
    tried: Mutex<Sender<()>>,
}

impl Transport for Endless {
    fn profiles(&self) -> &'static [Profile] {
        self.inner.profiles()
    }

    fn connect(&self, at: &Endpoint, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, ConnectError> {
        self.tried.lock().unwrap().send(()).unwrap();
        let source = wait.sleep(Duration::MAX).expect_err("it is called off");
        Err(ConnectError::Interrupted {
            endpoint: at.to_string(),
            source,
        })
    }

    fn bind(&self, at: &Endpoint, how: &BindOptions) -> Result<Box<dyn Listener>, BindError> {
        self.inner.bind(at, how)
    }
}

/// Runs an enricher until `reached` says that it is in the phase that is meant; an abort ends it there.
fn ends_when_called_off(
    mut enricher: Enricher<CgroupsLookup>,
    reached: impl FnOnce(&EnricherReader<CgroupsLookup>),
) {
    let (reader, stop) = (enricher.reader(), enricher.abort_handle());
    thread::scope(|scope| {
        let running = scope.spawn(move || enricher.run());
        reached(&reader);
        stop.abort();
        running.join().unwrap();
    });
}

#[test]
fn an_abort_ends_a_run_that_sleeps_or_connects() {
    for world in worlds() {
        // A provider has answered, and nothing is to be done.
        let data = Data::default();
        data.set("/a", "first");
        let server = data.serve(&world);
        ends_when_called_off(enricher(&world, EnricherConfig::default()), |reader| {
            until("an answer", || name(reader, "/a").is_ok());
        });
        drop(server.finish());
        // There is none, and it is left alone.
        ends_when_called_off(enricher(&world, EnricherConfig::default()), |reader| {
            until("its absence", || reader.stats().absent);
        });
    }
    let (tried, hears) = std::sync::mpsc::channel();
    let transport = Endless {
        inner: MemoryTransport::new(),
        tried: Mutex::new(tried),
    };
    let (client, config) = (ClientConfig::default(), EnricherConfig::default());
    let enricher = Enricher::with_transport(Arc::new(transport), "/run", "far", client, config);
    ends_when_called_off(enricher, |_| hears.recv_timeout(HANG).unwrap());
}

#[test]
fn a_budget_bounds_a_round() {
    let world = World::new(MemoryTransport::new(), PROFILE_BASELINE);
    let silent = world
        .transport()
        .bind(&world.endpoint(), &Default::default())
        .unwrap();
    let mut enricher = enricher(&world, EnricherConfig::default());
    enricher.reader().want("/a");
    assert_eq!(enricher.step(Duration::from_millis(5)).end, StepEnd::Absent);
    assert_eq!(enricher.refresh_now(&["/a"], Duration::from_millis(5)), 0);
    drop(silent);
}

#[test]
fn statistics_are_text_for_prometheus() {
    let world = World::new(MemoryTransport::new(), PROFILE_BASELINE);
    let data = Data::default();
    data.set("/a", "first");
    let server = data.serve(&world);
    let mut enricher = enricher(&world, EnricherConfig::default());
    let _ = name(&enricher.reader(), "/a");
    settle(&mut enricher);
    let _ = name(&enricher.reader(), "/a");
    let text = enricher.stats().prometheus("cgroups-lookup");
    for line in [
        "# TYPE netipc_enricher_keys_total counter",
        "netipc_enricher_keys_total{service=\"cgroups-lookup\",result=\"answered\"} 1",
        "netipc_enricher_hits_total{service=\"cgroups-lookup\"} 1",
        "netipc_enricher_misses_total{service=\"cgroups-lookup\",reason=\"queued\"} 1",
        "netipc_enricher_entries{service=\"cgroups-lookup\"} 1",
        "netipc_enricher_call_seconds_bucket{service=\"cgroups-lookup\",le=\"+Inf\"} 1",
        "netipc_enricher_call_seconds_count{service=\"cgroups-lookup\"} 1",
    ] {
        assert!(text.lines().any(|given| given == line), "{line} in\n{text}");
    }
    drop(server.finish());
}
