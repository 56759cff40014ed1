//! A busy machine: processes that compute.

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use crate::driver::Driver;
use crate::error::{BenchError, system};
use crate::peer::Task;
use crate::platform;

/// What hogs get beside the time that they are needed: on a busy machine everything takes longer.
const GRACE: Duration = Duration::from_secs(5);

/// Numbers that a hog computes for each look at the clock.
const STRIDE: u32 = 1 << 16;

/// Processes that compute until this is dropped, or for a little longer than they are needed: what
/// is to stop them may itself not get a processor.
///
/// Processes and not threads, so that what they use is nobody else's.
#[derive(Debug)]
pub(crate) struct Hogs {
    /// Killed with this.
    _peers: Vec<Driver>,
    end: Instant,
}

impl Hogs {
    /// Starts `count` of them for something that takes `time`.
    pub(crate) fn start(count: usize, time: Duration) -> Result<Self, BenchError> {
        check_policy()?;
        let time = time + time / 4 + GRACE;
        let end = Instant::now() + time;
        let task = Task::Hog(time);
        let peers = (0..count).map(|_| Driver::own(&task));
        Ok(Self {
            _peers: peers.collect::<Result<_, _>>()?,
            end,
        })
    }

    /// Whether they have computed all the time until now.
    pub(crate) fn check(&self) -> Result<(), BenchError> {
        if Instant::now() < self.end {
            return Ok(());
        }
        let why = "measuring took much longer than it should";
        let error = io::Error::new(io::ErrorKind::TimedOut, why);
        Err(system("the machine was not busy all the time")(error))
    }
}

/// Makes sure that hogs would not have a real-time policy, as they inherit it: they would stop all
/// other work on their processors.
pub(crate) fn check_policy() -> Result<(), BenchError> {
    platform::check_policy().map_err(system("cannot keep the machine busy"))
}

/// Computes for `time`.
pub(crate) fn compute(time: Duration) -> Result<(), BenchError> {
    let begin = Instant::now();
    check_policy()?;
    let mut number = 1_u32;
    while begin.elapsed() < time {
        for _ in 0..STRIDE {
            number = black_box(number).wrapping_mul(0x9e37_79b9).rotate_left(5);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hog_ends_by_itself() {
        let (begin, time) = (Instant::now(), Duration::from_millis(5));
        compute(time).unwrap();
        assert!(begin.elapsed() >= time);
    }

    #[test]
    fn hogs_that_ended_are_told() {
        let mut hogs = Hogs::start(0, Duration::ZERO).unwrap();
        hogs.check().unwrap();
        hogs.end = Instant::now();
        let error = hogs.check().unwrap_err();
        assert!(error.to_string().contains("not busy"), "{error}");
    }
}
