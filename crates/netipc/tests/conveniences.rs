//! What is there besides the plain way: other timeouts, many keys at once, keys as bytes, handlers of published data.

use std::collections::HashMap;
use std::time::Duration;

use netipc::enricher::{AnyEnricher, EnrichedFormat, EnricherConfig, Missing, TypedFormat};
use netipc::lookup::{LookupFormat, LookupItem};
use netipc::protocol::PROFILE_BASELINE;
use netipc::service::Orchestrator;
use netipc::service::cgroups::{CgroupsRequest, Handler as Cgroups};
use netipc::service::cgroups_lookup::{CgroupStatus, CgroupsLookup, CgroupsLookupItem, Handler};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::service::increment::{self, Increment};
use netipc::transport::{MemoryTransport, NativeTransport};
use netipc::wire::{Decode, Label, Labels, MethodCode, WireError};
use netipc::{ClientConfig, Enricher, ErrorCode, Failure, Published};
use netipc_conformance::service::{Running, World};

/// More than anything takes.
const SOON: Duration = Duration::from_secs(60);

fn world() -> World {
    World::new(MemoryTransport::new(), PROFILE_BASELINE)
}

#[test]
fn a_timeout_of_zero_is_that_of_the_client() {
    let world = world();
    let server = world.serve(increment::handler());
    let config = ClientConfig {
        call_timeout_ms: 60_000,
        ..world.client_config()
    };
    let mut client = netipc_conformance::service::connected(world.client_with::<Increment>(config));
    assert_eq!(client.call_with_timeout(&1, 0).unwrap(), 2);
    assert_eq!(client.call_with_timeout(&2, 60_000).unwrap(), 3);
    let counters = client.counters();
    assert_eq!((counters.calls, counters.errors), (2, 0));
    assert!(
        client.wait_object().is_none(),
        "memory has nothing to watch"
    );
    let _ = server.finish();
}

#[test]
fn a_batch_of_a_method_without_batches_is_refused_before_it_is_sent() {
    let world = world();
    let server = world.serve(Cgroups::new(|_, _| true));
    let mut client = world.connected::<CgroupsSnapshot>();
    let error = client
        .call_batch(&[CgroupsRequest, CgroupsRequest])
        .unwrap_err();
    assert!(
        matches!(error.failure(), Failure::InvalidRequest(_)),
        "{error}"
    );
    assert_eq!(error.code(), ErrorCode::INVALID_ARGUMENT);
    assert!(client.ready(), "the session goes on");
    let counters = client.counters();
    assert_eq!((counters.errors, counters.bytes_sent), (1, 0));
    assert!(client.status().last_error.unwrap().contains("batches"));
    assert!(client.call_batch(&[]).unwrap().is_empty());
    let _ = server.finish();
}

#[test]
fn a_handler_of_published_data_answers_from_one_snapshot_and_counts() {
    let world = world();
    let (later, never) = (
        CgroupStatus::UNKNOWN_RETRY_LATER,
        CgroupStatus::UNKNOWN_PERMANENT,
    );
    let published = Published::new(HashMap::from([("/a", later)]));
    let handler = published.handler::<CgroupsLookup>(move |known, path, answer| {
        let path = path.text().to_string();
        answer.add_bare(known.get(path.as_str()).copied().unwrap_or(never).0)
    });
    let server = world.serve(handler);
    let mut client = world.connected::<CgroupsLookup>();
    let mut ask = || {
        let reply = client.lookup_within(&["/a", "/b"], SOON).unwrap();
        let found: Vec<_> = reply.iter().map(|item| item.status()).collect();
        (reply.generation, found)
    };
    assert_eq!(ask(), (1, vec![later.0, never.0]));
    assert_eq!(published.publish(HashMap::from([("/b", later)])), 2);
    assert_eq!(ask(), (2, vec![never.0, later.0]));
    let _ = server.finish();
    let stats = published.stats();
    assert_eq!((stats.generation, stats.requests, stats.keys), (2, 2, 4));
    assert!(stats.time < SOON);
}

/// A provider that knows every path but those that begin with `/none`.
fn provider(world: &World) -> Running<CgroupsLookup> {
    world.serve(Handler::new(|request, answer| {
        answer.set_generation(42);
        request.keys().try_for_each(|path| {
            if path.as_bytes().starts_with(b"/none") {
                return answer.add_bare(CgroupStatus::UNKNOWN_PERMANENT.0);
            }
            let labels = [Label::new("app", "web")];
            answer.add(&CgroupsLookupItem {
                status: CgroupStatus::KNOWN,
                orchestrator: Orchestrator::DOCKER,
                path,
                name: path.text(),
                labels: Labels::Pairs(&labels),
            })
        })
    }))
}

#[test]
fn an_enricher_gives_many_and_all_and_says_how_old_they_are() {
    let world = world();
    let server = provider(&world);
    let (endpoint, client) = (world.endpoint(), world.client_config());
    let mut enricher: Enricher<CgroupsLookup> = Enricher::with_transport(
        world.transport(),
        endpoint.run_dir(),
        endpoint.service(),
        client,
        EnricherConfig::default(),
    );
    let long = format!("/{}", "x".repeat(300));
    let keys = ["/a", "/none", long.as_str()];
    assert_eq!(enricher.refresh_now(&keys, SOON), 2);
    let reader = enricher.reader();
    assert!(!reader.want(""), "no key");
    assert_eq!(reader.last_error(), None);
    let guard = reader.read();
    let mut found = Vec::new();
    guard.get_many(["/a", "/none", "", "/b"], |index, got| {
        let name = got.map(|hit| {
            assert!(hit.age() < SOON);
            hit.item.name.to_string()
        });
        found.push((index, name));
    });
    let expected = [
        (0, Ok("/a".to_owned())),
        (1, Err(Missing::ForGood)),
        (2, Err(Missing::Invalid)),
        (3, Err(Missing::Queued)),
    ];
    assert_eq!(found, expected);
    let another_long = format!("/{}", "y".repeat(300));
    assert!(matches!(
        guard.get(another_long.as_str()),
        Err(Missing::Queued)
    ));
    let mut names: Vec<_> = guard.iter().map(|item| item.name.to_string()).collect();
    names.sort();
    assert_eq!(names, ["/a", long.as_str()]);
    drop(guard);
    let _ = server.finish();
}

/// Keys and items of one kind as bytes, of which nothing else is said.
struct Whole(Box<dyn EnrichedFormat>);

impl LookupFormat for Whole {
    fn method(&self) -> MethodCode {
        self.0.method()
    }

    fn exceeded(&self) -> u16 {
        self.0.exceeded()
    }

    fn oversized(&self) -> u16 {
        self.0.oversized()
    }

    fn min_item_len(&self) -> usize {
        self.0.min_item_len()
    }

    fn check(&self, item: &[u8]) -> Result<(), WireError> {
        self.0.check(item)
    }

    fn status(&self, item: &[u8]) -> u16 {
        self.0.status(item)
    }

    fn answers(&self, item: &[u8], key: &[u8]) -> bool {
        self.0.answers(item, key)
    }

    fn bare(&self, key: &[u8], status: u16) -> Vec<u8> {
        self.0.bare(key, status)
    }
}

impl EnrichedFormat for Whole {}

#[test]
fn an_enricher_of_bytes_keeps_items_whole_unless_their_format_takes_them_apart() {
    let world = World::new(NativeTransport::new(), PROFILE_BASELINE);
    let server = provider(&world);
    let (endpoint, client) = (world.endpoint(), world.client_config());
    let apart = TypedFormat::<CgroupsLookup>::boxed();
    let whole = Box::new(Whole(TypedFormat::<CgroupsLookup>::boxed()));
    for (format, is_apart) in [(apart, true), (whole as Box<dyn EnrichedFormat>, false)] {
        let config = EnricherConfig::default();
        let (run_dir, service) = (endpoint.run_dir(), endpoint.service());
        let mut enricher = AnyEnricher::new(run_dir, service, &client, &config, format);
        let keys: [&[u8]; 2] = [b"/a\0", b"/none\0"];
        let reader = enricher.reader();
        assert_eq!(
            reader.refresh_now(&keys[..1], Duration::ZERO),
            0,
            "nobody asks"
        );
        assert_eq!(enricher.refresh_now(&keys, SOON), 1);
        assert!(enricher.client_status().session.is_some());
        let guard = reader.read().into_owned();
        assert_eq!(guard.generation(), 42);
        let item = reader.get(&guard, keys[0], 0).unwrap().item;
        assert!(format!("{item:?}").contains("AnyItem"));
        assert_eq!(item.texts().count() > 0, is_apart);
        assert_eq!(item.labels().1, u16::from(is_apart));
        let typed = if is_apart {
            item.typed::<CgroupsLookup>()
        } else {
            CgroupsLookupItem::decode(item.own()).unwrap()
        };
        assert_eq!(typed.name.to_string(), "/a");
        assert_eq!(typed.labels.iter().count(), 1);
        assert_eq!(typed.status(), CgroupStatus::KNOWN.0);
        // By the status alone nobody knows that it is for good.
        let why = reader.get(&guard, keys[1], 0).unwrap_err();
        assert_eq!(why == Missing::ForGood, is_apart, "{why:?}");
        assert!(is_apart || matches!(why, Missing::ForNow { .. }), "{why:?}");
        assert_eq!(reader.last_error(), None);
        enricher.close();
        assert!(enricher.client_status().session.is_none());
    }
    let _ = server.finish();
}

#[test]
fn an_enricher_without_a_provider_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let (client, config) = (ClientConfig::default(), EnricherConfig::default());
    let mut enricher: Enricher<CgroupsLookup> = Enricher::new(dir.path(), "svc", client, config);
    let reader = enricher.reader();
    assert!(reader.want("/a"));
    enricher.step(SOON);
    let why = reader.last_error().unwrap();
    assert!(why.contains("no server at"), "{why}");
    assert!(matches!(reader.read().get("/a"), Err(Missing::Absent)));
}
