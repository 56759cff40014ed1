//! `lookup`: typed lookup calls of any number of keys. What they ask for, and what is right as an
//! answer, for each service; other scenarios use it, too.

use std::hint::black_box;

use netipc::Handler;
use netipc::lookup::{Key, Lookup, LookupAnswer, LookupItem, LookupRequest, NumberKey, TextKey};
use netipc::protocol::{AppsCgroupStatus, CgroupStatus, Orchestrator, PidStatus};
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem};
use netipc::service::cgroups_lookup::{CgroupsLookup, CgroupsLookupItem};
use netipc::wire::{Label, Labels, WireError};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::serve::Route;
use super::{Keys, open};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// What all paths of a benchmark begin with; the byte behind it tells known from unknown.
const PATHS: &str = "/sys/fs/cgroup/bench/";
const GENERATION: u64 = 1;

/// A lookup service.
#[derive(Clone, Copy, Debug, Deserialize, EnumString, Eq, PartialEq, Serialize)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Service {
    /// `cgroups-lookup`.
    Cgroups,
    /// `apps-lookup`.
    Apps,
}

/// Does something with the type of a lookup service as `$S`.
macro_rules! with_type {
    ($service:expr, $S:ident => $do:expr) => {
        match $service {
            $crate::scenarios::bench_lookup::Service::Cgroups => {
                type $S = ::netipc::service::cgroups_lookup::CgroupsLookup;
                $do
            }
            $crate::scenarios::bench_lookup::Service::Apps => {
                type $S = ::netipc::service::apps_lookup::AppsLookup;
                $do
            }
        }
    };
}
pub(super) use with_type;

/// Which keys the server knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(super) enum Mix {
    /// All.
    Known,
    /// None.
    Unknown,
    /// Every other one.
    Mixed,
}

impl Mix {
    /// Whether the server knows key `index`.
    pub(super) const fn knows(self, index: usize) -> bool {
        match self {
            Self::Known => true,
            Self::Unknown => false,
            Self::Mixed => index.is_multiple_of(2),
        }
    }
}

/// A string that the compiler does not see through: a provider's come from elsewhere.
fn text(text: &str) -> &str {
    black_box(text)
}

/// A lookup service as a benchmark asks it.
pub(super) trait BenchLookup: Lookup {
    /// A key that is kept.
    type Owned: Send + Sync + 'static;

    /// Key number `index`, which the server knows or not.
    fn owned(index: usize, known: bool) -> Self::Owned;

    /// The key as it is asked for.
    fn key(owned: &Self::Owned) -> Key<'_, Self>;

    /// Whether the server knows the key. Told by the key alone, so that it is not a hash table
    /// that is measured.
    fn knows(key: Key<'_, Self>) -> bool;

    /// Adds what is known of the key.
    fn add(key: Key<'_, Self>, answer: &mut LookupAnswer<'_, Self>) -> Result<(), WireError>;

    /// The status of a key that is not known.
    const UNKNOWN: u16;

    /// Looks at everything in an item of a known key; whether it is as it was added.
    fn is_right(item: &Self::Item<'_>) -> bool;

    /// Bytes of two texts of an item, for who looks at items alone.
    fn texts(item: &Self::Item<'_>) -> usize;

    /// The labels of an item.
    fn labels<'i, 'a: 'i>(item: &'i Self::Item<'a>) -> Labels<'i>;

    /// What answers the requests.
    fn handler() -> Handler<Self>
    where
        Self: Sized,
    {
        fn run<S: BenchLookup>(
            request: &LookupRequest<'_, S>,
            answer: &mut LookupAnswer<'_, S>,
        ) -> Result<(), WireError> {
            answer.set_generation(GENERATION);
            request.keys().try_for_each(|key| {
                if S::knows(key) {
                    S::add(key, answer)
                } else {
                    answer.add_bare(S::UNKNOWN)
                }
            })
        }
        Handler::new(run::<Self>)
    }
}

/// Asks for all keys at once, and looks at each item.
pub(super) fn op<S: BenchLookup>(route: &Route, wanted: Keys) -> Result<BoxedOp, BenchError>
where
    Key<'static, S>: Send,
{
    let mut client = open::client::<S>(route)?;
    let asked = keys::<S>(wanted.count, wanted.mix);
    Ok(Box::new(move || {
        let reply = client.lookup(&asked)?;
        check::<S>(&asked, wanted.mix, reply.iter())?;
        Ok(1)
    }))
}

/// So many keys of this mix, which are kept until the program ends.
pub(super) fn keys<S: BenchLookup>(count: u32, mix: Mix) -> Vec<Key<'static, S>> {
    let owned = (0..count as usize).map(|index| S::owned(index, mix.knows(index)));
    let owned: &'static [S::Owned] = owned.collect::<Vec<_>>().leak();
    owned.iter().map(S::key).collect()
}

/// Looks at every item of a reply to the keys of `mix`.
pub(super) fn check<'a, S: BenchLookup>(
    keys: &[Key<'_, S>],
    mix: Mix,
    items: impl ExactSizeIterator<Item = S::Item<'a>>,
) -> Result<(), BenchError> {
    if items.len() != keys.len() {
        let (items, keys) = (items.len(), keys.len());
        return Err(BenchError::wrong(format!("{items} items for {keys} keys")));
    }
    for (index, (item, key)) in items.zip(keys).enumerate() {
        let right = S::same(item.key(), *key)
            && if mix.knows(index) {
                S::is_right(&item)
            } else {
                item.status() == S::UNKNOWN
            };
        if !right {
            return Err(BenchError::wrong(format!("item {index} of a lookup")));
        }
    }
    Ok(())
}

impl BenchLookup for CgroupsLookup {
    type Owned = Vec<u8>;

    fn owned(index: usize, known: bool) -> Vec<u8> {
        let kind = if known { "cg" } else { "no" };
        format!("{PATHS}{kind}-{index}").into_bytes()
    }

    fn key(owned: &Vec<u8>) -> TextKey<'_> {
        TextKey::new(owned).expect("paths of a benchmark are valid keys")
    }

    fn knows(key: TextKey<'_>) -> bool {
        key.as_bytes().get(PATHS.len()) == Some(&b'c')
    }

    fn add(path: TextKey<'_>, answer: &mut LookupAnswer<'_, Self>) -> Result<(), WireError> {
        let labels = [
            Label::new(text("namespace"), text("bench")),
            Label::new(text("image"), text("bench:latest")),
        ];
        answer.add(&CgroupsLookupItem {
            status: CgroupStatus::KNOWN,
            orchestrator: Orchestrator::K8S,
            path,
            name: text("bench-pod").into(),
            labels: Labels::Pairs(&labels),
        })
    }

    const UNKNOWN: u16 = CgroupStatus::UNKNOWN_PERMANENT.0;

    fn is_right(item: &CgroupsLookupItem<'_>) -> bool {
        item.status == CgroupStatus::KNOWN
            && item.orchestrator == Orchestrator::K8S
            && item.name.as_bytes() == b"bench-pod"
            && bytes(item.labels) == "namespacebenchimagebench:latest".len()
    }

    fn texts(item: &CgroupsLookupItem<'_>) -> usize {
        item.path.as_bytes().len() + item.name.len()
    }

    fn labels<'i, 'a: 'i>(item: &'i CgroupsLookupItem<'a>) -> Labels<'i> {
        item.labels
    }
}

impl BenchLookup for AppsLookup {
    type Owned = u32;

    fn owned(index: usize, known: bool) -> u32 {
        // 22 bits of a process id are enough for every number of keys here.
        u32::try_from(index).unwrap_or_default() * 2 + u32::from(known)
    }

    fn key(owned: &u32) -> NumberKey {
        NumberKey(*owned)
    }

    fn knows(NumberKey(pid): NumberKey) -> bool {
        pid % 2 == 1
    }

    fn add(
        NumberKey(pid): NumberKey,
        answer: &mut LookupAnswer<'_, Self>,
    ) -> Result<(), WireError> {
        let labels = [Label::new(text("namespace"), text("bench"))];
        answer.add(&AppsLookupItem {
            status: PidStatus::KNOWN,
            cgroup_status: AppsCgroupStatus::KNOWN,
            orchestrator: Orchestrator::K8S,
            pid,
            ppid: 1,
            uid: 1000,
            starttime: 12_345,
            comm: text("bench").into(),
            cgroup_path: text("/sys/fs/cgroup/bench/cg-1").into(),
            cgroup_name: text("bench-pod").into(),
            labels: Labels::Pairs(&labels),
        })
    }

    const UNKNOWN: u16 = PidStatus::UNKNOWN.0;

    fn is_right(item: &AppsLookupItem<'_>) -> bool {
        item.status == PidStatus::KNOWN
            && item.ppid == 1
            && item.comm.as_bytes() == b"bench"
            && item.cgroup_path.as_bytes().starts_with(PATHS.as_bytes())
            && item.cgroup_name.as_bytes() == b"bench-pod"
            && bytes(item.labels) == "namespacebench".len()
    }

    fn texts(item: &AppsLookupItem<'_>) -> usize {
        item.comm.len() + item.cgroup_path.len()
    }

    fn labels<'i, 'a: 'i>(item: &'i AppsLookupItem<'a>) -> Labels<'i> {
        item.labels
    }
}

/// Bytes of the keys and values of labels, each of which is looked at.
fn bytes(labels: Labels<'_>) -> usize {
    labels
        .iter()
        .map(|label| label.key.len() + label.value.len())
        .sum()
}
