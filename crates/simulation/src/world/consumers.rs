//! Consumers: each asks a few times in trouble, and once more when it is over.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use netipc::service::cgroups::{CgroupKey, CgroupsCache};
use netipc::service::increment::IncrementClient;
use netipc::{ClientConfig, simple_hash};
use netipc_transport::simulation::{elapsed, random};

use super::providers::{NUMBERS, SNAPSHOTS, items, name};
use super::{CALM, DIR, Fault, World, pause, sleep};

/// Times that a consumer asks in trouble.
const TIMES: u64 = 6;
/// Between two times, at most.
const THOUGHT: Duration = Duration::from_secs(1);
/// Timeouts of calls, by the seed.
const TIMEOUTS: [u64; 5] = [0, 5, 100, 2500, 20_000];

type Outcome = Result<(), String>;

fn config() -> ClientConfig {
    ClientConfig {
        auth_token: 1,
        ..ClientConfig::default()
    }
}

fn timeout() -> Duration {
    let chosen = usize::try_from(random(TIMEOUTS.len() as u64)).unwrap_or_default();
    Duration::from_millis(TIMEOUTS[chosen])
}

/// Does something that may take `timeout`, and holds it to that.
fn within<T>(
    world: &World,
    timeout: Duration,
    what: &str,
    step: impl FnOnce() -> T,
) -> Result<T, String> {
    let began = elapsed();
    let result = step();
    let took = elapsed() - began;
    let limit = match world.fault {
        Fault::LateAnswer => timeout / 2,
        _ => timeout,
    };
    if took > limit {
        return Err(format!("{what} took {took:?} of {limit:?}"));
    }
    Ok(result)
}

/// Plays a consumer: its trouble, and what comes after it.
fn play<C>(
    world: &World,
    mut consumer: C,
    fresh: impl Fn() -> C,
    ask: impl Fn(&World, &mut C, Duration) -> Result<bool, String>,
) -> Outcome {
    let count = |asked: Result<bool, String>| {
        asked.inspect(|answered| {
            world.note(|run| {
                run.answered += u64::from(*answered);
                run.failed += u64::from(!answered);
            });
        })
    };
    for _ in 0..TIMES {
        pause(THOUGHT);
        let asked = count(ask(world, &mut consumer, timeout()));
        if asked.is_err() {
            world.enough();
            return asked.map(drop);
        }
        // It vanishes, and another one comes in its place.
        if random(12) == 0 {
            consumer = fresh();
        }
    }
    world.enough();
    while !world.is_calm() {
        sleep(THOUGHT);
    }
    let calm = elapsed();
    while !count(ask(world, &mut consumer, Duration::from_secs(30)))? {
        if elapsed() - calm > CALM {
            return Err(format!("no answer within {CALM:?} of calm"));
        }
        // A session with a place may be somebody else's for as long as that one is there.
        consumer = fresh();
        pause(THOUGHT);
    }
    if world.fault == Fault::KeptSession {
        sleep(CALM * 3);
    }
    Ok(())
}

/// Asks for numbers, one by one and many at once.
pub(super) fn numbers(world: &World) {
    let fresh = || {
        IncrementClient::with_transport(Arc::new(world.net.for_process()), DIR, NUMBERS, config())
    };
    world.hold(play(world, fresh(), fresh, ask_numbers));
    world.present.fetch_sub(1, Ordering::Relaxed);
}

fn ask_numbers(
    world: &World,
    client: &mut IncrementClient,
    timeout: Duration,
) -> Result<bool, String> {
    within(world, timeout, "a refresh", || {
        client.refresh_within(timeout)
    })?;
    let n = random(u64::MAX);
    if random(2) == 0 {
        let called = within(world, timeout, "a call", || client.call_within(&n, timeout))?;
        return match called {
            Ok(answer) if answer == n.wrapping_add(1) => Ok(true),
            Ok(answer) => Err(format!("{n} was incremented to {answer}")),
            Err(_) => Ok(false),
        };
    }
    let many: Vec<u64> = (0..random(40)).map(|index| n.wrapping_add(index)).collect();
    client.set_call_timeout(
        u32::try_from(timeout.as_millis())
            .unwrap_or(u32::MAX)
            .max(1),
    );
    let limit = timeout.max(Duration::from_millis(1));
    let called = within(world, limit, "a batch", || {
        let reply = client.call_batch(&many);
        reply.map(|reply| reply.iter().collect::<Vec<u64>>())
    })?;
    let Ok(answers) = called else {
        return Ok(false);
    };
    let expected: Vec<u64> = many.iter().map(|n| n.wrapping_add(1)).collect();
    if answers == expected {
        Ok(true)
    } else {
        Err(format!("{many:?} were incremented to {answers:?}"))
    }
}

/// Keeps a cache.
pub(super) fn caches(world: &World) {
    let fresh = || {
        CgroupsCache::with_transport(Arc::new(world.net.for_process()), DIR, SNAPSHOTS, config())
    };
    world.hold(play(world, fresh(), fresh, refresh));
    world.present.fetch_sub(1, Ordering::Relaxed);
}

fn refresh(world: &World, cache: &mut CgroupsCache, timeout: Duration) -> Result<bool, String> {
    let (had, before) = (cache.ready(), cache.read().generation());
    let refreshed = within(world, timeout, "a refresh", || {
        cache.try_refresh_within(timeout)
    })?;
    if refreshed.is_err() && world.fault == Fault::ForgetfulCache {
        cache.close();
    }
    let now = cache.read().generation();
    if refreshed.is_err() && (cache.ready(), now) != (had, before) {
        return Err(format!(
            "a refresh that failed made generation {before} {now}"
        ));
    }
    if refreshed.is_ok() && now < before {
        return Err(format!("generation {now} came after {before}"));
    }
    if cache.ready() {
        holds(cache, now)?;
    }
    Ok(refreshed.is_ok())
}

/// Whether a cache has exactly what there is of a generation.
fn holds(cache: &CgroupsCache, generation: u64) -> Outcome {
    let guard = cache.read();
    let expected = items(generation) as usize;
    if guard.len() != expected {
        let found = guard.len();
        return Err(format!(
            "generation {generation} has {found} items instead of {expected}"
        ));
    }
    for index in 0..items(generation) {
        let name = name(generation, index);
        let key = CgroupKey {
            hash: simple_hash(name.as_bytes()),
            name: name.as_bytes().into(),
        };
        let found = guard.get(key).map(|item| item.options);
        if found != Some(index) {
            return Err(format!("{name} of generation {generation} is {found:?}"));
        }
    }
    Ok(())
}
