//! Statistics that a server publishes beside its own endpoint.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use netipc::protocol::PROFILE_BASELINE;
use netipc::service::increment::{self, Increment};
use netipc::transport::link::{BindOptions, LinkError};
use netipc::transport::{Baseline, Endpoint, MemoryTransport, Wait};
use netipc::untyped::{DataStatus, stats_service};
use netipc::{Client, ClientConfig, Server};
use netipc_conformance::service::{Running, World};
use serde_json::Value;

/// More than anything takes.
const SOON: Duration = Duration::from_secs(60);

fn soon() -> Wait<'static> {
    Wait::timeout(SOON)
}

fn world() -> World {
    World::new(MemoryTransport::new(), PROFILE_BASELINE)
}

/// A server that says how old its data is.
fn publishing(world: &World) -> Server<Increment> {
    let data = || DataStatus {
        age: Some(Duration::from_millis(1500)),
        stale: vec!["one source is gone".to_owned(), "another, too".to_owned()],
    };
    world
        .server(increment::handler())
        .publishing_stats(Some(Arc::new(data)))
}

fn stats_endpoint(world: &World) -> Endpoint {
    let endpoint = world.endpoint();
    Endpoint::new(endpoint.run_dir(), &stats_service(endpoint.service())).unwrap()
}

fn reader(world: &World) -> Option<Box<dyn Baseline>> {
    world
        .transport()
        .connect(&stats_endpoint(world), &soon())
        .ok()
}

/// What a reader is told.
fn hear(link: &mut dyn Baseline) -> Result<Value, LinkError> {
    let mut packet = vec![0; 65_536];
    let len = link.receive(&mut packet, &soon())?;
    Ok(serde_json::from_slice(&packet[..len]).unwrap())
}

fn read(world: &World) -> Value {
    hear(&mut *reader(world).unwrap()).unwrap()
}

/// Looks again and again, as other threads bring it about.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < SOON, "in vain: {what}");
        thread::yield_now();
    }
}

#[test]
fn whoever_connects_is_told_what_happened_and_how_old_the_data_is() {
    let world = world();
    let server = Running::start(publishing(&world));
    let mut client = world.connected::<Increment>();
    assert_eq!(client.call(&1).unwrap(), 2);
    let config = ClientConfig {
        auth_token: 1,
        ..world.client_config()
    };
    let mut stranger: Client<Increment> = world.client_with(config);
    stranger.refresh_within(SOON);
    assert!(!stranger.ready());

    let stats = until("the refusal is told", || {
        let stats = read(&world);
        stats["refusals"].get(0)?;
        Some(stats)
    });
    assert_eq!(stats["service"], world.endpoint().service());
    assert_eq!(stats["pid"], std::process::id());
    assert_eq!(stats["sessions"]["now"], 1);
    assert_eq!(stats["sessions_by_transport"]["memory"], 1);
    assert_eq!(stats["requests"]["ok"], 1);
    assert_eq!(stats["handler_time"]["count"], 1);
    let refusal = &stats["refusals"][0];
    assert_eq!(refusal["count"], 1, "{stats}");
    assert!(refusal["age_seconds"].as_f64().unwrap() < SOON.as_secs_f64());
    assert!(!refusal["why"].as_str().unwrap().is_empty());
    assert_eq!(stats["data"]["age_seconds"], 1.5);
    let stale = &stats["data"]["stale"];
    assert_eq!(
        (&stale[0], stale[1].as_str()),
        (&"one source is gone".into(), Some("another, too"))
    );
    let _ = server.finish();
    assert!(reader(&world).is_none(), "nobody tells any more");
}

#[test]
fn readers_that_hang_about_hold_up_nobody() {
    let world = world();
    let server = Running::start(publishing(&world));
    let mut readers: Vec<_> = (0..40).map(|_| reader(&world).unwrap()).collect();
    for reader in &mut readers {
        assert_eq!(hear(&mut **reader).unwrap()["requests"]["ok"], 0);
    }
    drop(readers);
    assert_eq!(read(&world)["workers"], 16);
    let _ = server.finish();
}

#[test]
fn a_reader_that_goes_at_once_costs_nobody_anything() {
    let world = world();
    let server = Running::start(publishing(&world));
    for _ in 0..20 {
        drop(reader(&world).unwrap());
    }
    assert_eq!(read(&world)["sessions"]["refused"], 0);
    let _ = server.finish();
}

#[test]
fn a_place_that_is_taken_is_had_once_it_is_free() {
    let world = world();
    let (transport, place) = (world.transport(), stats_endpoint(&world));
    let taken = transport.bind(&place, &BindOptions::default()).unwrap();
    let server = Running::start(publishing(&world));
    let mut client = world.connected::<Increment>();
    assert_eq!(client.call(&1).unwrap(), 2, "it serves meanwhile");
    drop(taken);
    let mut link = until("the place is had", || reader(&world));
    assert_eq!(hear(&mut *link).unwrap()["requests"]["ok"], 1);
    let _ = server.finish();

    // A server that ends before stops trying.
    let taken = transport.bind(&place, &BindOptions::default()).unwrap();
    let server = Running::start(publishing(&world));
    let _ = server.finish();
    drop(taken);
    assert!(reader(&world).is_none());
}

#[test]
fn statistics_that_no_packet_carries_are_not_told_and_harm_nobody() {
    let transport = MemoryTransport::new().with_packet_size(256);
    let world = World::new(transport, PROFILE_BASELINE);
    let server = Running::start(publishing(&world));
    let mut link = reader(&world).unwrap();
    assert!(matches!(hear(&mut *link), Err(LinkError::Disconnected)));
    let mut client = world.connected::<Increment>();
    assert_eq!(client.call(&1).unwrap(), 2);
    let _ = server.finish();
}

#[cfg(unix)]
#[test]
fn a_service_whose_statistics_have_too_long_a_name_serves_without() {
    let transport = Arc::new(MemoryTransport::new());
    let run_dir = "/run/x";
    let longest = |name: &str| Endpoint::new(run_dir, name).is_ok();
    let mut service = "s".to_owned();
    while longest(&format!("{service}s")) {
        service.push('s');
    }
    let over = Arc::<MemoryTransport>::clone(&transport);
    let server = Server::new(run_dir, &service, Default::default(), increment::handler())
        .over(over)
        .publishing_stats(None);
    let server = Running::start(server);
    let mut client: Client<Increment> =
        Client::with_transport(transport, run_dir, &service, ClientConfig::default());
    assert!(client.refresh_within(SOON), "{:?}", client.status());
    assert_eq!(client.call(&1).unwrap(), 2);
    let _ = server.finish();
}
