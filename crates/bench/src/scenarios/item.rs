//! `item`: every item of a reply, or every label of its items, one after the other.

use std::hint::black_box;

use netipc::lookup::LookupReply;
use netipc::service::cgroups::CgroupsResponseView;
use netipc::wire::{Decode, WireError};

use super::bench_lookup::BenchLookup;
use super::{Keys, codec};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// Passes over the cgroups of a snapshot.
pub(super) fn snapshot(items: u32) -> Result<BoxedOp, BenchError> {
    let reply = CgroupsResponseView::decode(super::snapshot::reply(items)?.leak())?;
    passes(move || {
        let mut items = reply.iter();
        items.try_fold((0, 0), |sum, item| {
            let item = black_box(item?);
            Ok(add(sum, item.name.len() + item.path.len()))
        })
    })
}

/// Passes over the items of a lookup's reply.
pub(super) fn items<S: BenchLookup>(keys: Keys) -> Result<BoxedOp, BenchError> {
    let reply = LookupReply::<S>::decode(codec::reply::<S>(keys)?.leak())?;
    passes(move || {
        let items = reply.iter().map(black_box);
        Ok(items.fold((0, 0), |sum, item| add(sum, S::texts(&item))))
    })
}

/// Passes over the labels of the items of a lookup's reply.
pub(super) fn labels<S: BenchLookup>(keys: Keys) -> Result<BoxedOp, BenchError>
where
    S::Item<'static>: Send,
{
    let reply = LookupReply::<S>::decode(codec::reply::<S>(keys)?.leak())?;
    let items: Vec<_> = reply.iter().collect();
    passes(move || {
        let labels = items.iter().flat_map(|item| S::labels(item).iter());
        Ok(labels.map(black_box).fold((0, 0), |sum, label| {
            add(sum, label.key.len() + label.value.len())
        }))
    })
}

/// One more, of so many bytes.
const fn add((count, sum): (u64, usize), bytes: usize) -> (u64, usize) {
    (count + 1, sum + bytes)
}

/// One pass after the other over a reply, which was decoded once and is kept until the program ends.
/// Each has to find as many things and bytes as the first one.
fn passes(
    mut pass: impl FnMut() -> Result<(u64, usize), WireError> + Send + 'static,
) -> Result<BoxedOp, BenchError> {
    let found = pass()?;
    Ok(Box::new(move || {
        BenchError::unless(pass()? == found, "items that change")?;
        Ok(found.0)
    }))
}

#[cfg(test)]
mod tests {
    use super::super::bench_lookup::{Mix, Service, with_type};
    use super::*;

    #[test]
    fn everything_is_looked_at() {
        let looked = |op: Result<BoxedOp, BenchError>| op.unwrap()().unwrap();
        assert_eq!(looked(snapshot(10)), 10);
        for (service, all_labels) in [(Service::Cgroups, 20), (Service::Apps, 10)] {
            let keys = Keys {
                service,
                count: 10,
                mix: Mix::Known,
            };
            assert_eq!(looked(with_type!(service, S => items::<S>(keys))), 10);
            assert_eq!(
                looked(with_type!(service, S => labels::<S>(keys))),
                all_labels
            );
        }
    }
}
