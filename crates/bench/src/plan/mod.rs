//! Which rows there are: what is measured, and what each is held against.

mod groups;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod rows_linux;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashSet;
use std::iter;

use netipc::transport::{Transport as _, native};

use crate::driver::Program;
use crate::effort::Effort;
use crate::limits;
use crate::platform::CAN_PIN;
use crate::row::{Layer, Row, Scenario, Transport};
use crate::scenarios::{BLOCKING, WINDOW, is_common, profiles_of};
use groups::{MATRIX, OWN};

/// The raw limits that results are held against, as [`Row::name`] gives them.
const ECHO: &str = "limits echo spin socket raw";
const ECHO_BLOCKING: &str = "limits echo blocking socket raw";
const FUTEX: &str = "limits futex 20us shm raw";
const FUTEX_BLOCKING: &str = "limits futex blocking shm raw";

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
    /// Parts of names; rows that have one of them, or all where there are none.
    pub only: Vec<String>,
    /// Programs that ask this one, are asked by it and by each other: the matrix.
    pub peers: Vec<Program>,
    /// Whether only the matrix is measured.
    pub matrix: bool,
    /// How long each row takes.
    pub effort: Effort,
    /// Whether the limits that nothing is held against may be left out.
    pub quick: bool,
}

/// One row to measure.
#[derive(Clone, Debug)]
pub struct Case {
    /// The row, still without figures.
    pub(crate) row: Row,
    /// What else the machine does.
    pub(crate) load: Load,
    /// What the result is held against, measured beside it.
    pub(crate) limit: Option<Limit>,
    /// What a deployed peer cannot do without, measured beside it, too.
    pub(crate) deployed: Option<Limit>,
    /// The program that answers; this one where there is none.
    pub(crate) server: Option<Program>,
    /// Programs that ask the same, in turn with this one.
    pub(crate) clients: Vec<Program>,
}

/// What else the machine does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Load {
    /// Nothing.
    Quiet,
    /// So many processes compute.
    Hogs(usize),
    /// Nothing, but both ends share one processor.
    OneCpu,
}

/// What a result is held against.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Limit {
    /// Requests against this row's round trips; so many are in an operation.
    Requests(String, u32),
    /// Bytes of requests and replies against the copies whose size is next to theirs; each is copied
    /// so often.
    Copies(u8),
}

impl Limit {
    /// Whether this platform has such a raw row.
    fn is_measured(&self) -> bool {
        match self {
            Self::Requests(name, _) => limits::names().any(|known| known == *name),
            Self::Copies(_) => true,
        }
    }
}

impl Plan {
    /// The rows to measure, without those of [`Scenario::Limits`].
    #[must_use]
    pub fn cases(&self) -> Vec<Case> {
        let mut seen = HashSet::new();
        let mut cases = self.matrix_cases();
        if !self.matrix {
            let base = OWN.iter().flat_map(|group| group.cases(&self.rates));
            cases.extend(base.map(|case| self.with_clients(case)));
        }
        cases.retain(|case| self.wants(case) && seen.insert(case.name()));
        cases.sort_by_key(|case| case.row.scenario);
        cases
    }

    /// What every program asks every program, over everything, at every rate.
    fn matrix_cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        let servers = iter::once(None).chain(self.peers.iter().cloned().map(Some));
        for server in servers.filter(|_| !self.peers.is_empty()) {
            for mut case in MATRIX.iter().flat_map(|group| group.cases(&self.rates)) {
                case.clients.clone_from(&self.peers);
                case.row.server = server.iter().map(|server| server.name.as_str()).collect();
                case.server.clone_from(&server);
                cases.push(case);
            }
        }
        cases
    }

    /// With those peers that can do the same, where there is time for it.
    fn with_clients(&self, mut case: Case) -> Case {
        let is_reading = [Scenario::Item, Scenario::Enricher].contains(&case.row.scenario);
        if is_common(&case.row) && (is_reading || !self.quick) {
            case.clients.clone_from(&self.peers);
        }
        case
    }

    fn wants(&self, case: &Case) -> bool {
        let transport = case.row.transport;
        has(&self.scenarios, case.row.scenario)
            && is_carried(transport)
            && (transport == Transport::None || has(&self.transports, transport))
            && self.names(case)
    }

    /// Whether nothing at all is measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !limits::names().any(|name| self.wants_limit(&name)) && self.cases().is_empty()
    }

    /// Whether the raw limit of this name is measured for itself.
    pub(crate) fn wants_limit(&self, name: &str) -> bool {
        let named = |part: &String| name.contains(part.as_str());
        has(&self.scenarios, Scenario::Limits)
            && !self.matrix
            && (self.only.is_empty() || self.only.iter().any(named))
    }

    fn names(&self, case: &Case) -> bool {
        let has = |part: &String| case.rows().any(|row| row.name().contains(part));
        self.only.is_empty() || self.only.iter().any(has)
    }
}

/// Whether this platform has `transport`.
fn is_carried(transport: Transport) -> bool {
    let bits = profiles_of(transport);
    let all = native().profiles();
    all.iter().fold(0, |known, profile| known | profile.bit) & bits == bits
}

impl Load {
    /// What rows call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Quiet => "",
            Self::Hogs(1) => "one hog",
            Self::Hogs(_) => "two hogs",
            Self::OneCpu => "one cpu",
        }
    }

    fn is_possible(&self) -> bool {
        CAN_PIN || *self != Self::OneCpu
    }
}

impl Case {
    fn new(row: Row, load: Load) -> Self {
        // At a fixed rate nothing is as fast as it can be.
        let full = |limit: &Limit| row.rate == 0 && limit.is_measured();
        let typed = load == Load::Quiet && row.layer == Layer::Client && !row.has(BLOCKING);
        Self {
            limit: limit(&row, load).filter(full),
            deployed: deployed(&row).filter(|limit| typed && full(limit)),
            row: Row {
                load: load.name().to_owned(),
                ..row
            },
            load,
            server: None,
            clients: Vec::new(),
        }
    }

    /// Whether it is a call over a ring that can be made over a region, too: the two are measured in
    /// turn, as the machine may have changed until the other one has its own row.
    pub(crate) fn is_beside_region(&self) -> bool {
        let waits = ![Scenario::Pipeline, Scenario::PipelineBatch].contains(&self.row.scenario);
        let asks = waits && ![Scenario::Connect, Scenario::Cache].contains(&self.row.scenario);
        let alone = self.load == Load::Quiet && self.server.is_none() && !self.row.has(BLOCKING);
        asks && alone && self.row.transport == Transport::Ring && self.row.rate == 0
    }

    /// The name of its first row.
    #[must_use]
    pub fn name(&self) -> String {
        self.row.name()
    }

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

/// What a row is held against; on a busy machine what sleeps at once, in the same minute.
fn limit(row: &Row, load: Load) -> Option<Limit> {
    let raw = match (row.transport, load) {
        (Transport::None, _) if row.scenario == Scenario::Codec => return Some(Limit::Copies(1)),
        _ if row.scenario == Scenario::Answer => return Some(Limit::Copies(2)),
        (Transport::None, _) => return None,
        (Transport::Socket, Load::Quiet) => ECHO,
        (Transport::Socket, _) => ECHO_BLOCKING,
        (Transport::Shm, Load::Quiet) => FUTEX,
        (Transport::Ring, Load::Quiet) => limits::LINE,
        (Transport::Shm | Transport::Futex | Transport::Ring, _) => FUTEX_BLOCKING,
    };
    let each = match row.scenario {
        Scenario::Cache | Scenario::Enricher | Scenario::Item => return None,
        Scenario::Connect => return None,
        Scenario::Pipeline | Scenario::PipelineBatch => WINDOW,
        _ => 1,
    };
    Some(Limit::Requests(raw.to_owned(), each))
}

/// The stand-in for a deployed peer that does the same.
fn deployed(row: &Row) -> Option<Limit> {
    let window = match (row.scenario, row.variant.as_str()) {
        (Scenario::Ping | Scenario::Batch, _) => 1,
        (Scenario::Snapshot, "16") | (Scenario::Lookup, "cgroups 16 known") => 1,
        (Scenario::Pipeline, _) => WINDOW,
        _ => return None,
    };
    let (what, over) = (row.scenario.name(), row.transport.name());
    let name = format!("limits deployed {what} {over} raw");
    Some(Limit::Requests(name, window))
}

/// Whether `wanted` lets `this` through; nothing wanted is everything.
fn has<T: PartialEq>(wanted: &[T], this: T) -> bool {
    wanted.is_empty() || wanted.contains(&this)
}
