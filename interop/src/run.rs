//! All cells, some at a time.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::cell::try_cell;
use crate::language::Peers;
use crate::plan::Cell;

/// What became of a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Which.
    pub cell: Cell,
    /// Calls that its client made, or what went wrong.
    pub result: Result<u64, String>,
    /// How long it took.
    pub took: Duration,
}

/// Tries `cells`, at most `jobs` at the same time; tells `see` of each as it ends. Outcomes come in
/// the order of the cells.
pub fn run(
    cells: &[Cell],
    peers: &Peers,
    jobs: NonZero<usize>,
    see: impl Fn(&Outcome) + Sync,
) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::with_capacity(cells.len()));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(cell) = cells.get(index) else { break };
            let began = Instant::now();
            let result = try_cell(cell, peers).map_err(|error| error.to_string());
            let outcome = Outcome {
                cell: *cell,
                result,
                took: began.elapsed(),
            };
            see(&outcome);
            let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            outcomes.push((index, outcome));
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs.get() {
            scope.spawn(work);
        }
    });
    let mut outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}
