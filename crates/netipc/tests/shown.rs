//! What values show of themselves, in logs and in assertions that fail: what they are about, how much they hold, and no secret.

use std::fmt::Debug;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use netipc::cache::Fetched;
use netipc::connection::{Acceptor, Connecting, Incoming};
use netipc::enricher::{AnyEnricher, EnricherConfig, Missing, TypedFormat};
use netipc::lookup::{
    LookupAnswer, LookupItem, LookupReply, LookupRequest, ReplyBuilder, TextKey, encode_request,
};
use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_HYBRID};
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem, PidStatus};
use netipc::service::cgroups::{CgroupsBuilder, CgroupsCache, CgroupsRequest, Handler as Cgroups};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::service::increment::{self, Increment};
use netipc::snapshot::SnapshotReply;
use netipc::transport::{Endpoint, MemoryTransport, Wait};
use netipc::untyped::{Answered, AnyClient, AnyServer};
use netipc::wire::Decode;
use netipc::{Cache, ClientConfig, Enricher, Handler, Published, ServerConfig, simple_hash};
use netipc_conformance::service::World;

/// More than anything takes.
const SOON: Duration = Duration::from_secs(60);
/// A secret that nothing else looks like.
const SECRET: u64 = 0x5ec2_e75e_c2e7_5ec3;

fn world() -> World {
    World::new(MemoryTransport::new(), PROFILE_BASELINE)
}

/// A value shows itself by its name, each of the parts, and not the secret.
fn shows(value: &dyn Debug, parts: &[&str]) {
    let shown = format!("{value:?}");
    for part in parts {
        assert!(shown.contains(part), "{shown}, without {part}");
    }
    for secret in [
        SECRET.to_string(),
        format!("{SECRET:x}"),
        format!("{SECRET:X}"),
    ] {
        assert!(!shown.contains(&secret), "{shown}");
    }
}

#[test]
fn a_secret_is_not_shown() {
    let client = ClientConfig {
        supported_profiles: PROFILE_BASELINE | PROFILE_SHM_HYBRID,
        auth_token: SECRET,
        call_timeout_ms: 1234,
        max_logical_lookup_items: 77,
        ..ClientConfig::default()
    };
    shows(
        &client,
        &[
            "ClientConfig",
            "auth_token: ..",
            "call_timeout_ms: 1234",
            "max_logical_lookup_items: 77",
            "shm",
        ],
    );
    let server = ServerConfig {
        auth_token: SECRET,
        max_request_batch_items: 55,
        ..ServerConfig::default()
    };
    let parts = [
        "ServerConfig",
        "auth_token: ..",
        "max_request_batch_items: 55",
    ];
    shows(&server, &parts);
    let transport = Arc::new(MemoryTransport::new());
    let mut any = AnyClient::with_transport(
        Arc::<MemoryTransport>::clone(&transport),
        "/run/x",
        "svc",
        &client,
    );
    any.refresh(&Wait::timeout(SOON));
    shows(&any, &["AnyClient", "svc", "NotFound", "errors"]);
    let any = AnyServer::new(
        "/run/x",
        "svc",
        &server,
        3,
        Box::new(|_, _| Answered::ok(0)),
    );
    shows(&any, &["AnyServer", "svc", "workers: 3"]);
    let typed = netipc::Client::<Increment>::new("/run/x", "svc", client);
    shows(&typed, &["Client", "AnyClient", "svc"]);
    let typed = netipc::Server::with_workers("/run/x", "svc", server, increment::handler(), 5);
    shows(&typed, &["Server", "AnyServer", "workers: 5"]);
    assert_eq!(typed.workers(), 5);
}

#[test]
fn a_client_that_knocks_shows_what_it_offers_and_no_secret() {
    let transport = MemoryTransport::new();
    let endpoint = Endpoint::new("/run/x", "svc").unwrap();
    let config = ServerConfig {
        auth_token: SECRET,
        ..ServerConfig::default()
    };
    let mut acceptor = Acceptor::bind(&transport, &endpoint, &config).unwrap();
    let wait = Wait::timeout(SOON);
    let proposal = ClientConfig {
        auth_token: SECRET,
        ..ClientConfig::default()
    }
    .proposal();
    thread::scope(|scope| {
        let client = scope.spawn(|| {
            let mut connecting = Connecting::start(&transport, &endpoint, proposal, &wait).unwrap();
            // Memory has nothing to watch.
            assert!(connecting.wait_object().is_none());
            connecting.finish(&wait).map(drop)
        });
        assert!(acceptor.wait_object().is_none());
        let link = acceptor.accept_link(&wait).unwrap();
        let incoming = Incoming::try_receive(link, acceptor.policy(), &wait).unwrap();
        shows(&incoming, &["Incoming", "link", "offer"]);
        incoming.accept(|| 1, &wait).unwrap();
        client.join().unwrap().unwrap();
    });
}

#[test]
fn handlers_and_published_data_show_what_they_are_for() {
    shows(&increment::handler(), &["Handler(increment)"]);
    let parts = Handler::<Increment>::default().parts;
    shows(&parts, &["HandlerParts"]);
    let published = Published::new(vec![7, 8]);
    shows(&published, &["Published"]);
    published.publish(vec![9]);
    shows(
        &published.read(),
        &["PublishedGuard", "[9]", "generation: 2"],
    );
    let copy = published.clone();
    copy.publish(vec![10]);
    assert_eq!(*published.read(), [10], "both are of the same data");
}

#[test]
fn caches_show_how_much_they_hold() {
    let world = world();
    let server = world.serve(Cgroups::new(|_, answer| {
        answer.set_header(1, 42);
        answer.add(simple_hash(b"a"), 0, 1, b"a", b"/a")?;
        answer.add(simple_hash(b"b"), 0, 1, b"b", b"/b")
    }));
    let (endpoint, config) = (world.endpoint(), world.client_config());
    let mut cache: Cache<CgroupsSnapshot> = Cache::with_transport(
        world.transport(),
        endpoint.run_dir(),
        endpoint.service(),
        config,
    );
    *cache.query_mut() = ();
    assert!(cache.refresh_within(SOON));
    shows(&cache, &["Cache", "Client", "svc"]);
    shows(&cache.reader(), &["CacheReader"]);
    shows(&cache.follow(), &["CacheFollower"]);
    shows(&cache.read(), &["CacheGuard", "items: 2", "generation: 42"]);
    let _ = server.finish();
    let nowhere = CgroupsCache::new("/nowhere", "svc", ClientConfig::default());
    shows(&nowhere.read(), &["items: 0", "generation: 0"]);
}

#[test]
fn snapshots_show_how_many_items_they_have() {
    let mut buf = vec![0; 1000];
    let mut builder = CgroupsBuilder::new(&mut buf).unwrap();
    builder.set_header(1, 42);
    builder.add(7, 0, 1, b"name", b"/path").unwrap();
    shows(&builder, &["SnapshotAnswer", "items: 1", "error: None"]);
    let len = builder.finish().unwrap();
    let reply = SnapshotReply::<CgroupsSnapshot>::decode(&buf[..len]).unwrap();
    shows(&reply, &["SnapshotReply", "items: 1", "generation: 42"]);
    #[expect(clippy::clone_on_copy, reason = "a copy made either way is the same")]
    let copy = reply.clone();
    assert_eq!((copy.len(), copy.is_empty()), (1, false));
    assert_eq!(copy.valid().view().generation, 42);
    let fetched = Fetched::<CgroupsSnapshot>::unchecked(42, reply.header, reply.list());
    shows(&fetched, &["Fetched", "items: 1", "generation: 42"]);
    let mut builder = CgroupsBuilder::new(&mut buf).unwrap();
    builder.add(7, 0, 1, b"nul\0", b"/path").unwrap_err();
    shows(&builder, &["items: 0", "error: Some("]);

    let world = world();
    let server = world.serve(Cgroups::new(|_, answer| {
        answer.set_header(1, 42);
        answer.add(7, 0, 1, b"name", b"/path")
    }));
    let mut client = world.connected::<CgroupsSnapshot>();
    client.call_within(&CgroupsRequest, SOON).unwrap();
    let reply = client.call_snapshot_within(SOON).unwrap();
    let names: Vec<_> = reply
        .iter()
        .map(|item| item.unwrap().name.to_string())
        .collect();
    assert_eq!(names, ["name"]);
    let reply = client.call_snapshot_with_timeout(60_000).unwrap();
    assert_eq!(reply.list().len(), 1);
    let _ = server.finish();
}

#[test]
fn lookups_show_how_many_keys_and_items_they_have() {
    let (keys, mut bytes) = ([1_u32.into(), 2_u32.into()], Vec::new());
    encode_request::<AppsLookup>(&keys, &mut bytes).unwrap();
    let request = LookupRequest::<AppsLookup>::decode(&bytes).unwrap();
    shows(&request, &["LookupRequest", "keys: 2"]);
    #[expect(clippy::clone_on_copy, reason = "a copy made either way is the same")]
    let copy = request.clone();
    assert_eq!((copy.len(), copy.is_empty()), (2, false));
    let mut none = Vec::new();
    encode_request::<AppsLookup>(&[], &mut none).unwrap();
    assert!(
        LookupRequest::<AppsLookup>::decode(&none)
            .unwrap()
            .is_empty()
    );

    let mut buf = vec![0; 1000];
    let mut answer = LookupAnswer::new(request, &mut buf).unwrap();
    answer.add_bare(PidStatus::UNKNOWN.0).unwrap();
    shows(
        &answer,
        &["LookupAnswer", "items: 1", "of: 2", "error: None"],
    );

    let mut builder = ReplyBuilder::<AppsLookup>::new(&mut buf).unwrap();
    builder.set_generation(42);
    let unknown = AppsLookupItem::bare(1.into(), PidStatus::UNKNOWN.0);
    builder.push(&unknown).unwrap();
    shows(&builder, &["ReplyBuilder", "items: 1", "generation: 42"]);
    let len = builder.finish();
    let reply = LookupReply::<AppsLookup>::decode(&buf[..len]).unwrap();
    shows(&reply, &["LookupReply", "item_count: 1", "generation: 42"]);
    #[expect(clippy::clone_on_copy, reason = "a copy made either way is the same")]
    let copy = reply.clone();
    assert_eq!(
        copy.item(0).map(|item| item.status),
        Some(PidStatus::UNKNOWN)
    );
    assert_eq!(TextKey::new(b"/docker/a").unwrap().to_string(), "/docker/a");
}

#[test]
fn enrichers_show_how_many_answers_they_hold() {
    let world = world();
    let server = world.serve(Handler::<AppsLookup>::new(|request, answer| {
        answer.set_generation(42);
        let unknown = PidStatus::UNKNOWN.0;
        request.keys().try_for_each(|_| answer.add_bare(unknown))
    }));
    let (endpoint, client) = (world.endpoint(), world.client_config());
    let mut enricher: Enricher<AppsLookup> = Enricher::with_transport(
        world.transport(),
        endpoint.run_dir(),
        endpoint.service(),
        client,
        EnricherConfig::default(),
    );
    shows(&enricher, &["Enricher"]);
    let reader = enricher.reader();
    shows(&reader, &["EnricherReader"]);
    let _ = enricher.refresh_now(&[1_u32, 2], SOON);
    shows(
        &enricher.read(),
        &["EnricherGuard", "answers: 2", "generation: 42"],
    );
    assert_eq!(enricher.read().generation(), 42);
    shows(&enricher.pin(1_u32).unwrap(), &["Pin"]);
    assert!(enricher.client_status().session.is_some());
    let _ = server.finish();
    let any = AnyEnricher::new(
        "/nowhere",
        "svc",
        &ClientConfig::default(),
        &EnricherConfig::default(),
        TypedFormat::<AppsLookup>::boxed(),
    );
    shows(&any, &["AnyEnricher"]);
    shows(&any.reader(), &["AnyEnricherReader"]);
    shows(&any.reader().read(), &["AnyGuard"]);
    assert!(any.client_status().session.is_none());
}

#[test]
fn reasons_of_enrichers_have_names_and_words_of_their_own() {
    let reasons = [
        Missing::Queued,
        Missing::Pending,
        Missing::ForNow {
            retry_in: Duration::from_secs(3),
        },
        Missing::ForGood,
        Missing::Absent,
        Missing::Oversized,
        Missing::Reused,
        Missing::Invalid,
    ];
    let names = [
        "queued",
        "pending",
        "for_now",
        "for_good",
        "absent",
        "oversized",
        "reused",
        "invalid",
    ];
    let words = [
        "not asked yet",
        "asked, no answer yet",
        "not known now, asked again in 3s",
        "not known",
        "not asked yet: no provider",
        "too large for any answer",
        "only an earlier owner of the key is known",
        "not a key",
    ];
    for (reason, (name, words)) in reasons.into_iter().zip(names.into_iter().zip(words)) {
        assert_eq!((reason.name(), reason.to_string().as_str()), (name, words));
    }
    let numbers = reasons.map(Missing::number);
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(format!("{:>12}|", Missing::ForGood), "   not known|");
}
