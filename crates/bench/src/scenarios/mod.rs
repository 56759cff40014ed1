//! What is measured: for each scenario, what the second process serves and what one operation is.

mod bench_lookup;
mod cache;
mod codec;
mod enricher;
mod increment;
mod item;
mod open;
pub mod serve;
mod session;
mod snapshot;

use std::str::FromStr;

use netipc::service::Service as _;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::increment::Increment;

pub use bench_lookup::{Mix, Service};
pub use cache::Lookups;
pub use enricher::Enriching;
pub use item::Access;

use bench_lookup::with_type;
use increment::MOST_ITEMS;

use crate::error::BenchError;
use crate::measure::BoxedOp;
use crate::row::{Layer, Row, Scenario, Transport};
use serve::{Content, Route};

/// Requests that are under way at once in a pipeline.
pub(crate) const WINDOW: u32 = 16;
/// Bytes beside the items of a message.
const ENVELOPE: u32 = 1024;
/// More bytes than an item takes, in a batch, a snapshot, a lookup's request and its reply.
const BATCH_ITEM: u32 = 16;
const SNAPSHOT_ITEM: u32 = 128;
const LOOKUP_KEY: u32 = 64;
const LOOKUP_ITEM: u32 = 320;

/// What one operation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Work {
    /// One INCREMENT.
    Ping,
    /// A batch of them.
    Batch,
    /// A window of them.
    Pipeline,
    /// A window of batches.
    PipelineBatch,
    /// A snapshot of so many items.
    Snapshot(u32),
    /// A lookup over a transport.
    Lookup(Keys),
    /// A lookup without one.
    Codec(Keys),
    /// Lookups in a cache.
    Cache(Lookups),
    /// Looks and rounds of an enricher.
    Enricher(Keys, Enriching),
    /// Items or labels of a reply.
    Item(Access),
    /// Connect, handshake and close.
    Connect,
}

/// What is looked up in one call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Keys {
    /// Which service is asked.
    pub service: Service,
    /// How many keys.
    pub count: u32,
    /// Which of them the server knows.
    pub mix: Mix,
}

/// What both ends of a session have to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// What is served.
    pub(crate) content: Content,
    /// How many keys, cgroups or numbers an operation is about, or at most.
    items: u32,
    /// Bytes that the largest request and the largest reply may have.
    pub(crate) bytes: [u32; 2],
    /// Items of the largest batch.
    pub(crate) batch_items: u32,
}

impl Work {
    /// What `row` is about.
    ///
    /// # Panics
    /// If its variant is not one of its scenario.
    pub(crate) fn of(row: &Row) -> Self {
        let words = row.variant.as_str();
        let has = |wanted: &str| words.split_whitespace().any(|word| word == wanted);
        let keys = || Keys {
            service: find(words),
            count: find(words),
            // Enrichers know all keys, sooner or later.
            mix: if row.scenario == Scenario::Enricher {
                Mix::Known
            } else {
                find(words)
            },
        };
        match row.scenario {
            Scenario::Ping => Self::Ping,
            Scenario::Batch => Self::Batch,
            Scenario::Pipeline => Self::Pipeline,
            Scenario::PipelineBatch => Self::PipelineBatch,
            Scenario::Snapshot => Self::Snapshot(find(words)),
            Scenario::Lookup => Self::Lookup(keys()),
            Scenario::Codec => Self::Codec(keys()),
            Scenario::Cache => Self::Cache(Lookups {
                items: find(words),
                pinned: has("pinned"),
                refreshed: has("refreshed"),
            }),
            Scenario::Enricher => Self::Enricher(keys(), find(words)),
            Scenario::Item => Self::Item(find(words)),
            Scenario::Connect => Self::Connect,
            Scenario::Limits => unreachable!("limits are measured by themselves"),
        }
    }

    /// Whether a second process takes part. An item is looked at in a reply of our own, but other
    /// clients ask for theirs.
    pub(crate) const fn has_server(self) -> bool {
        !matches!(self, Self::Codec(_))
    }

    pub(crate) fn needs(self, layer: Layer) -> Needs {
        let needs = |content, items, [request, reply]: [u32; 2]| Needs {
            content,
            items,
            bytes: [ENVELOPE + request, ENVELOPE + reply],
            batch_items: 1,
        };
        let increment = match (self, layer) {
            (Self::Connect, _) | (_, Layer::Client) => Content::Increment,
            _ => Content::Sessions,
        };
        match self {
            Self::Ping | Self::Connect => needs(increment, 1, [0; 2]),
            Self::Pipeline => needs(increment, WINDOW, [0; 2]),
            Self::Batch | Self::PipelineBatch => Needs {
                batch_items: MOST_ITEMS,
                ..needs(increment, MOST_ITEMS, [MOST_ITEMS * BATCH_ITEM; 2])
            },
            Self::Snapshot(items) | Self::Cache(Lookups { items, .. }) => {
                needs(Content::Snapshot(items), items, [0, items * SNAPSHOT_ITEM])
            }
            Self::Lookup(Keys { service, count, .. })
            | Self::Codec(Keys { service, count, .. })
            | Self::Enricher(Keys { service, count, .. }, _) => {
                let content = Content::Lookup(service);
                needs(content, count, [count * LOOKUP_KEY, count * LOOKUP_ITEM])
            }
            Self::Item(access) => access.source().needs(layer),
        }
    }

    /// Whether every operation is long enough to be timed.
    #[must_use]
    pub const fn is_timed(self) -> bool {
        match self {
            Self::Codec(keys) => codec::calls_per_op(keys.count) == 1,
            Self::Cache(_)
            | Self::Item(_)
            | Self::Enricher(_, Enriching::Hit | Enriching::Miss) => false,
            _ => true,
        }
    }

    /// Whether other programs can do it for `row`: with what all of them have.
    pub(crate) fn is_common(self, row: &Row) -> bool {
        let known = match self {
            Self::Codec(_) | Self::Connect | Self::PipelineBatch => false,
            Self::Enricher(..) => true,
            Self::Cache(lookups) => !lookups.refreshed,
            Self::Item(_) => row.rate == 0,
            _ => row.layer == Layer::Client,
        };
        known && row.threads == 1 && row.load.is_empty() && !row.variant.starts_with("blocking")
    }

    /// What other programs are told that do it for `row`, besides their role and the run directory.
    pub(crate) fn arguments(self, row: &Row, route: &Route) -> Vec<(&'static str, String)> {
        let Needs { content, items, .. } = self.needs(row.layer);
        let service = match content {
            Content::Snapshot(_) => CgroupsSnapshot::METHOD,
            Content::Lookup(service) => service.method(),
            Content::Increment | Content::Sessions => Increment::METHOD,
        };
        let transport = match route.transport {
            Transport::None => Transport::Socket,
            transport => transport,
        };
        let [request, response] = route.bytes;
        let mut arguments = vec![
            ("scenario", row.scenario.name().to_owned()),
            ("service", service.name.to_owned()),
            ("transport", transport.name().to_owned()),
            ("items", items.to_string()),
            ("rate", row.rate.to_string()),
            ("request-bytes", request.to_string()),
            ("response-bytes", response.to_string()),
            ("batch-items", route.batch_items.to_string()),
        ];
        let (option, value): (_, &str) = match self {
            Self::Lookup(keys) => ("mix", keys.mix.into()),
            Self::Cache(Lookups { pinned: true, .. }) => ("guard", "pass"),
            Self::Cache(_) => ("guard", "lookup"),
            Self::Enricher(_, what) => ("looks", what.into()),
            Self::Item(Access::Labels) => ("access", "labels"),
            Self::Item(_) => ("access", "items"),
            _ => return arguments,
        };
        arguments.push((option, value.to_owned()));
        arguments
    }

    /// For each of `threads`, one operation over `route` on `layer`, ready to be done.
    pub(crate) fn ops(
        self,
        route: &Route,
        layer: Layer,
        threads: u32,
    ) -> Result<Vec<BoxedOp>, BenchError> {
        let bare = layer == Layer::Session;
        let op = match self {
            Self::Cache(lookups) => return cache::ops(route, lookups, threads),
            Self::Ping if bare => session::op(route, false, 1),
            Self::Ping => increment::ping(route),
            Self::Batch if bare => session::op(route, true, 1),
            Self::Batch => increment::batch(route),
            Self::Pipeline if bare => session::op(route, false, WINDOW),
            Self::Pipeline => increment::pipeline(route),
            Self::PipelineBatch => session::op(route, true, WINDOW),
            Self::Snapshot(items) => snapshot::op(route, items),
            Self::Connect => Ok(open::connect(route)),
            Self::Item(access) => item::op(access),
            Self::Enricher(keys, what) => {
                with_type!(keys.service, S => enricher::op::<S>(route, keys, what))
            }
            Self::Lookup(keys) => with_type!(keys.service, S => bench_lookup::op::<S>(route, keys)),
            Self::Codec(keys) => with_type!(keys.service, S => Ok(codec::op::<S>(keys))),
        };
        Ok(vec![op?])
    }

    /// Bytes of a request and its reply together, for what is held against copying them.
    pub(crate) fn payload(self) -> Result<usize, BenchError> {
        match self {
            Self::Codec(keys) => with_type!(keys.service, S => codec::bytes::<S>(keys)),
            _ => Ok(0),
        }
    }
}

/// The word among `words` that is a `T`.
fn find<T: FromStr>(words: &str) -> T {
    let found = words.split_whitespace().find_map(|word| word.parse().ok());
    found.expect("a variant has the words of its scenario")
}
