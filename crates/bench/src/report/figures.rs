//! What follows from the figures of a row, and which rows belong together.

use std::ptr;

use crate::{Row, Scenario};

/// A row at a fixed rate, and what a client and a server that only ever block need for the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a> {
    pub(super) adaptive: &'a Row,
    pub(super) blocking: Option<&'a Row>,
}

impl Pair<'_> {
    /// How many times the processor time of the blocking ones.
    pub(super) fn ratio(&self) -> Option<f64> {
        let blocking = self.blocking?;
        finite(cpu(self.adaptive) / cpu(blocking))
    }
}

/// The rows of a scenario at fixed rates, slowest first, each with its blocking twin where there is
/// one: the same row with `blocking` as its variant, or else a blocking limit at the same rate.
/// Blocking rows that are nobody's twin stand alone.
pub(super) fn pairs(rows: &[Row], scenario: Scenario) -> Vec<Pair<'_>> {
    let mut at_rates: Vec<&Row> = rows
        .iter()
        .filter(|row| row.scenario == scenario && row.rate > 0)
        .collect();
    at_rates.sort_by_key(|row| row.rate);

    let (blocking, adaptive): (Vec<&Row>, Vec<&Row>) =
        at_rates.into_iter().partition(|row| is_blocking(row));
    let mut pairs: Vec<Pair<'_>> = adaptive
        .into_iter()
        .map(|row| Pair {
            adaptive: row,
            blocking: twin(row, rows),
        })
        .collect();
    for row in blocking {
        let taken = |pair: &Pair<'_>| pair.blocking.is_some_and(|twin| ptr::eq(twin, row));
        if !pairs.iter().any(taken) {
            pairs.push(Pair {
                adaptive: row,
                blocking: None,
            });
        }
    }
    pairs
}

/// Whether the row is about sides that never spin.
pub(super) fn is_blocking(row: &Row) -> bool {
    row.variant
        .split_whitespace()
        .any(|word| word == "blocking")
}

/// Processors that both sides kept busy.
pub(super) fn cpu(row: &Row) -> f64 {
    row.client_cpu + row.server_cpu
}

/// Processor time for each unit in microseconds, when `cpu` processors were busy with them.
pub(super) fn cpu_per_unit(row: &Row, cpu: f64) -> Option<f64> {
    finite(cpu / row.throughput * 1e6)
}

/// What the machine allows, in the row's own unit.
pub(super) fn limit(row: &Row) -> Option<f64> {
    finite(row.throughput / row.share_of_limit?)
}

/// The part of the figure that is a number.
pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn twin<'a>(row: &Row, rows: &'a [Row]) -> Option<&'a Row> {
    let blocking = || {
        rows.iter()
            .filter(|other| is_blocking(other) && other.rate == row.rate)
    };
    let same = |other: &&Row| {
        other.scenario == row.scenario
            && other.transport == row.transport
            && other.layer == row.layer
            && other.threads == row.threads
            && other.load == row.load
            && words(other).eq(words(row))
    };
    let is_limit = |other: &&Row| row.limit.as_ref() == Some(&other.name());
    blocking().find(same).or_else(|| blocking().find(is_limit))
}

/// The variant without what tells how it waits.
fn words(row: &Row) -> impl Iterator<Item = &str> {
    row.variant
        .split_whitespace()
        .filter(|word| !matches!(*word, "blocking" | "adaptive"))
}
