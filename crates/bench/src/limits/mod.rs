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

mod copy;
#[cfg_attr(
    all(windows, not(test)),
    expect(dead_code, reason = "nothing is exchanged there")
)]
mod payload;
mod rows;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::driver::Driver;
use crate::effort::Effort;
use crate::error::{BenchError, system};
use crate::measure::{Client, Sample, fill, median};
use crate::platform::RunDir;
use crate::platform::keep_apart;
use crate::row::Row;
use rows::{Exchange, Kind, RawRow};

/// The bounced line that every other word in shared memory rides on.
pub(crate) const LINE: &str = "limits line shm raw";

/// How often a run of a word and of its line change turns.
const TURNS: u32 = 8;

/// Parts of a row's effort that go into the limit beside it. What two processes do takes longer
/// to settle than copies in one, and a whole lot of rows has to be done in two minutes.
const BESIDE_ROUND_TRIPS: u32 = 4;
const BESIDE_COPIES: u32 = 10;

/// The names of all raw limits of this platform, as [`Row::name`] gives them.
pub(crate) fn names() -> impl Iterator<Item = String> {
    rows::all().map(|raw| raw.row().name())
}

/// The name of the copies whose size is nearest to `bytes` as a ratio.
pub(crate) fn nearest_copy(bytes: usize) -> Result<String, BenchError> {
    let distances = rows::all().filter_map(|raw| match raw.kind {
        Kind::Copy(size) => Some(((bytes as f64 / size as f64).ln().abs(), raw)),
        Kind::Exchange(_) => None,
    });
    let nearest = distances.min_by(|(one, _), (other, _)| one.total_cmp(other));
    let none = || BenchError::NoLimit("copies".to_owned());
    nearest.map(|(_, raw)| raw.row().name()).ok_or_else(none)
}

fn find(name: &str) -> Result<&'static RawRow, BenchError> {
    let found = rows::all().find(|raw| raw.row().name() == name);
    found.ok_or_else(|| BenchError::NoLimit(name.to_owned()))
}

/// What the other process does for an exchange.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct RawTask {
    /// The shared memory, or the socket to connect to.
    path: PathBuf,
    exchange: Exchange,
}

impl RawTask {
    /// Does it until nobody asks any more, however long the other side does something else.
    pub(crate) fn perform(self) -> Result<(), BenchError> {
        native::answer(&self).map_err(system("cannot answer for a raw limit"))
    }
}

/// A raw limit that can be measured at any time: the other process is there, and waits.
pub(crate) struct Raw {
    row: &'static RawRow,
    client: Client,
    peer: Option<Driver>,
    _dir: RunDir,
}

impl Raw {
    /// Makes the limit `name` ready to be measured.
    pub(crate) fn open(name: &str) -> Result<Self, BenchError> {
        let row = find(name)?;
        let dir = RunDir::new()?;
        let (op, peer) = match row.kind {
            Kind::Exchange(exchange) => {
                let path = dir.path().join("raw");
                let (op, peer) = native::open(RawTask { path, exchange })?;
                (op, Some(peer))
            }
            Kind::Copy(size) => (copy::op(size), None),
        };
        Ok(Self {
            row,
            client: Client::Own(vec![op]),
            peer,
            _dir: dir,
        })
    }

    pub(crate) fn name(&self) -> String {
        self.row.row().name()
    }

    /// One run.
    fn run(&mut self, effort: &Effort) -> Result<Sample, BenchError> {
        // Two that look on one processor only keep each other from answering, and a system that
        // has put them there may leave them there for longer than this takes.
        let peer = self.peer.as_ref().filter(|_| self.row.looks());
        let apart = peer.map(|peer| keep_apart(peer.pid())).transpose();
        let _apart = apart.map_err(system("cannot choose a processor"))?;
        let sample = self.client.run(effort, 0, self.peer.as_mut())?;
        let lot = self.row.lot();
        Ok(Sample {
            ops: sample.ops * lot,
            syscalls: sample.syscalls.map(|each| each / lot as f64),
            ..sample
        })
    }

    /// A short run, beside one of something that takes `effort`.
    pub(crate) fn run_beside(&mut self, effort: &Effort) -> Result<Sample, BenchError> {
        let part = match self.peer {
            Some(_) => BESIDE_ROUND_TRIPS,
            None => BESIDE_COPIES,
        };
        self.run(&effort.part(part))
    }

    /// The other process, if there is one.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.peer.as_ref().map(Driver::pid)
    }
}

/// A raw limit, what kept the machine busy, and all that was measured of it then.
struct Measured {
    raw: &'static RawRow,
    load: &'static str,
    samples: Vec<Sample>,
    /// Shares of the line beside each.
    shares: Vec<f64>,
}

/// Raw limits, and all that was measured of each.
#[derive(Default)]
pub(crate) struct Limits(Vec<Measured>);

impl Limits {
    /// Measures the limit `name`, where it rides on a bounced line in turn with that: how fast a line
    /// goes to and fro may change tenfold within a second.
    pub(crate) fn measure(&mut self, name: &str, effort: &Effort) -> Result<(), BenchError> {
        let mut raw = Raw::open(name)?;
        let is_word = raw.row.is_word();
        let mut line = is_word.then(|| Raw::open(LINE)).transpose()?;
        let turns = if is_word { TURNS } else { 1 };
        let effort = Effort {
            runs: effort.runs.max(1) * turns,
            ..effort.part(turns)
        };
        for _ in 0..effort.runs {
            let beside = line.as_mut().map(|line| line.run(&effort)).transpose()?;
            let sample = raw.run(&effort)?;
            if let Some(beside) = beside {
                let share = sample.throughput() / beside.throughput();
                self.of(LINE, "")?.samples.push(beside);
                self.of(name, "")?.shares.push(share);
            }
            self.add(name, "", sample)?;
        }
        Ok(())
    }

    /// The row of each: the medians of all that was measured of it, and the extremes.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let row = |measured: &Measured| {
            let on_line = !measured.shares.is_empty();
            Row {
                load: measured.load.to_owned(),
                limit: on_line.then(|| LINE.to_owned()),
                share_of_limit: on_line.then(|| median(measured.shares.clone())),
                ..fill(
                    measured.raw.row(),
                    &measured.samples,
                    measured.raw.lot() == 1,
                )
            }
        };
        self.0.iter().map(row).collect()
    }

    /// Counts what was measured of the limit `name` while `load` kept the machine busy.
    pub(crate) fn add(
        &mut self,
        name: &str,
        load: &'static str,
        sample: Sample,
    ) -> Result<(), BenchError> {
        self.of(name, load)?.samples.push(sample);
        Ok(())
    }

    fn of(&mut self, name: &str, load: &'static str) -> Result<&mut Measured, BenchError> {
        let is_it = |known: &Measured| known.load == load && known.raw.row().name() == name;
        let at = match self.0.iter().position(is_it) {
            Some(at) => at,
            None => {
                self.0.push(Measured {
                    raw: find(name)?,
                    load,
                    samples: Vec::new(),
                    shares: Vec::new(),
                });
                self.0.len() - 1
            }
        };
        Ok(&mut self.0[at])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_measured_beside_rows_counts() {
        let mut limits = Limits::default();
        let name = "limits memcpy 64 raw";
        for (load, units) in [("", 100), ("", 300), ("", 200), ("one hog", 7)] {
            let sample = Sample::of(units, Duration::from_secs(1));
            limits.add(name, load, sample).unwrap();
        }
        let figures = |row: &Row| (row.name(), [row.min, row.throughput, row.max]);
        let [quiet, busy] = limits.rows().try_into().unwrap();
        assert_eq!(figures(&quiet), (name.to_owned(), [100.0, 200.0, 300.0]));
        assert_eq!(figures(&busy), (format!("{name} (one hog)"), [7.0; 3]));
    }

    #[test]
    fn copies_are_counted_one_by_one() {
        let mut raw = Raw::open("limits memcpy 4096 raw").unwrap();
        let effort = Effort {
            warm_up: Duration::from_millis(1),
            measured: Duration::from_millis(20),
            runs: 2,
        };
        for sample in [raw.run(&effort).unwrap(), raw.run_beside(&effort).unwrap()] {
            assert_eq!(sample.units, sample.ops * 4096);
            assert!(sample.ops > 0 && sample.ops.is_multiple_of(256));
        }
        let unknown = Raw::open("limits memcpy 65 raw").err().unwrap();
        assert!(matches!(unknown, BenchError::NoLimit(_)), "{unknown}");
    }
}
