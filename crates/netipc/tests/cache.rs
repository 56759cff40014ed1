//! The cache keeps what it has, whatever happens to a refresh, and nobody waits for one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netipc::protocol::PROFILE_BASELINE;
use netipc::service::cgroups::{CacheItem, CgroupKey, CgroupsBuilder, CgroupsCache, Handler};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::transport::{Endpoint, MemoryTransport, NativeTransport, Transport};
use netipc::wire::{CStrView, Status};
use netipc::{ClientConfig, ClientState, ErrorCode, simple_hash};
use netipc_conformance::service::script::{answer, request};
use netipc_conformance::service::{AT_ONCE, Running, SHORT, World, turnstile, within};

fn world() -> World {
    World::new(MemoryTransport::new(), PROFILE_BASELINE)
}

fn cache(world: &World) -> CgroupsCache {
    cache_with(world, world.client_config())
}

fn cache_with(world: &World, config: ClientConfig) -> CgroupsCache {
    CgroupsCache::of(world.client_with(config), ())
}

#[test]
fn a_silent_provider_takes_no_longer_than_the_timeout() {
    let dir = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::new(dir.path(), "svc").unwrap();
    let _silent = NativeTransport::new()
        .bind(&endpoint, &Default::default())
        .unwrap();
    let refreshed = || {
        let mut cache = CgroupsCache::new(dir.path(), "svc", ClientConfig::default());
        cache.set_call_timeout(20);
        let start = Instant::now();
        let error = cache.try_refresh().unwrap_err();
        (cache, error, start.elapsed())
    };
    // Not the 2 s of a handshake; other work may delay one of them.
    let (cache, error, _) = std::iter::repeat_with(refreshed)
        .take(10)
        .find(|(_, _, taken)| *taken < Duration::from_secs(1))
        .unwrap();
    assert_eq!(error.code(), ErrorCode::TIMEOUT, "{error}");
    let counters = cache.client_status().counters;
    assert_eq!((counters.errors, counters.timeouts), (1, 1));
    let why = cache.status().last_error.unwrap();
    assert!(why.contains("handshake"), "where it was interrupted: {why}");
    assert_eq!(cache.client_status().last_error.unwrap(), why);
}

#[test]
fn an_abort_that_ends_connecting_is_an_abort() {
    let world = world();
    let silent = world.script();
    let mut cache = cache(&world);
    let abort = cache.abort_handle();
    abort.abort();
    let error = cache.try_refresh().unwrap_err();
    assert_eq!(error.code(), ErrorCode::ABORTED, "{error}");
    let counters = cache.client_status().counters;
    assert_eq!((counters.errors, counters.aborts), (1, 1));
    abort.clear();
    drop(silent);
    let error = cache.try_refresh().unwrap_err();
    assert_eq!(error.code(), ErrorCode::NOT_READY, "{error}");
    assert_eq!(cache.client_status().counters.aborts, 1);
}

/// A provider of these names, with hashes and paths made from them.
fn serve(world: &World, names: &'static [&[u8]]) -> Running<CgroupsSnapshot> {
    world.serve(Handler::new(move |_, answer| {
        answer.set_header(1, 5);
        names.iter().try_for_each(|name| add(answer, name))
    }))
}

fn add(answer: &mut CgroupsBuilder<'_>, name: &[u8]) -> Result<(), netipc::wire::WireError> {
    let path = [b"/path/", name].concat();
    answer.add(simple_hash(name), 2, 1, name, &path)
}

fn find(cache: &CgroupsCache, name: &[u8]) -> Option<CacheItem> {
    cache.lookup(simple_hash(name), name)
}

fn key(name: &[u8]) -> CgroupKey<'_> {
    CgroupKey {
        hash: simple_hash(name),
        name: CStrView::new(name),
    }
}

/// The bytes of a snapshot of one item.
fn snapshot(name: &[u8]) -> Vec<u8> {
    let mut buf = vec![0; 1000];
    let mut builder = CgroupsBuilder::new(&mut buf).unwrap();
    add(&mut builder, name).unwrap();
    let len = builder.finish().unwrap();
    buf.truncate(len);
    buf
}

// Rules H2, H8.
#[test]
fn a_new_cache_is_empty_and_connects_to_nothing() {
    let world = world();
    let server = serve(&world, &[b"a"]);
    let cache = cache(&world);
    assert!(!cache.ready());
    assert_eq!(find(&cache, b"a"), None);
    let guard = cache.read();
    assert!(guard.is_empty());
    assert_eq!(guard.iter().count(), 0);
    assert_eq!((guard.generation(), guard.systemd_enabled()), (0, 0));
    let status = cache.status();
    assert!(!status.populated);
    assert_eq!((status.last_refresh_ts, status.age), (0, None));
    assert_eq!((status.item_count, status.bytes), (0, 0));
    assert_eq!(status.connection_state, ClientState::Disconnected);
    assert_eq!(server.finish().sessions_total, 0);
}

// Rules H3, H6, H7, H8.
#[test]
fn a_refresh_publishes_all_items() {
    let world = world();
    let _server = serve(&world, &[b"a", b"docker-abc", b""]);
    let mut cache = cache(&world);
    assert!(cache.refresh(), "{:?}", cache.status());
    assert!(cache.ready());
    let item = find(&cache, b"docker-abc").unwrap();
    assert_eq!((item.options, item.enabled), (2, 1));
    assert_eq!(item.path.to_string(), "/path/docker-abc");
    assert!(find(&cache, b"").is_some(), "an empty name is a name");
    assert_eq!(
        cache.lookup(simple_hash(b"a") + 1, "a"),
        None,
        "hash and name"
    );
    assert_eq!(cache.lookup(simple_hash(b"a"), "b"), None, "name and hash");

    let guard = cache.read();
    let names: Vec<_> = guard.iter().map(|item| item.name.to_string()).collect();
    assert_eq!(names, ["a", "docker-abc", ""]);
    assert_eq!((guard.generation(), guard.systemd_enabled()), (5, 1));
    let status = cache.status();
    assert!(status.populated && status.bytes > 0);
    assert_eq!((status.item_count, status.duplicates), (3, 0));
    assert_eq!(
        (status.refresh_success_count, status.refresh_failure_count),
        (1, 0)
    );
    assert_eq!(status.connection_state, ClientState::Ready);
    assert!(status.last_refresh_ts > 0);
    assert!(status.age.unwrap() < AT_ONCE);
    assert_eq!(status.last_error, None);
}

// Rules H3, H4.
#[test]
fn a_snapshot_without_items_populates() {
    let world = world();
    let _server = serve(&world, &[]);
    let mut cache = cache(&world);
    assert!(cache.refresh());
    assert!(cache.ready() && cache.status().populated);
    assert!(cache.read().is_empty());
    assert_eq!(cache.read().generation(), 5);
    assert_eq!(find(&cache, b"a"), None);
}

// Rule H6.
#[test]
fn of_duplicates_the_first_is_found_and_all_are_kept() {
    let world = world();
    let _server = world.serve(Handler::new(|_, answer| {
        (0..10).try_for_each(|i| answer.add(7, i, 1, b"twin", b"/p"))?;
        answer.add(8, 99, 1, b"twin", b"/p")
    }));
    let mut cache = cache(&world);
    assert!(cache.refresh());
    assert_eq!(cache.lookup(7, "twin").unwrap().options, 0);
    assert_eq!(cache.lookup(8, "twin").unwrap().options, 99);
    assert_eq!(
        (cache.status().item_count, cache.status().duplicates),
        (11, 9)
    );
    let options: Vec<_> = cache.read().iter().map(|item| item.options).collect();
    assert_eq!(options, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99]);
}

// Rule H6.
#[test]
fn names_are_bytes() {
    let world = world();
    let _server = serve(&world, &[b"\xff\xfe", b"a\xff", b"gr\xc3\xbcn"]);
    let mut cache = cache(&world);
    assert!(cache.refresh());
    assert_eq!(&*find(&cache, b"\xff\xfe").unwrap().name, b"\xff\xfe");
    assert!(find(&cache, b"a\xff").is_some());
    assert!(find(&cache, "grün".as_bytes()).is_some());
    assert_eq!(find(&cache, b"a\xfe"), None);
}

#[test]
fn a_provider_whose_hashes_are_all_equal_stays_fast() {
    let world = world();
    let count = 10_000;
    // Names that begin and end alike, as those of containers do.
    let name = |i: u32| format!("docker-{i:012x}.scope");
    let _server = world.serve(Handler::new(move |_, answer| {
        (0..count).try_for_each(|i| answer.add(0, i, 1, name(i).as_bytes(), b"/p"))
    }));
    let mut cache = cache(&world);
    let start = Instant::now();
    assert!(cache.refresh(), "{:?}", cache.status());
    for i in 0..count {
        assert_eq!(cache.lookup(0, name(i)).unwrap().options, i);
    }
    assert_eq!(cache.lookup(0, name(count)), None);
    // Comparing each with each would take minutes.
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

// Rule H3.
#[test]
fn absence_keeps_what_is_there() {
    let world = world();
    let server = serve(&world, &[b"a"]);
    let mut cache = cache(&world);
    assert!(cache.refresh());
    drop(server);
    for failures in 1..3 {
        assert!(!cache.refresh());
        assert!(find(&cache, b"a").is_some() && cache.ready());
        let status = cache.status();
        assert_eq!(
            (status.refresh_success_count, status.refresh_failure_count),
            (1, failures)
        );
    }
    assert_eq!(cache.status().connection_state, ClientState::NotFound);
    assert!(cache.status().last_error.unwrap().contains("no server at"));

    let _server = serve(&world, &[b"b"]);
    assert!(cache.refresh(), "the provider is back");
    assert!(find(&cache, b"a").is_none() && find(&cache, b"b").is_some());
}

// Rules H3, C10.
#[test]
fn an_answer_that_is_wrong_keeps_what_is_there() {
    let mut bad_item = snapshot(b"bad");
    *bad_item.last_mut().unwrap() = b'x';
    let mut bad_header = snapshot(b"bad");
    bad_header[0] = 2;
    let answers = [
        (Status::OK, bad_item, ErrorCode::MISSING_NUL, 1),
        (Status::OK, bad_header, ErrorCode::BAD_LAYOUT, 2),
        (Status::OK, vec![1, 0], ErrorCode::TRUNCATED, 2),
        (
            Status::INTERNAL_ERROR,
            Vec::new(),
            ErrorCode::HANDLER_FAILED,
            2,
        ),
        (Status::UNSUPPORTED, Vec::new(), ErrorCode::UNSUPPORTED, 1),
        (Status::BAD_ENVELOPE, Vec::new(), ErrorCode::REJECTED, 1),
        (Status(99), Vec::new(), ErrorCode::REJECTED, 2),
    ];
    for (status, payload, code, times) in answers {
        let world = world();
        let script = world.script().play(move |script| {
            let mut session = script.accept();
            let (header, _) = request(&mut session);
            answer(&mut session, &header, Status::OK, &snapshot(b"good"));
            for attempt in 0..times {
                if attempt > 0 {
                    session = script.accept();
                }
                let (header, _) = request(&mut session);
                answer(&mut session, &header, status, &payload);
            }
            session
        });
        let mut cache = cache(&world);
        assert!(cache.refresh());
        let error = cache.try_refresh().unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(find(&cache, b"good").is_some(), "{error}");
        assert_eq!(cache.read().len(), 1);
        assert_eq!(cache.status().refresh_failure_count, 1);
        drop(script.join().unwrap());
    }
}

// Rules H3, H9.
#[test]
fn a_refresh_that_takes_too_long_keeps_what_is_there() {
    let world = world();
    let script = world.script().play(|script| {
        let mut session = script.accept();
        let (header, _) = request(&mut session);
        answer(&mut session, &header, Status::OK, &snapshot(b"good"));
        request(&mut session);
        session
    });
    let mut cache = cache(&world);
    assert!(cache.refresh());
    cache.set_call_timeout(SHORT.subsec_millis());
    assert!(!within(AT_ONCE, "the timeout", || cache.refresh()));
    assert!(find(&cache, b"good").is_some());
    assert!(cache.status().last_error.unwrap().contains("time"));
    drop(script.join().unwrap());
}

// Rules H4, H5, H9.
#[test]
fn readers_never_wait_for_a_refresh_that_hangs() {
    let world = world();
    let (turnstile, doorman) = turnstile();
    let calls = AtomicU32::new(0);
    let _server = world.serve(Handler::new(move |_, answer| {
        if calls.fetch_add(1, Ordering::Relaxed) > 0 {
            turnstile.pass();
        }
        add(answer, b"a")
    }));
    let mut cache = cache(&world);
    assert!(cache.refresh());
    let reader = cache.reader();
    let abort = cache.abort_handle();
    thread::scope(|scope| {
        let refresh = scope.spawn(|| cache.refresh());
        doorman.meet();
        within(AT_ONCE, "reading beside a refresh", || {
            for _ in 0..1000 {
                assert!(reader.lookup(simple_hash(b"a"), "a").is_some());
                assert_eq!(reader.read().len(), 1);
                assert!(reader.ready());
                assert_eq!(reader.status().refresh_success_count, 1);
            }
        });
        abort.abort();
        assert!(!within(AT_ONCE, "the abort", || refresh.join().unwrap()));
    });
    doorman.release();
    assert!(find(&cache, b"a").is_some(), "kept");
    assert!(!cache.refresh(), "an abort is sticky");
    abort.clear();
    doorman.release();
    assert!(cache.refresh(), "{:?}", cache.status());
}

// Rule H5.
#[test]
fn a_guard_outlives_refresh_and_close() {
    let world = world();
    let server = serve(&world, &[b"old"]);
    let mut cache = cache(&world);
    assert!(cache.refresh());
    let guard = cache.read();
    let item = guard.get(key(b"old")).unwrap();
    drop(server);
    let _server = serve(&world, &[b"new"]);
    assert!(cache.refresh());
    assert_eq!(cache.read().get(key(b"old")), None);
    cache.close();
    drop(cache);
    assert_eq!(item.path, "/path/old");
    assert_eq!(guard.iter().count(), 1);
}

#[test]
fn a_follower_looks_into_the_newest_answer() {
    let world = world();
    let server = serve(&world, &[b"old"]);
    let mut cache = cache(&world);
    let mut follower = cache.follow();
    assert_eq!(follower.get(key(b"old")), None);
    assert!(cache.refresh());
    assert_eq!(follower.get(key(b"old")).unwrap().path, "/path/old");
    drop(server);
    let _server = serve(&world, &[b"new"]);
    assert!(cache.refresh());
    assert_eq!(follower.get(key(b"old")), None);
    assert!(follower.get(key(b"new")).is_some());
    cache.close();
    assert_eq!(follower.get(key(b"new")), None);
}

// Rules H3, H5.
#[test]
fn refreshes_never_wait_for_readers_who_see_whole_tables() {
    let world = world();
    let generation = AtomicU32::new(0);
    let _server = world.serve(Handler::new(move |_, answer| {
        let now = generation.fetch_add(1, Ordering::Relaxed);
        answer.set_header(now, now.into());
        (0..50).try_for_each(|i| answer.add(i, now, 1, b"n", b"/p"))
    }));
    let mut cache = cache(&world);
    assert!(cache.refresh());
    let over = Arc::new(AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            let (reader, over) = (cache.reader(), Arc::clone(&over));
            scope.spawn(move || {
                let mut follower = reader.follow();
                while over.load(Ordering::Relaxed) == 0 {
                    let guard = reader.read();
                    let generation = guard.systemd_enabled();
                    assert_eq!(guard.generation(), generation.into());
                    assert_eq!(guard.len(), 50);
                    assert!(guard.iter().all(|item| item.options == generation));
                    for hash in 0..50 {
                        let name = CStrView::from("n");
                        let item = guard.get(CgroupKey { hash, name }).unwrap();
                        assert_eq!((item.hash, item.options), (hash, generation));
                        let newest = follower.get(CgroupKey { hash, name }).unwrap();
                        assert!(newest.hash == hash && newest.options >= generation);
                    }
                }
            });
        }
        let refreshed = (0..100).all(|_| cache.refresh());
        over.store(1, Ordering::Relaxed);
        assert!(refreshed);
    });
    assert_eq!(cache.read().generation(), 100);
}

// Rule H10.
#[test]
fn closing_releases_everything_but_the_counters() {
    let world = world();
    let _server = serve(&world, &[b"a"]);
    let mut cache = cache(&world);
    assert!(cache.refresh());
    cache.close();
    assert!(!cache.ready() && find(&cache, b"a").is_none());
    let status = cache.status();
    assert_eq!((status.item_count, status.refresh_success_count), (0, 1));
    assert_eq!(status.connection_state, ClientState::Disconnected);
    assert_eq!(cache.client_status().counters.calls, 1);
    assert!(cache.refresh(), "a closed cache can be used again");
    assert!(find(&cache, b"a").is_some());
}

#[test]
fn a_wrong_token_is_the_reason_of_the_failure() {
    let world = world();
    let _server = serve(&world, &[b"a"]);
    let config = ClientConfig {
        auth_token: 1,
        ..world.client_config()
    };
    let mut cache = cache_with(&world, config);
    assert!(!cache.refresh());
    assert!(!cache.ready());
    let status = cache.status();
    assert_eq!(status.connection_state, ClientState::AuthFailed);
    assert!(status.last_error.is_some());
}
