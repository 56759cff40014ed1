//! What the machine itself allows: how fast two processes can be that do nothing but exchange the
//! least there is, without a protocol, a check or a choice.
//!
//! ```text
//! line         one cache line, both look at it all the time
//! futex ...    the same word, but who waits for long sleeps: after 128 or 1024 looks or 20 us
//! echo ...     40 bytes over a packet socket and back
//! memcpy ...   a payload from one place to another, in one process
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::effort::Effort;
use crate::error::BenchError;
use crate::load;
use crate::measure::{Sample, fill, runs};
use crate::peer::{Peer, Task};
use crate::row::{Layer, Row, Scenario, Transport};

use copy::Copies;
use turns::{Look, Manner, Sleep};

mod copy;
mod echo;
mod turns;

/// How long a side waits for the other one before it takes it for dead.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the patient ones look before they sleep: as long as our own links.
const SPIN: Duration = Duration::from_micros(20);

/// Turns that are taken for each look at the clock, which would take a tenth of one.
const TURNS: u64 = 16;

/// What the other process does for a raw limit, or for a busy machine.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum RawTask {
    /// Answers every turn with its own.
    Turns {
        /// The shared memory.
        path: PathBuf,
        /// How it waits.
        manner: Manner,
    },
    /// Sends back every packet.
    Echo {
        /// The socket to connect to.
        path: PathBuf,
        /// How long it looks before it sleeps.
        spin: Duration,
    },
    /// Computes for ever.
    Hog {
        /// The only processor it does it on.
        cpu: Option<usize>,
    },
}

/// Does a task of the other process until nobody asks any more.
///
/// # Errors
///
/// If the system refuses what it takes, or the asking side is silent for 10 s.
pub fn serve_raw(task: RawTask) -> Result<(), BenchError> {
    match task {
        RawTask::Turns { path, manner } => turns::serve(&path, manner),
        RawTask::Echo { path, spin } => echo::serve(&path, spin),
        RawTask::Hog { cpu } => load::compute(cpu),
    }
    .map_err(failed("cannot answer for a raw limit"))
}

/// Measures all raw limits, or with `quick` not those that only show what a choice of ours would
/// have cost; `progress` is called with the name of each row before it is measured.
///
/// # Errors
///
/// If the system refuses what it takes, or the other process does not answer within 10 s.
pub fn measure_all(
    effort: &Effort,
    quick: bool,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Row>, BenchError> {
    let cases = CASES.iter().filter(|case| case.quick || !quick);
    let rows = cases.map(|case| {
        let row = case.row();
        progress(&row.name());
        let dir = tempfile::tempdir().map_err(|source| BenchError::RunDir {
            place: std::env::temp_dir(),
            source,
        })?;
        let (samples, lot) = case.way.measure(effort, &dir.path().join("raw"))?;
        let samples: Vec<_> = samples.into_iter().map(|one| singles(one, lot)).collect();
        Ok(fill(row, &samples, lot == 1))
    });
    rows.collect()
}

/// A raw limit.
#[derive(Clone, Copy, Debug)]
struct Case {
    variant: &'static str,
    way: Way,
    /// Whether it belongs to a quick look.
    quick: bool,
}

/// What one operation is.
#[derive(Clone, Copy, Debug)]
enum Way {
    Turns(Manner),
    /// Looking so long before sleeping.
    Echo(Duration),
    /// So many bytes.
    Copy(usize),
}

const CASES: [Case; 12] = [
    Case::new("line", Way::turns(Look::Times(4096), Sleep::Never)),
    Case::new("echo blocking", Way::Echo(Duration::ZERO)),
    Case::new("echo spin", Way::Echo(SPIN)),
    Case::new(
        "futex 128",
        Way::turns(Look::Times(128), Sleep::WokenAlways),
    )
    .thorough(),
    Case::new(
        "futex 1024",
        Way::turns(Look::Times(1024), Sleep::WokenAlways),
    )
    .thorough(),
    Case::new(
        "futex 20us",
        Way::turns(Look::For(SPIN), Sleep::WokenAlways),
    ),
    Case::new(
        "futex 20us flag",
        Way::turns(Look::For(SPIN), Sleep::WokenAsleep),
    ),
    Case::new("memcpy 64", Way::Copy(64)),
    Case::new("memcpy 4096", Way::Copy(4 << 10)),
    Case::new("memcpy 65536", Way::Copy(64 << 10)),
    Case::new("memcpy 1048576", Way::Copy(1 << 20)),
    Case::new("memcpy 3145728", Way::Copy(3 << 20)),
];

impl Case {
    const fn new(variant: &'static str, way: Way) -> Self {
        let quick = true;
        Self {
            variant,
            way,
            quick,
        }
    }

    /// The same, left out of a quick look.
    const fn thorough(self) -> Self {
        Self {
            quick: false,
            ..self
        }
    }

    /// The row, still without figures.
    fn row(&self) -> Row {
        let (transport, unit) = match self.way {
            Way::Turns(_) => (Transport::Shm, "round trips"),
            Way::Echo(_) => (Transport::Socket, "round trips"),
            Way::Copy(_) => (Transport::None, "bytes"),
        };
        Row {
            variant: self.variant.to_owned(),
            ..Row::new(Scenario::Limits, transport, Layer::Raw, unit)
        }
    }
}

impl Way {
    const fn turns(look: Look, sleep: Sleep) -> Self {
        Self::Turns(Manner { look, sleep })
    }

    /// All runs, and how many operations were done for each one that was timed.
    fn measure(self, effort: &Effort, path: &Path) -> Result<(Vec<Sample>, u64), BenchError> {
        match self {
            Self::Turns(manner) => take_turns(effort, path, manner),
            Self::Echo(spin) => echo_packets(effort, path, spin),
            Self::Copy(size) => copy_payloads(effort, size),
        }
    }
}

fn take_turns(
    effort: &Effort,
    path: &Path,
    manner: Manner,
) -> Result<(Vec<Sample>, u64), BenchError> {
    let memory = turns::create(path).map_err(failed("cannot make shared memory"))?;
    let task = RawTask::Turns {
        path: path.to_owned(),
        manner,
    };
    let mut peer = Peer::start(&Task::Raw(task))?;
    let mut side = turns::Side::new(&memory, manner);
    let mut some = || {
        for _ in 0..TURNS {
            side.round_trip().map_err(failed("cannot take turns"))?;
        }
        Ok(TURNS)
    };
    Ok((runs(effort, 0, Some(&mut peer), &mut some)?, TURNS))
}

fn echo_packets(
    effort: &Effort,
    path: &Path,
    spin: Duration,
) -> Result<(Vec<Sample>, u64), BenchError> {
    let listener = echo::Listener::bind(path).map_err(failed("cannot listen for a raw echo"))?;
    let task = RawTask::Echo {
        path: path.to_owned(),
        spin,
    };
    let mut peer = Peer::start(&Task::Raw(task))?;
    let mut side = listener
        .accept(spin)
        .map_err(failed("no raw echo has connected"))?;
    let mut one = || {
        side.round_trip().map_err(failed("cannot get a raw echo"))?;
        Ok(1)
    };
    Ok((runs(effort, 0, Some(&mut peer), &mut one)?, 1))
}

fn copy_payloads(effort: &Effort, size: usize) -> Result<(Vec<Sample>, u64), BenchError> {
    let mut copies = Copies::of(size);
    let lot = copies.per_lot();
    Ok((runs(effort, 0, None, &mut || Ok(copies.lot()))?, lot))
}

/// A sample whose operations were timed in lots, as one of single operations.
fn singles(sample: Sample, lot: u64) -> Sample {
    Sample {
        ops: sample.ops * lot,
        syscalls: sample.syscalls.map(|each| each / lot as f64),
        ..sample
    }
}

/// What was tried when the system refused.
fn failed(what: &'static str) -> impl Fn(io::Error) -> BenchError {
    move |source| BenchError::System { what, source }
}

/// The end of our patience.
fn silence() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("the other process has not answered for {PATIENCE:?}"),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const SHORT: Effort = Effort {
        warm_up: Duration::from_millis(1),
        measured: Duration::from_millis(2),
        runs: 2,
    };

    #[test]
    fn rows_can_be_told_apart() {
        let names: HashSet<_> = CASES.iter().map(|case| case.row().name()).collect();
        assert_eq!(names.len(), CASES.len());
        assert!(names.contains("limits echo spin socket raw"));
        assert!(names.contains("limits memcpy 65536 raw"));
    }

    #[test]
    fn copies_are_counted_one_by_one() {
        let (samples, lot) = copy_payloads(&SHORT, 4096).unwrap();
        assert_eq!((samples.len(), lot), (2, 256));
        for sample in samples {
            assert_eq!(sample.units, sample.ops * lot * 4096);
            let single = singles(sample.clone(), lot);
            assert_eq!(single.units, single.ops * 4096);
            assert_eq!(single.elapsed, sample.elapsed);
        }
    }

    #[test]
    fn tasks_survive_the_way_to_the_other_process() {
        let path = PathBuf::from("/run/raw");
        let manner = Manner {
            look: Look::For(SPIN),
            sleep: Sleep::WokenAsleep,
        };
        let turns = RawTask::Turns {
            path: path.clone(),
            manner,
        };
        let echo = RawTask::Echo { path, spin: SPIN };
        for task in [turns, echo, RawTask::Hog { cpu: Some(1) }] {
            let json = serde_json::to_string(&task).unwrap();
            assert_eq!(serde_json::from_str::<RawTask>(&json).unwrap(), task);
        }
    }

    #[test]
    fn a_task_that_cannot_be_done_says_why() {
        let path = PathBuf::from("/nowhere/raw");
        let refused = serve_raw(RawTask::Echo { path, spin: SPIN }).unwrap_err();
        let BenchError::System { source, .. } = refused else {
            panic!("{refused}");
        };
        assert_eq!(source.kind(), io::ErrorKind::NotFound);
    }
}
