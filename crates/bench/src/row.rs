//! One measured figure, as it is printed, written as JSON and drawn.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// What was measured, and what came out. With several runs, every figure is their median.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Row {
    /// What was done.
    pub scenario: Scenario,
    /// Which one of the scenario: items or keys, `known`, `unknown` or `mixed`. Empty where there
    /// is only one.
    pub variant: String,
    /// What carried the data.
    pub transport: Transport,
    /// Which part of the software was measured.
    pub layer: Layer,
    /// The program that asked, as it was named; empty for this one.
    pub client: String,
    /// Operations a second that were asked for; 0 is as many as possible.
    pub rate: u32,
    /// Threads that worked at the same time on the asking side.
    pub threads: u32,
    /// What `throughput` counts, in the plural: `calls`, `items`, `keys`, `lookups`, `bytes`.
    pub unit: String,
    /// Units a second.
    pub throughput: f64,
    /// The slowest run's units a second.
    pub min: f64,
    /// The fastest run's units a second.
    pub max: f64,
    /// How long half of the operations took at most, in microseconds; null where single operations
    /// are too short to be timed.
    pub p50_us: Option<f64>,
    /// How long 95 % of the operations took at most, in microseconds.
    pub p95_us: Option<f64>,
    /// How long 99 % of the operations took at most, in microseconds.
    pub p99_us: Option<f64>,
    /// How long 99.9 % of the operations took at most, in microseconds.
    pub p999_us: Option<f64>,
    /// Processors that the asking side kept busy.
    pub client_cpu: f64,
    /// Processors that the answering process kept busy; 0 where there is none.
    pub server_cpu: f64,
    /// System calls of both sides for each operation, where the system tells.
    pub syscalls: Option<f64>,
    /// Context switches of both sides for each operation.
    pub switches: Option<f64>,
    /// What else kept the machine busy, and where: empty for a quiet machine.
    pub load: String,
    /// The raw row it is held against, as [`Row::name`] gives it.
    pub limit: Option<String>,
    /// `throughput` as a part of the limit's, in the limit's unit; null where there is no limit.
    ///
    /// At the maximum rate on a quiet machine the limit is measured beside each run, since machines
    /// change within a minute, and this is the median of the runs' shares; the limit's own row has
    /// the median of all its measurements, so that the two quotients differ. With a fixed rate it
    /// is how much of that median the rate takes up, and with a `load` how much of what a quiet
    /// machine allows is left.
    pub share_of_limit: Option<f64>,
    /// `throughput` as a part of what this program itself reached right before or after: the median
    /// of the runs' shares. Null for its own rows.
    pub share_of_own: Option<f64>,
}

/// What is done again and again.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Deserialize,
    EnumString,
    Eq,
    Hash,
    IntoStaticStr,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Scenario {
    /// One INCREMENT at a time.
    Ping,
    /// Batches of INCREMENT.
    Batch,
    /// INCREMENT with 16 requests under way.
    Pipeline,
    /// Batches of INCREMENT with 16 of them under way.
    PipelineBatch,
    /// The typed snapshot call.
    Snapshot,
    /// The typed lookup calls.
    Lookup,
    /// Encode, dispatch and decode of a lookup, without transport.
    Codec,
    /// Lookups in a cache.
    Cache,
    /// Every item or label of a reply, one after the other.
    Item,
    /// Connect, handshake and close.
    Connect,
    /// What the machine itself allows.
    #[default]
    Limits,
}

/// What carries the data.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Deserialize,
    EnumString,
    Eq,
    Hash,
    IntoStaticStr,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Transport {
    /// The packet socket.
    Socket,
    /// Shared memory that deployed peers know.
    Shm,
    /// Shared memory of our own: the ring.
    Ring,
    /// Nothing: all of it happens in one process.
    #[default]
    None,
}

/// Which part of the software is measured.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Deserialize,
    EnumString,
    Eq,
    Hash,
    IntoStaticStr,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Layer {
    /// A bare Level 1 session.
    Session,
    /// The typed client.
    Client,
    /// Encoders, decoders and dispatch.
    Codec,
    /// The cache.
    Cache,
    /// The machine alone.
    #[default]
    Raw,
}

impl Scenario {
    /// Its name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Transport {
    /// Its name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Row {
    /// A row without figures: any variant, one thread, as fast as possible, on a quiet machine.
    #[must_use]
    pub fn new(scenario: Scenario, transport: Transport, layer: Layer, unit: &str) -> Self {
        Self {
            scenario,
            transport,
            layer,
            threads: 1,
            unit: unit.to_owned(),
            ..Self::default()
        }
    }

    /// What tells this row from the others, for people: `ping shm client`, `lookup apps 16 known
    /// socket client @1000`, `ping shm client c`.
    #[must_use]
    pub fn name(&self) -> String {
        let mut words = vec![self.scenario.name().to_owned()];
        words.extend(self.variant.split_whitespace().map(str::to_owned));
        if self.transport != Transport::None {
            words.push(self.transport.name().to_owned());
        }
        words.push(<&str>::from(self.layer).to_owned());
        if !self.client.is_empty() {
            words.push(self.client.clone());
        }
        if self.threads > 1 {
            words.push(format!("x{}", self.threads));
        }
        if self.rate > 0 {
            words.push(format!("@{}", self.rate));
        }
        if !self.load.is_empty() {
            words.push(format!("({})", self.load));
        }
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_everywhere() {
        for name in Scenario::VARIANTS {
            let scenario: Scenario = name.parse().unwrap();
            assert_eq!(serde_json::to_value(scenario).unwrap(), *name);
            assert_eq!(scenario.name(), *name);
        }
        for name in Transport::VARIANTS {
            let transport: Transport = name.parse().unwrap();
            assert_eq!(serde_json::to_value(transport).unwrap(), *name);
            assert_eq!(transport.name(), *name);
        }
    }

    #[test]
    fn names_tell_all_there_is_to_tell() {
        let row = Row::new(Scenario::Ping, Transport::Shm, Layer::Client, "calls");
        assert_eq!(row.name(), "ping shm client");
        let row = Row {
            variant: "16 known".to_owned(),
            client: "c".to_owned(),
            threads: 2,
            rate: 1000,
            load: "one hog".to_owned(),
            ..Row::new(
                Scenario::PipelineBatch,
                Transport::None,
                Layer::Raw,
                "items",
            )
        };
        let name = "pipeline-batch 16 known raw c x2 @1000 (one hog)";
        assert_eq!(row.name(), name);
    }
}
