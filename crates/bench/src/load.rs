//! A busy machine: processes that compute, and who may run where.

use std::collections::HashMap;
use std::hint::black_box;
use std::io;
use std::path::PathBuf;
use std::process;
use std::str::FromStr;

use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::error::BenchError;
use crate::limits::RawTask;
use crate::peer::{Peer, Task};

/// Processes that compute until this is dropped.
///
/// Processes and not threads, so that what they use is nobody else's.
#[derive(Debug)]
pub struct Hogs {
    peers: Vec<Peer>,
}

impl Hogs {
    /// Starts `count` of them, all on the processor `cpu` or where the system likes.
    ///
    /// # Errors
    ///
    /// If one cannot be started. Those that were are stopped.
    pub fn start(count: usize, cpu: Option<usize>) -> Result<Self, BenchError> {
        let task = Task::Raw(RawTask::Hog { cpu });
        let peers = (0..count).map(|_| Peer::start(&task));
        Ok(Self {
            peers: peers.collect::<Result<_, _>>()?,
        })
    }

    /// Their process ids.
    pub fn pids(&self) -> impl Iterator<Item = u32> + '_ {
        self.peers.iter().map(Peer::pid)
    }
}

/// Computes for ever, on the processor `cpu` if there is one given.
pub(crate) fn compute(cpu: Option<usize>) -> io::Result<()> {
    if let Some(cpu) = cpu {
        sched_setaffinity(None, &set(&[cpu])?)?;
    }
    let mut number = 1_u32;
    loop {
        number = black_box(number).wrapping_mul(0x9e37_79b9).rotate_left(5);
    }
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
