//! `item`: every item of a reply, or every label of its items, one after the other.

use std::hint::black_box;

use netipc::lookup::LookupReply;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups::CgroupsResponseView;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::wire::{Decode, WireError};

use super::{Keys, Mix, Service, TestData, Work};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// Items of the reply: enough for one look at the clock.
const ITEMS: u32 = 1000;

/// What is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Cgroups of a snapshot.
    Snapshot,
    /// Cgroups of a lookup.
    Cgroups,
    /// Processes of a lookup.
    Apps,
    /// The labels of looked-up cgroups.
    Labels,
}

impl Access {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Snapshot, Self::Cgroups, Self::Apps, Self::Labels];

    /// What gives the reply.
    pub(super) const fn source(self) -> Work {
        let service = match self {
            Self::Snapshot => return Work::Snapshot(ITEMS),
            Self::Apps => Service::Apps,
            Self::Cgroups | Self::Labels => Service::Cgroups,
        };
        Work::Lookup(Keys {
            service,
            count: ITEMS,
            mix: Mix::Known,
        })
    }
}

/// A pass over the reply in `data`, which was decoded once.
pub(super) fn op(access: Access, data: &TestData) -> Result<BoxedOp<'_>, BenchError> {
    match access {
        Access::Snapshot => {
            let reply = CgroupsResponseView::decode(&data.reply)?;
            passes(move || {
                reply.iter().try_fold((0, 0), |(items, bytes), item| {
                    let item = black_box(item?);
                    Ok((items + 1, bytes + item.name.len() + item.path.len()))
                })
            })
        }
        Access::Cgroups => {
            let reply = LookupReply::<CgroupsLookup>::decode(&data.reply)?;
            passes(move || {
                Ok(reply.iter().fold((0, 0), |(items, bytes), item| {
                    let item = black_box(item);
                    (
                        items + 1,
                        bytes + item.path.as_bytes().len() + item.name.len(),
                    )
                }))
            })
        }
        Access::Apps => {
            let reply = LookupReply::<AppsLookup>::decode(&data.reply)?;
            passes(move || {
                Ok(reply.iter().fold((0, 0), |(items, bytes), item| {
                    let item = black_box(item);
                    (items + 1, bytes + item.comm.len() + item.cgroup_path.len())
                }))
            })
        }
        Access::Labels => {
            let reply = LookupReply::<CgroupsLookup>::decode(&data.reply)?;
            let items: Vec<_> = reply.iter().collect();
            passes(move || {
                let labels = items.iter().flat_map(|item| item.labels.iter());
                Ok(labels.fold((0, 0), |(labels, bytes), label| {
                    let label = black_box(label);
                    (labels + 1, bytes + label.key.len() + label.value.len())
                }))
            })
        }
    }
}

/// One pass after the other, each of which has to find as many things and bytes as the first one.
fn passes<'s>(
    mut pass: impl FnMut() -> Result<(u64, usize), WireError> + Send + 's,
) -> Result<BoxedOp<'s>, BenchError> {
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
        for (access, units) in Access::ALL.into_iter().zip([1000, 1000, 1000, 2000]) {
            let data = TestData::of(Work::Item(access)).unwrap();
            let mut op = op(access, &data).unwrap();
            assert_eq!(op().unwrap(), units, "{access:?}");
        }
    }
}
