//! A busy machine: processes that compute, and who may run where.

use std::collections::HashMap;
use std::fs;
use std::hint::black_box;
use std::io;
use std::path::PathBuf;
use std::process;
use std::str::FromStr;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

use crate::error::BenchError;
use crate::limits::RawTask;
use crate::peer::{Peer, Task};

/// What hogs get beside the time that they are needed: on a busy machine everything takes longer.
const GRACE: Duration = Duration::from_secs(5);

/// Numbers that a hog computes for each look at the clock.
const STRIDE: u32 = 1 << 16;

/// The policies that let a process go before all ordinary ones, as in `sched(7)`: first in first
/// out, round robin and deadline.
const REAL_TIME: [u32; 3] = [1, 2, 6];

/// Processes that compute until this is dropped, or for a little longer than they are needed: what
/// is to stop them may itself not get a processor.
///
/// Processes and not threads, so that what they use is nobody else's.
#[derive(Debug)]
pub struct Hogs {
    peers: Vec<Peer>,
    end: Instant,
}

impl Hogs {
    /// Starts `count` of them, all on the processor `cpu` or where the system likes, for something
    /// that takes `time`.
    ///
    /// # Errors
    ///
    /// If one cannot be started, or as [`check_policy`]. Those that were are stopped.
    pub fn start(count: usize, cpu: Option<usize>, time: Duration) -> Result<Self, BenchError> {
        check_policy()?;
        let time = time + time / 4 + GRACE;
        let end = Instant::now() + time;
        let task = Task::Raw(RawTask::Hog { cpu, time });
        let peers = (0..count).map(|_| Peer::start(&task));
        Ok(Self {
            peers: peers.collect::<Result<_, _>>()?,
            end,
        })
    }

    /// Whether they have computed all the time until now.
    ///
    /// # Errors
    ///
    /// If they may have ended by themselves.
    pub fn check(&self) -> Result<(), BenchError> {
        match Instant::now() < self.end {
            true => Ok(()),
            false => Err(BenchError::System {
                what: "the machine was not busy all the time",
                source: io::Error::new(
                    io::ErrorKind::TimedOut,
                    "measuring took much longer than it should",
                ),
            }),
        }
    }

    /// Their process ids.
    pub fn pids(&self) -> impl Iterator<Item = u32> + '_ {
        self.peers.iter().map(Peer::pid)
    }
}

/// Makes sure that hogs would not have a real-time policy, as they inherit it: they would stop all
/// other work on their processors.
///
/// # Errors
///
/// If this thread has one.
pub fn check_policy() -> Result<(), BenchError> {
    policy_is_ordinary().map_err(|source| BenchError::System {
        what: "cannot keep the machine busy",
        source,
    })
}

/// Computes for `time`, on the processor `cpu` if there is one given.
pub(crate) fn compute(cpu: Option<usize>, time: Duration) -> io::Result<()> {
    let begin = Instant::now();
    policy_is_ordinary()?;
    if let Some(cpu) = cpu {
        sched_setaffinity(None, &set(&[cpu])?)?;
    }
    let mut number = 1_u32;
    while begin.elapsed() < time {
        for _ in 0..STRIDE {
            number = black_box(number).wrapping_mul(0x9e37_79b9).rotate_left(5);
        }
    }
    Ok(())
}

fn policy_is_ordinary() -> io::Result<()> {
    let stat = fs::read_to_string("/proc/thread-self/stat")?;
    match policy(&stat) {
        Some(policy) if REAL_TIME.contains(&policy) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "hogs with a real-time policy would stop everything else; \
             use an ordinary one, as with `chrt --other 0`",
        )),
        Some(_) => Ok(()),
        None => Err(invalid("the system does not tell the scheduling policy")),
    }
}

/// The scheduling policy in a `stat` of procfs: its field 41, where a name in parentheses, which
/// may have any character in it, is field 2.
fn policy(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(41 - 3)?.parse().ok()
}

/// A process that may only run on some processors until this is dropped.
///
/// Threads that it starts meanwhile may run where it did before, too, once this is dropped. A
/// process that asks for its number of processors while it is pinned learns of these alone, so pin
/// it after it has set up its links.
#[derive(Debug)]
pub struct Pinned {
    pid: Pid,
    /// Where each thread could run before, and the process as such.
    threads: HashMap<Pid, CpuSet>,
    process: CpuSet,
}

impl Pinned {
    /// Pins this process.
    ///
    /// # Errors
    ///
    /// As [`process`](Self::process).
    pub fn own(cpus: &[usize]) -> io::Result<Self> {
        Self::process(process::id(), cpus)
    }

    /// Pins all threads of the process `pid`, and with them those that it starts.
    ///
    /// # Errors
    ///
    /// If there is no such process, it is not ours, or it may run on none of `cpus`. It then runs
    /// where it did before.
    pub fn process(pid: u32, cpus: &[usize]) -> io::Result<Self> {
        let cpus = set(cpus)?;
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| invalid("0 is not the id of a process"))?;
        let mut pinned = Self {
            pid,
            threads: HashMap::new(),
            process: sched_getaffinity(Some(pid))?,
        };
        // Until no thread is new: one that has just been started may have the old processors.
        while pinned.pin_new_threads(&cpus)? {}
        Ok(pinned)
    }

    fn pin_new_threads(&mut self, cpus: &CpuSet) -> io::Result<bool> {
        let mut any = false;
        for thread in threads(self.pid)? {
            if self.threads.contains_key(&thread) {
                continue;
            }
            let pinned = sched_getaffinity(Some(thread)).and_then(|before| {
                self.threads.insert(thread, before);
                sched_setaffinity(Some(thread), cpus)
            });
            match pinned {
                Ok(()) => any = true,
                // It has ended meanwhile.
                Err(Errno::SRCH) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(any)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // A process or thread that is gone needs nothing any more.
        for thread in threads(self.pid).unwrap_or_default() {
            let before = self.threads.get(&thread).unwrap_or(&self.process);
            let _ = sched_setaffinity(Some(thread), before);
        }
    }
}

/// Keeps this process on the processor where it is now, and the process `other` off it, until what
/// it returns is dropped. Nothing where there is only one processor.
pub(crate) fn apart(other: u32) -> io::Result<Vec<Pinned>> {
    let here = sched_getcpu();
    let rest = allowed_cpus()?.into_iter().filter(|&cpu| cpu != here);
    let rest: Vec<_> = rest.collect();
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Pinned::own(&[here])?, Pinned::process(other, &rest)?])
}

/// The processors that this thread may run on, in order.
///
/// # Errors
///
/// If the system does not tell.
pub fn allowed_cpus() -> io::Result<Vec<usize>> {
    let allowed = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU)
        .filter(|&cpu| allowed.is_set(cpu))
        .collect())
}

/// The threads of a process.
fn threads(process: Pid) -> io::Result<Vec<Pid>> {
    let dir = PathBuf::from(format!("/proc/{}/task", process.as_raw_nonzero()));
    let mut threads = Vec::new();
    for entry in dir.read_dir()? {
        let name = entry?.file_name();
        let id = name.to_str().and_then(|name| i32::from_str(name).ok());
        threads.extend(id.and_then(Pid::from_raw));
    }
    Ok(threads)
}

fn set(cpus: &[usize]) -> io::Result<CpuSet> {
    let mut set = CpuSet::new();
    for &cpu in cpus {
        if cpu >= CpuSet::MAX_CPU {
            return Err(invalid(&format!("there is no processor {cpu}")));
        }
        set.set(cpu);
    }
    Ok(set)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hog_ends_by_itself() {
        let (begin, time) = (Instant::now(), Duration::from_millis(5));
        compute(None, time).unwrap();
        assert!(begin.elapsed() >= time);
    }

    #[test]
    fn hogs_that_ended_are_told() {
        let mut hogs = Hogs::start(0, None, Duration::ZERO).unwrap();
        hogs.check().unwrap();
        hogs.end = Instant::now();
        let error = hogs.check().unwrap_err();
        assert!(error.to_string().contains("not busy"), "{error}");
    }

    #[test]
    fn the_policy_is_found_behind_any_name() {
        let fifo = (3..=52).map(|field| if field == 41 { "1" } else { "7" });
        let fields = fifo.collect::<Vec<_>>().join(" ");
        for name in ["bench", "a b", ") 2 (", "))"] {
            assert_eq!(policy(&format!("12 ({name}) {fields}")), Some(1));
        }
        assert_eq!(policy("12 (cut) S 1 2"), None);
        assert_eq!(policy(""), None);
        let own = fs::read_to_string("/proc/thread-self/stat").unwrap();
        assert!(policy(&own).is_some());
    }
}
