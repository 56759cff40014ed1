//! What processes use: processor time, context switches and system calls.

use std::fs;
use std::io;
use std::ops::Add;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use perf_event::events::Tracepoint;
use perf_event::{Builder, Counter};
use serde::{Deserialize, Serialize};

/// Where the kernel shows its trace points, newer place first.
const TRACE_POINTS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// What a process has used so far, or between two moments.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Usage {
    /// Processor time of all its threads, in user space and in the kernel.
    pub cpu: Duration,
    /// Context switches, voluntary or not.
    pub switches: u64,
}

impl Usage {
    /// What this process has used until now; nothing where the system does not tell.
    #[must_use]
    pub fn now() -> Self {
        let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
            return Self::default();
        };
        let micros = [usage.user_time(), usage.system_time()]
            .map(|time| time.tv_sec() * 1_000_000 + time.tv_usec());
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        Self {
            cpu: Duration::from_micros(count(micros.iter().sum())),
            switches: count(
                usage.voluntary_context_switches() + usage.involuntary_context_switches(),
            ),
        }
    }

    /// What was used since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            switches: self.switches.saturating_sub(before.switches),
        }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            switches: self.switches + other.switches,
        }
    }
}

/// Counts the system calls of processes while it exists.
///
/// Every system call of the machine gets slower meanwhile, so that nothing is timed then.
pub struct SyscallCounter(Vec<Counter>);

impl SyscallCounter {
    /// Counts for all threads of the processes `pids`, and for threads that these start. `None`
    /// where the kernel does not tell: it takes a mounted tracefs and the right to look into it.
    #[must_use]
    pub fn start(pids: &[u32]) -> Option<Self> {
        let entries = trace_point("raw_syscalls/sys_enter")?;
        let threads: io::Result<Vec<i32>> = pids.iter().try_fold(Vec::new(), |mut all, pid| {
            all.extend(threads(*pid)?);
            Ok(all)
        });
        let counter = |thread| {
            let mut counter = Builder::new(Tracepoint::with_id(entries))
                .observe_pid(thread)
                .any_cpu()
                .include_kernel()
                .inherit_thread(true)
                .inherit(true)
                .build()?;
            counter.enable()?;
            Ok(counter)
        };
        let counters: io::Result<_> = threads.ok()?.into_iter().map(counter).collect();
        counters.ok().map(Self)
    }

    /// System calls since the start.
    #[must_use]
    pub fn count(&mut self) -> Option<u64> {
        self.0.iter_mut().map(|counter| counter.read().ok()).sum()
    }
}

/// The number of a trace point.
fn trace_point(name: &str) -> Option<u64> {
    let read = |place| fs::read_to_string(format!("{place}/events/{name}/id")).ok();
    TRACE_POINTS.iter().find_map(read)?.trim().parse().ok()
}

/// The threads of a process.
fn threads(pid: u32) -> io::Result<Vec<i32>> {
    let mut threads = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        threads.extend(
            entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<i32>().ok()),
        );
    }
    Ok(threads)
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::time::Instant;

    use super::*;

    #[test]
    fn work_is_seen() {
        let (before, begin) = (Usage::now(), Instant::now());
        let mut used = Duration::ZERO;
        while used < Duration::from_millis(1) && begin.elapsed() < Duration::from_secs(10) {
            black_box((0..1000).map(black_box).sum::<u64>());
            used = Usage::now().since(before).cpu;
        }
        assert!(used >= Duration::from_millis(1), "{used:?}");
    }

    #[test]
    fn differences_never_wrap() {
        let used = Usage {
            cpu: Duration::from_secs(1),
            switches: 3,
        };
        assert_eq!(Usage::default().since(used), Usage::default());
        assert_eq!((used + used).since(used), used);
    }

    #[test]
    fn system_calls_are_counted_where_the_kernel_tells() {
        let pid = std::process::id();
        let Some(mut counter) = SyscallCounter::start(&[pid]) else {
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
        let threads = threads(std::process::id()).unwrap();
        assert!(!threads.is_empty());
    }
}
