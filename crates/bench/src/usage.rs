//! What processes use: processor time and context switches.

use std::ops::Add;

use serde::{Deserialize, Serialize};

use crate::platform;

/// What a process has used so far, or between two moments.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Usage {
    /// Nanoseconds of processor time of all its threads, in user space and in the kernel.
    pub(crate) cpu_ns: u64,
    /// Context switches, voluntary or not; `None` where the system does not tell.
    pub(crate) switches: Option<u64>,
}

impl Default for Usage {
    /// Nothing.
    fn default() -> Self {
        Self {
            cpu_ns: 0,
            switches: Some(0),
        }
    }
}

impl Usage {
    /// What this process has used until now; nothing where the system does not tell.
    pub(crate) fn now() -> Self {
        platform::usage()
    }

    /// What was used since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        let switches = self.switches.zip(before.switches);
        Self {
            cpu_ns: self.cpu_ns.saturating_sub(before.cpu_ns),
            switches: switches.map(|(now, before)| now.saturating_sub(before)),
        }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let switches = self.switches.zip(other.switches);
        Self {
            cpu_ns: self.cpu_ns + other.cpu_ns,
            switches: switches.map(|(one, other)| one + other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn work_is_seen() {
        let (before, begin) = (Usage::now(), Instant::now());
        let mut used = 0;
        while used < 1_000_000 && begin.elapsed() < Duration::from_secs(60) {
            black_box((0..1000).map(black_box).sum::<u64>());
            used = Usage::now().since(before).cpu_ns;
        }
        assert!(used >= 1_000_000, "{used}");
    }

    #[test]
    fn differences_never_wrap() {
        let used = Usage {
            cpu_ns: 7,
            switches: Some(3),
        };
        assert_eq!(Usage::default().since(used), Usage::default());
        assert_eq!((used + used).since(used), used);
        let untold = Usage {
            switches: None,
            ..used
        };
        let both = [(used + untold).switches, untold.since(used).switches];
        assert_eq!(both, [None, None]);
    }
}
