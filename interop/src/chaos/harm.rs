//! What is done to a process, and undone.

use std::fs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Resource, Rlimit, Signal, getpriority_process, kill_process, prlimit, setpriority_process,
};

use crate::random::Random;

/// The longest that a process is stopped or starved: longer than a handshake may take.
const LONGEST_MS: usize = 2500;

/// Who it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Whom {
    Provider,
    Consumer,
}

/// A process that things are done to, shared by who does them and who looks after it.
#[derive(Clone, Debug, Default)]
pub(super) struct Target(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Nothing while there is none: its number may be another's.
    pid: Option<Pid>,
    suffering: Option<(Suffering, Instant)>,
    /// Whether it was killed, or may have died for want of memory.
    is_killed: bool,
    may_starve: bool,
    /// Whether it runs when nobody else wants to, for good.
    is_slow: bool,
    /// How often anything was done to it.
    times: u64,
}

/// What goes on for a while.
#[derive(Clone, Copy, Debug)]
enum Suffering {
    Stopped,
    /// This resource was limited.
    Starved(Resource, Rlimit),
}

/// What became of a process, as far as somebody did it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    pub(super) is_killed: bool,
    pub(super) may_starve: bool,
}

impl Target {
    /// It is this process from now on, to which nothing was done.
    pub(super) fn begin(&self, pid: Option<Pid>) {
        let times = self.lock().times;
        *self.lock() = State {
            pid,
            times: times + 1,
            ..State::default()
        };
    }

    /// The process is about to be waited for: nothing is done to it any more.
    pub(super) fn end(&self) -> Fate {
        let mut state = self.lock();
        state.pid = None;
        state.suffering = None;
        Fate {
            is_killed: state.is_killed,
            may_starve: state.may_starve,
        }
    }

    pub(super) fn is_killed(&self) -> bool {
        self.lock().is_killed
    }

    /// How often anything was done to it: equal before and after a question, nothing was meanwhile. Nothing of one
    /// that may have to wait for everybody else on this machine.
    pub(super) fn times(&self) -> Option<u64> {
        let state = self.lock();
        (!state.is_slow).then_some(state.times)
    }

    /// Ends what has gone on for long enough.
    pub(super) fn go_on(&self) {
        let mut state = self.lock();
        if state
            .suffering
            .is_some_and(|(_, until)| until <= Instant::now())
        {
            state.relieve();
        }
    }

    /// Ends whatever goes on.
    pub(super) fn mend(&self) {
        self.lock().relieve();
    }

    /// Does something to it, unless something goes on; gives what that is called.
    pub(super) fn suffer(&self, random: &mut Random, whom: Whom) -> Option<&'static str> {
        let (what, long) = (random.below(10), random.below(LONGEST_MS) as u64);
        let mut state = self.lock();
        let pid = state.pid?;
        if state.suffering.is_some() || state.is_killed {
            return None;
        }
        state.times += 1;
        let until = Instant::now() + Duration::from_millis(long);
        let mut starve = |resource, free| {
            let starved = limit(pid, resource, free)?;
            state.suffering = Some((Suffering::Starved(resource, starved), until));
            Some(())
        };
        match what {
            0..3 => {
                state.is_killed = true;
                kill_process(pid, Signal::KILL).ok()?;
                Some("killed")
            }
            3..6 => {
                kill_process(pid, Signal::STOP).ok()?;
                state.suffering = Some((Suffering::Stopped, until));
                Some("stopped for a while")
            }
            6 | 7 => {
                starve(Resource::Nofile, random.below(3) as u64)?;
                Some("without descriptors")
            }
            8 if whom == Whom::Provider => {
                starve(Resource::Fsize, 0)?;
                Some("without files")
            }
            8 => {
                // For good: it is as if the machine had more to do.
                let nice = getpriority_process(Some(pid)).ok()?;
                setpriority_process(Some(pid), (nice + 5).min(19)).ok()?;
                state.is_slow = true;
                Some("slowed down")
            }
            _ => {
                starve(Resource::As, random.below(64 << 20) as u64)?;
                state.may_starve = true;
                Some("without memory")
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn relieve(&mut self) {
        let (Some(pid), Some((suffering, _))) = (self.pid, self.suffering.take()) else {
            return;
        };
        self.times += 1;
        // Both fail only where it has died meanwhile.
        match suffering {
            Suffering::Stopped => drop(kill_process(pid, Signal::CONT)),
            Suffering::Starved(resource, before) => drop(prlimit(Some(pid), resource, before)),
        }
    }
}

/// Leaves a process only so much more of a resource than it has; gives the limit that it had.
fn limit(pid: Pid, resource: Resource, free: u64) -> Option<Rlimit> {
    let has = match resource {
        Resource::Nofile => first_free_descriptor(pid)?,
        Resource::As => status(pid, "VmSize:")? * 1024,
        _ => 0,
    };
    let before = prlimit(
        Some(pid),
        resource,
        Rlimit {
            current: Some(has + free),
            maximum: current_maximum(pid, resource)?,
        },
    );
    before.ok()
}

/// What an unprivileged process could never raise again stays as it is.
fn current_maximum(pid: Pid, resource: Resource) -> Option<Option<u64>> {
    let limits = fs::read_to_string(format!("/proc/{}/limits", pid.as_raw_pid())).ok()?;
    let name = match resource {
        Resource::Nofile => "Max open files",
        Resource::As => "Max address space",
        _ => "Max file size",
    };
    let line = limits.lines().find(|line| line.starts_with(name))?;
    let hard = line.get(name.len()..)?.split_whitespace().nth(1)?;
    Some(hard.parse().ok())
}

fn first_free_descriptor(pid: Pid) -> Option<u64> {
    let entries = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_pid())).ok()?;
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u64>().ok());
    numbers.max().map(|last| last + 1)
}

/// A number of KiB that the kernel tells of a process.
pub(super) fn status(pid: Pid, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// What a process has that it could leak.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holdings {
    pub(super) descriptors: usize,
    pub(super) shared_maps: usize,
    pub(super) threads: usize,
    pub(super) memory_kib: u64,
}

impl Holdings {
    /// What a process has now.
    pub(super) fn of(pid: Pid) -> Option<Self> {
        let dir = format!("/proc/{}", pid.as_raw_pid());
        let entries = |name: &str| {
            fs::read_dir(format!("{dir}/{name}"))
                .ok()
                .map(Iterator::count)
        };
        let maps = fs::read_to_string(format!("{dir}/maps")).ok()?;
        let is_shared = |line: &&str| {
            line.split(' ')
                .nth(1)
                .is_some_and(|mode| mode.ends_with('s'))
        };
        Some(Self {
            descriptors: entries("fd")?,
            shared_maps: maps.lines().filter(is_shared).count(),
            threads: entries("task")?,
            memory_kib: status(pid, "VmRSS:")?,
        })
    }
}
