//! Measures what a plan says, row by row.

use std::time::Duration;

use crate::driver::{Driver, Role};
use crate::effort::Effort;
use crate::error::BenchError;
use crate::limits::{self, Limits, Raw};
use crate::load::{self, Hogs};
use crate::measure::{BoxedOp, Sample, fill, median, run_own, run_program};
use crate::peer::Task;
use crate::plan::{Case, Limit, Load, Plan};
use crate::platform::{Pinned, allowed_cpus};
use crate::row::Row;
use crate::run_dir::RunDir;
use crate::scenarios::serve::{Route, Serve};

/// What a run came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The rows that could be measured.
    pub rows: Vec<Row>,
    /// Rows, or what was measured for several, that are missing, and why.
    pub missing: Vec<(String, BenchError)>,
}

/// Measures everything in `plan`; tells `progress` the name of each row before it is measured.
///
/// What cannot be measured is missing; the rest goes on.
///
/// # Errors
/// [`BenchError::Interrupted`], or that hogs would stop everything else.
pub fn run(plan: &Plan, progress: &mut dyn FnMut(&str)) -> Result<Outcome, BenchError> {
    let cases = plan.cases();
    let has_hogs = |case: &Case| matches!(case.load, Load::Hogs(_));
    if cases.iter().any(has_hogs) {
        load::check_policy()?;
    }
    let mut outcome = Outcome::default();
    let mut limits = Limits::default();
    for name in limits::names().filter(|name| plan.wants_limit(name)) {
        progress(&name);
        let measured = limits.measure(&name, &plan.effort);
        measured.or_else(|error| outcome.miss(&name, error))?;
    }
    for case in cases {
        progress(&case.name());
        match case.measure(plan, &mut limits) {
            Ok(rows) => outcome.rows.extend(rows),
            // Who only takes part in what it can is no failure.
            Err(BenchError::Unsupported(_)) if !plan.matrix => {}
            Err(error) => outcome.miss(&case.name(), error)?,
        }
    }
    outcome.rows.extend(limits.rows());
    outcome.check();
    Ok(outcome)
}

impl Outcome {
    /// Nothing is measured any more once it is called off.
    fn miss(&mut self, row: &str, error: BenchError) -> Result<(), BenchError> {
        match error {
            BenchError::Interrupted => Err(error),
            error => {
                self.missing.push((row.to_owned(), error));
                Ok(())
            }
        }
    }

    /// Takes out the rows whose figures cannot be.
    fn check(&mut self) {
        for row in &self.rows {
            if let Err(why) = row.check() {
                let why = BenchError::Invalid(why);
                self.missing.push((row.name(), why));
            }
        }
        self.rows.retain(|row| row.check().is_ok());
    }
}

impl Case {
    /// Measures its rows, in turn, run after run.
    fn measure(&self, plan: &Plan, limits: &mut Limits) -> Result<Vec<Row>, BenchError> {
        let effort = &plan.effort;
        let dir = RunDir::new()?;
        let mut references = self.references(self.work.payload()?)?;
        let needs = self.work.needs(self.row.layer);
        let route = Route {
            run_dir: dir.path().to_owned(),
            transport: self.row.transport,
            spin: self.spin,
            bytes: needs.bytes,
            batch_items: needs.batch_items,
        };
        let mut server = self.server(&route)?;
        let mut clients = self.clients(plan, &route)?;
        // Once both sides have their session: how they wait depends on the processors they see.
        let parts = clients.len() + references.len();
        let time = effort.total() * u32::try_from(parts).unwrap_or(1);
        let others = references
            .iter()
            .filter_map(|reference| reference.raw.pid());
        let pids = server.iter().map(Driver::pid).chain(others).collect();
        let load = apply(self.load, time, pids)?;
        let mut rounds = Vec::new();
        for _ in 0..effort.runs.max(1) {
            let mut round = Round::default();
            for reference in &mut references {
                round.beside.push(reference.raw.run_beside(effort)?);
            }
            for (_, client) in &mut clients {
                let sample = client.run(effort, self.row.rate, server.as_mut())?;
                round.samples.push(sample);
            }
            rounds.push(round);
        }
        if let Some(hogs) = &load.0 {
            hogs.check()?;
        }
        let rows = clients.into_iter().map(|(row, _)| row);
        let rows = self.filled(rows.collect(), &references, &rounds);
        for round in rounds {
            for (reference, sample) in references.iter().zip(round.beside) {
                limits.add(&reference.name, self.load.name(), sample)?;
            }
        }
        Ok(rows)
    }

    fn references(&self, payload: usize) -> Result<Vec<Reference>, BenchError> {
        let limits = self.limit.iter().chain(&self.deployed);
        limits.map(|limit| Reference::new(limit, payload)).collect()
    }

    /// Who does the operations of each row.
    fn clients(&self, plan: &Plan, route: &Route) -> Result<Vec<(Row, Client)>, BenchError> {
        let mut rows = self.rows();
        let ops = self.work.ops(route, self.row.layer, self.row.threads)?;
        let own = rows.next().map(|row| (row, Client::Own(ops)));
        let mut clients: Vec<_> = own.into_iter().collect();
        for (program, row) in self.clients.iter().zip(rows) {
            match Driver::program(program, Role::Client, &self.row, self.work, route) {
                Ok(client) => clients.push((row, Client::Program(client))),
                Err(BenchError::Unsupported(_)) if !plan.matrix => {}
                Err(error) => return Err(error),
            }
        }
        Ok(clients)
    }

    /// Who answers, if anybody.
    fn server(&self, route: &Route) -> Result<Option<Driver>, BenchError> {
        if let Some(program) = &self.server {
            return Driver::program(program, Role::Server, &self.row, self.work, route).map(Some);
        }
        let serve = || Serve {
            content: self.work.needs(self.row.layer).content,
            route: route.clone(),
        };
        let serve = self.work.has_server().then(serve);
        serve
            .map(|serve| Driver::own(&Task::Serve(serve)))
            .transpose()
    }

    /// `rows` with the figures of all rounds.
    fn filled(&self, rows: Vec<Row>, references: &[Reference], rounds: &[Round]) -> Vec<Row> {
        let filled = rows.into_iter().enumerate().map(|(index, row)| {
            let of_round = |round: &Round| round.samples.get(index).cloned();
            let samples: Vec<Sample> = rounds.iter().filter_map(of_round).collect();
            let share = |of: &dyn Fn(&Sample, &Round) -> Option<f64>| {
                let runs = samples.iter().zip(rounds);
                let shares: Vec<f64> = runs.filter_map(|(done, round)| of(done, round)).collect();
                (!shares.is_empty()).then(|| median(shares))
            };
            // At a fixed rate all are as fast as they are asked.
            let beside_own = index > 0 && row.rate == 0;
            let own = |done: &Sample, round: &Round| {
                let own = round.samples.first().filter(|_| beside_own)?;
                Some(done.throughput() / own.throughput())
            };
            let mut row = Row {
                share_of_own: share(&own),
                ..fill(row, &samples, self.work.is_timed())
            };
            for (which, reference) in references.iter().enumerate() {
                let share = share(&|done, round| {
                    let beside = round.beside.get(which)?;
                    Some(reference.scale.of(done) / beside.throughput())
                });
                let name = Some(reference.name.clone());
                if which == 0 && self.limit.is_some() {
                    (row.limit, row.share_of_limit) = (name, share);
                } else {
                    (row.deployed, row.share_of_deployed) = (name, share);
                }
            }
            row
        });
        filled.collect()
    }
}

/// Who does the operations.
enum Client {
    /// This program.
    Own(Vec<BoxedOp>),
    /// Another one.
    Program(Driver),
}

impl Client {
    fn run(
        &mut self,
        effort: &Effort,
        rate: u32,
        server: Option<&mut Driver>,
    ) -> Result<Sample, BenchError> {
        match self {
            Self::Own(ops) => run_own(effort, rate, server, ops),
            Self::Program(client) => run_program(effort, rate, server, client),
        }
    }
}

/// One run of each row of a case, and those of what they are held against right before.
#[derive(Default)]
struct Round {
    samples: Vec<Sample>,
    beside: Vec<Sample>,
}

/// A limit, and how runs are held against it.
struct Reference {
    /// The limit, as [`Row::name`] gives it.
    name: String,
    scale: Scale,
    raw: Raw,
}

/// What a run has done, in what the limit counts.
#[derive(Clone, Copy)]
enum Scale {
    /// Every operation is so much.
    Operation(f64),
    /// Every unit is so much.
    Unit(f64),
}

impl Scale {
    /// How much a second.
    fn of(self, sample: &Sample) -> f64 {
        match self {
            Self::Operation(each) => sample.ops_per_second() * each,
            Self::Unit(each) => sample.throughput() * each,
        }
    }
}

impl Reference {
    /// For calls whose requests and replies are `payload` bytes, where those count.
    fn new(limit: &Limit, payload: usize) -> Result<Self, BenchError> {
        let (name, scale) = match limit {
            Limit::Requests(name, each) => (name.clone(), Scale::Operation(f64::from(*each))),
            Limit::Copies => (limits::nearest_copy(payload)?, Scale::Unit(payload as f64)),
        };
        let raw = Raw::open(&name)?;
        Ok(Self { name, scale, raw })
    }
}

/// What keeps the machine busy while it exists.
type LoadGuard = (Option<Hogs>, Vec<Pinned>);

/// Keeps the machine busy for what takes `time`; `pids` take part beside this process.
fn apply(load: Load, time: Duration, pids: Vec<u32>) -> Result<LoadGuard, BenchError> {
    let failed = |source| BenchError::System {
        what: "cannot choose a processor",
        source,
    };
    match load {
        Load::Quiet => Ok((None, Vec::new())),
        Load::Hogs(count) => Ok((Some(Hogs::start(count, time)?), Vec::new())),
        Load::OneCpu => {
            let cpus = allowed_cpus().map_err(failed)?;
            let one = cpus.get(..1).unwrap_or_default();
            let pids = pids.into_iter().chain([std::process::id()]);
            let pinned = pids.map(|pid| Pinned::process(pid, one));
            let pinned = pinned.collect::<Result<_, _>>().map_err(failed)?;
            Ok((None, pinned))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::plan;
    use crate::row::{Layer, Scenario, Transport};

    /// So many operations of each row in a second, beside so much of what they are held against.
    fn round(ops: &[u64], beside: &[u64]) -> Round {
        let of = |counts: &[u64]| {
            let sample = |count: &u64| Sample::of(*count, Duration::from_secs(1));
            counts.iter().map(sample).collect()
        };
        Round {
            samples: of(ops),
            beside: of(beside),
        }
    }

    fn codec() -> Case {
        let mut cases = plan().cases().into_iter();
        let name = "codec cgroups 16 known codec";
        cases.find(|case| case.name() == name).unwrap()
    }

    #[test]
    fn runs_count_what_the_limit_counts() {
        let sample = Sample {
            units: 160,
            ..Sample::of(10, Duration::from_secs(1))
        };
        assert_eq!(Scale::Operation(16.0).of(&sample), 160.0);
        assert_eq!(Scale::Unit(2048.0).of(&sample), 160.0 * 2048.0);
        for (bytes, name) in [
            (1, "memcpy 64"),
            (100, "memcpy 64"),
            (2048, "memcpy 4096"),
            (9 << 20, "memcpy 3145728"),
        ] {
            let found = limits::nearest_copy(bytes).unwrap();
            assert_eq!(found, format!("limits {name} raw"));
        }
    }

    #[test]
    fn every_run_is_held_against_what_was_measured_right_before() {
        let mut case = codec();
        case.limit = Some(Limit::Copies);
        case.clients = vec!["c=c".parse().unwrap(), "go=go".parse().unwrap()];
        let mut references = case.references(1).unwrap();
        for reference in &mut references {
            reference.scale = Scale::Operation(1.0);
        }
        // The machine gets slower and slower, and all rows with it.
        let rounds = [
            round(&[100, 90, 200], &[1000]),
            round(&[50, 40, 100], &[500]),
            round(&[10, 7, 20], &[100]),
        ];
        let rows: Vec<Row> = case.rows().collect();
        let [own, c, go] = case.filled(rows, &references, &rounds).try_into().unwrap();
        assert_eq!(
            [own.throughput, c.throughput, go.throughput],
            [50.0, 40.0, 100.0]
        );
        let of_own = [own.share_of_own, c.share_of_own, go.share_of_own];
        assert_eq!(of_own, [None, Some(0.8), Some(2.0)]);
        let shares = [own.share_of_limit, c.share_of_limit, go.share_of_limit];
        assert_eq!(shares, [Some(0.1), Some(0.08), Some(0.2)]);
        assert_eq!(own.limit.as_deref(), Some("limits memcpy 64 raw"));
        assert_eq!([&own.client, &c.client, &go.client], ["", "c", "go"]);
    }

    #[test]
    fn rows_that_cannot_be_are_missing() {
        let good = Row {
            throughput: 2.0,
            min: 1.0,
            max: 3.0,
            ..Row::new(Scenario::Ping, Transport::Socket, Layer::Client, "calls")
        };
        let odd = Row {
            throughput: f64::NAN,
            variant: "odd".to_owned(),
            ..good.clone()
        };
        let mut outcome = Outcome {
            rows: vec![good.clone(), odd],
            missing: Vec::new(),
        };
        outcome.check();
        assert_eq!(outcome.rows, [good]);
        let [(name, why)] = &outcome.missing[..] else {
            panic!("{outcome:?}");
        };
        assert_eq!(name, "ping odd socket client");
        assert!(matches!(why, BenchError::Invalid(_)), "{why}");
        let called_off = outcome.miss("x", BenchError::Interrupted);
        assert!(called_off.is_err() && outcome.missing.len() == 1);
    }
}
