//! Measures what a plan says, row by row.

use std::time::Duration;

use crate::driver::{Driver, Role};
use crate::effort::Effort;
use crate::error::{BenchError, system};
use crate::limits::{self, Limits, Raw};
use crate::load::{self, Hogs};
use crate::measure::{Client, Sample, fill, median};
use crate::peer::Task;
use crate::plan::{Case, Limit, Load, Plan};
use crate::platform::RunDir;
use crate::platform::{Pinned, allowed_cpus};
use crate::row::{Row, Scenario, Transport};
use crate::scenarios::{self, Route};

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
        let (effort, rate) = (&plan.effort, self.row.rate);
        let dir = RunDir::new()?;
        let mut references = self.references(scenarios::payload(&self.row)?)?;
        let route = Route::of(&self.row, dir.path());
        let mut server = self.server(&route)?;
        let (rows, mut clients) = self.clients(plan, &route)?;
        let mut region = self.is_beside_region().then(|| self.region()).transpose()?;
        // Once both sides have their session: how they wait depends on the processors they see.
        let parts = clients.len() + references.len() + usize::from(region.is_some());
        let time = effort.total() * u32::try_from(parts).unwrap_or(1);
        let others = references.iter().filter_map(|beside| beside.raw.pid());
        let pids = server.iter().map(Driver::pid).chain(others).collect();
        let (hogs, _pinned) = apply(self.load, time, pids)?;
        let mut rounds = Vec::new();
        for _ in 0..effort.runs.max(1) {
            let beside = references.iter_mut();
            let beside = beside.map(|beside| beside.raw.run_beside(effort));
            let beside = beside.collect::<Result<_, _>>()?;
            let region = region.as_mut().map(|region| region.run(effort));
            let region = region.transpose()?;
            let clients = clients.iter_mut();
            let samples = clients.map(|client| client.run(effort, rate, server.as_mut()));
            let samples = samples.collect::<Result<_, _>>()?;
            rounds.push(Round {
                samples,
                beside,
                region,
            });
        }
        hogs.iter().try_for_each(Hogs::check)?;
        let rows = self.filled(rows, &references, &rounds);
        for round in rounds {
            for (reference, sample) in references.iter().zip(round.beside) {
                limits.add(&reference.raw.name(), self.load.name(), sample)?;
            }
        }
        Ok(rows)
    }

    /// What its rows are held against, for calls whose requests and replies are `payload` bytes,
    /// where those count.
    fn references(&self, payload: usize) -> Result<Vec<Reference>, BenchError> {
        let limits = self.limit.iter().chain(&self.deployed);
        let reference = |limit: &Limit| {
            let (name, scale) = match limit {
                Limit::Requests(name, each) => (name.clone(), Scale::Operation(f64::from(*each))),
                Limit::Copies(times) => {
                    let bytes = payload as f64 * f64::from(*times);
                    (limits::nearest_copy(payload)?, Scale::Unit(bytes))
                }
            };
            let raw = Raw::open(&name)?;
            Ok(Reference { raw, scale })
        };
        limits.map(reference).collect()
    }

    /// The same over a region, in a place of its own.
    fn region(&self) -> Result<Region, BenchError> {
        let dir = RunDir::new()?;
        let row = Row {
            transport: Transport::Shm,
            ..self.row.clone()
        };
        let route = Route::of(&row, dir.path());
        let server = Driver::own(&Task::Serve(row.content(), route.clone()))?;
        let client = Client::Own(scenarios::ops(&row, &route)?);
        Ok(Region {
            client,
            server,
            _dir: dir,
        })
    }

    /// The rows, and who does the operations of each.
    fn clients(&self, plan: &Plan, route: &Route) -> Result<(Vec<Row>, Vec<Client>), BenchError> {
        let own = Client::Own(scenarios::ops(&self.row, route)?);
        let (mut rows, mut clients) = (vec![self.row.clone()], vec![own]);
        for (program, row) in self.clients.iter().zip(self.rows().skip(1)) {
            match Driver::program(program, Role::Client, &self.row, route) {
                Ok(client) => {
                    rows.push(row);
                    clients.push(Client::Program(client));
                }
                Err(BenchError::Unsupported(_)) if !plan.matrix => {}
                Err(error) => return Err(error),
            }
        }
        Ok((rows, clients))
    }

    /// Who answers, if anybody.
    fn server(&self, route: &Route) -> Result<Option<Driver>, BenchError> {
        let driver = match &self.server {
            Some(program) => Driver::program(program, Role::Server, &self.row, route),
            None if self.row.scenario == Scenario::Codec => return Ok(None),
            None => Driver::own(&Task::Serve(self.row.content(), route.clone())),
        };
        driver.map(Some)
    }

    /// `rows` with the figures of all rounds.
    fn filled(&self, rows: Vec<Row>, references: &[Reference], rounds: &[Round]) -> Vec<Row> {
        let filled = |(index, row): (usize, Row)| {
            let sample = |round: &Round| round.samples[index].clone();
            let samples: Vec<Sample> = rounds.iter().map(sample).collect();
            let share = |of: &dyn Fn(&Sample, &Round) -> f64| {
                let runs = samples.iter().zip(rounds);
                Some(median(runs.map(|(done, round)| of(done, round)).collect()))
            };
            let mut row = fill(row, &samples, scenarios::is_timed(&self.row));
            // At a fixed rate all are as fast as they are asked.
            if index > 0 && row.rate == 0 {
                let own = |done: &Sample, round: &Round| {
                    done.throughput() / round.samples[0].throughput()
                };
                row.share_of_own = share(&own);
            }
            if index == 0 && rounds.iter().all(|round| round.region.is_some()) {
                row.share_of_region = share(&|done, round| {
                    let region = round.region.as_ref().map(Sample::throughput);
                    done.throughput() / region.unwrap_or(f64::NAN)
                });
            }
            for (which, reference) in references.iter().enumerate() {
                let share = share(&|done, round| {
                    reference.scale.of(done) / round.beside[which].throughput()
                });
                let name = Some(reference.raw.name());
                if which == 0 && self.limit.is_some() {
                    (row.limit, row.share_of_limit) = (name, share);
                } else {
                    (row.deployed, row.share_of_deployed) = (name, share);
                }
            }
            row
        };
        rows.into_iter().enumerate().map(filled).collect()
    }
}

/// One run of each row of a case, and those of what they are held against right before.
struct Round {
    samples: Vec<Sample>,
    beside: Vec<Sample>,
    region: Option<Sample>,
}

/// The same calls over a region.
struct Region {
    client: Client,
    server: Driver,
    _dir: RunDir,
}

impl Region {
    fn run(&mut self, effort: &Effort) -> Result<Sample, BenchError> {
        self.client.run(effort, 0, Some(&mut self.server))
    }
}

/// A raw limit, and how runs are held against it.
struct Reference {
    raw: Raw,
    scale: Scale,
}

/// What a run has done, in what the limit counts.
enum Scale {
    /// Every operation is so much.
    Operation(f64),
    /// Every unit is so much.
    Unit(f64),
}

impl Scale {
    /// How much a second.
    fn of(&self, sample: &Sample) -> f64 {
        match self {
            Self::Operation(each) => sample.ops_per_second() * each,
            Self::Unit(each) => sample.throughput() * each,
        }
    }
}

/// Keeps the machine busy for what takes `time`, while what it returns exists; `pids` take part
/// beside this process.
fn apply(
    load: Load,
    time: Duration,
    pids: Vec<u32>,
) -> Result<(Option<Hogs>, Vec<Pinned>), BenchError> {
    let failed = system("cannot choose a processor");
    match load {
        Load::Quiet => Ok((None, Vec::new())),
        Load::Hogs(count) => Ok((Some(Hogs::start(count, time)?), Vec::new())),
        Load::OneCpu => {
            let cpus = allowed_cpus().map_err(&failed)?;
            let one = cpus.get(..1).unwrap_or_default();
            let pids = pids.into_iter().chain([std::process::id()]);
            let pinned = pids.map(|pid| Pinned::process(pid, one));
            let pinned = pinned.collect::<Result<_, _>>().map_err(&failed)?;
            Ok((None, pinned))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::plan;
    use crate::row::{Layer, Transport};

    /// So many operations of each row in a second, beside so much of what they are held against.
    fn round(ops: &[u64], beside: &[u64]) -> Round {
        let of = |counts: &[u64]| {
            let sample = |count: &u64| Sample::of(*count, Duration::from_secs(1));
            counts.iter().map(sample).collect()
        };
        Round {
            samples: of(ops),
            beside: of(beside),
            region: None,
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
        case.limit = Some(Limit::Copies(1));
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
    fn a_ring_is_held_against_the_region_beside_it() {
        let beside = |name: &str| {
            let cases = plan().cases();
            let case = cases.iter().find(|case| case.name() == name);
            case.is_some_and(Case::is_beside_region)
        };
        for name in [
            "ping ring session",
            "batch ring client",
            "snapshot 16 ring client",
            "answer 65536 ring session",
        ] {
            assert_eq!(beside(name), cfg!(target_os = "linux"), "{name}");
        }
        for name in [
            "ping shm client",
            "pipeline ring client",
            "connect ring session",
            "ping ring client (one hog)",
        ] {
            assert!(!beside(name), "{name}");
        }
        let case = codec();
        let rounds = [(100, 50), (30, 10), (10, 20)].map(|(ring, region)| Round {
            region: Some(Sample::of(region, Duration::from_secs(1))),
            ..round(&[ring], &[])
        });
        let [row] = case
            .filled(case.rows().collect(), &[], &rounds)
            .try_into()
            .unwrap();
        assert_eq!(row.share_of_region, Some(2.0));
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
