//! What the machine itself allows: how fast two processes can be that do nothing but exchange the
//! least there is, without a protocol, a check or a choice.
//!
//! ```text
//! line          one cache line, both look at it all the time
//! futex ...     the same word, but who waits for long sleeps: at once, after 128 or 1024 looks, or
//!               after 20 us; held against a line in the same moment, which none can outrun
//! echo ...      40 bytes over a packet socket and back
//! deployed ...  what a deployed peer cannot do without for a call: wait as its profile says, build,
//!               copy in, wake, copy out, look at each item
//! memcpy ...    a payload from one place to another, in one process
//! ```
//!
//! Sides that look before they sleep are kept on different processors while they are measured;
//! where those that sleep at once run is up to the system.

#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod native;

mod case;
mod copy;
#[cfg(unix)]
mod payload;

use std::io;

use crate::effort::Effort;
use crate::error::BenchError;
use crate::measure::{Sample, fill, median};
use crate::row::Row;

use case::{Case, cases};

pub(crate) use case::Raw;
pub use native::RawTask;

/// Does a task of the other process until nobody asks any more.
///
/// # Errors
///
/// If the system refuses what it takes.
pub fn serve_raw(task: RawTask) -> Result<(), BenchError> {
    task.perform()
        .map_err(failed("cannot answer for a raw limit"))
}

/// The bounced line that every other word in shared memory rides on.
pub(crate) const LINE: &str = "limits line shm raw";

/// How often a run of a word and of its line change turns.
const TURNS: u32 = 8;

/// A raw limit, what kept the machine busy, and all that was measured of it then.
#[derive(Debug)]
struct Measured {
    case: Case,
    load: &'static str,
    samples: Vec<Sample>,
    /// Shares of the line beside each.
    shares: Vec<f64>,
}

/// Raw limits, and all that was measured of each.
#[derive(Debug, Default)]
pub struct Limits(Vec<Measured>);

impl Limits {
    /// Measures the limit `name`, where it rides on a bounced line in turn with that: how fast a line
    /// goes to and fro may change tenfold within a second.
    ///
    /// # Errors
    ///
    /// If there is no such limit, the system refuses what it takes, or the other process does not
    /// answer within 10 s.
    pub(crate) fn measure(&mut self, name: &str, effort: &Effort) -> Result<(), BenchError> {
        let case = find(name)?;
        let mut raw = case.open()?;
        let mut line = case.is_word().then(|| open(LINE)).transpose()?;
        let turns = if line.is_some() { TURNS } else { 1 };
        let effort = Effort {
            warm_up: effort.warm_up / turns,
            measured: effort.measured / turns,
            runs: effort.runs.max(1) * turns,
        };
        for _ in 0..effort.runs {
            let beside = line.as_mut().map(|line| line.run(&effort)).transpose()?;
            let sample = raw.run(&effort)?;
            if let Some(beside) = beside {
                let share = sample.throughput() / beside.throughput();
                self.add(LINE, "", beside)?;
                self.of(case, "").shares.push(share);
            }
            self.add(name, "", sample)?;
        }
        Ok(())
    }

    /// The row of each: the medians of all that was measured of it, and the extremes.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let row = |measured: &Measured| Row {
            load: measured.load.to_owned(),
            limit: (!measured.shares.is_empty()).then(|| LINE.to_owned()),
            share_of_limit: (!measured.shares.is_empty()).then(|| median(measured.shares.clone())),
            ..fill(
                measured.case.row(),
                &measured.samples,
                measured.case.lot() == 1,
            )
        };
        self.0.iter().map(row).collect()
    }

    /// Counts what was measured of the limit `name` while `load` kept the machine busy.
    ///
    /// # Errors
    /// If there is no such limit.
    pub(crate) fn add(
        &mut self,
        name: &str,
        load: &'static str,
        sample: Sample,
    ) -> Result<(), BenchError> {
        self.of(find(name)?, load).samples.push(sample);
        Ok(())
    }

    fn of(&mut self, case: Case, load: &'static str) -> &mut Measured {
        let name = case.row().name();
        let is_it = |known: &Measured| known.load == load && known.case.row().name() == name;
        let at = self.0.iter().position(is_it).unwrap_or_else(|| {
            self.0.push(Measured {
                case,
                load,
                samples: Vec::new(),
                shares: Vec::new(),
            });
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}

fn find(name: &str) -> Result<Case, BenchError> {
    let found = cases().find(|case| case.row().name() == name);
    found.ok_or_else(|| BenchError::NoLimit(name.to_owned()))
}

/// The names of all raw limits of this platform, as [`Row::name`] gives them.
pub(crate) fn names() -> impl Iterator<Item = String> {
    cases().map(|case| case.row().name())
}

/// Makes the limit `name` ready to be measured beside something else.
pub(crate) fn open(name: &str) -> Result<Raw, BenchError> {
    find(name)?.open()
}

/// What was tried when the system refused.
fn failed(what: &'static str) -> impl Fn(io::Error) -> BenchError {
    move |source| BenchError::System { what, source }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::row::{Layer, Scenario, Transport};

    const BRIEF: Effort = Effort {
        warm_up: Duration::ZERO,
        measured: Duration::from_millis(1),
        runs: 1,
    };

    #[test]
    fn what_is_measured_beside_rows_counts() {
        let mut limits = Limits::default();
        let name = "limits memcpy 64 raw";
        for (load, units) in [("", 100), ("", 300), ("", 200), ("one hog", 7)] {
            let sample = Sample::of(units, Duration::from_secs(1));
            limits.add(name, load, sample).unwrap();
        }
        let [quiet, busy] = limits.rows().try_into().unwrap();
        assert_eq!(quiet.name(), name);
        assert_eq!(
            [quiet.min, quiet.throughput, quiet.max],
            [100.0, 200.0, 300.0]
        );
        assert_eq!([busy.min, busy.throughput, busy.max], [7.0; 3]);
        assert_eq!(busy.name(), "limits memcpy 64 raw (one hog)");
        assert_eq!(
            (quiet.scenario, quiet.transport, quiet.layer),
            (Scenario::Limits, Transport::None, Layer::Raw)
        );
    }

    #[test]
    fn only_what_there_is_can_be_measured() {
        let mut raw = open("limits memcpy 64 raw").unwrap();
        assert!(raw.run(&BRIEF).unwrap().throughput() > 0.0);
        let unknown = open("limits memcpy 65 raw").err().unwrap();
        assert!(matches!(unknown, BenchError::NoLimit(_)), "{unknown}");
    }
}
