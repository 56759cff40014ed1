//! One measured figure, as it is printed, written as JSON and drawn.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// A rate is not kept by more than this: the first operation is due at once.
const FASTER: f64 = 1.5;

/// What names call this program beside others.
pub(crate) const OWN: &str = "rust";

/// What names call the program `name`, which is empty for this one.
pub(crate) fn named(name: &str) -> &str {
    if name.is_empty() { OWN } else { name }
}

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
    /// The program that answered, as it was named; empty for this one.
    pub server: String,
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
    /// `throughput` as a part of the limit's, in the limit's unit: the median of the runs' shares,
    /// each of the limit measured right before, under the same load. Null where there is no limit,
    /// and at a fixed rate. The limit's own row has the median of all its measurements, so that the
    /// quotient of the two rows is another one.
    pub share_of_limit: Option<f64>,
    /// The raw row that does what a deployed peer cannot do without for the same, as [`Row::name`]
    /// gives it.
    pub deployed: Option<String>,
    /// As `share_of_limit`, of that one.
    pub share_of_deployed: Option<f64>,
    /// `throughput` as a part of what this program itself reached right before or after: the median
    /// of the runs' shares. Null for its own rows.
    pub share_of_own: Option<f64>,
    /// Of a row over a ring: `throughput` as a part of what the same client reached over a region of
    /// profile 0x02, measured right before: the median of the runs' shares.
    pub share_of_region: Option<f64>,
}

/// Enums whose variants have the same name everywhere: on the command line, in JSON and for people.
macro_rules! words {
    ($($(#[$about:meta])* pub enum $name:ident { $($(#[$meta:meta])* $variant:ident,)+ })+) => { $(
        $(#[$about])*
        #[derive(
            Clone, Copy, Debug, Default, Deserialize, EnumString, Eq, Hash, IntoStaticStr, Ord,
            PartialEq, PartialOrd, Serialize, VariantNames,
        )]
        #[serde(rename_all = "kebab-case")]
        #[strum(serialize_all = "kebab-case")]
        pub enum $name { $($(#[$meta])* $variant,)+ }

        impl $name {
            /// Its name, as in JSON.
            #[must_use]
            pub fn name(self) -> &'static str {
                self.into()
            }
        }
    )+ };
}

words! {
    /// What is done again and again.
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
        /// Looks and rounds of an enricher.
        Enricher,
        /// Every item or label of a reply, one after the other.
        Item,
        /// A short question and an answer of many bytes, on a bare session.
        Answer,
        /// Connect, handshake and close.
        Connect,
        /// What the machine itself allows.
        #[default]
        Limits,
    }

    /// What carries the data.
    pub enum Transport {
        /// The packet socket.
        Socket,
        /// Shared memory that deployed peers know, profile 0x02.
        Shm,
        /// The same without a look before sleeping, profile 0x04.
        Futex,
        /// Shared memory of our own: the ring.
        Ring,
        /// Nothing: all of it happens in one process.
        #[default]
        None,
    }

    /// Which part of the software is measured.
    pub enum Layer {
        /// A bare Level 1 session.
        Session,
        /// The typed client.
        Client,
        /// Encoders, decoders and dispatch.
        Codec,
        /// The cache.
        Cache,
        /// The enricher.
        Enricher,
        /// The machine alone.
        #[default]
        Raw,
    }
}

impl Scenario {
    /// What its rows count, in the plural.
    pub(crate) fn unit(self, variant: &str) -> &'static str {
        match self {
            Self::Item if variant.starts_with("labels") => "labels",
            Self::Batch | Self::PipelineBatch | Self::Item => "items",
            Self::Enricher if variant.starts_with("step") => "rounds",
            Self::Cache | Self::Enricher => "lookups",
            Self::Connect => "connections",
            _ => "calls",
        }
    }
}

impl Row {
    /// A row without figures: any variant, one thread, as fast as possible, on a quiet machine.
    pub(crate) fn new(scenario: Scenario, transport: Transport, layer: Layer, unit: &str) -> Self {
        Self {
            scenario,
            transport,
            layer,
            threads: 1,
            unit: unit.to_owned(),
            ..Self::default()
        }
    }

    /// Whether its figures can be: all there, positive, and no faster than the rate that was asked
    /// for.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let figures = [self.min, self.throughput, self.max];
        let percentiles = [self.p50_us, self.p95_us, self.p99_us, self.p999_us];
        let shares = [
            self.share_of_limit,
            self.share_of_deployed,
            self.share_of_own,
            self.share_of_region,
        ];
        let can_be = |figure: &f64| figure.is_finite() && *figure > 0.0;
        let too_fast = self.rate > 0
            && self.throughput > f64::from(self.rate) * FASTER
            && self.unit == "calls"
            && self.scenario != Scenario::Pipeline;
        if !figures.iter().all(can_be) || !figures.is_sorted() {
            Err("no throughput, or none between the slowest and the fastest run")
        } else if !percentiles.iter().flatten().all(|time| time.is_finite())
            || !percentiles.is_sorted()
        {
            Err("latencies that cannot be")
        } else if !shares.iter().flatten().all(can_be) {
            Err("a share of nothing")
        } else if self.limit.is_some() != self.share_of_limit.is_some() {
            Err("a limit without a share")
        } else if too_fast {
            Err("faster than the rate that was asked for")
        } else {
            Ok(())
        }
    }

    /// What it is about, whoever asked and answered.
    pub(crate) fn by_nobody(&self) -> Self {
        Self {
            client: String::new(),
            server: String::new(),
            ..self.clone()
        }
    }

    /// Who asked whom, where it was not this program alone: `c` asked this one, `rust-go` the
    /// other way round, `c-go` both are others.
    fn pair(&self) -> Option<String> {
        match (self.client.is_empty(), self.server.is_empty()) {
            (true, true) => None,
            (_, true) => Some(self.client.clone()),
            (_, false) => Some(format!("{}-{}", named(&self.client), self.server)),
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
        words.push(self.layer.name().to_owned());
        words.extend(self.pair());
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
        let as_json = |value| serde_json::from_value::<String>(value).unwrap();
        for name in Scenario::VARIANTS {
            let scenario: Scenario = name.parse().unwrap();
            let json = as_json(serde_json::to_value(scenario).unwrap());
            assert_eq!([&json, scenario.name()], [*name; 2]);
        }
        for name in Transport::VARIANTS {
            let transport: Transport = name.parse().unwrap();
            let json = as_json(serde_json::to_value(transport).unwrap());
            assert_eq!([&json, transport.name()], [*name; 2]);
        }
    }

    #[test]
    fn names_tell_all_there_is_to_tell() {
        let ping = Row::new(Scenario::Ping, Transport::Shm, Layer::Client, "calls");
        for (client, server, pair) in [
            ("", "", ""),
            ("c", "", " c"),
            ("", "go", " rust-go"),
            ("c", "go", " c-go"),
        ] {
            let row = Row {
                client: client.to_owned(),
                server: server.to_owned(),
                ..ping.clone()
            };
            assert_eq!(row.name(), format!("ping shm client{pair}"));
            assert_eq!(row.by_nobody(), ping);
        }
        let row = Row {
            scenario: Scenario::PipelineBatch,
            variant: "16 known".to_owned(),
            transport: Transport::None,
            layer: Layer::Raw,
            client: "c".to_owned(),
            threads: 2,
            rate: 1000,
            load: "one hog".to_owned(),
            ..ping
        };
        let name = "pipeline-batch 16 known raw c x2 @1000 (one hog)";
        assert_eq!(row.name(), name);
    }
}
