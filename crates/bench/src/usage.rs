//! What processes use: processor time and context switches.

use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::platform;

/// What a process has used so far, or between two moments.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Usage {
    /// Processor time of all its threads, in user space and in the kernel.
    #[serde(rename = "cpu_ns", with = "nanoseconds")]
    pub cpu: Duration,
    /// Context switches, voluntary or not; `None` where the system does not tell.
    pub switches: Option<u64>,
}

/// Durations as numbers.
mod nanoseconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, out: S) -> Result<S::Ok, S::Error> {
        crate::measure::nanos(*time).serialize(out)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_nanos)
    }
}

impl Default for Usage {
    /// Nothing.
    fn default() -> Self {
        Self {
            cpu: Duration::ZERO,
            switches: Some(0),
        }
    }
}

impl Usage {
    /// What this process has used until now; nothing where the system does not tell.
    #[must_use]
    pub fn now() -> Self {
        platform::usage()
    }

    /// What was used since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        let switches = self.switches.zip(before.switches);
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            switches: switches.map(|(now, before)| now.saturating_sub(before)),
        }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let switches = self.switches.zip(other.switches);
        Self {
            cpu: self.cpu + other.cpu,
            switches: switches.map(|(one, other)| one + other),
        }
    }
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
            switches: Some(3),
        };
        assert_eq!(Usage::default().since(used), Usage::default());
        assert_eq!((used + used).since(used), used);
        let untold = Usage {
            switches: None,
            ..used
        };
        assert_eq!((used + untold).switches, None);
        assert_eq!(untold.since(used).switches, None);
    }
}
