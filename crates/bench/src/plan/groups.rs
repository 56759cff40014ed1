//! All rows as data: what is done, over what, how often, and what else the machine does.

use std::collections::HashSet;
use std::thread::available_parallelism;

use super::{BLOCKING, Case, Load};
use crate::row::Scenario::{
    Answer, Batch, Cache, Codec, Connect, Enricher, Item, Lookup, Ping, Pipeline, PipelineBatch,
    Snapshot,
};
use crate::row::{Layer, Row, Scenario, Transport};

/// What this program measures of itself.
pub(super) const OWN: &[Group] = &[
    group(Ping, &[], LINKS, BOTH, USUAL),
    // At a fixed rate, what a blocking client and server need is what ours may cost.
    group(Ping, &[&[BLOCKING]], LINKS, CLIENT, Rates::Fixed),
    Group {
        loads: BUSY,
        ..group(Ping, &[&["", BLOCKING]], LINKS, CLIENT, Rates::Full)
    },
    group(Batch, &[], LINKS, CLIENT, FULL),
    group(Pipeline, &[], PIPELINES, BOTH, ALWAYS),
    group(PipelineBatch, &[], PIPELINES, SESSION, ALWAYS),
    group(Snapshot, &[&["16", "1000", "10000"]], LINKS, CLIENT, FULL),
    group(Lookup, &[SERVICES, KEYS, MIXES], COMMON, CLIENT, FULL),
    group(Codec, &[SERVICES, KEYS, MIXES], NONE, CODEC, ALWAYS),
    group(Cache, &[CACHES, GUARDS, &["", SWAPS]], NONE, CACHE, ALWAYS),
    Group {
        threads: 0,
        ..group(Cache, &[CACHES, GUARDS, &[SWAPS]], NONE, CACHE, ALWAYS)
    },
    group(Enricher, &[LOOKS, SERVICES, MANY], NONE, ENRICHER, ALWAYS),
    group(Enricher, &[STEP, SERVICES, MANY], COMMON, ENRICHER, ALWAYS),
    group(Item, &[ITEMS, &["1000"]], NONE, CODEC, ALWAYS),
    group(Answer, &[ANSWERS], LINKS, SESSION, ALWAYS),
    group(Connect, &[], LINKS, SESSION, ALWAYS),
];

/// What every program does over everything.
pub(super) const MATRIX: &[Group] = &[
    group(Ping, &[], LINKS, CLIENT, USUAL),
    group(Batch, &[], LINKS, CLIENT, USUAL),
    group(Pipeline, &[], PIPELINES, CLIENT, USUAL),
    group(Snapshot, &[&["16"]], LINKS, CLIENT, USUAL),
    group(Lookup, &[SERVICES, &["16"], KNOWN], LINKS, CLIENT, USUAL),
    group(Cache, &[&["16"]], LINKS, CACHE, USUAL),
];

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
const NONE: &[Transport] = &[Transport::None];

const SESSION: &[Layer] = &[Layer::Session];
const CLIENT: &[Layer] = &[Layer::Client];
const BOTH: &[Layer] = &[Layer::Session, Layer::Client];
const CODEC: &[Layer] = &[Layer::Codec];
const CACHE: &[Layer] = &[Layer::Cache];
const ENRICHER: &[Layer] = &[Layer::Enricher];

const QUIET: &[Load] = &[Load::Quiet];
const BUSY: &[Load] = &[Load::Hogs(1), Load::Hogs(2), Load::OneCpu];

const SERVICES: &[&str] = &["cgroups", "apps"];
const KEYS: &[&str] = &["1", "16", "256", "8192", "32768"];
const MIXES: &[&str] = &["known", "unknown", "mixed"];
const KNOWN: &[&str] = &["known"];
const CACHES: &[&str] = &["16", "10000"];
const GUARDS: &[&str] = &["", "pinned"];
/// The word of tables that are swapped meanwhile.
const SWAPS: &str = "refreshed";
const LOOKS: &[&str] = &["hit", "miss"];
const STEP: &[&str] = &["step"];
const MANY: &[&str] = &["10000"];
/// Bytes.
const ANSWERS: &[&str] = &["65536", "1048576"];
const ITEMS: &[&str] = &["snapshot", "cgroups", "apps", "labels"];

const USUAL: Rates = Rates::Usual(&RATES);
const FULL: Rates = Rates::Usual(&[0]);
const ALWAYS: Rates = Rates::Always;
/// Operations a second of a ping, besides as many as possible.
const RATES: [u32; 4] = [1_000, 10_000, 100_000, 0];

/// How often a second.
#[derive(Clone, Copy)]
enum Rates {
    /// These, unless the user asks for others.
    Usual(&'static [u32]),
    /// Those of [`RATES`], or that the user asks for, that are not as often as possible.
    Fixed,
    /// As often as possible, where the user asks for that or for nothing.
    Full,
    /// As often as possible, whatever the user asks for.
    Always,
}

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

/// On one thread of a quiet machine.
const fn group(
    scenario: Scenario,
    words: &'static [&'static [&'static str]],
    links: &'static [Transport],
    layers: &'static [Layer],
    rates: Rates,
) -> Group {
    Group {
        scenario,
        words,
        links,
        layers,
        rates,
        loads: QUIET,
        threads: 1,
    }
}

impl Rates {
    /// The rates, each once, where the user asks for `asked`.
    fn resolve(self, asked: &[u32]) -> Vec<u32> {
        let (usual, fits): (&[u32], fn(u32) -> bool) = match self {
            Self::Usual(usual) => (usual, |_| true),
            Self::Fixed => (&RATES, |rate| rate > 0),
            Self::Full => (&[0], |rate| rate == 0),
            Self::Always => return vec![0],
        };
        let wanted = if asked.is_empty() { usual } else { asked };
        let mut seen = HashSet::new();
        let wanted = wanted.iter().copied();
        wanted
            .filter(|rate| fits(*rate) && seen.insert(*rate))
            .collect()
    }
}

impl Group {
    /// Its cases, where the user asks for the rates `asked`.
    pub(super) fn cases(&self, asked: &[u32]) -> Vec<Case> {
        let threads = match self.threads {
            0 => available_parallelism().map_or(1, |all| u32::try_from(all.get()).unwrap_or(1)),
            threads => threads,
        };
        let rates = self.rates.resolve(asked);
        let mut cases = Vec::new();
        for (transport, layer) in self.ways() {
            for load in self.loads.iter().filter(|load| load.is_possible()) {
                for variant in self.variants() {
                    let unit = self.scenario.unit(&variant);
                    let row = |rate: &u32| Row {
                        variant: variant.clone(),
                        rate: *rate,
                        threads,
                        ..Row::new(self.scenario, transport, layer, unit)
                    };
                    cases.extend(rates.iter().map(|rate| Case::new(row(rate), *load)));
                }
            }
        }
        cases
    }

    /// All combinations of what carries it and of layers.
    fn ways(&self) -> impl Iterator<Item = (Transport, Layer)> {
        let layers = self.layers;
        let ways = |link: &'static Transport| layers.iter().map(|layer| (*link, *layer));
        self.links.iter().flat_map(ways)
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
