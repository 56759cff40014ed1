//! Which raw limits there are, and how each is measured.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::effort::Effort;
use crate::error::BenchError;
use crate::load;
use crate::measure::{BoxedOp, Sample, closed_loop};
use crate::peer::{Peer, Task};
use crate::place::private_dir;
use crate::row::{Layer, Row, Scenario, Transport};

use super::copy::Copies;
use super::turns::{Look, Manner, Sleep};
use super::{RawTask, echo, failed, turns};

/// How long the patient ones look before they sleep: as long as our own links.
const SPIN: Duration = Duration::from_micros(20);

/// Turns that are taken for each look at the clock, which would take a tenth of one.
const TURNS: u64 = 16;

/// Parts of a row's effort that go into the limit beside it. What two processes do takes longer
/// to settle than copies in one, and a whole lot of rows has to be done in two minutes.
const BESIDE_ROUND_TRIPS: u32 = 4;
const BESIDE_COPIES: u32 = 10;

/// A raw limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) variant: &'static str,
    way: Way,
    /// Whether it belongs to a quick look.
    pub(super) quick: bool,
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

pub(super) const CASES: [Case; 12] = [
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

    /// Makes it ready to be measured.
    pub(super) fn open(self) -> Result<Raw, BenchError> {
        let dir = private_dir()?;
        let path = dir.path().join("raw");
        let (op, peer) = match self.way {
            Way::Turns(manner) => take_turns(&path, manner)?,
            Way::Echo(spin) => echo_packets(&path, spin)?,
            Way::Copy(size) => (copy_payloads(size), None),
        };
        Ok(Raw {
            op,
            peer,
            lot: self.way.lot(),
            looks: self.way.looks(),
            _dir: dir,
        })
    }

    /// The row, still without figures.
    pub(super) fn row(&self) -> Row {
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

    /// Whether its operations are timed one by one.
    pub(super) const fn is_timed(&self) -> bool {
        self.way.lot() == 1
    }
}

impl Way {
    const fn turns(look: Look, sleep: Sleep) -> Self {
        Self::Turns(Manner { look, sleep })
    }

    /// How many operations are done for each one that is timed.
    const fn lot(self) -> u64 {
        match self {
            Self::Turns(_) => TURNS,
            Self::Echo(_) => 1,
            Self::Copy(size) => Copies::per_lot(size),
        }
    }

    /// Whether both sides look before they sleep.
    const fn looks(self) -> bool {
        match self {
            Self::Turns(_) => true,
            Self::Echo(spin) => !spin.is_zero(),
            Self::Copy(_) => false,
        }
    }
}

/// A raw limit that can be measured at any time: the other process is there, and waits.
pub(crate) struct Raw {
    op: BoxedOp<'static>,
    peer: Option<Peer>,
    lot: u64,
    looks: bool,
    _dir: TempDir,
}

impl Raw {
    /// One run.
    pub(crate) fn run(&mut self, effort: &Effort) -> Result<Sample, BenchError> {
        // Two that look on one processor only keep each other from answering, and a system that
        // has put them there may leave them there for longer than this takes.
        let peer = self.peer.as_ref().filter(|_| self.looks);
        let apart = peer.map(|peer| load::apart(peer.pid())).transpose();
        let _apart = apart.map_err(failed("cannot choose a processor"))?;
        let sample = closed_loop(effort, 0, self.peer.as_mut(), &mut self.op)?;
        Ok(singles(sample, self.lot))
    }

    /// A short run, beside one of something that takes `effort`.
    pub(crate) fn run_beside(&mut self, effort: &Effort) -> Result<Sample, BenchError> {
        let part = match self.peer {
            Some(_) => BESIDE_ROUND_TRIPS,
            None => BESIDE_COPIES,
        };
        self.run(&Effort {
            warm_up: effort.warm_up / part,
            measured: effort.measured / part,
            runs: 1,
        })
    }
}

/// An operation, and the other process that takes part in it.
type Ready = (BoxedOp<'static>, Option<Peer>);

fn take_turns(path: &Path, manner: Manner) -> Result<Ready, BenchError> {
    let memory = turns::create(path).map_err(failed("cannot make shared memory"))?;
    let task = RawTask::Turns {
        path: path.to_owned(),
        manner,
    };
    let peer = Peer::start(&Task::Raw(task))?;
    let mut taken = 0;
    let op = move || {
        let mut side = turns::Side::new(&memory, manner, taken);
        for _ in 0..TURNS {
            side.round_trip().map_err(failed("cannot take turns"))?;
        }
        taken = side.taken();
        Ok(TURNS)
    };
    Ok((Box::new(op), Some(peer)))
}

fn echo_packets(path: &Path, spin: Duration) -> Result<Ready, BenchError> {
    let listener = echo::Listener::bind(path).map_err(failed("cannot listen for a raw echo"))?;
    let task = RawTask::Echo {
        path: path.to_owned(),
        spin,
    };
    let peer = Peer::start(&Task::Raw(task))?;
    let mut side = listener
        .accept(spin)
        .map_err(failed("no raw echo has connected"))?;
    let op = move || {
        side.round_trip().map_err(failed("cannot get a raw echo"))?;
        Ok(1)
    };
    Ok((Box::new(op), Some(peer)))
}

fn copy_payloads(size: usize) -> BoxedOp<'static> {
    let mut copies = Copies::of(size);
    Box::new(move || Ok(copies.lot()))
}

/// A sample whose operations were timed in lots, as one of single operations.
fn singles(sample: Sample, lot: u64) -> Sample {
    Sample {
        ops: sample.ops * lot,
        syscalls: sample.syscalls.map(|each| each / lot as f64),
        ..sample
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn rows_can_be_told_apart() {
        let names: HashSet<_> = CASES.iter().map(|case| case.row().name()).collect();
        assert_eq!(names.len(), CASES.len());
        assert!(names.contains("limits echo spin socket raw"));
        assert!(names.contains("limits memcpy 65536 raw"));
    }

    #[test]
    fn copies_are_counted_one_by_one() {
        let case = CASES.iter().find(|case| case.variant == "memcpy 4096");
        let mut raw = case.unwrap().open().unwrap();
        assert_eq!(raw.lot, 256);
        let effort = Effort {
            warm_up: Duration::from_millis(1),
            measured: Duration::from_millis(20),
            runs: 2,
        };
        for sample in [raw.run(&effort).unwrap(), raw.run_beside(&effort).unwrap()] {
            assert_eq!(sample.units, sample.ops * 4096);
            assert!(sample.ops.is_multiple_of(256));
        }
    }
}
