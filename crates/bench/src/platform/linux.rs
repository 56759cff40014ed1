//! Linux: who may run where and before whom, which system calls were made, and which processors there are.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::process;

use perf_event::events::Tracepoint;
use perf_event::{Builder, Counter};
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

/// Whether processes can be kept on some processors.
pub(crate) const CAN_PIN: bool = true;

/// The policies that let a process go before all ordinary ones, as in `sched(7)`: first in first
/// out, round robin and deadline.
const REAL_TIME: [u32; 3] = [1, 2, 6];

/// Where the kernel shows its trace points, newer place first.
const TRACE_POINTS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

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
        let pid = self::pid(pid)?;
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
pub(crate) fn keep_apart(other: u32) -> io::Result<Vec<Pinned>> {
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

/// Counts the system calls of processes while it exists.
///
/// Every system call of the machine gets slower meanwhile, so that nothing is timed then.
pub(crate) struct SyscallCounter(Vec<Counter>);

impl SyscallCounter {
    /// Counts for all threads of the processes `pids`, and for threads that these start. `None`
    /// where the kernel does not tell: it takes a mounted tracefs and the right to look into it.
    pub(crate) fn start(pids: &[u32]) -> Option<Self> {
        let entries = trace_point("raw_syscalls/sys_enter")?;
        let threads: io::Result<Vec<Vec<Pid>>> =
            pids.iter().map(|number| threads(pid(*number)?)).collect();
        let counter = |thread: Pid| {
            let mut counter = Builder::new(Tracepoint::with_id(entries))
                .observe_pid(thread.as_raw_pid())
                .any_cpu()
                .include_kernel()
                .inherit_thread(true)
                .inherit(true)
                .build()?;
            counter.enable()?;
            Ok(counter)
        };
        let threads = threads.ok()?.into_iter().flatten();
        let counters: io::Result<_> = threads.map(counter).collect();
        counters.ok().map(Self)
    }

    /// System calls since the start.
    pub(crate) fn count(&mut self) -> Option<u64> {
        self.0.iter_mut().map(|counter| counter.read().ok()).sum()
    }
}

/// The number of a trace point.
fn trace_point(name: &str) -> Option<u64> {
    let read = |place| fs::read_to_string(format!("{place}/events/{name}/id")).ok();
    TRACE_POINTS.iter().find_map(read)?.trim().parse().ok()
}

/// Makes sure that what this thread starts would not go before all other work: a policy is inherited.
pub(crate) fn check_policy() -> io::Result<()> {
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

/// The threads of a process.
fn threads(process: Pid) -> io::Result<Vec<Pid>> {
    let threads = fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero()))?;
    let ids = threads.map(|entry| {
        let id = entry?.file_name().to_str().and_then(|id| id.parse().ok());
        let id = id.and_then(Pid::from_raw);
        id.ok_or_else(|| invalid("a thread has no number"))
    });
    ids.collect()
}

fn pid(number: u32) -> io::Result<Pid> {
    let pid = i32::try_from(number).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| invalid("0 is not the id of a process"))
}

/// The model of the processors, which some architectures do not tell.
pub(crate) fn processor_model() -> Option<String> {
    model(&fs::read_to_string("/proc/cpuinfo").ok()?).map(str::to_owned)
}

/// The first model in the text of `/proc/cpuinfo`.
fn model(cpuinfo: &str) -> Option<&str> {
    let mut fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    fields
        .find(|(key, value)| key.trim() == "model name" && !value.trim().is_empty())
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn system_calls_are_counted_where_the_kernel_tells() {
        let Some(mut counter) = SyscallCounter::start(&[process::id()]) else {
            return;
        };
        let looks = 100;
        for _ in 0..looks {
            let _ = rustix::process::getppid();
        }
        assert!(counter.count().is_some_and(|count| count >= looks));
    }

    #[test]
    fn this_process_has_threads() {
        let own = pid(process::id()).unwrap();
        assert!(!threads(own).unwrap().is_empty());
    }

    #[test]
    fn processors_have_a_model() {
        let two =
            "processor\t: 0\nmodel name\t: Quick 9\n\nprocessor\t: 1\nmodel name\t: Quick 9\n";
        assert_eq!(model(two), Some("Quick 9"));
        assert_eq!(model("processor\t: 0\nmodel name\t:\n"), None);
    }
}
