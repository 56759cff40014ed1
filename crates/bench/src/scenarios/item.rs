//! `item`: every item of a reply, or every label of its items, one after the other.

use std::hint::black_box;

use netipc::lookup::LookupReply;
use netipc::service::cgroups::CgroupsResponseView;
use netipc::wire::{Decode, WireError};
use strum::EnumString;

use super::bench_lookup::{BenchLookup, with_type};
use super::{Keys, Mix, Service, Work, codec, snapshot};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// Items of the reply: enough for one look at the clock.
const ITEMS: u32 = 1000;

/// What is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq, EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Access {
    /// Cgroups of a snapshot.
    Snapshot,
    /// Cgroups that a lookup found.
    Cgroups,
    /// Processes that a lookup found.
    Apps,
    /// The labels of the cgroups.
    Labels,
}

impl Access {
    /// What gives the reply.
    pub(super) const fn source(self) -> Work {
        match self {
            Self::Snapshot => Work::Snapshot(ITEMS),
            Self::Cgroups | Self::Apps | Self::Labels => Work::Lookup(Keys {
                service: self.service(),
                count: ITEMS,
                mix: Mix::Known,
            }),
        }
    }

    const fn service(self) -> Service {
        match self {
            Self::Apps => Service::Apps,
            Self::Snapshot | Self::Cgroups | Self::Labels => Service::Cgroups,
        }
    }
}

/// A pass over a reply, which was decoded once and is kept until the program ends.
pub(super) fn op(access: Access) -> Result<BoxedOp, BenchError> {
    let reply = match access.source() {
        Work::Lookup(keys) => with_type!(keys.service, S => codec::reply::<S>(keys)),
        _ => snapshot::reply(ITEMS),
    };
    let bytes: &'static [u8] = reply?.leak();
    match access {
        Access::Snapshot => {
            let reply = CgroupsResponseView::decode(bytes)?;
            passes(move || {
                let mut items = reply.iter();
                items.try_fold((0, 0), |sum, item| {
                    let item = black_box(item?);
                    Ok(add(sum, item.name.len() + item.path.len()))
                })
            })
        }
        Access::Cgroups | Access::Apps => with_type!(access.service(), S => items::<S>(bytes)),
        Access::Labels => with_type!(access.service(), S => labels::<S>(bytes)),
    }
}

/// Passes over the items of a reply.
fn items<S: BenchLookup>(reply: &'static [u8]) -> Result<BoxedOp, BenchError> {
    let reply = LookupReply::<S>::decode(reply)?;
    passes(move || {
        let items = reply.iter().map(black_box);
        Ok(items.fold((0, 0), |sum, item| add(sum, S::texts(&item))))
    })
}

/// Passes over the labels of the items of a reply.
fn labels<S: BenchLookup>(reply: &'static [u8]) -> Result<BoxedOp, BenchError>
where
    S::Item<'static>: Send,
{
    let reply = LookupReply::<S>::decode(reply)?;
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

/// One pass after the other, each of which has to find as many things and bytes as the first one.
fn passes(
    mut pass: impl FnMut() -> Result<(u64, usize), WireError> + Send + 'static,
) -> Result<BoxedOp, BenchError> {
    let found = pass()?;
    Ok(Box::new(move || {
        if pass()? == found {
            Ok(found.0)
        } else {
            Err(BenchError::wrong("items that change"))
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_looked_at() {
        for (access, units) in [
            (Access::Snapshot, 1000),
            (Access::Cgroups, 1000),
            (Access::Apps, 1000),
            (Access::Labels, 2000),
        ] {
            let mut op = op(access).unwrap();
            assert_eq!(op().unwrap(), units, "{access:?}");
        }
    }
}
