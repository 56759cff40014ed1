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
use crate::row::Row;

/// More than any round takes.
const BUDGET: Duration = Duration::from_secs(60);
/// One in so many keys is new in a round.
const NEW_OF: usize = 100;

/// One operation with the keys of `row`, all of which the server knows: all are looked at after they
/// were asked (hit) or while they wait for that (miss), in one guard for a pass; or one in a hundred
/// is new, which takes the place of another, and asked for (step).
pub(super) fn op<S: BenchLookup>(row: &Row, route: &Route) -> Result<BoxedOp, BenchError>
where
    Key<'static, S>: Send + Sync,
{
    let Keys { count, mix, .. } = row.keys();
    let mut enricher = connected::<S>(route, count)?;
    let keys = bench_lookup::keys::<S>(count, mix);
    if !row.has("miss") {
        ask(&mut enricher, keys.iter().copied())?;
    }
    if row.has("step") {
        Ok(step(enricher, keys.len()))
    } else {
        Ok(looks(enricher, keys, row.has("hit")))
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
        BenchError::unless(right, "a look that gave something else")?;
        Ok(keys.len() as u64)
    })
}

/// Rounds after one with the keys up to `next`.
fn step<S: BenchLookup>(mut enricher: Enricher<S>, mut next: usize) -> BoxedOp {
    let new = (next / NEW_OF).max(1);
    Box::new(move || {
        let keys = (next..next + new).map(|index| S::owned(index, true));
        let keys: Vec<S::Owned> = keys.collect();
        next += new;
        ask(&mut enricher, keys.iter().map(S::key))?;
        Ok(1)
    })
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
