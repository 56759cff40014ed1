//! Which rows there are: what is measured, and what each is held against.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashSet;
use std::iter;
use std::thread::available_parallelism;

use netipc::transport::{Transport as _, native};

use crate::effort::Effort;
use crate::foreign::{Program, takes_part};
use crate::limits;
use crate::platform::CAN_PIN;
use crate::row::{Layer, Row, Scenario, Transport};
use crate::scenarios::serve::profiles_of;
use crate::scenarios::{Access, Keys, Lookups, Mix, Service, WINDOW, Work};

/// The raw limits that results are held against, as [`Row::name`] gives them.
const ECHO: &str = "limits echo spin socket raw";
const FUTEX: &str = "limits futex 20us shm raw";
const MEMCPY: &str = "limits memcpy";

/// Operations a second of a ping, besides as many as possible.
const RATES: [u32; 4] = [1_000, 10_000, 100_000, 0];
const SNAPSHOT_ITEMS: [u32; 3] = [16, 1_000, 10_000];
const LOOKUP_KEYS: [u32; 5] = [1, 16, 256, 8_192, 32_768];
const CACHE_ITEMS: [u32; 2] = [16, 10_000];
const LINKS: &[Transport] = &[Transport::Socket, Transport::Shm, Transport::Ring];
/// Those that carry several messages at once.
const PIPELINES: &[Transport] = &[Transport::Socket, Transport::Ring];
/// Those that deployed peers know.
const COMMON: &[Transport] = &[Transport::Socket, Transport::Shm];

/// What to measure, and how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Scenarios; all where there are none.
    pub scenarios: Vec<Scenario>,
    /// What carries the data; everything where there are none.
    pub transports: Vec<Transport>,
    /// Rates of `ping`, `batch`, `snapshot` and `lookup`; where there are none, `ping` has several
    /// and the others are as fast as they can be.
    pub rates: Vec<u32>,
    /// Parts of names; rows that have one of them, or all where there are none. Limits, which have
    /// no names before they are measured, come together where a part begins with `limits`.
    pub only: Vec<String>,
    /// Programs that are measured beside this one; where there are any, only what they can do.
    pub clients: Vec<Program>,
    /// How long each row takes.
    pub effort: Effort,
    /// Whether the limits that nothing is held against may be left out.
    pub quick: bool,
}

/// One row to measure.
#[derive(Clone, Debug)]
pub struct Case {
    /// The row, still without figures.
    pub row: Row,
    /// What one operation is.
    pub work: Work,
    /// Whether both sides may look before they sleep.
    pub spin: bool,
    /// What else the machine does.
    pub load: Load,
    /// What the result is held against.
    pub limit: Option<Limit>,
    /// Programs that do the same, in turn with this one.
    pub clients: Vec<Program>,
}

/// What else the machine does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Load {
    /// Nothing.
    Quiet,
    /// So many processes compute.
    Hogs(usize),
    /// Nothing, but both ends share one processor.
    OneCpu,
}

/// What a result is held against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limit {
    /// Requests against this row's round trips; so many are in an operation.
    Requests(&'static str, usize),
    /// Bytes of requests and replies against the copies whose size is next to theirs.
    Copies(&'static str),
}

impl Limit {
    /// Whether this platform has such a raw row.
    fn is_measured(&self) -> bool {
        match self {
            Self::Requests(name, _) => limits::has_row(name),
            Self::Copies(_) => true,
        }
    }
}

impl Plan {
    /// The rows to measure, without those of [`Scenario::Limits`].
    #[must_use]
    pub fn cases(&self) -> Vec<Case> {
        let with_clients = |mut case: Case| {
            case.clients.clone_from(&self.clients);
            case
        };
        let wanted = |case: &Case| {
            has(&self.scenarios, case.row.scenario)
                && (case.row.transport == Transport::None
                    || has(&self.transports, case.row.transport))
                && (self.clients.is_empty() || takes_part(case.work, &case.row))
                && self.names(case)
        };
        let all = groups().into_iter();
        let all = all.flat_map(|group| group.cases(&self.rates));
        let all = all.filter(|case| is_carried(case.row.transport));
        all.map(with_clients).filter(wanted).collect()
    }

    /// Whether raw limits are measured: for themselves, or to hold something against them.
    #[must_use]
    pub fn needs_limits(&self) -> bool {
        self.wants_limits() || self.cases().iter().any(|case| case.limit.is_some())
    }

    /// Whether nothing at all is measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.wants_limits() && self.cases().is_empty()
    }

    fn wants_limits(&self) -> bool {
        let limits = Scenario::Limits;
        let named = |part: &String| part.starts_with(limits.name());
        has(&self.scenarios, limits) && (self.only.is_empty() || self.only.iter().any(named))
    }

    fn names(&self, case: &Case) -> bool {
        let has = |part: &String| case.rows().any(|row| row.name().contains(part));
        self.only.is_empty() || self.only.iter().any(has)
    }
}

/// Cases that differ in what is done, what carries it and how often.
struct Group {
    works: Vec<Work>,
    links: &'static [Transport],
    layer: Layer,
    rates: Rates,
    threads: u32,
    spin: bool,
    load: Load,
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

/// Whether this platform has `transport`.
fn is_carried(transport: Transport) -> bool {
    let bits = profiles_of(transport);
    let all = native().profiles();
    all.iter().fold(0, |known, profile| known | profile.bit) & bits == bits
}

fn groups() -> Vec<Group> {
    const NONE: &[Transport] = &[Transport::None];
    const FULL: Rates = Rates::Usual(&[0]);
    let ping = |layer| Group::new(vec![Work::Ping], LINKS, layer);
    let pipeline = |work, layer| Group::new(vec![work], PIPELINES, layer);
    let mut groups = vec![
        ping(Layer::Session).at(Rates::Usual(&RATES)),
        ping(Layer::Client).at(Rates::Usual(&RATES)),
        // At a fixed rate, what a blocking client and server need is what ours may cost.
        Group {
            spin: false,
            ..ping(Layer::Client).at(Rates::Fixed(&RATES))
        },
        ping(Layer::Client).under(Load::Hogs(1)),
        ping(Layer::Client).under(Load::Hogs(2)),
    ];
    if CAN_PIN {
        groups.push(ping(Layer::Client).under(Load::OneCpu));
    }
    let snapshots = SNAPSHOT_ITEMS.map(Work::Snapshot).into();
    let lookups = keys().map(Work::Lookup).collect();
    groups.extend([
        Group::new(vec![Work::Batch], LINKS, Layer::Client).at(FULL),
        pipeline(Work::Pipeline, Layer::Session),
        pipeline(Work::Pipeline, Layer::Client),
        pipeline(Work::PipelineBatch, Layer::Session),
        Group::new(snapshots, LINKS, Layer::Client).at(FULL),
        Group::new(lookups, COMMON, Layer::Client).at(FULL),
        Group::new(keys().map(Work::Codec).collect(), NONE, Layer::Codec),
    ]);
    groups.extend(caches());
    groups.extend([
        Group::new(Access::ALL.map(Work::Item).into(), NONE, Layer::Codec),
        Group::new(vec![Work::Connect], LINKS, Layer::Session),
    ]);
    groups
}

/// Lookups in a cache that stays as it is, and that one or all threads use while it changes.
fn caches() -> impl Iterator<Item = Group> {
    let all =
        available_parallelism().map_or(1, |threads| u32::try_from(threads.get()).unwrap_or(1));
    let mut threads = vec![(false, 1), (true, 1), (true, all)];
    threads.dedup();
    let shape = |items| [false, true].map(|pinned| (items, pinned));
    let shapes = CACHE_ITEMS.into_iter().flat_map(shape);
    shapes.flat_map(move |(items, pinned)| {
        let group = move |(refreshed, threads)| {
            let lookups = Lookups {
                items,
                pinned,
                refreshed,
            };
            let works = vec![Work::Cache(lookups)];
            Group {
                threads,
                ..Group::new(works, &[Transport::None], Layer::Cache)
            }
        };
        threads.clone().into_iter().map(group)
    })
}

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
    /// As fast as possible, on one thread of a quiet machine.
    fn new(works: Vec<Work>, links: &'static [Transport], layer: Layer) -> Self {
        Self {
            works,
            links,
            layer,
            rates: Rates::Always,
            threads: 1,
            spin: true,
            load: Load::Quiet,
        }
    }

    fn at(self, rates: Rates) -> Self {
        Self { rates, ..self }
    }

    fn under(self, load: Load) -> Self {
        let rates = Rates::Full;
        Self {
            load,
            rates,
            ..self
        }
    }

    /// Its cases, where the user asks for the rates `asked`.
    fn cases(self, asked: &[u32]) -> Vec<Case> {
        let mut cases = Vec::new();
        for link in self.links {
            for work in &self.works {
                for rate in self.rates.resolve(asked) {
                    cases.push(self.case(*work, *link, rate));
                }
            }
        }
        cases
    }

    fn case(&self, work: Work, transport: Transport, rate: u32) -> Case {
        let (scenario, unit) = work.scenario();
        let variant = if self.spin {
            work.variant()
        } else {
            "blocking".to_owned()
        };
        let row = Row {
            variant,
            rate,
            threads: self.threads,
            load: self.load.name().to_owned(),
            ..Row::new(scenario, transport, self.layer, unit)
        };
        Case {
            limit: work.limit(transport).filter(Limit::is_measured),
            row,
            work,
            spin: self.spin,
            load: self.load,
            clients: Vec::new(),
        }
    }
}

impl Load {
    /// What rows call it.
    const fn name(self) -> &'static str {
        match self {
            Self::Quiet => "",
            Self::Hogs(1) => "one hog",
            Self::Hogs(_) => "two hogs",
            Self::OneCpu => "one cpu",
        }
    }
}

fn keys() -> impl Iterator<Item = Keys> {
    [Service::Cgroups, Service::Apps]
        .into_iter()
        .flat_map(|service| {
            LOOKUP_KEYS.into_iter().flat_map(move |count| {
                Mix::ALL.map(|mix| Keys {
                    service,
                    count,
                    mix,
                })
            })
        })
}

impl Case {
    /// Its rows, still without figures: this program's and those of its clients.
    pub fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        let of_client = |program: &Program| Row {
            client: program.name.clone(),
            ..self.row.clone()
        };
        let clients = self.clients.iter().map(of_client);
        iter::once(self.row.clone()).chain(clients)
    }
}

impl Work {
    fn scenario(self) -> (Scenario, &'static str) {
        match self {
            Self::Ping => (Scenario::Ping, "calls"),
            Self::Batch => (Scenario::Batch, "items"),
            Self::Pipeline => (Scenario::Pipeline, "calls"),
            Self::PipelineBatch => (Scenario::PipelineBatch, "items"),
            Self::Snapshot(_) => (Scenario::Snapshot, "calls"),
            Self::Lookup(_) => (Scenario::Lookup, "calls"),
            Self::Codec(_) => (Scenario::Codec, "calls"),
            Self::Cache(_) => (Scenario::Cache, "lookups"),
            Self::Item(Access::Labels) => (Scenario::Item, "labels"),
            Self::Item(_) => (Scenario::Item, "items"),
            Self::Connect => (Scenario::Connect, "connections"),
        }
    }

    fn variant(self) -> String {
        match self {
            Self::Snapshot(items) => items.to_string(),
            Self::Lookup(keys) | Self::Codec(keys) => {
                let service = match keys.service {
                    Service::Cgroups => "cgroups",
                    Service::Apps => "apps",
                };
                format!("{service} {} {}", keys.count, keys.mix)
            }
            Self::Cache(lookups) => {
                let how = if lookups.pinned { " pinned" } else { "" };
                let meanwhile = if lookups.refreshed { " refreshed" } else { "" };
                format!("{}{how}{meanwhile}", lookups.items)
            }
            Self::Item(access) => {
                let of = match access {
                    Access::Snapshot => "snapshot",
                    Access::Cgroups => "cgroups",
                    Access::Apps => "apps",
                    Access::Labels => "labels",
                };
                format!("{of} {}", self.items())
            }
            _ => String::new(),
        }
    }

    fn limit(self, transport: Transport) -> Option<Limit> {
        let raw = match transport {
            Transport::Socket => ECHO,
            Transport::Shm | Transport::Ring => FUTEX,
            Transport::None => MEMCPY,
        };
        match self {
            Self::Cache(_) | Self::Item(_) | Self::Connect => None,
            Self::Codec(_) => Some(Limit::Copies(raw)),
            Self::Pipeline | Self::PipelineBatch => Some(Limit::Requests(raw, WINDOW)),
            _ => Some(Limit::Requests(raw, 1)),
        }
    }
}

/// Whether `wanted` lets `this` through; nothing wanted is everything.
fn has<T: PartialEq>(wanted: &[T], this: T) -> bool {
    wanted.is_empty() || wanted.contains(&this)
}
