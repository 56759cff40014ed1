//! What is measured: for each scenario, what the second process serves and what one operation is.

mod bench_lookup;
mod cache;
mod codec;
mod connect;
mod increment;
mod item;
mod lookup;
mod open;
pub mod serve;
mod session;
mod snapshot;

use netipc::service::Service as _;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::increment::Increment;

pub use bench_lookup::Mix;
pub use cache::Lookups;
pub use item::Access;

use crate::error::BenchError;
use crate::measure::BoxedOp;
use crate::row::{Layer, Row, Scenario, Transport};
use serve::{Content, Route};

/// Requests that are under way at once in a pipeline.
pub(crate) const WINDOW: usize = 16;
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

/// A lookup service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Service {
    /// `cgroups-lookup`.
    Cgroups,
    /// `apps-lookup`.
    Apps,
}

/// Keys that operations ask for, and a reply that they look at.
#[derive(Clone, Debug, Default)]
pub struct TestData {
    paths: Vec<Vec<u8>>,
    pids: Vec<u32>,
    reply: Vec<u8>,
}

impl TestData {
    /// What `work` needs, if anything.
    ///
    /// # Errors
    /// Why there is no reply.
    pub fn of(work: Work) -> Result<Self, BenchError> {
        let mut data = Self::default();
        match work {
            Work::Lookup(keys) | Work::Codec(keys) => data.add_keys(keys),
            Work::Item(access) => {
                data = Self::of(access.source())?;
                data.reply = data.reply_to(access.source())?;
            }
            _ => {}
        }
        Ok(data)
    }

    fn add_keys(
        &mut self,
        Keys {
            service,
            count,
            mix,
        }: Keys,
    ) {
        match service {
            Service::Cgroups => self.paths = bench_lookup::keys::<CgroupsLookup>(count, mix),
            Service::Apps => self.pids = bench_lookup::keys::<AppsLookup>(count, mix),
        }
    }

    /// What a server answers to `work`.
    fn reply_to(&self, work: Work) -> Result<Vec<u8>, BenchError> {
        match work {
            Work::Snapshot(items) => snapshot::reply(items),
            Work::Lookup(keys) => match keys.service {
                Service::Cgroups => codec::reply::<CgroupsLookup>(&self.paths, keys.mix),
                Service::Apps => codec::reply::<AppsLookup>(&self.pids, keys.mix),
            },
            _ => Ok(Vec::new()),
        }
    }
}

impl Work {
    /// What `row` is about.
    ///
    /// # Panics
    /// If its variant is not one of its scenario.
    pub(crate) fn of(row: &Row) -> Self {
        let words: Vec<&str> = row.variant.split_whitespace().collect();
        let has = |word: &str| words.contains(&word);
        let numbers = || words.iter().find_map(|word| word.parse().ok());
        let number = || numbers().expect("a variant has a number");
        let keys = || Keys {
            service: if has("apps") {
                Service::Apps
            } else {
                Service::Cgroups
            },
            count: number(),
            mix: Mix::ALL
                .into_iter()
                .find(|mix| has(&mix.to_string()))
                .expect("a variant says which keys are known"),
        };
        match row.scenario {
            Scenario::Ping => Self::Ping,
            Scenario::Batch => Self::Batch,
            Scenario::Pipeline => Self::Pipeline,
            Scenario::PipelineBatch => Self::PipelineBatch,
            Scenario::Snapshot => Self::Snapshot(number()),
            Scenario::Lookup => Self::Lookup(keys()),
            Scenario::Codec => Self::Codec(keys()),
            Scenario::Cache => Self::Cache(Lookups {
                items: number(),
                pinned: has("pinned"),
                refreshed: has("refreshed"),
            }),
            Scenario::Item if has("snapshot") => Self::Item(Access::Snapshot),
            Scenario::Item if has("cgroups") => Self::Item(Access::Cgroups),
            Scenario::Item if has("apps") => Self::Item(Access::Apps),
            Scenario::Item => Self::Item(Access::Labels),
            Scenario::Connect => Self::Connect,
            Scenario::Limits => unreachable!("limits are measured by themselves"),
        }
    }

    /// What the second process serves for it; nothing where all of it happens in this one.
    #[must_use]
    pub const fn content(self, layer: Layer) -> Option<Content> {
        Some(match (self, layer) {
            (Self::Codec(_), _) => return None,
            // For foreign clients: ours looks at a reply of its own.
            (Self::Item(access), layer) => return access.source().content(layer),
            (Self::Snapshot(items) | Self::Cache(Lookups { items, .. }), _) => {
                Content::Snapshot(items)
            }
            (
                Self::Lookup(Keys {
                    service: Service::Cgroups,
                    ..
                }),
                _,
            ) => Content::Cgroups,
            (
                Self::Lookup(Keys {
                    service: Service::Apps,
                    ..
                }),
                _,
            ) => Content::Apps,
            (Self::Connect, _) => Content::Increment,
            (_, Layer::Session) => Content::Sessions,
            _ => Content::Increment,
        })
    }

    /// How many keys, cgroups or numbers an operation is about, or at most.
    pub(crate) const fn items(self) -> usize {
        match self {
            Self::Ping | Self::Connect => 1,
            Self::Batch | Self::PipelineBatch => increment::MOST_ITEMS as usize,
            Self::Pipeline => WINDOW,
            Self::Snapshot(items) | Self::Cache(Lookups { items, .. }) => items as usize,
            Self::Lookup(keys) | Self::Codec(keys) => keys.count as usize,
            Self::Item(access) => access.source().items(),
        }
    }

    /// Bytes that the largest request and the largest reply may have.
    #[must_use]
    pub const fn bytes(self) -> [u32; 2] {
        let [request, reply] = match self {
            Self::Ping | Self::Pipeline | Self::Connect => [0; 2],
            Self::Batch | Self::PipelineBatch => [increment::MOST_ITEMS * BATCH_ITEM; 2],
            Self::Snapshot(items) | Self::Cache(Lookups { items, .. }) => {
                [0, items * SNAPSHOT_ITEM]
            }
            Self::Lookup(keys) | Self::Codec(keys) => {
                [keys.count * LOOKUP_KEY, keys.count * LOOKUP_ITEM]
            }
            Self::Item(access) => return access.source().bytes(),
        };
        [ENVELOPE + request, ENVELOPE + reply]
    }

    /// Items of the largest batch.
    #[must_use]
    pub const fn batch_items(self) -> u32 {
        match self {
            Self::Batch | Self::PipelineBatch => increment::MOST_ITEMS,
            _ => 1,
        }
    }

    /// Whether every operation is long enough to be timed.
    #[must_use]
    pub const fn is_timed(self) -> bool {
        match self {
            Self::Codec(keys) => codec::calls_per_op(keys.count) == 1,
            Self::Cache(_) | Self::Item(_) => false,
            _ => true,
        }
    }

    /// Whether other programs can do it for `row`: with what all of them have.
    pub(crate) fn is_common(self, row: &Row) -> bool {
        let known = match self {
            Self::Codec(_) | Self::Connect | Self::PipelineBatch => false,
            Self::Cache(lookups) => !lookups.refreshed,
            Self::Item(_) => row.rate == 0,
            _ => row.layer == Layer::Client,
        };
        known && row.threads == 1 && row.load.is_empty() && !row.variant.starts_with("blocking")
    }

    /// What other programs are told that do it for `row`, besides their role and the run directory.
    pub(crate) fn arguments(self, row: &Row, route: &Route) -> Vec<(&'static str, String)> {
        let service = match self.content(row.layer) {
            Some(Content::Snapshot(_)) => CgroupsSnapshot::METHOD,
            Some(Content::Cgroups) => CgroupsLookup::METHOD,
            Some(Content::Apps) => AppsLookup::METHOD,
            _ => Increment::METHOD,
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
            ("items", self.items().to_string()),
            ("rate", row.rate.to_string()),
            ("request-bytes", request.to_string()),
            ("response-bytes", response.to_string()),
            ("batch-items", route.batch_items.to_string()),
        ];
        arguments.extend(match self {
            Self::Lookup(keys) => Some(("mix", keys.mix.to_string())),
            Self::Cache(Lookups { pinned: true, .. }) => Some(("guard", "pass".to_owned())),
            Self::Cache(_) => Some(("guard", "lookup".to_owned())),
            Self::Item(Access::Labels) => Some(("access", "labels".to_owned())),
            Self::Item(_) => Some(("access", "items".to_owned())),
            _ => None,
        });
        arguments
    }

    /// For each of `threads`, one operation over `route` on `layer`, ready to be done.
    pub(crate) fn ops<'s>(
        self,
        route: &Route,
        layer: Layer,
        threads: u32,
        data: &'s TestData,
    ) -> Result<Vec<BoxedOp<'s>>, BenchError> {
        let op = match (self, layer) {
            (Self::Cache(lookups), _) => return cache::ops(route, lookups, threads),
            (Self::Ping, Layer::Session) => session::op(route, false, 1),
            (Self::Ping, _) => increment::ping(route),
            (Self::Batch, Layer::Session) => session::op(route, true, 1),
            (Self::Batch, _) => increment::batch(route),
            (Self::Pipeline, Layer::Session) => session::op(route, false, WINDOW),
            (Self::Pipeline, _) => increment::pipeline(route),
            (Self::PipelineBatch, _) => session::op(route, true, WINDOW),
            (Self::Snapshot(items), _) => snapshot::op(route, items),
            (Self::Connect, _) => Ok(connect::op(route)),
            (Self::Item(access), _) => item::op(access, data),
            (Self::Lookup(keys), _) => match keys.service {
                Service::Cgroups => lookup::op::<CgroupsLookup>(route, &data.paths, keys.mix),
                Service::Apps => lookup::op::<AppsLookup>(route, &data.pids, keys.mix),
            },
            (Self::Codec(keys), _) => match keys.service {
                Service::Cgroups => codec::op::<CgroupsLookup>(&data.paths, keys.mix),
                Service::Apps => codec::op::<AppsLookup>(&data.pids, keys.mix),
            },
        };
        Ok(vec![op?])
    }

    /// Bytes of a request and its reply together, for what is held against copying them.
    pub(crate) fn payload(self, data: &TestData) -> Result<usize, BenchError> {
        match self {
            Self::Codec(keys) => match keys.service {
                Service::Cgroups => codec::bytes::<CgroupsLookup>(&data.paths, keys.mix),
                Service::Apps => codec::bytes::<AppsLookup>(&data.pids, keys.mix),
            },
            _ => Ok(0),
        }
    }
}
