//! `lookup`: typed lookup calls of any number of keys.

use netipc::lookup::Key;

use super::bench_lookup::{self, BenchLookup};
use super::serve::Route;
use super::{Mix, open};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// Asks for `keys` at once, and looks at each item.
pub(super) fn op<'k, S: BenchLookup>(
    route: &Route,
    keys: &'k [S::Owned],
    mix: Mix,
) -> Result<BoxedOp<'k>, BenchError>
where
    Key<'k, S>: Send,
{
    let mut client = open::client::<S>(route)?;
    let keys: Vec<Key<'k, S>> = keys.iter().map(S::key).collect();
    Ok(Box::new(move || {
        let reply = client.lookup(&keys)?;
        bench_lookup::check::<S>(&keys, mix, reply.iter())?;
        Ok(1)
    }))
}
