//! `snapshot`: all cgroups, typed.

use netipc::service::cgroups::{CgroupsBuilder, CgroupsSnapshot, Handler};
use netipc::simple_hash;
use netipc::wire::WireError;

use super::serve::Route;
use super::{ENVELOPE, SNAPSHOT_ITEM, open};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// What does not change in a benchmark.
const GENERATION: u64 = 1;
const ENABLED: u32 = 1;

/// One cgroup of a benchmark.
pub(crate) struct Cgroup {
    pub(crate) hash: u32,
    pub(crate) name: String,
    pub(crate) path: String,
}

/// So many of them.
pub(crate) fn cgroups(items: u32) -> Vec<Cgroup> {
    let cgroup = |index| {
        let name = format!("cgroup-{index}");
        Cgroup {
            hash: simple_hash(name.as_bytes()),
            name,
            path: format!("/sys/fs/cgroup/bench/cg-{index}"),
        }
    };
    (0..items).map(cgroup).collect()
}

/// What answers with `items` cgroups.
pub(super) fn handler(items: u32) -> Handler {
    let cgroups = cgroups(items);
    Handler::new(move |_request, answer| fill(answer, &cgroups))
}

/// The reply with `items` cgroups.
pub(super) fn reply(items: u32) -> Result<Vec<u8>, BenchError> {
    let mut reply = vec![0; (ENVELOPE + items * SNAPSHOT_ITEM) as usize];
    let mut answer = CgroupsBuilder::new(&mut reply)?;
    fill(&mut answer, &cgroups(items))?;
    let len = answer.finish()?;
    reply.truncate(len);
    Ok(reply)
}

fn fill(answer: &mut CgroupsBuilder<'_>, cgroups: &[Cgroup]) -> Result<(), WireError> {
    answer.set_header(0, GENERATION);
    cgroups.iter().try_for_each(|cgroup| {
        let Cgroup { hash, name, path } = cgroup;
        answer.add(*hash, 0, ENABLED, name.as_bytes(), path.as_bytes())
    })
}

/// Asks for all of them, and looks at each.
pub(super) fn op(route: &Route, items: u32) -> Result<BoxedOp, BenchError> {
    let mut client = open::client::<CgroupsSnapshot>(route)?;
    let expected = cgroups(items);
    Ok(Box::new(move || {
        let reply = client.call_snapshot()?;
        let mut right = reply.item_count == items && reply.generation == GENERATION;
        for (item, cgroup) in reply.iter().zip(&expected) {
            let item = item?;
            right &= item.hash == cgroup.hash
                && item.name.as_bytes() == cgroup.name.as_bytes()
                && item.path.as_bytes() == cgroup.path.as_bytes();
        }
        BenchError::unless(right, "a snapshot that is not the served one")?;
        Ok(1)
    }))
}
