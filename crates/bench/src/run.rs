//! Measures what a plan says, row by row.

use std::time::Duration;

use crate::effort::Effort;
use crate::error::BenchError;
use crate::foreign::Client;
use crate::limits::{Limits, Raw};
use crate::load::{self, Hogs};
use crate::measure::{BoxedOp, Sample, fill, median, run_foreign, run_of};
use crate::peer::{Peer, Task};
use crate::plan::{Case, Limit, Load, Plan};
use crate::platform::{Pinned, allowed_cpus};
use crate::row::Row;
use crate::run_dir::RunDir;
use crate::scenarios::TestData;
use crate::scenarios::serve::{Route, Serve};

/// Measures everything in `plan`; tells `progress` the name of each row before it is measured.
///
/// # Errors
/// The first row that cannot be measured, or [`BenchError::Interrupted`].
pub fn run(plan: &Plan, progress: &mut dyn FnMut(&str)) -> Result<Vec<Row>, BenchError> {
    let cases = plan.cases();
    let has_hogs = |case: &Case| matches!(case.load, Load::Hogs(_));
    if cases.iter().any(has_hogs) {
        load::check_policy()?;
    }
    let mut limits = if plan.needs_limits() {
        Limits::measure(&plan.effort, plan.quick, progress)?
    } else {
        Limits::default()
    };
    let mut measured = Vec::new();
    for case in cases {
        progress(&case.row.name());
        measured.extend(case.measure(&plan.effort, &mut limits)?);
    }
    // What is beside no limit of its own is held against the median of all, known only now.
    let limits = limits.rows();
    let rows = measured.into_iter().map(|row| row.held_against(&limits));
    let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    rows.extend(limits);
    Ok(rows)
}

impl Case {
    /// Measures its rows, in turn, run after run.
    fn measure(&self, effort: &Effort, limits: &mut Limits) -> Result<Vec<Measured>, BenchError> {
        let dir = RunDir::new()?;
        let data = TestData::of(self.work)?;
        let reference = self.limit.map(|limit| {
            let payload = self.work.payload(&data)?;
            Reference::new(limit, payload, limits)
        });
        let reference = reference.transpose()?;
        let mut raw = self.neighbour(reference.as_ref(), limits)?;
        let route = Route {
            run_dir: dir.path().to_owned(),
            transport: self.row.transport,
            spin: self.spin,
            bytes: self.work.bytes(),
            batch_items: self.work.batch_items(),
        };
        let mut peer = self.peer(&route)?;
        let mut drivers = self.drivers(&route, &data)?;
        // Once both sides have their session: how they wait depends on the processors they see.
        let time = effort.total() * u32::try_from(drivers.len()).unwrap_or(1);
        let load = apply(self.load, time, peer.as_ref())?;
        let mut rounds = Vec::new();
        for _ in 0..effort.runs.max(1) {
            let beside = raw.as_mut().map(|raw| raw.run_beside(effort)).transpose()?;
            let mut samples = Vec::new();
            for driver in &mut drivers {
                samples.push(driver.run(effort, self.row.rate, peer.as_mut())?);
            }
            rounds.push(Round { samples, beside });
        }
        if let Some(hogs) = &load.0 {
            hogs.check()?;
        }
        Ok(Measured::all(self, reference.as_ref(), rounds, limits))
    }

    /// Who does the operations, in the order of the rows.
    fn drivers<'s>(
        &self,
        route: &Route,
        data: &'s TestData,
    ) -> Result<Vec<Driver<'s>>, BenchError> {
        let (layer, threads) = (self.row.layer, self.row.threads);
        let mut drivers = vec![Driver::Own(self.work.ops(route, layer, threads, data)?)];
        for program in &self.clients {
            let client = Client::start(program, &self.row, self.work, route)?;
            drivers.push(Driver::Foreign(client));
        }
        Ok(drivers)
    }

    /// The limit that is measured beside each run: a machine may be half as fast, or its cache
    /// lines a fifth, a minute later. Not for what is not to be as fast as the machine allows.
    fn neighbour(
        &self,
        reference: Option<&Reference>,
        limits: &Limits,
    ) -> Result<Option<Raw>, BenchError> {
        let full = self.row.rate == 0 && self.load == Load::Quiet;
        let limit = reference.filter(|_| full);
        limit.map(|limit| limits.open(&limit.name)).transpose()
    }

    fn peer(&self, route: &Route) -> Result<Option<Peer>, BenchError> {
        let content = self.work.content(self.row.layer);
        let task = content.map(|content| {
            let route = route.clone();
            Task::Serve(Serve { content, route })
        });
        task.as_ref().map(Peer::start).transpose()
    }
}

/// Who does the operations.
enum Driver<'s> {
    /// This program.
    Own(Vec<BoxedOp<'s>>),
    /// Another one.
    Foreign(Client),
}

impl Driver<'_> {
    fn run(
        &mut self,
        effort: &Effort,
        rate: u32,
        peer: Option<&mut Peer>,
    ) -> Result<Sample, BenchError> {
        match self {
            Self::Own(ops) => run_of(effort, rate, peer, ops),
            Self::Foreign(client) => run_foreign(effort, peer, client),
        }
    }
}

/// One run of each row of a case, and the one of their limit beside them.
struct Round {
    /// In the order of the rows.
    samples: Vec<Sample>,
    beside: Option<Sample>,
}

/// A row with its figures, and how they compare with a limit.
struct Measured {
    row: Row,
    reference: Option<Reference>,
    /// How much a second of what the limit counts.
    done: f64,
    /// The share of each run, of the limit beside it.
    shares: Vec<f64>,
}

impl Measured {
    /// Every row of `case`. Gives what was measured of the limit to `limits`.
    fn all(
        case: &Case,
        reference: Option<&Reference>,
        rounds: Vec<Round>,
        limits: &mut Limits,
    ) -> Vec<Self> {
        let rows = case.rows().enumerate();
        let measured = rows
            .map(|(index, row)| Self::new(case, row, index, reference, &rounds))
            .collect();
        if let Some(reference) = reference {
            let beside = rounds.into_iter().filter_map(|round| round.beside);
            beside.for_each(|sample| limits.add(&reference.name, sample));
        }
        measured
    }

    /// Row number `index` of the case.
    fn new(
        case: &Case,
        row: Row,
        index: usize,
        reference: Option<&Reference>,
        rounds: &[Round],
    ) -> Self {
        let of_round = |round: &Round| round.samples.get(index).cloned();
        let samples: Vec<Sample> = rounds.iter().filter_map(of_round).collect();
        let (mut shares, mut of_own) = (Vec::new(), Vec::new());
        for (sample, round) in samples.iter().zip(rounds) {
            if let Some((reference, beside)) = reference.zip(round.beside.as_ref()) {
                shares.push(reference.done(sample) / beside.throughput());
            }
            let own = round.samples.first().filter(|_| index > 0);
            of_own.extend(own.map(|own| sample.throughput() / own.throughput()));
        }
        let done = reference.map(|reference| {
            let done = samples.iter().map(|sample| reference.done(sample));
            median(done.collect())
        });
        let row = Row {
            share_of_own: (!of_own.is_empty()).then(|| median(of_own)),
            ..fill(row, &samples, case.work.is_timed())
        };
        Self {
            row,
            reference: reference.cloned(),
            done: done.unwrap_or_default(),
            shares,
        }
    }

    /// The row, with its share of the limit: the median of those of its runs, or else of the limit
    /// in `limits`.
    fn held_against(self, limits: &[Row]) -> Result<Row, BenchError> {
        let Some(Reference { name, .. }) = self.reference else {
            return Ok(self.row);
        };
        let share = if self.shares.is_empty() {
            self.done / named(limits, &name)?.throughput
        } else {
            median(self.shares)
        };
        Ok(Row {
            limit: Some(name),
            share_of_limit: Some(share),
            ..self.row
        })
    }
}

/// A limit, and how runs are held against it.
#[derive(Clone)]
struct Reference {
    /// The limit, as [`Row::name`] gives it.
    name: String,
    scale: Scale,
}

/// What a run has done, in what the limit counts.
#[derive(Clone, Copy)]
enum Scale {
    /// Every operation is so much.
    Operation(f64),
    /// Every unit is so much.
    Unit(f64),
}

impl Reference {
    /// For calls whose requests and replies are `payload` bytes, where those count.
    fn new(limit: Limit, payload: usize, limits: &Limits) -> Result<Self, BenchError> {
        Ok(match limit {
            Limit::Requests(name, each) => Self {
                name: name.to_owned(),
                scale: Scale::Operation(each as f64),
            },
            Limit::Copies(prefix) => Self {
                name: nearest_in_size(limits.names(), prefix, payload)?,
                scale: Scale::Unit(payload as f64),
            },
        })
    }

    /// How much a second.
    fn done(&self, sample: &Sample) -> f64 {
        match self.scale {
            Scale::Operation(each) => sample.ops_per_second() * each,
            Scale::Unit(each) => sample.throughput() * each,
        }
    }
}

fn named<'r>(limits: &'r [Row], name: &str) -> Result<&'r Row, BenchError> {
    let mut limits = limits.iter();
    limits
        .find(|row| row.name() == name)
        .ok_or_else(|| BenchError::NoLimit(name.to_owned()))
}

/// Of the names `prefix SIZE ..`, the one whose size is nearest to `bytes` as a ratio.
fn nearest_in_size(
    names: impl Iterator<Item = String>,
    prefix: &str,
    bytes: usize,
) -> Result<String, BenchError> {
    let distance = |name: String| {
        let size = name.strip_prefix(prefix)?.split_whitespace().next()?;
        let size: u32 = size.parse().ok()?;
        Some(((bytes as f64 / f64::from(size)).ln().abs(), name))
    };
    let distances = names.filter_map(distance);
    distances
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
        .ok_or_else(|| BenchError::NoLimit(prefix.to_owned()))
}

/// What keeps the machine busy while it exists.
type LoadGuard = (Option<Hogs>, Vec<Pinned>);

/// Keeps the machine busy for what takes `time`.
fn apply(load: Load, time: Duration, peer: Option<&Peer>) -> Result<LoadGuard, BenchError> {
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
            let pids = peer.map(Peer::pid).into_iter().chain([std::process::id()]);
            let pinned = pids.map(|pid| Pinned::process(pid, one));
            let pinned = pinned.collect::<Result<_, _>>().map_err(failed)?;
            Ok((None, pinned))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::tests::known;
    use crate::plan::tests::plan;

    const ECHO: &str = "limits echo spin socket raw";

    /// The case of this name.
    fn case(name: &str) -> Case {
        let mut cases = plan().cases().into_iter();
        cases.find(|case| case.row.name() == name).unwrap()
    }

    /// So many operations in a second, beside so much of the limit.
    fn run(ops: u64, beside: impl Into<Option<u64>>) -> Round {
        round(&[ops], beside)
    }

    /// The same of every row.
    fn round(ops: &[u64], beside: impl Into<Option<u64>>) -> Round {
        let second = Duration::from_secs(1);
        Round {
            samples: ops.iter().map(|ops| Sample::of(*ops, second)).collect(),
            beside: beside.into().map(|units| Sample::of(units, second)),
        }
    }

    /// The rows, as many as there have to be.
    fn only<const N: usize>(measured: Vec<Measured>) -> [Measured; N] {
        measured.try_into().ok().unwrap()
    }

    /// The share, once `runs` of a row are measured.
    fn share(limit: Limit, payload: usize, runs: Vec<Round>, limits: &mut Limits) -> Row {
        let reference = Reference::new(limit, payload, limits).unwrap();
        let case = case("ping socket client");
        let [measured] = only(Measured::all(&case, Some(&reference), runs, limits));
        measured.held_against(&limits.rows()).unwrap()
    }

    #[test]
    fn shares_are_in_the_units_of_the_limit() {
        let sizes = [
            ("echo spin", 100),
            ("memcpy 64", 1000),
            ("memcpy 4096", 2000),
        ];
        for (limit, name, part) in [
            (Limit::Requests(ECHO, 1), ECHO, 0.1),
            (Limit::Requests(ECHO, 16), ECHO, 1.6),
            (
                Limit::Copies("limits memcpy"),
                "limits memcpy 4096 raw",
                10.0 * 2048.0 / 2000.0,
            ),
        ] {
            let row = share(limit, 2048, vec![run(10, None)], &mut known(&sizes));
            assert_eq!(row.limit.as_deref(), Some(name));
            assert_eq!(row.share_of_limit, Some(part));
        }
    }

    #[test]
    fn every_run_is_held_against_the_limit_beside_it() {
        // The machine gets slower and slower, and the row with it.
        let runs = vec![run(90, 100), run(40, 50), run(7, 10)];
        let mut limits = known(&[("echo spin", 1000)]);
        let row = share(Limit::Requests(ECHO, 1), 0, runs, &mut limits);
        assert_eq!(row.throughput, 40.0);
        assert_eq!(row.share_of_limit, Some(0.8));
        let [echo] = limits.rows().try_into().unwrap();
        assert_eq!([echo.min, echo.throughput, echo.max], [10.0, 75.0, 1000.0]);
    }

    #[test]
    fn every_run_of_a_client_is_held_against_ours_beside_it() {
        // The machine gets slower and slower, and all rows with it.
        let rounds = vec![
            round(&[100, 90, 200], 1000),
            round(&[50, 40, 100], 500),
            round(&[10, 7, 20], 100),
        ];
        let mut case = case("ping socket client");
        case.clients = vec!["c=c".parse().unwrap(), "go=go".parse().unwrap()];
        let mut limits = known(&[("echo spin", 1000)]);
        let reference = Reference::new(Limit::Requests(ECHO, 1), 0, &limits).unwrap();
        let measured = Measured::all(&case, Some(&reference), rounds, &mut limits);
        let [own, c, go] = only(measured).map(|one| one.held_against(&limits.rows()).unwrap());
        assert_eq!(
            [own.throughput, c.throughput, go.throughput],
            [50.0, 40.0, 100.0]
        );
        let of_own = [own.share_of_own, c.share_of_own, go.share_of_own];
        assert_eq!(of_own, [None, Some(0.8), Some(2.0)]);
        assert_eq!(
            [c.share_of_limit, go.share_of_limit],
            [Some(0.08), Some(0.2)]
        );
        assert_eq!([own.client, c.client, go.client], ["", "c", "go"]);
        let [echo] = limits.rows().try_into().unwrap();
        assert_eq!(echo.throughput, 750.0, "each of its runs counts once");
    }

    #[test]
    fn only_what_may_be_as_fast_as_the_machine_is_beside_a_limit() {
        let limits = known(&[("memcpy 64", 1000)]);
        for (name, beside) in [
            ("ping socket client", true),
            ("ping socket client @1000", false),
            ("ping socket client (one cpu)", false),
        ] {
            let reference = Reference {
                name: "limits memcpy 64 raw".to_owned(),
                scale: Scale::Operation(1.0),
            };
            let raw = case(name).neighbour(Some(&reference), &limits).unwrap();
            assert_eq!(raw.is_some(), beside, "{name}");
        }
        let nothing = case("ping socket client").neighbour(None, &limits);
        assert!(nothing.unwrap().is_none());
    }

    #[test]
    fn a_limit_that_was_not_measured_is_an_error() {
        let none = Limits::default();
        let copies = Reference::new(Limit::Copies("limits memcpy"), 1, &none);
        assert!(matches!(copies.err().unwrap(), BenchError::NoLimit(_)));
        let echo = Reference::new(Limit::Requests(ECHO, 1), 0, &none).unwrap();
        let ping = case("ping socket client");
        assert!(ping.neighbour(Some(&echo), &none).is_err());
        let mut limits = Limits::default();
        let runs = vec![run(1, None)];
        let [measured] = only(Measured::all(&ping, Some(&echo), runs, &mut limits));
        let error = measured.held_against(&[]).unwrap_err();
        assert!(matches!(error, BenchError::NoLimit(_)), "{error}");
    }
}
