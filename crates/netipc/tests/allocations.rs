//! A steady call allocates nothing, on either side and over every transport.

use allocation_counter::measure;
use netipc::enricher::{AnyEnricher, EnricherConfig, TypedFormat};
use netipc::lookup::encode_request;
use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_HYBRID, PidStatus};
use netipc::service::Service;
use netipc::service::apps_lookup::{AppsCgroupStatus, AppsLookup, AppsLookupItem, Pid};
use netipc::service::cgroups::{CgroupsCache, CgroupsSnapshot};
use netipc::service::cgroups_snapshot::CgroupKey;
use netipc::service::increment::Increment;
use netipc::transport::NativeTransport;
use netipc::wire::{Header, Labels, Status};
use netipc::{Client, Enricher, Handler};
use netipc_conformance::service::{Running, World, connected};
use netipc_proto::session::Message;

const PIDS: [u32; 3] = [1, 2, 3];

fn worlds() -> [World; 2] {
    [PROFILE_BASELINE, PROFILE_BASELINE | PROFILE_SHM_HYBRID]
        .map(|profiles| World::new(NativeTransport::new(), profiles))
}

fn increment() -> Handler<Increment> {
    Handler::<Increment>::new(|n, answer| answer.put(&n.wrapping_add(1)))
}

fn snapshot() -> Handler<CgroupsSnapshot> {
    Handler::<CgroupsSnapshot>::new(|_, answer| {
        answer.set_header(1, 42);
        answer.add(7, 0, 1, b"name", b"/path")
    })
}

fn apps() -> Handler<AppsLookup> {
    Handler::<AppsLookup>::new(|request, answer| {
        request.keys().try_for_each(|pid| {
            answer.add(&AppsLookupItem {
                status: PidStatus::KNOWN,
                cgroup_status: AppsCgroupStatus::KNOWN,
                pid: pid.0,
                comm: "comm".into(),
                cgroup_path: "/slice".into(),
                cgroup_name: "name".into(),
                labels: Labels::NONE,
                ..AppsLookupItem::default()
            })
        })
    })
}

/// Makes a call often enough that buffers have their size, then counts what one more allocates.
fn steady(what: &str, mut call: impl FnMut()) {
    for _ in 0..3 {
        call();
    }
    let made = measure(call);
    assert_eq!(made.count_total, 0, "{what}: {made:?}");
}

#[test]
fn a_steady_call_allocates_nothing() {
    for world in worlds() {
        let server = world.serve(increment());
        let mut client = world.connected::<Increment>();
        steady("one", || assert_eq!(client.call(&1).unwrap(), 2));
        drop(server.finish());

        let mut config = world.server_config();
        config.max_request_batch_items = 16;
        let server = world.server_with(config, increment());
        let server = Running::start(server);
        let mut config = world.client_config();
        config.max_request_batch_items = 16;
        let mut client: Client<Increment> = connected(world.client_with(config));
        steady("a batch", || {
            let replies = client.call_batch(&[1, 2]).unwrap();
            assert!(replies.iter().eq([2, 3]));
        });
        steady("a pipeline", || {
            let mut sum = 0;
            client
                .call_pipelined(&[1, 2, 3], 2, |_, reply| sum += reply)
                .unwrap();
            assert_eq!(sum, 9);
        });
        drop(server.finish());
    }
}

// Rules C1, S22.
#[test]
fn a_steady_snapshot_or_lookup_allocates_nothing() {
    for world in worlds() {
        let server = world.serve(snapshot());
        let mut client = world.connected::<CgroupsSnapshot>();
        steady("a snapshot", || {
            let view = client.call_snapshot().unwrap();
            assert_eq!(view.item(0).unwrap().name.as_bytes(), b"name");
        });
        drop(server.finish());

        let server = world.serve(apps());
        let mut client = world.connected::<AppsLookup>();
        steady("a lookup", || {
            let reply = client.call(&PIDS).unwrap();
            assert!(reply.iter().map(|item| item.pid).eq(PIDS));
        });
        drop(server.finish());
    }
}

#[test]
fn a_cache_hit_allocates_nothing() {
    let [world, _] = worlds();
    let server = world.serve(snapshot());
    let mut cache = CgroupsCache::of(world.connected(), ());
    assert!(cache.refresh());
    let reader = cache.reader();
    steady("a hit", || {
        let guard = reader.read();
        let key = |name: &'static str| CgroupKey {
            hash: 7,
            name: name.into(),
        };
        assert!(guard.get(key("name")).is_some());
        assert!(guard.get(key("other")).is_none());
    });
    drop(server.finish());
}

#[test]
fn an_enricher_reads_without_allocating_and_keeps_items_without_one_each() {
    const ITEMS: u32 = 2_000;
    let [world, _] = worlds();
    let server = world.serve(apps());
    let (endpoint, client) = (world.endpoint(), world.client_config());
    let config = EnricherConfig::default();
    let (run_dir, service) = (endpoint.run_dir(), endpoint.service());
    let mut enricher =
        Enricher::<AppsLookup>::with_transport(world.transport(), run_dir, service, client, config);
    let reader = enricher.reader();
    let mut all_answered = |reader: &netipc::enricher::EnricherReader<AppsLookup>, wanted: u64| {
        // On a busy machine it may take more than one handshake.
        for _ in 0..30 {
            enricher.step(std::time::Duration::from_secs(60));
            if reader.stats().answered == wanted {
                return;
            }
        }
        panic!("{:?}", reader.last_error());
    };
    reader.want(0);
    all_answered(&reader, 1);
    (1..=ITEMS).for_each(|pid| assert!(reader.want(pid)));
    let made = measure(|| all_answered(&reader, u64::from(ITEMS) + 1));
    assert!(
        made.count_total < u64::from(ITEMS),
        "less than one for each item: {made:?}"
    );
    assert!(reader.read().get(ITEMS + 1).is_err());
    steady("a look", || {
        let guard = reader.read();
        assert_eq!(guard.get(7).unwrap().item.cgroup_name.as_bytes(), b"name");
        assert!(guard.get(ITEMS + 1).is_err(), "it waits already");
    });
    drop(server.finish());
}

/// Enrichers of C, and of kinds that are known at run time only, keep items as those with types do.
#[test]
fn an_enricher_without_types_shares_texts_and_allocates_less_than_once_for_each_item() {
    const ITEMS: u32 = 2_000;
    let world = World::new(NativeTransport::new(), PROFILE_BASELINE);
    let server = world.serve(apps());
    let (endpoint, client) = (world.endpoint(), world.client_config());
    let (run_dir, service) = (endpoint.run_dir(), endpoint.service());
    let (format, config) = (
        TypedFormat::<AppsLookup>::boxed(),
        EnricherConfig::default(),
    );
    let mut enricher = AnyEnricher::new(run_dir, service, &client, &config, format);
    let reader = enricher.reader();
    let hang = std::time::Duration::from_secs(60);
    let key = |pid: u32| u64::from(pid).to_le_bytes();
    // On a busy machine it may take more than one handshake.
    while enricher.refresh_now(&[&key(0)], hang) == 0 {}
    (1..=ITEMS).for_each(|pid| reader.want(&key(pid)));
    let made = measure(|| assert_eq!(enricher.step(hang).answered, ITEMS as usize));
    assert!(made.count_total < u64::from(ITEMS), "{made:?}");
    // A record, the places of texts and the fixed part; slots and stamps of use.
    assert!(reader.stats().bytes / u64::from(ITEMS) < 56 + 3 * 12 + 60 + 16 + 4 * 8 + 2 * 4);
    let guard = reader.read();
    steady("a look", || {
        let hit = reader.get(&guard, &key(7), 0).unwrap();
        assert_eq!(
            hit.item.typed::<AppsLookup>().cgroup_name.as_bytes(),
            b"name"
        );
        assert_eq!(hit.item.texts().count(), 3);
    });
    drop(server.finish());
}

#[test]
fn a_server_answers_without_allocating() {
    dispatches(&increment(), &1_u64.to_le_bytes());
    dispatches(&snapshot(), &[1, 0, 0, 0]);
    let mut request = Vec::new();
    encode_request::<AppsLookup>(&PIDS.map(Pid), &mut request).unwrap();
    dispatches(&apps(), &request);
}

fn dispatches<S: Service>(handler: &Handler<S>, payload: &[u8]) {
    let header = Header::request(S::METHOD.code, 1);
    let mut answer = [0; 4096];
    steady(S::METHOD.name, || {
        let answered = handler.dispatch(
            Message::new(header, payload).expect("it is no batch"),
            &mut answer,
        );
        assert_eq!(answered.status, Status::OK);
    });
}
