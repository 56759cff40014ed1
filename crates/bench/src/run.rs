//! Measures what a plan says, row by row.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::effort::Effort;
use crate::error::BenchError;
use crate::limits;
use crate::load::{self, Hogs, Pinned};
use crate::measure::{Sample, fill, median, runs_of};
use crate::peer::{Peer, Task};
use crate::plan::{Busy, Case, Limit, Plan};
use crate::row::Row;
use crate::scenarios::Stock;
use crate::scenarios::serve::{Route, Serve};

/// Measures everything in `plan`; tells `progress` the name of each row before it is measured.
///
/// # Errors
/// The first row that cannot be measured, or [`BenchError::Interrupted`].
pub fn run(plan: &Plan, progress: &mut dyn FnMut(&str)) -> Result<Vec<Row>, BenchError> {
    let limits = match plan.needs_limits() {
        true => limits::measure_all(&plan.effort, plan.quick, progress)?,
        false => Vec::new(),
    };
    let mut rows = Vec::new();
    for case in plan.cases() {
        progress(&case.row.name());
        rows.push(case.measure(&plan.effort)?.held_against(&limits)?);
    }
    rows.extend(limits);
    Ok(rows)
}

/// A row with its figures, and how they compare with a limit.
struct Measured {
    row: Row,
    limit: Option<Limit>,
    /// Operations a second.
    operations: f64,
    /// Bytes of a request and its reply, where those are the limit.
    payload: usize,
}

impl Case {
    fn measure(&self, effort: &Effort) -> Result<Measured, BenchError> {
        let dir = run_dir()?;
        let stock = Stock::of(self.work);
        let route = Route {
            run_dir: dir.path().to_owned(),
            transport: self.row.transport,
            spin: self.spin,
            bytes: self.work.bytes(),
            batch_items: self.work.batch_items(),
        };
        let content = self.work.content(self.row.layer);
        let task = content.map(|content| {
            let route = route.clone();
            Task::Serve(Serve { content, route })
        });
        let mut peer = task.as_ref().map(Peer::start).transpose()?;
        let Row {
            layer,
            threads,
            rate,
            ..
        } = self.row;
        let mut ops = self.work.ops(&route, layer, threads, &stock)?;
        // Once both sides have their session: how they wait depends on the processors they see.
        let _busy = busy(self.busy, peer.as_ref())?;
        let samples = runs_of(effort, rate, peer.as_mut(), &mut ops)?;
        Ok(Measured {
            row: fill(self.row.clone(), &samples, self.work.is_timed()),
            limit: self.limit,
            operations: median(samples.iter().map(Sample::ops_per_second).collect()),
            payload: self.work.payload(&stock)?,
        })
    }
}

impl Measured {
    /// The row, with its share of the limit.
    fn held_against(self, limits: &[Row]) -> Result<Row, BenchError> {
        let Some(limit) = self.limit else {
            return Ok(self.row);
        };
        let (raw, done) = match limit {
            Limit::Requests(name, each) => (named(limits, name)?, self.operations * each as f64),
            Limit::Copies(name) => {
                let bytes = self.row.throughput * self.payload as f64;
                (nearest_in_size(limits, name, self.payload)?, bytes)
            }
        };
        Ok(Row {
            limit: Some(raw.name()),
            share_of_limit: Some(done / raw.throughput),
            ..self.row
        })
    }
}

fn named<'r>(limits: &'r [Row], name: &str) -> Result<&'r Row, BenchError> {
    let mut limits = limits.iter();
    limits
        .find(|row| row.name() == name)
        .ok_or_else(|| BenchError::NoLimit(name.to_owned()))
}

/// Of the rows `prefix SIZE ..`, the one whose size is nearest to `bytes` as a ratio.
fn nearest_in_size<'r>(
    limits: &'r [Row],
    prefix: &str,
    bytes: usize,
) -> Result<&'r Row, BenchError> {
    let distance = |row: &'r Row| {
        let name = row.name();
        let size: u32 = name
            .strip_prefix(prefix)?
            .split_whitespace()
            .next()?
            .parse()
            .ok()?;
        Some(((bytes as f64 / f64::from(size)).ln().abs(), row))
    };
    let rows = limits.iter().filter_map(distance);
    rows.min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, row)| row)
        .ok_or_else(|| BenchError::NoLimit(prefix.to_owned()))
}

/// Keeps the machine busy while what it returns exists.
fn busy(busy: Busy, peer: Option<&Peer>) -> Result<(Option<Hogs>, Vec<Pinned>), BenchError> {
    let failed = |source| BenchError::System {
        what: "cannot choose a processor",
        source,
    };
    match busy {
        Busy::Quiet => Ok((None, Vec::new())),
        Busy::Hogs(count) => Ok((Some(Hogs::start(count, None)?), Vec::new())),
        Busy::OneCpu => {
            let cpus = load::allowed_cpus().map_err(failed)?;
            let one = cpus.get(..1).unwrap_or_default();
            let pids = peer.map(Peer::pid).into_iter().chain([std::process::id()]);
            let pinned = pids.map(|pid| Pinned::process(pid, one));
            let pinned = pinned.collect::<Result<_, _>>().map_err(failed)?;
            Ok((None, pinned))
        }
    }
}

/// A private directory for the endpoints, which goes away with this.
fn run_dir() -> Result<TempDir, BenchError> {
    let place = std::env::temp_dir();
    tempfile::Builder::new()
        .prefix("n")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(&place)
        .map_err(|source| BenchError::RunDir { place, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Layer, Scenario, Transport};

    fn limit(variant: &str, throughput: f64) -> Row {
        Row {
            variant: variant.to_owned(),
            throughput,
            ..Row::new(Scenario::Limits, Transport::None, Layer::Raw, "bytes")
        }
    }

    fn measured(limit: Limit) -> Measured {
        Measured {
            row: Row {
                throughput: 500.0,
                ..Row::new(Scenario::Batch, Transport::Socket, Layer::Client, "items")
            },
            limit: Some(limit),
            operations: 10.0,
            payload: 2048,
        }
    }

    #[test]
    fn shares_are_in_the_units_of_the_limit() {
        let limits = [
            limit("echo", 100.0),
            limit("memcpy 64", 1e6),
            limit("memcpy 4096", 2e6),
        ];
        for (limit, name, share) in [
            (
                Limit::Requests("limits echo raw", 1),
                "limits echo raw",
                0.1,
            ),
            (
                Limit::Requests("limits echo raw", 16),
                "limits echo raw",
                1.6,
            ),
            (
                Limit::Copies("limits memcpy"),
                "limits memcpy 4096 raw",
                500.0 * 2048.0 / 2e6,
            ),
        ] {
            let row = measured(limit).held_against(&limits).unwrap();
            assert_eq!(row.limit.as_deref(), Some(name));
            assert_eq!(row.share_of_limit, Some(share));
        }
    }

    #[test]
    fn a_limit_that_was_not_measured_is_an_error() {
        for limit in [
            Limit::Requests("limits echo raw", 1),
            Limit::Copies("limits memcpy"),
        ] {
            let error = measured(limit).held_against(&[]).unwrap_err();
            assert!(matches!(error, BenchError::NoLimit(_)), "{error}");
        }
    }
}
