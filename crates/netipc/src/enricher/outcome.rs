//! What a key gets.

use std::fmt;
use std::time::Duration;

/// An item, and how good it is.
#[derive(Clone, Copy, Debug)]
pub struct Hit<I> {
    /// What is known of the key.
    pub item: I,
    /// Whether the provider is absent: the item is what it said last.
    pub stale: bool,
    /// When the provider said so, on the monotonic clock.
    pub answered: Duration,
}

impl<I> Hit<I> {
    /// How long ago the provider said so. Reads the clock, which costs about as much as finding the item.
    #[must_use]
    pub fn age(&self) -> Duration {
        netipc_transport::monotonic().saturating_sub(self.answered)
    }
}

/// Why there is no item. What can be asked is queued by the same look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Missing {
    /// Never answered, and waits to be asked.
    Queued,
    /// Asked, without an answer yet.
    Pending,
    /// The provider does not know it now.
    ForNow {
        /// How long until it is asked again at the earliest.
        retry_in: Duration,
    },
    /// The provider will never know it. Asked again once the provider was restarted.
    ForGood,
    /// Never answered, and there is no provider. Waits to be asked.
    Absent,
    /// No answer can hold the item.
    Oversized,
    /// The item there is belongs to an earlier owner of the key, such as a process that is gone. Waits to be
    /// asked again.
    Reused,
    /// It cannot be a key.
    Invalid,
}

/// How many reasons there are.
pub(super) const REASONS: usize = 8;

impl Missing {
    /// The number of the reason, the same in every language, from 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Queued => 1,
            Self::Pending => 2,
            Self::ForNow { .. } => 3,
            Self::ForGood => 4,
            Self::Absent => 5,
            Self::Oversized => 6,
            Self::Reused => 7,
            Self::Invalid => 8,
        }
    }

    /// Its name, as metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Pending => "pending",
            Self::ForNow { .. } => "for_now",
            Self::ForGood => "for_good",
            Self::Absent => "absent",
            Self::Oversized => "oversized",
            Self::Reused => "reused",
            Self::Invalid => "invalid",
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queued => f.pad("not asked yet"),
            Self::Pending => f.pad("asked, no answer yet"),
            Self::ForNow { retry_in } if retry_in.is_zero() => {
                f.write_str("not known now, asked again when the provider's data changes")
            }
            Self::ForNow { retry_in } => write!(f, "not known now, asked again in {retry_in:?}"),
            Self::ForGood => f.pad("not known"),
            Self::Absent => f.pad("not asked yet: no provider"),
            Self::Oversized => f.pad("too large for any answer"),
            Self::Reused => f.pad("only an earlier owner of the key is known"),
            Self::Invalid => f.pad("not a key"),
        }
    }
}

/// What one round did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Step {
    /// Keys that were asked.
    pub asked: usize,
    /// Keys that were answered.
    pub answered: usize,
    /// Keys that wait to be asked.
    pub waiting: usize,
    /// How it ended.
    pub end: StepEnd,
    /// How long until there is something to do, if no key comes; `None` is never.
    pub next: Option<Duration>,
}

/// How a round ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StepEnd {
    /// Nothing is left to do now.
    Idle,
    /// The budget was over before all was asked.
    MoreToDo,
    /// There is no provider.
    Absent,
    /// A call failed; its keys wait to be asked again.
    Failed,
    /// It was called off.
    Aborted,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Missing;

    #[test]
    fn what_waits_for_the_providers_data_tells_no_time() {
        let waits = |retry_in| Missing::ForNow { retry_in }.to_string();
        assert!(waits(Duration::ZERO).ends_with("asked again when the provider's data changes"));
        assert!(waits(Duration::from_secs(2)).ends_with("asked again in 2s"));
    }
}
