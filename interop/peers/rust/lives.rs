//! Checks of what happens when providers come, go and refuse.

use std::thread;
use std::time::{Duration, Instant};

use netipc::service::cgroups::{CgroupKey, CgroupsCache, CgroupsItemView};
use netipc::service::increment::Increment;
use netipc::{ClientConfig, ClientState, ErrorCode};
use netipc_interop::data::Snapshot;

use super::check::{
    Carried, PATIENCE, carried, client, connected, fulfilled, ready, refresh, want, wish,
};
use super::{Options, Wrong, same};

/// Between two looks at what has to change by itself.
const PERIOD: Duration = Duration::from_millis(10);

/// A cache keeps what it has while its provider is gone, and has the new data after a restart.
pub(super) fn cache_survives(options: &Options) -> Result<Carried, Wrong> {
    let config = options.client_config();
    let mut cache = CgroupsCache::new(&options.run_dir, &options.service, config);
    let old = options.snapshot();
    let mut failed = refreshed(&mut cache)?;
    holds(&cache, &old)?;
    want("kill")?;
    same("a refresh without a provider", cache.refresh(), false)?;
    holds(&cache, &old)?;
    let new = Snapshot {
        generation: old.generation + 1,
        ..old
    };
    want(&format!("start --generation {}", new.generation))?;
    failed += refreshed(&mut cache)?;
    holds(&cache, &new)?;
    let status = cache.status();
    let refreshes = (status.refresh_success_count, status.refresh_failure_count);
    same(
        "refreshes that succeeded and failed",
        refreshes,
        (2, 1 + failed),
    )?;
    carried(&cache.client_status(), options)
}

/// Refreshes a cache, again where a handshake took too long; gives how often that was so.
fn refreshed(cache: &mut CgroupsCache) -> Result<u64, Wrong> {
    let until = Instant::now() + PATIENCE;
    let mut failed = 0;
    loop {
        match cache.try_refresh() {
            Ok(_) => return Ok(failed),
            Err(error) if error.code() == ErrorCode::TIMEOUT && Instant::now() < until => {
                failed += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Who has a wrong token is told so, and gets in once it is the right one.
pub(super) fn wrong_token_heals(options: &Options) -> Result<Carried, Wrong> {
    let wrong = options.token + 1;
    let config = ClientConfig {
        auth_token: wrong,
        ..options.client_config()
    };
    let (place, service) = (&options.run_dir, &options.service);
    let mut stranger = netipc::Client::<Increment>::new(place, service, config);
    refresh(&mut stranger);
    same("the state", stranger.state(), ClientState::AuthFailed)?;
    let call = stranger.call(&1).map_err(|error| error.code());
    same("a call", call, Err(ErrorCode::NOT_READY))?;
    let mut friend = connected::<Increment>(options)?;
    same("an answer", friend.call(&1)?, 2)?;
    drop(friend);
    want("stop")?;
    want(&format!("start --token {wrong}"))?;
    // It leaves a server that has refused it alone for a second.
    let until = Instant::now() + PATIENCE;
    while !stranger.ready() && Instant::now() < until {
        thread::sleep(PERIOD);
        stranger.refresh();
    }
    ready(&stranger)?;
    same("an answer", stranger.call(&2)?, 3)?;
    carried(&stranger.status(), options)
}

/// A full server says so, harms nobody, and takes the second client once the first has left.
pub(super) fn second_client_waits_its_turn(options: &Options) -> Result<Carried, Wrong> {
    let mut first = connected::<Increment>(options)?;
    same("an answer", first.call(&1)?, 2)?;
    let mut second = client::<Increment>(options);
    refresh(&mut second);
    same("the state", second.state(), ClientState::Disconnected)?;
    same(
        "the refusal has a reason",
        second.open_error().is_some(),
        true,
    )?;
    same("an answer", first.call(&2)?, 3)?;
    first.close();
    refresh(&mut second);
    ready(&second)?;
    same("an answer", second.call(&3)?, 4)?;
    carried(&second.status(), options)
}

/// A provider that was killed and is back costs the next call one retry, and its caller nothing.
pub(super) fn restart_costs_a_retry(options: &Options) -> Result<Carried, Wrong> {
    let mut client = connected::<Increment>(options)?;
    same("an answer", client.call(&1)?, 2)?;
    want("kill")?;
    want("start")?;
    same("an answer", client.call(&2)?, 3)?;
    let counters = client.status().counters;
    same("retries", counters.retries, 1)?;
    same("reconnects", counters.reconnects, 1)?;
    same("errors", counters.errors, 0)?;
    carried(&client.status(), options)
}

/// A call that waits for a provider that dies fails at once, and the client can be used again.
pub(super) fn death_ends_a_call(options: &Options) -> Result<Carried, Wrong> {
    let mut client = connected::<Increment>(options)?;
    same("an answer", client.call(&1)?, 2)?;
    let began = Instant::now();
    wish("kill-when-stuck")?;
    let call = client.call(&options.stuck_on).map_err(|error| error.code());
    same("the call", call, Err(ErrorCode::DISCONNECTED))?;
    same("it failed soon", began.elapsed() < PATIENCE, true)?;
    fulfilled()?;
    client.refresh();
    same("the state", client.state(), ClientState::NotFound)?;
    want("start")?;
    refresh(&mut client);
    ready(&client)?;
    same("an answer", client.call(&3)?, 4)?;
    carried(&client.status(), options)
}

/// Whether a cache has exactly the items of a snapshot, and finds each.
pub(super) fn holds(cache: &CgroupsCache, snapshot: &Snapshot) -> Result<(), Wrong> {
    let guard = cache.read();
    same("the number of items", guard.len(), snapshot.items as usize)?;
    same("the generation", guard.generation(), snapshot.generation)?;
    same(
        "systemd_enabled",
        guard.systemd_enabled(),
        snapshot.systemd_enabled(),
    )?;
    for index in 0..snapshot.items {
        snapshot.with_item(index, |item: &CgroupsItemView<'_>| {
            let (hash, name) = (item.hash, item.name);
            same("an item", guard.get(CgroupKey { hash, name }), Some(*item))
        })?;
    }
    let unknown = CgroupKey {
        hash: 1,
        name: "nobody".into(),
    };
    same("an item that is not there", guard.get(unknown), None)
}
