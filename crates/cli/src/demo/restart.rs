//! What consumers see of a provider that is killed and started again.

use std::thread;
use std::time::Duration;

use netipc::ClientStatus;
use netipc::service::apps_lookup::AppsLookupClient;
use netipc::service::cgroups::CgroupsCache;
use serde::Serialize;

use super::error::DemoError;
use super::measure::{Budget, Wanted, round};
use super::provider::{Provider, START_PATIENCE, Setup};

/// How long consumers wait between two attempts.
const PACE: Duration = Duration::from_millis(1);

/// How the restart went.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Restart {
    /// Whether every lookup in the cache was served, from the kill until the end.
    pub(super) cache_kept: bool,
    /// Lookups in the cache during the outage.
    pub(super) cache_lookups: u64,
    /// Whether client and cache have a new session each and got answers over it.
    pub(super) reconnected: bool,
    /// Milliseconds from the kill until a call was answered again.
    pub(super) outage_ms: f64,
    /// Files that the killed provider left in the run directory.
    pub(super) files_left: usize,
    /// Those of them that were there after the restart.
    pub(super) files_stale: usize,
}

/// Who goes on while the provider is away.
pub(super) struct Consumers<'c> {
    pub(super) cache: &'c mut CgroupsCache,
    pub(super) wanted: &'c [Wanted],
    pub(super) apps: AppsLookupClient,
    pub(super) pid: u32,
}

/// Kills `provider` and starts another one in the same place.
pub(super) fn restart(
    setup: &Setup,
    budget: &Budget,
    provider: &mut Provider,
    mut consumers: Consumers<'_>,
) -> Result<Restart, DemoError> {
    consumers.call();
    let before = consumers.sessions();
    let killed = provider.kill();
    let left = setup.files();
    let mut seen = Restart {
        cache_kept: true,
        files_left: left.len(),
        ..Restart::default()
    };
    // Nobody is there now: this one fails, and must leave the cache as it is.
    let refreshed = consumers.cache.refresh();
    consumers.read(&mut seen);

    *provider = setup.spawn()?;
    while !consumers.call() {
        consumers.read(&mut seen);
        budget.check()?;
        if !provider.is_alive() {
            return Err(provider.end());
        }
        if killed.elapsed() > START_PATIENCE {
            return Err(DemoError::NotReady(START_PATIENCE));
        }
        thread::sleep(PACE);
    }
    seen.outage_ms = round(killed.elapsed().as_secs_f64() * 1e3);

    provider.wait_ready()?;
    let caught_up = consumers.cache.try_refresh();
    consumers.read(&mut seen);
    caught_up?;
    let after = consumers.sessions();
    seen.reconnected = !refreshed
        && after
            .iter()
            .zip(before)
            .all(|(after, before)| *after > before);
    let now = setup.files();
    seen.files_stale = left.iter().filter(|file| now.contains(file)).count();
    Ok(seen)
}

impl Consumers<'_> {
    /// Looks everything up in the cache.
    fn read(&self, seen: &mut Restart) {
        for wanted in self.wanted {
            seen.cache_kept &= wanted.is_served(&self.cache.reader()) && self.cache.ready();
            seen.cache_lookups += 1;
        }
    }

    /// Whether a call is answered.
    fn call(&mut self) -> bool {
        self.apps.refresh();
        self.apps.call(&[self.pid]).is_ok()
    }

    /// How many sessions each had so far.
    fn sessions(&self) -> [u64; 2] {
        let count = |status: ClientStatus| status.counters.connects + status.counters.reconnects;
        [count(self.apps.status()), count(self.cache.client_status())]
    }
}
