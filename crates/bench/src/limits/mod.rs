//! What the machine itself allows: how fast two processes can be that do nothing but exchange the
//! least there is, without a protocol, a check or a choice.
//!
//! ```text
//! line         one cache line, both look at it all the time
//! futex ...    the same word, but who waits for long sleeps: after 128 or 1024 looks or 20 us
//! echo ...     40 bytes over a packet socket and back
//! memcpy ...   a payload from one place to another, in one process
//! ```
//!
//! Sides that look before they sleep are kept on different processors while they are measured;
//! where those that sleep at once run is up to the system.

#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod native;

mod case;
mod copy;

use std::io;

use crate::effort::Effort;
use crate::error::BenchError;
use crate::measure::{Sample, fill};
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

/// Whether there is a raw limit of this name on this platform.
pub(crate) fn has_row(name: &str) -> bool {
    cases().any(|case| case.row().name() == name)
}

/// Raw limits, and all that was measured of each.
#[derive(Debug, Default)]
pub struct Limits(Vec<(Case, Vec<Sample>)>);

impl Limits {
    /// Measures all raw limits, or with `quick` not those that only show what a choice of ours
    /// would have cost; `progress` is called with the name of each row before it is measured.
    ///
    /// # Errors
    ///
    /// If the system refuses what it takes, or the other process does not answer within 10 s.
    pub fn measure(
        effort: &Effort,
        quick: bool,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Self, BenchError> {
        let cases = cases().filter(|case| case.quick || !quick);
        let measured = cases.map(|case| {
            progress(&case.row().name());
            let mut raw = case.open()?;
            let runs = (0..effort.runs.max(1)).map(|_| raw.run(effort));
            Ok((case, runs.collect::<Result<_, _>>()?))
        });
        measured.collect::<Result<_, _>>().map(Self)
    }

    /// The row of each: the medians of all that was measured of it, and the extremes.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let row =
            |(case, samples): &(Case, Vec<Sample>)| fill(case.row(), samples, case.is_timed());
        self.0.iter().map(row).collect()
    }

    /// Their names, as [`Row::name`] gives them.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(|(case, _)| case.row().name())
    }

    /// Makes the limit `name` ready to be measured beside something else.
    pub(crate) fn open(&self, name: &str) -> Result<Raw, BenchError> {
        let mut all = self.0.iter();
        let known = all.find(|(case, _)| case.row().name() == name);
        let (case, _) = known.ok_or_else(|| BenchError::NoLimit(name.to_owned()))?;
        case.open()
    }

    /// Counts what was measured of the limit `name` beside something else.
    pub(crate) fn add(&mut self, name: &str, sample: Sample) {
        let mut all = self.0.iter_mut();
        if let Some((_, samples)) = all.find(|(case, _)| case.row().name() == name) {
            samples.push(sample);
        }
    }
}

/// What was tried when the system refused.
fn failed(what: &'static str) -> impl Fn(io::Error) -> BenchError {
    move |source| BenchError::System { what, source }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::row::{Layer, Scenario, Transport};

    /// Limits whose names are `limits VARIANT ..`, of which one sample each is known: so many
    /// round trips, or bytes, in a second.
    pub(crate) fn known(throughputs: &[(&str, u64)]) -> Limits {
        let known = throughputs.iter().map(|(variant, units)| {
            let case = cases().find(|case| case.variant == *variant);
            (
                case.unwrap(),
                vec![Sample::of(*units, Duration::from_secs(1))],
            )
        });
        Limits(known.collect())
    }

    #[test]
    fn what_is_measured_beside_rows_counts() {
        let mut limits = known(&[("echo spin", 100), ("memcpy 64", 7)]);
        let name = "limits echo spin socket raw";
        for units in [300, 200] {
            limits.add(name, Sample::of(units, Duration::from_secs(1)));
        }
        let [echo, copy] = limits.rows().try_into().unwrap();
        assert_eq!(echo.name(), name);
        assert_eq!([echo.min, echo.throughput, echo.max], [100.0, 200.0, 300.0]);
        assert_eq!([copy.min, copy.throughput, copy.max], [7.0; 3]);
        assert_eq!(
            (copy.scenario, copy.transport, copy.layer),
            (Scenario::Limits, Transport::None, Layer::Raw)
        );
        assert!(limits.names().eq([name, "limits memcpy 64 raw"]));
    }

    #[test]
    fn only_what_is_measured_can_be_measured_again() {
        let limits = known(&[("memcpy 64", 7)]);
        let effort = Effort {
            warm_up: Duration::ZERO,
            measured: Duration::from_millis(1),
            runs: 1,
        };
        let mut raw = limits.open("limits memcpy 64 raw").unwrap();
        assert!(raw.run(&effort).unwrap().throughput() > 0.0);
        let unknown = limits.open("limits memcpy 4096 raw").err().unwrap();
        assert!(matches!(unknown, BenchError::NoLimit(_)), "{unknown}");
    }
}
