//! All rows as data: what is done, over what, how often, and what else the machine does.

use std::collections::HashSet;
use std::thread::available_parallelism;

use super::{Case, Load};
use crate::row::{Layer, Row, Scenario, Transport};

/// Operations a second of a ping, besides as many as possible.
const RATES: [u32; 4] = [1_000, 10_000, 100_000, 0];
pub(super) const LINKS: &[Transport] = &[
    Transport::Socket,
    Transport::Shm,
    Transport::Futex,
    Transport::Ring,
];
/// Those that carry several messages at once.
pub(super) const PIPELINES: &[Transport] = &[Transport::Socket, Transport::Ring];
/// Those that deployed peers know.
const COMMON: &[Transport] = &[Transport::Socket, Transport::Shm];

/// Cases that differ in what is done, what carries it and how often: all combinations.
pub(super) struct Group {
    scenario: Scenario,
    /// Words of the variant: one of each list.
    words: &'static [&'static [&'static str]],
    links: &'static [Transport],
    layers: &'static [Layer],
    rates: Rates,
    loads: &'static [Load],
    /// Threads that ask; 0 is as many as there are processors.
    threads: u32,
}

/// How often a second.
#[derive(Clone, Copy)]
enum Rates {
    /// These, unless the user asks for others.
    Usual(&'static [u32]),
    /// Those of them that are not as often as possible.
    Fixed(&'static [u32]),
    /// As often as possible, where the user asks for that or for nothing.
    Full,
    /// As often as possible, whatever the user asks for.
    Always,
}

const NONE: &[Transport] = &[Transport::None];
const CLIENT: &[Layer] = &[Layer::Client];
const QUIET: &[Load] = &[Load::Quiet];
const BUSY: &[Load] = &[Load::Hogs(1), Load::Hogs(2), Load::OneCpu];
const FULL: Rates = Rates::Usual(&[0]);
const SERVICES: &[&str] = &["cgroups", "apps"];
const KEYS: &[&str] = &["1", "16", "256", "8192", "32768"];
const MIXES: &[&str] = &["known", "unknown", "mixed"];

/// As often as possible, on one thread of a quiet machine, through the typed client.
const PLAIN: Group = Group {
    scenario: Scenario::Ping,
    words: &[],
    links: LINKS,
    layers: CLIENT,
    rates: Rates::Always,
    loads: QUIET,
    threads: 1,
};

const fn typed(
    scenario: Scenario,
    words: &'static [&'static [&'static str]],
    rates: Rates,
) -> Group {
    Group {
        scenario,
        words,
        rates,
        ..PLAIN
    }
}

const fn local(
    scenario: Scenario,
    words: &'static [&'static [&'static str]],
    layers: &'static [Layer],
) -> Group {
    Group {
        links: NONE,
        layers,
        ..typed(scenario, words, Rates::Always)
    }
}

/// What this program measures of itself.
pub(super) const OWN: &[Group] = &[
    Group {
        layers: &[Layer::Session, Layer::Client],
        ..typed(Scenario::Ping, &[], Rates::Usual(&RATES))
    },
    // At a fixed rate, what a blocking client and server need is what ours may cost.
    typed(Scenario::Ping, &[&[BLOCKING]], Rates::Fixed(&RATES)),
    Group {
        loads: BUSY,
        ..typed(Scenario::Ping, &[&["", BLOCKING]], Rates::Full)
    },
    typed(Scenario::Batch, &[], FULL),
    Group {
        links: PIPELINES,
        layers: &[Layer::Session, Layer::Client],
        ..typed(Scenario::Pipeline, &[], Rates::Always)
    },
    Group {
        links: PIPELINES,
        layers: &[Layer::Session],
        ..typed(Scenario::PipelineBatch, &[], Rates::Always)
    },
    typed(Scenario::Snapshot, &[&["16", "1000", "10000"]], FULL),
    Group {
        links: COMMON,
        ..typed(Scenario::Lookup, &[SERVICES, KEYS, MIXES], FULL)
    },
    local(Scenario::Codec, &[SERVICES, KEYS, MIXES], &[Layer::Codec]),
    local(
        Scenario::Cache,
        &[CACHES, &["", "pinned"], &["", "refreshed"]],
        &[Layer::Cache],
    ),
    Group {
        threads: 0,
        ..local(
            Scenario::Cache,
            &[CACHES, &["", "pinned"], &["refreshed"]],
            &[Layer::Cache],
        )
    },
    local(
        Scenario::Enricher,
        &[&["hit", "miss"], SERVICES, ENRICHED],
        &[Layer::Enricher],
    ),
    Group {
        links: COMMON,
        layers: &[Layer::Enricher],
        ..typed(
            Scenario::Enricher,
            &[&["step"], SERVICES, ENRICHED],
            Rates::Always,
        )
    },
    local(
        Scenario::Item,
        &[&["snapshot", "cgroups", "apps", "labels"], &["1000"]],
        &[Layer::Codec],
    ),
    Group {
        layers: &[Layer::Session],
        ..typed(Scenario::Connect, &[], Rates::Always)
    },
];
const CACHES: &[&str] = &["16", "10000"];
/// Keys of an enricher.
const ENRICHED: &[&str] = &["10000"];
/// The word of sides that never look before they sleep.
pub(super) const BLOCKING: &str = "blocking";

/// What every program does over everything.
pub(super) const MATRIX: &[Group] = &[
    typed(Scenario::Ping, &[], Rates::Usual(&RATES)),
    typed(Scenario::Batch, &[], Rates::Usual(&RATES)),
    Group {
        links: PIPELINES,
        ..typed(Scenario::Pipeline, &[], Rates::Usual(&RATES))
    },
    typed(Scenario::Snapshot, &[&["16"]], Rates::Usual(&RATES)),
    typed(
        Scenario::Lookup,
        &[SERVICES, &["16"], &["known"]],
        Rates::Usual(&RATES),
    ),
    Group {
        layers: &[Layer::Cache],
        ..typed(Scenario::Cache, &[&["16"]], Rates::Usual(&RATES))
    },
];

impl Rates {
    /// The rates, each once, where the user asks for `asked`.
    fn resolve(self, asked: &[u32]) -> Vec<u32> {
        let or = |usual: &[u32]| if asked.is_empty() { usual } else { asked }.to_vec();
        let mut rates = match self {
            Self::Usual(usual) => or(usual),
            Self::Fixed(usual) => or(usual).into_iter().filter(|rate| *rate > 0).collect(),
            Self::Full => or(&[0]).into_iter().filter(|rate| *rate == 0).collect(),
            Self::Always => vec![0],
        };
        let mut seen = HashSet::new();
        rates.retain(|rate| seen.insert(*rate));
        rates
    }
}

impl Group {
    /// Its cases, where the user asks for the rates `asked`.
    pub(super) fn cases(&self, asked: &[u32]) -> Vec<Case> {
        let rates = self.rates.resolve(asked);
        let mut cases = Vec::new();
        for transport in self.links {
            for layer in self.layers {
                for load in self.loads.iter().filter(|load| load.is_possible()) {
                    for variant in self.variants() {
                        let row = self.row(*transport, *layer, variant);
                        let at = |rate: &u32| {
                            Case::new(
                                Row {
                                    rate: *rate,
                                    ..row.clone()
                                },
                                *load,
                            )
                        };
                        cases.extend(rates.iter().map(at));
                    }
                }
            }
        }
        cases
    }

    fn row(&self, transport: Transport, layer: Layer, variant: String) -> Row {
        let unit = self.scenario.unit(&variant);
        Row {
            variant,
            threads: self.threads(),
            ..Row::new(self.scenario, transport, layer, unit)
        }
    }

    fn threads(&self) -> u32 {
        match self.threads {
            0 => available_parallelism().map_or(1, |all| u32::try_from(all.get()).unwrap_or(1)),
            threads => threads,
        }
    }

    /// All combinations of its words.
    fn variants(&self) -> Vec<String> {
        let lists = self.words.iter();
        lists.fold(vec![String::new()], |variants, words| {
            let with = |variant: String| {
                let joined = move |word: &&str| format!("{variant} {word}").trim().to_owned();
                words.iter().map(joined).collect::<Vec<_>>()
            };
            variants.into_iter().flat_map(with).collect()
        })
    }
}
