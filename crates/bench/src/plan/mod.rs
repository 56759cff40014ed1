//! Which rows there are: what is measured, and what each is held against.

#[cfg(test)]
pub(crate) mod tests;

use std::iter;
use std::thread::available_parallelism;

use crate::effort::Effort;
use crate::foreign::{Program, takes_part};
use crate::limits;
use crate::platform::CAN_PIN;
use crate::row::{Layer, Row, Scenario, Transport};
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
const LINKS: [Transport; 2] = [Transport::Socket, Transport::Shm];

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
        let all = [
            self.pings(),
            self.busy_pings(),
            self.batches(),
            self.snapshots(),
            self.lookups(),
            codecs(),
            caches(),
            items(),
            connects(),
        ];
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
        let all = all.into_iter().flatten().map(with_clients);
        all.filter(wanted).collect()
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

    fn pings(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for link in LINKS {
            for layer in [Layer::Session, Layer::Client] {
                let ping = Case::new(Work::Ping, link, layer);
                cases.extend(ping.at(self.rates_or(&RATES)));
            }
            // At a fixed rate, what a blocking client and server need is what ours may cost.
            let ping = Case::new(Work::Ping, link, Layer::Client).blocking();
            cases.extend(
                ping.at(self.rates_or(&RATES))
                    .filter(|case| case.row.rate > 0),
            );
        }
        cases
    }

    fn busy_pings(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        if self.rates_or(&[0]).contains(&0) {
            for link in LINKS {
                for load in [Load::Hogs(1), Load::Hogs(2), Load::OneCpu] {
                    if load == Load::OneCpu && !CAN_PIN {
                        continue;
                    }
                    cases.push(Case::new(Work::Ping, link, Layer::Client).under(load));
                }
            }
        }
        cases
    }

    fn batches(&self) -> Vec<Case> {
        let batches = LINKS.map(|link| Case::new(Work::Batch, link, Layer::Client));
        let mut cases: Vec<_> = batches
            .iter()
            .flat_map(|case| case.at(self.rates_or(&[0])))
            .collect();
        cases.extend([
            Case::new(Work::Pipeline, Transport::Socket, Layer::Session),
            Case::new(Work::Pipeline, Transport::Socket, Layer::Client),
            Case::new(Work::PipelineBatch, Transport::Socket, Layer::Session),
        ]);
        cases
    }

    fn snapshots(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for link in LINKS {
            for items in SNAPSHOT_ITEMS {
                let case = Case::new(Work::Snapshot(items), link, Layer::Client);
                cases.extend(case.at(self.rates_or(&[0])));
            }
        }
        cases
    }

    fn lookups(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for link in LINKS {
            for keys in keys() {
                let case = Case::new(Work::Lookup(keys), link, Layer::Client);
                cases.extend(case.at(self.rates_or(&[0])));
            }
        }
        cases
    }

    fn rates_or<'r>(&'r self, usual: &'r [u32]) -> &'r [u32] {
        if self.rates.is_empty() {
            usual
        } else {
            &self.rates
        }
    }
}

fn codecs() -> Vec<Case> {
    keys()
        .map(|keys| Case::new(Work::Codec(keys), Transport::None, Layer::Codec))
        .collect()
}

fn caches() -> Vec<Case> {
    let all =
        available_parallelism().map_or(1, |threads| u32::try_from(threads.get()).unwrap_or(1));
    let mut cases = Vec::new();
    for items in CACHE_ITEMS {
        for pinned in [false, true] {
            for (refreshed, threads) in [(false, 1), (true, 1), (true, all)] {
                let lookups = Lookups {
                    items,
                    pinned,
                    refreshed,
                };
                let mut case = Case::new(Work::Cache(lookups), Transport::None, Layer::Cache);
                case.row.threads = threads;
                cases.push(case);
            }
        }
    }
    cases.dedup_by(|a, b| a.row.name() == b.row.name());
    cases
}

fn items() -> Vec<Case> {
    Access::ALL
        .map(|access| Case::new(Work::Item(access), Transport::None, Layer::Codec))
        .into()
}

fn connects() -> Vec<Case> {
    LINKS
        .map(|link| Case::new(Work::Connect, link, Layer::Session))
        .into()
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

    fn new(work: Work, transport: Transport, layer: Layer) -> Self {
        let (scenario, unit) = work.scenario();
        let mut row = Row::new(scenario, transport, layer, unit);
        row.variant = work.variant();
        Self {
            limit: work.limit(transport).filter(|limit| limit.is_measured()),
            row,
            work,
            spin: true,
            load: Load::Quiet,
            clients: Vec::new(),
        }
    }

    /// The same, both sides of which sleep at once.
    fn blocking(mut self) -> Self {
        self.spin = false;
        self.row.variant = "blocking".to_owned();
        self
    }

    fn under(mut self, load: Load) -> Self {
        self.load = load;
        self.row.load = match load {
            Load::Quiet => "",
            Load::Hogs(1) => "one hog",
            Load::Hogs(_) => "two hogs",
            Load::OneCpu => "one cpu",
        }
        .to_owned();
        self
    }

    /// The same, at each of `rates`, and at none of them twice.
    fn at<'r>(&'r self, rates: &'r [u32]) -> impl Iterator<Item = Self> + 'r {
        let first = |(index, rate)| !rates.iter().take(index).any(|other| *other == rate);
        let rates = rates.iter().copied().enumerate();
        rates.filter(move |rate| first(*rate)).map(|(_, rate)| {
            let mut case = self.clone();
            case.row.rate = rate;
            case
        })
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
            Transport::Shm => FUTEX,
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
