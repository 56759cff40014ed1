//! `enricher`: looks that hit or miss, and rounds in which some keys are new.

use std::sync::Arc;
use std::time::Duration;

use netipc::Enricher;
use netipc::enricher::{EnricherConfig, StepEnd};
use netipc::lookup::Key;
use strum::{EnumString, IntoStaticStr};

use super::bench_lookup::{self, BenchLookup};
use super::serve::Route;
use super::{Keys, open};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// More than any round takes.
const BUDGET: Duration = Duration::from_secs(60);
/// One in so many keys is new in a round.
const NEW_OF: usize = 100;

/// What is done with the keys of an enricher.
#[derive(Clone, Copy, Debug, Eq, PartialEq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
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
    let mut enricher = connected::<S>(route, keys.count)?;
    let wanted = bench_lookup::keys::<S>(keys.count, keys.mix);
    match what {
        Enriching::Hit => {
            ask(&mut enricher, wanted.iter().copied())?;
            Ok(looks(enricher, wanted, true))
        }
        Enriching::Miss => Ok(looks(enricher, wanted, false)),
        Enriching::Step => step(enricher, wanted),
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

/// Looks at all keys in one guard: all of them hit, or all miss.
fn looks<S: BenchLookup>(enricher: Enricher<S>, keys: Vec<Key<'static, S>>, hit: bool) -> BoxedOp
where
    Key<'static, S>: Send + Sync,
{
    Box::new(move || {
        let guard = enricher.read();
        let mut looks = keys.iter().map(|key| guard.get(*key));
        let right = if hit {
            looks.all(|look| look.is_ok_and(|hit| S::texts(&hit.item) > 0))
        } else {
            looks.all(|look| look.is_err())
        };
        right
            .then_some(keys.len() as u64)
            .ok_or_else(|| BenchError::wrong("a look that gave something else"))
    })
}

fn step<S: BenchLookup>(
    mut enricher: Enricher<S>,
    first: Vec<Key<'static, S>>,
) -> Result<BoxedOp, BenchError>
where
    Key<'static, S>: Send + Sync,
{
    let new = (first.len() / NEW_OF).max(1);
    let mut next = first.len();
    ask(&mut enricher, first.into_iter())?;
    Ok(Box::new(move || {
        let keys = (next..next + new).map(|index| S::owned(index, true));
        let keys: Vec<S::Owned> = keys.collect();
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
