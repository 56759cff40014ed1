//! `lookup`: typed lookup calls of any number of keys.

use netipc::lookup::Key;

use super::bench_lookup::{self, BenchLookup};
use super::serve::Route;
use super::{Keys, open};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// Asks for all keys at once, and looks at each item.
pub(super) fn op<S: BenchLookup>(route: &Route, keys: Keys) -> Result<BoxedOp, BenchError>
where
    Key<'static, S>: Send,
{
    let mut client = open::client::<S>(route)?;
    let asked = bench_lookup::keys::<S>(keys.count, keys.mix);
    Ok(Box::new(move || {
        let reply = client.lookup(&asked)?;
        bench_lookup::check::<S>(&asked, keys.mix, reply.iter())?;
        Ok(1)
    }))
}
