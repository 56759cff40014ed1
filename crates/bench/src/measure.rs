//! The closed loop: one operation after the other, timed, and what both processes used meanwhile.

use std::panic::resume_unwind;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::driver::Driver;
use crate::effort::Effort;
use crate::error::BenchError;
use crate::platform::SyscallCounter;
use crate::row::Row;
use crate::usage::Usage;

/// Nanoseconds of the longest operation that is told apart from longer ones.
const LONGEST: u64 = 60_000_000_000;
/// A rate counts as kept from this part of it on.
const KEPT: f64 = 0.95;

/// Does one operation, checks what came of it, and returns how many units it was worth.
pub(crate) type BoxedOp = Box<dyn FnMut() -> Result<u64, BenchError> + Send>;

/// What one run came to.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// What was done, in the unit of the row.
    pub(crate) units: u64,
    /// Operations.
    pub(crate) ops: u64,
    /// How long it took.
    pub(crate) elapsed: Duration,
    /// Nanoseconds of the operations.
    pub(crate) latency: Histogram<u64>,
    /// What the asking process used.
    pub(crate) client: Usage,
    /// What the other process used.
    pub(crate) server: Usage,
    /// System calls of both for each operation, where the system tells.
    pub(crate) syscalls: Option<f64>,
}

impl Sample {
    /// Units a second.
    pub(crate) fn throughput(&self) -> f64 {
        self.units as f64 / self.seconds()
    }

    /// Operations a second.
    pub(crate) fn ops_per_second(&self) -> f64 {
        self.ops as f64 / self.seconds()
    }

    pub(crate) fn nothing() -> Self {
        Self {
            units: 0,
            ops: 0,
            elapsed: Duration::ZERO,
            latency: Histogram::new_with_max(LONGEST, 3)
                .expect("three digits are a valid precision"),
            client: Usage::default(),
            server: Usage::default(),
            syscalls: None,
        }
    }

    /// So many operations of one unit each.
    #[cfg(test)]
    pub(crate) fn of(ops: u64, elapsed: Duration) -> Self {
        Self {
            units: ops,
            ops,
            elapsed,
            ..Self::nothing()
        }
    }

    /// What two threads did at the same time.
    fn beside(mut self, other: Self) -> Self {
        self.units += other.units;
        self.ops += other.ops;
        self.elapsed = self.elapsed.max(other.elapsed);
        self.latency
            .add(&other.latency)
            .expect("both have the same bounds");
        self
    }

    fn seconds(&self) -> f64 {
        self.elapsed.as_secs_f64().max(1e-9)
    }

    fn switches_per_op(&self) -> Option<f64> {
        let switches = (self.client + self.server).switches?;
        Some(switches as f64 / self.ops.max(1) as f64)
    }

    fn cores(&self, usage: Usage) -> f64 {
        usage.cpu_ns as f64 / 1e9 / self.seconds()
    }
}

/// Calls off every loop of this process once it is raised.
pub static STOP: AtomicBool = AtomicBool::new(false);

/// Who does the operations of a row.
pub(crate) enum Client {
    /// This program: one operation alone in this thread, several in a thread each.
    Own(Vec<BoxedOp>),
    /// Another one, which was told what to do.
    Program(Driver),
}

impl Client {
    /// One run, `rate` operations a second, as many as possible where that is 0. `server` is the
    /// process that answers, if one does.
    ///
    /// System calls are counted while it warms up, because counting makes them slow.
    pub(crate) fn run(
        &mut self,
        effort: &Effort,
        rate: u32,
        mut server: Option<&mut Driver>,
    ) -> Result<Sample, BenchError> {
        let mut pids = vec![self.pid()];
        pids.extend(server.as_ref().map(|server| server.pid()));
        // A few operations first, so that both sides have their threads, buffers and session.
        self.work(effort.warm_up / 2, rate)?;
        let mut counter = SyscallCounter::start(&pids);
        let warm_up = self.work(effort.warm_up / 2, rate)?;
        let syscalls = counter.as_mut().and_then(SyscallCounter::count);
        drop(counter);

        let mut used = || {
            let server = server.as_deref_mut();
            server.map_or(Ok(Usage::default()), Driver::usage)
        };
        let before = used()?;
        let done = self.work(effort.measured, rate)?;
        Ok(Sample {
            server: used()?.since(before),
            syscalls: syscalls.map(|count| count as f64 / warm_up.ops.max(1) as f64),
            ..done
        })
    }

    fn pid(&self) -> u32 {
        match self {
            Self::Own(_) => process::id(),
            Self::Program(client) => client.pid(),
        }
    }

    /// What it does in `time`, and uses for it.
    fn work(&mut self, time: Duration, rate: u32) -> Result<Sample, BenchError> {
        let before = Usage::now();
        let done = match self {
            Self::Program(client) => return Ok(Pace::new(rate).correct(client.work(time)?)),
            Self::Own(ops) => match &mut ops[..] {
                [op] => repeat(time, rate, op)?,
                ops => repeat_all(time, ops)?,
            },
        };
        Ok(Sample {
            client: Usage::now().since(before),
            ..done
        })
    }
}

/// Does `op` until `time` is over, at least once.
fn repeat(time: Duration, rate: u32, op: &mut BoxedOp) -> Result<Sample, BenchError> {
    let pace = Pace::new(rate);
    let mut done = Sample::nothing();
    let begin = Instant::now();
    let mut now = begin;
    while done.ops == 0 || now.duration_since(begin) < time {
        if STOP.load(Ordering::Relaxed) {
            return Err(BenchError::Interrupted);
        }
        let start = pace.wait(begin, done.ops, now);
        done.units += op()?;
        done.ops += 1;
        now = Instant::now();
        let took = nanos(now.duration_since(start));
        done.latency.saturating_record(took);
    }
    // To the end of the last period: a rate counts periods, not their beginnings.
    let end = pace.wait(begin, done.ops, now);
    done.elapsed = end.duration_since(begin);
    Ok(pace.correct(done))
}

/// Does each of `ops` in a thread of its own until `time` is over.
fn repeat_all(time: Duration, ops: &mut [BoxedOp]) -> Result<Sample, BenchError> {
    thread::scope(|scope| {
        let spawn = ops
            .iter_mut()
            .map(|op| scope.spawn(move || repeat(time, 0, op)));
        let threads: Vec<_> = spawn.collect();
        let mut done = Ok(Sample::nothing());
        for thread in threads {
            let sample = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
            done = done.and_then(|done| Ok(done.beside(sample?)));
        }
        done
    })
}

/// When operations start.
struct Pace(Option<Duration>);

impl Pace {
    fn new(rate: u32) -> Self {
        Self((rate > 0).then(|| Duration::from_secs(1) / rate))
    }

    /// Waits until operation `index` is due, in a schedule that does not drift; returns when it
    /// starts. Sleeps, because spinning here would count as the client's work.
    fn wait(&self, begin: Instant, index: u64, now: Instant) -> Instant {
        let Some(period) = self.0 else {
            return now;
        };
        let due = begin + Duration::from_nanos(nanos(period) * index);
        match due.checked_duration_since(now) {
            Some(left) if !left.is_zero() => {
                thread::sleep(left);
                Instant::now()
            }
            _ => now,
        }
    }

    /// Counts the operations that a slow one has kept from starting in time, too.
    ///
    /// Time runs from the actual start, because a sleep ends later than it should and that is not
    /// what is measured. Where the rate is not kept at all, lateness is the norm, grows without
    /// bounds and says nothing: the throughput tells then.
    fn correct(&self, sample: Sample) -> Sample {
        let Some(period) = self.0 else {
            return sample;
        };
        let rate = 1.0 / period.as_secs_f64();
        if sample.ops_per_second() < KEPT * rate {
            return sample;
        }
        let latency = sample.latency.clone_correct(nanos(period));
        Sample { latency, ..sample }
    }
}

pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(LONGEST)
}

/// `row` with the medians of `samples`. Percentiles only where single operations were timed.
pub(crate) fn fill(row: Row, samples: &[Sample], timed: bool) -> Row {
    let of = |figure: &dyn Fn(&Sample) -> f64| median(samples.iter().map(figure).collect());
    let throughputs = || samples.iter().map(Sample::throughput);
    let percentile = |quantile: f64| {
        let us = |sample: &Sample| sample.latency.value_at_quantile(quantile) as f64 / 1e3;
        timed.then(|| of(&us))
    };
    let if_all_tell = |figure: &dyn Fn(&Sample) -> Option<f64>| {
        let figures: Option<_> = samples.iter().map(figure).collect();
        figures.map(median)
    };
    Row {
        throughput: of(&Sample::throughput),
        min: throughputs().fold(f64::INFINITY, f64::min),
        max: throughputs().fold(0.0, f64::max),
        p50_us: percentile(0.5),
        p95_us: percentile(0.95),
        p99_us: percentile(0.99),
        p999_us: percentile(0.999),
        client_cpu: of(&|sample| sample.cores(sample.client)),
        server_cpu: of(&|sample| sample.cores(sample.server)),
        syscalls: if_all_tell(&|sample| sample.syscalls),
        switches: if_all_tell(&Sample::switches_per_op),
        ..row
    }
}

/// The middle one, or the mean of the two in the middle; 0 of nothing.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let last = numbers.len().saturating_sub(1);
    let at = |index: usize| numbers.get(index).copied().unwrap_or_default();
    f64::midpoint(at(last / 2), at(last.div_ceil(2)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    /// So many operations of ten units each in 100 ms, with these latencies.
    fn sample(ops: u64, latencies: impl IntoIterator<Item = u64>) -> Sample {
        let mut sample = Sample {
            units: 10 * ops,
            ..Sample::of(ops, Duration::from_millis(100))
        };
        for latency in latencies {
            sample.latency.record(latency).unwrap();
        }
        sample
    }

    #[test]
    fn medians_are_in_the_middle() {
        for (numbers, middle) in [
            (vec![3.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 2.0, 3.0], 2.5),
            (vec![7.0], 7.0),
            (Vec::new(), 0.0),
        ] {
            assert_eq!(median(numbers), middle);
        }
    }

    #[test]
    fn rows_have_medians_and_the_extremes_of_the_throughput() {
        let samples = [100, 300, 200].map(|ops| sample(ops, (1..=1000).map(|us| us * ops * 10)));
        let row = fill(Row::default(), &samples, true);
        let throughputs = [row.min, row.throughput, row.max];
        assert_eq!(throughputs, [10_000.0, 20_000.0, 30_000.0]);
        let percentiles = [row.p50_us, row.p95_us, row.p99_us, row.p999_us];
        for (found, wanted) in percentiles.iter().zip([1000.0, 1900.0, 1980.0, 1998.0]) {
            // Three digits are kept.
            let ratio = found.unwrap() / wanted;
            assert!((ratio - 1.0_f64).abs() < 2e-3, "{found:?} for {wanted}");
        }
        let untimed = fill(Row::default(), &samples, false);
        assert_eq!([untimed.p50_us, untimed.p999_us], [None, None]);
    }

    #[test]
    fn what_was_used_is_for_each_second_and_operation() {
        let used = |millis: u64, switches| Usage {
            cpu_ns: millis * 1_000_000,
            switches: Some(switches),
        };
        let done = Sample {
            client: used(50, 150),
            server: used(25, 50),
            syscalls: Some(4.0),
            ..sample(100, [])
        };
        let row = fill(Row::default(), std::slice::from_ref(&done), true);
        assert_eq!([row.client_cpu, row.server_cpu], [0.5, 0.25]);
        assert_eq!([row.switches, row.syscalls], [Some(2.0), Some(4.0)]);
        let unknown = Sample {
            syscalls: None,
            ..done.clone()
        };
        let row = fill(Row::default(), &[done, unknown], true);
        assert_eq!(row.syscalls, None);
    }

    #[test]
    fn every_run_and_thread_counts_and_errors_end_it() {
        let effort = Effort {
            warm_up: Duration::ZERO,
            measured: Duration::from_millis(1),
            runs: 1,
        };
        let run = |ops: Vec<BoxedOp>| Client::Own(ops).run(&effort, 0, None);
        let worth = |units: u64| Box::new(move || Ok(units)) as BoxedOp;
        static DONE: AtomicU64 = AtomicU64::new(0);
        let counted = || Ok(3 * DONE.fetch_add(1, Ordering::Relaxed).min(1));
        let one = run(vec![Box::new(counted)]).unwrap();
        assert!(one.ops > 0 && one.units == 3 * one.ops);
        let all = DONE.load(Ordering::Relaxed);
        assert!(one.ops < all, "warm-up does not count");
        let two = run(vec![worth(1), worth(2)]).unwrap();
        assert!(two.units > two.ops && two.units < 2 * two.ops, "both count");
        assert_eq!([one.latency.len(), two.latency.len()], [one.ops, two.ops]);

        let failing = || Box::new(|| Err(BenchError::wrong("always"))) as BoxedOp;
        for ops in [vec![failing()], vec![worth(1), failing()]] {
            assert!(matches!(run(ops), Err(BenchError::Wrong(_))));
        }
    }

    #[test]
    fn schedules_do_not_drift() {
        let (pace, begin) = (Pace::new(1000), Instant::now());
        let late = begin + Duration::from_secs(1);
        // The first one is due at once, and what is late starts at once.
        assert_eq!(pace.wait(begin, 0, begin), begin);
        assert_eq!(pace.wait(begin, 999, late), late);
        assert!(pace.wait(begin, 2, begin) >= begin + Duration::from_millis(2));
        assert_eq!(Pace::new(0).wait(begin, 999, begin), begin);
    }

    #[test]
    fn a_slow_operation_counts_for_those_it_has_delayed() {
        // Where the rate is not kept, or none was asked for, figures are as they came.
        for (rate, timed) in [(1000, 100 + 9), (2000, 100), (0, 100)] {
            let slow = sample(100, (0..99).map(|_| 1_000).chain([10_000_000]));
            assert_eq!(Pace::new(rate).correct(slow).latency.len(), timed);
        }
    }
}
