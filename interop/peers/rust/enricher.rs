//! Checks of enrichers.

use std::thread;
use std::time::Instant;

use netipc::Enricher;
use netipc::enricher::{EnricherConfig, Missing, StepEnd};
use netipc::service::apps_lookup::{AppsLookup, PidStatus};
use netipc_interop::data::{self, with_process};

use super::calls::encoded;
use super::check::{Carried, PATIENCE, carried, want};
use super::{Options, Wrong, same};

/// An enricher knows what its provider does, keeps that while the provider is gone, and goes on with the next one.
pub(super) fn survives(options: &Options) -> Result<Carried, Wrong> {
    let (client, config) = (options.client_config(), EnricherConfig::default());
    let mut enricher = Enricher::new(&options.run_dir, &options.service, client, config);
    let numbers = options.first..options.first + options.count;
    let mut pids: Vec<u32> = numbers.map(data::number).collect();
    let mut next = data::number(options.first + options.count);
    while !is_known(next) {
        next += 1;
    }
    learns(&mut enricher, &pids, options.generation)?;
    knows(&enricher, &pids, false)?;
    want("kill")?;
    loses(&mut enricher)?;
    knows(&enricher, &pids, true)?;
    let generation = options.generation + 1;
    want(&format!("start --generation {generation}"))?;
    learns(&mut enricher, &[next], generation)?;
    pids.push(next);
    knows(&enricher, &pids, false)?;
    carried(&enricher.client_status(), options)
}

/// Whether every provider has an item for this process.
fn is_known(pid: u32) -> bool {
    with_process(pid, false, |item| item.status == PidStatus::KNOWN)
}

/// Asks for processes, again where a handshake took too long, as it may on a busy machine.
fn learns(enricher: &mut Enricher<AppsLookup>, pids: &[u32], generation: u64) -> Result<(), Wrong> {
    let expected = pids.iter().filter(|pid| is_known(**pid)).count();
    let until = Instant::now() + PATIENCE;
    let mut known = 0;
    while known != expected && Instant::now() < until {
        known = enricher.refresh_now(pids, PATIENCE);
    }
    same("the number of items", known, expected)?;
    same("the generation", enricher.stats().generation, generation)
}

/// Rounds until one finds no provider: systems may tell of its end some time after it.
fn loses(enricher: &mut Enricher<AppsLookup>) -> Result<(), Wrong> {
    let until = Instant::now() + PATIENCE;
    let mut end = enricher.step(PATIENCE).end;
    while end == StepEnd::Idle && Instant::now() < until {
        thread::yield_now();
        end = enricher.step(PATIENCE).end;
    }
    same("a step without a provider", end, StepEnd::Absent)
}

/// Whether an enricher has what every provider knows of processes.
fn knows(enricher: &Enricher<AppsLookup>, pids: &[u32], stale: bool) -> Result<(), Wrong> {
    let guard = enricher.read();
    for pid in pids {
        match guard.get(*pid) {
            Ok(hit) => {
                same("whether it is stale", hit.stale, stale)?;
                let found = encoded(&hit.item)?;
                with_process(*pid, false, |item| same("an item", found, encoded(item)?))?;
            }
            Err(Missing::ForNow { .. }) => same("whether it is known", false, is_known(*pid))?,
            Err(missing) => return Err(Wrong(format!("process {pid} is {missing}"))),
        }
    }
    Ok(())
}
