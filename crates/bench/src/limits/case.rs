//! Which raw limits there are, and how each is measured.

use crate::driver::Driver;
use crate::effort::Effort;
use crate::error::BenchError;
use crate::measure::{BoxedOp, Sample, closed_loop};
use crate::platform::keep_apart;
use crate::row::{Layer, Row, Scenario, Transport};
use crate::run_dir::RunDir;

use super::copy::Copies;
use super::failed;
use super::native::{self, Exchange};

/// Parts of a row's effort that go into the limit beside it. What two processes do takes longer
/// to settle than copies in one, and a whole lot of rows has to be done in two minutes.
const BESIDE_ROUND_TRIPS: u32 = 4;
const BESIDE_COPIES: u32 = 10;

/// A raw limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    variant: &'static str,
    kind: Kind,
}

/// What one operation is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Something that the platform has two processes exchange.
    Exchange(Exchange),
    /// So many bytes that one process copies.
    Copy(usize),
}

const COPIES: [Case; 5] = [
    Case::new("memcpy 64", Kind::Copy(64)),
    Case::new("memcpy 4096", Kind::Copy(4 << 10)),
    Case::new("memcpy 65536", Kind::Copy(64 << 10)),
    Case::new("memcpy 1048576", Kind::Copy(1 << 20)),
    Case::new("memcpy 3145728", Kind::Copy(3 << 20)),
];

/// All raw limits of this platform.
pub(super) fn cases() -> impl Iterator<Item = Case> {
    native::CASES.iter().chain(&COPIES).copied()
}

impl Case {
    const fn new(variant: &'static str, kind: Kind) -> Self {
        Self { variant, kind }
    }

    /// Something that two processes exchange.
    #[cfg_attr(windows, expect(dead_code, reason = "nothing is exchanged there"))]
    pub(super) const fn native(variant: &'static str, exchange: Exchange) -> Self {
        Self::new(variant, Kind::Exchange(exchange))
    }

    /// What two processes exchange, where they do.
    pub(super) const fn exchange(self) -> Option<Exchange> {
        match self.kind {
            Kind::Exchange(exchange) => Some(exchange),
            Kind::Copy(_) => None,
        }
    }

    /// Whether it rides on a bounced cache line, and can be no faster.
    pub(super) fn is_word(self) -> bool {
        self.exchange().is_some_and(Exchange::is_word)
    }

    /// Makes it ready to be measured.
    pub(super) fn open(self) -> Result<Raw, BenchError> {
        let dir = RunDir::new()?;
        let (op, peer) = match self.kind {
            Kind::Exchange(exchange) => exchange.open(dir.path())?,
            Kind::Copy(size) => (copy_payloads(size), None),
        };
        Ok(Raw {
            op,
            peer,
            lot: self.lot(),
            looks: self.exchange().is_some_and(Exchange::looks),
            _dir: dir,
        })
    }

    /// The row, still without figures.
    pub(super) fn row(&self) -> Row {
        let (transport, unit) = match self.kind {
            Kind::Exchange(exchange) => (exchange.transport(), "round trips"),
            Kind::Copy(_) => (Transport::None, "bytes"),
        };
        Row {
            variant: self.variant.to_owned(),
            ..Row::new(Scenario::Limits, transport, Layer::Raw, unit)
        }
    }

    /// How many operations are done for each one that is timed.
    pub(super) const fn lot(&self) -> u64 {
        match self.kind {
            Kind::Exchange(exchange) => exchange.lot(),
            Kind::Copy(size) => Copies::per_lot(size),
        }
    }
}

/// A raw limit that can be measured at any time: the other process is there, and waits.
pub(crate) struct Raw {
    op: BoxedOp,
    peer: Option<Driver>,
    lot: u64,
    looks: bool,
    _dir: RunDir,
}

impl Raw {
    /// One run.
    pub(crate) fn run(&mut self, effort: &Effort) -> Result<Sample, BenchError> {
        // Two that look on one processor only keep each other from answering, and a system that
        // has put them there may leave them there for longer than this takes.
        let peer = self.peer.as_ref().filter(|_| self.looks);
        let apart = peer.map(|peer| keep_apart(peer.pid())).transpose();
        let _apart = apart.map_err(failed("cannot choose a processor"))?;
        let sample = closed_loop(effort, 0, self.peer.as_mut(), &mut self.op)?;
        Ok(Sample {
            ops: sample.ops * self.lot,
            syscalls: sample.syscalls.map(|each| each / self.lot as f64),
            ..sample
        })
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

    /// The other process, if there is one.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.peer.as_ref().map(Driver::pid)
    }
}

/// An operation, and the other process that takes part in it.
pub(super) type Ready = (BoxedOp, Option<Driver>);

fn copy_payloads(size: usize) -> BoxedOp {
    let mut copies = Copies::of(size);
    Box::new(move || Ok(copies.lot()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;

    #[test]
    fn rows_can_be_told_apart() {
        let names: HashSet<_> = cases().map(|case| case.row().name()).collect();
        assert_eq!(names.len(), cases().count());
        assert!(names.contains("limits memcpy 65536 raw"));
    }

    #[test]
    fn copies_are_counted_one_by_one() {
        let case = cases().find(|case| case.variant == "memcpy 4096");
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
