//! `enricher`: looks that hit or miss, and rounds in which some keys are new.

use std::sync::Arc;
use std::time::Duration;

use netipc::Enricher;
use netipc::enricher::{EnricherConfig, StepEnd};
use netipc::lookup::Key;

use super::bench_lookup::{self, BenchLookup};
use super::serve::Route;
use super::{Keys, open};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// More than any round takes.
const BUDGET: Duration = Duration::from_secs(60);
/// One in so many keys is new in a round.
const NEW_OF: u32 = 100;

/// What is done with the keys of an enricher.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Enriching {
    /// All are known and looked at, in one guard for a pass.
    Hit,
    /// All are looked at while they wait to be asked, in one guard for a pass.
    Miss,
    /// One in a hundred is new, which takes the place of another, and asked for.
    Step,
}

/// One operation with as many keys as `keys` says, all of which the server knows.
pub(super) fn op<S: BenchLookup>(
    route: &Route,
    keys: Keys,
    what: Enriching,
) -> Result<BoxedOp, BenchError>
where
    Key<'static, S>: Send + Sync,
{
    let enricher = connected::<S>(route, keys.count)?;
    match what {
        Enriching::Hit => hit(enricher, keys),
        Enriching::Miss => Ok(miss(enricher, keys)),
        Enriching::Step => step(enricher, keys.count),
    }
}

/// An enricher with room for `count` answers, and a session.
fn connected<S: BenchLookup>(route: &Route, count: u32) -> Result<Enricher<S>, BenchError> {
    let config = EnricherConfig {
        capacity: count as usize,
        ..EnricherConfig::default()
    };
    let transport = Arc::new(route.native());
    let client = route.client_config();
    let mut enricher =
        Enricher::with_transport(transport, &route.run_dir, S::METHOD.name, client, config);
    enricher.step(BUDGET);
    open::check_status(route, enricher.client_status())?;
    Ok(enricher)
}

fn hit<S: BenchLookup>(mut enricher: Enricher<S>, keys: Keys) -> Result<BoxedOp, BenchError>
where
    Key<'static, S>: Send + Sync,
{
    let known = bench_lookup::keys::<S>(keys.count, keys.mix);
    ask(&mut enricher, known.iter().copied())?;
    let reader = enricher.reader();
    Ok(Box::new(move || {
        let guard = reader.read();
        let is_found =
            |key: &Key<'static, S>| guard.get(*key).is_ok_and(|hit| S::texts(&hit.item) > 0);
        let found = known.iter().all(is_found);
        found
            .then_some(known.len() as u64)
            .ok_or_else(|| BenchError::wrong("an item that an enricher keeps was not found"))
    }))
}

fn miss<S: BenchLookup>(enricher: Enricher<S>, keys: Keys) -> BoxedOp
where
    Key<'static, S>: Send + Sync,
{
    let wanted = bench_lookup::keys::<S>(keys.count, keys.mix);
    Box::new(move || {
        let guard = enricher.read();
        let missed = wanted.iter().all(|key| guard.get(*key).is_err());
        missed
            .then_some(wanted.len() as u64)
            .ok_or_else(|| BenchError::wrong("an enricher knows what nobody has asked for"))
    })
}

fn step<S: BenchLookup>(mut enricher: Enricher<S>, count: u32) -> Result<BoxedOp, BenchError>
where
    Key<'static, S>: Send + Sync,
{
    let new = (count / NEW_OF).max(1) as usize;
    let mut next = count as usize;
    let first: Vec<S::Owned> = (0..next).map(|index| S::owned(index, true)).collect();
    ask(&mut enricher, first.iter().map(S::key))?;
    Ok(Box::new(move || {
        let keys: Vec<S::Owned> = (next..next + new)
            .map(|index| S::owned(index, true))
            .collect();
        next += new;
        ask(&mut enricher, keys.iter().map(S::key))?;
        Ok(1)
    }))
}

/// Has keys asked that were not asked before; fails unless all are answered.
fn ask<'k, S: BenchLookup>(
    enricher: &mut Enricher<S>,
    keys: impl ExactSizeIterator<Item = Key<'k, S>>,
) -> Result<(), BenchError> {
    let reader = enricher.reader();
    let asked = keys.len();
    let wanted = keys.filter(|key| reader.want(*key)).count();
    let step = enricher.step(BUDGET);
    if step.end == StepEnd::Idle && step.answered == asked && wanted == asked {
        return Ok(());
    }
    let why = reader.last_error().unwrap_or_default();
    let step = format!("{} of {asked} keys were answered: {why}", step.answered);
    Err(BenchError::wrong(step))
}
