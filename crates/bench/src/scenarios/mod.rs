//! What is measured: for each scenario, what the second process serves and what one operation is. All
//! of it follows from the scenario, the layer and the words of a row's variant.

mod answer;
mod bench_lookup;
mod cache;
mod codec;
mod enricher;
mod increment;
mod item;
mod open;
mod serve;
mod session;
mod snapshot;

use std::str::FromStr;

use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::increment::Increment;
use netipc::service::{Method, Service as _};

pub(crate) use serve::{Content, Route, profiles_of};
pub(crate) use snapshot::{Cgroup, cgroups};

use bench_lookup::{Mix, Service, with_type};
use increment::MOST_ITEMS;

use crate::error::BenchError;
use crate::measure::BoxedOp;
use crate::row::{Layer, Row, Scenario, Transport};

/// Requests that are under way at once in a pipeline.
pub(crate) const WINDOW: u32 = 16;
/// The word of sides that never look before they sleep.
pub(crate) const BLOCKING: &str = "blocking";
/// Bytes beside the items of a message.
const ENVELOPE: u32 = 1024;
/// More bytes than an item takes in a snapshot, and in a lookup's reply.
const SNAPSHOT_ITEM: u32 = 128;
const LOOKUP_ITEM: u32 = 320;

/// What is looked up in one call.
#[derive(Clone, Copy, Debug)]
struct Keys {
    /// Which service is asked.
    service: Service,
    /// How many keys.
    count: u32,
    /// Which of them the server knows.
    mix: Mix,
}

impl Row {
    /// Whether `wanted` is one of the words of its variant.
    pub(crate) fn has(&self, wanted: &str) -> bool {
        self.words().any(|word| word == wanted)
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.variant.split_whitespace()
    }

    /// The word of its variant that is a `T`.
    fn find<T: FromStr>(&self) -> Option<T> {
        self.words().find_map(|word| word.parse().ok())
    }

    /// How many keys, cgroups or numbers an operation is about, or at most.
    fn items(&self) -> u32 {
        match self.scenario {
            Scenario::Pipeline => WINDOW,
            Scenario::Batch | Scenario::PipelineBatch => MOST_ITEMS,
            _ => self.find().unwrap_or(1),
        }
    }

    /// The keys of its lookups: known ones, sooner or later, where its variant does not tell.
    fn keys(&self) -> Keys {
        Keys {
            service: self.find().unwrap_or(Service::Cgroups),
            count: self.items(),
            mix: self.find().unwrap_or(Mix::Known),
        }
    }

    /// What the server serves, if there is one.
    pub(crate) fn content(&self) -> Content {
        match self.scenario {
            Scenario::Snapshot | Scenario::Cache => Content::Snapshot(self.items()),
            Scenario::Item if self.has("snapshot") => Content::Snapshot(self.items()),
            Scenario::Lookup | Scenario::Codec | Scenario::Enricher | Scenario::Item => {
                Content::Lookup(self.keys().service)
            }
            Scenario::Answer => Content::Answer(self.items()),
            Scenario::Connect => Content::Increment,
            _ if self.layer == Layer::Session => Content::Sessions,
            _ => Content::Increment,
        }
    }
}

/// Whether every operation of `row` is long enough to be timed.
pub(crate) fn is_timed(row: &Row) -> bool {
    match row.scenario {
        Scenario::Codec => codec::calls_per_op(row.items()) == 1,
        Scenario::Enricher => row.has("step"),
        Scenario::Cache | Scenario::Item => false,
        _ => true,
    }
}

/// Whether other programs can do it, too: with what all of them have.
pub(crate) fn is_common(row: &Row) -> bool {
    let known = match row.scenario {
        Scenario::Codec | Scenario::Connect | Scenario::PipelineBatch | Scenario::Answer => false,
        Scenario::Cache => !row.has("refreshed"),
        Scenario::Item => row.rate == 0,
        Scenario::Enricher => true,
        _ => row.layer == Layer::Client,
    };
    known && row.threads == 1 && row.load.is_empty() && !row.has(BLOCKING)
}

/// What other programs are told that do it, besides their role and the run directory.
pub(crate) fn arguments(row: &Row, route: &Route) -> Vec<(&'static str, String)> {
    let transport = match route.transport {
        Transport::None => Transport::Socket,
        transport => transport,
    };
    let [request, response] = route.bytes;
    let mut arguments = vec![
        ("scenario", row.scenario.name().to_owned()),
        ("service", row.content().method().name.to_owned()),
        ("transport", transport.name().to_owned()),
        ("items", row.items().to_string()),
        ("rate", row.rate.to_string()),
        ("request-bytes", request.to_string()),
        ("response-bytes", response.to_string()),
        ("batch-items", route.batch_items.to_string()),
    ];
    let (option, value) = match row.scenario {
        Scenario::Lookup => ("mix", row.keys().mix.into()),
        Scenario::Cache if row.has("pinned") => ("guard", "pass"),
        Scenario::Cache => ("guard", "lookup"),
        Scenario::Enricher => ("looks", row.words().next().unwrap_or_default()),
        Scenario::Item if row.has("labels") => ("access", "labels"),
        Scenario::Item => ("access", "items"),
        _ => return arguments,
    };
    arguments.push((option, value.to_owned()));
    arguments
}

impl Content {
    /// What it is asked by.
    const fn method(self) -> Method {
        match self {
            Self::Increment | Self::Sessions | Self::Answer(_) => Increment::METHOD,
            Self::Snapshot(_) => CgroupsSnapshot::METHOD,
            Self::Lookup(service) => {
                with_type!(service, S => <S as ::netipc::lookup::Lookup>::METHOD)
            }
        }
    }
}

/// For each of its threads, one operation of `row` over `route`, ready to be done.
pub(crate) fn ops(row: &Row, route: &Route) -> Result<Vec<BoxedOp>, BenchError> {
    let (keys, bare) = (row.keys(), row.layer == Layer::Session);
    let op = match row.scenario {
        Scenario::Cache => return cache::ops(row, route),
        Scenario::Ping if bare => session::op(route, false, 1),
        Scenario::Ping => increment::ping(route),
        Scenario::Batch if bare => session::op(route, true, 1),
        Scenario::Batch => increment::batch(route),
        Scenario::Pipeline if bare => session::op(route, false, WINDOW),
        Scenario::Pipeline => increment::pipeline(route),
        Scenario::PipelineBatch => session::op(route, true, WINDOW),
        Scenario::Snapshot => snapshot::op(route, keys.count),
        Scenario::Answer => answer::op(route, row.items() as usize),
        Scenario::Connect => Ok(open::connect(route)),
        Scenario::Item if row.has("snapshot") => item::snapshot(keys.count),
        Scenario::Item if row.has("labels") => {
            with_type!(keys.service, S => item::labels::<S>(keys))
        }
        Scenario::Item => with_type!(keys.service, S => item::items::<S>(keys)),
        Scenario::Enricher => with_type!(keys.service, S => enricher::op::<S>(row, route)),
        Scenario::Lookup => with_type!(keys.service, S => bench_lookup::op::<S>(route, keys)),
        Scenario::Codec => with_type!(keys.service, S => Ok(codec::op::<S>(keys))),
        Scenario::Limits => unreachable!("limits are measured by themselves"),
    };
    Ok(vec![op?])
}

/// Bytes of a request and its reply together, for what is held against copying them.
pub(crate) fn payload(row: &Row) -> Result<usize, BenchError> {
    let keys = row.keys();
    match row.scenario {
        Scenario::Codec => with_type!(keys.service, S => codec::bytes::<S>(keys)),
        Scenario::Answer => Ok(row.items() as usize),
        _ => Ok(0),
    }
}
