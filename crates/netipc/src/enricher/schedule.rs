//! When a key is asked again, as pure decisions.

use std::time::Duration;

use super::config::EnricherConfig;
use crate::lookup::Verdict;

/// What decides whether an answer still holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Standing {
    pub(super) verdict: Verdict,
    /// How old the answer is.
    pub(super) age: Duration,
    /// Whether the provider was restarted since.
    pub(super) other_world: bool,
    /// Whether the provider's data has changed since, as far as is known.
    pub(super) other_generation: bool,
}

/// What to do about a key that is wanted and has been answered before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Due {
    /// Ask it.
    Now,
    /// Ask it if the provider's data has changed, which nobody knows.
    IfChanged,
    /// Leave it.
    No,
}

impl Standing {
    /// What to do where somebody wants the key. Of items that are known, only one that is another's, of an
    /// earlier world, or too old is wanted at all.
    pub(super) fn due(self, config: &EnricherConfig) -> Due {
        if self.other_world {
            return Due::Now;
        }
        match self.verdict {
            Verdict::ForGood | Verdict::Oversized => Due::No,
            _ if self.age < config.retry => Due::No,
            Verdict::Known => Due::Now,
            Verdict::Provisional | Verdict::ForNow => {
                if self.other_generation || self.age >= config.retry_most {
                    Due::Now
                } else {
                    Due::IfChanged
                }
            }
        }
    }
}

/// How long to leave a provider alone, and when to try it again. Time is an argument.
#[derive(Clone, Debug)]
pub(super) struct Pacer {
    first: Duration,
    most: Duration,
    delay: Duration,
    next: Option<Duration>,
    /// What stood at the endpoint when it failed last.
    mark: Option<u64>,
}

impl Pacer {
    pub(super) const fn new(config: &EnricherConfig) -> Self {
        Self {
            first: config.backoff_first,
            most: config.backoff_most,
            delay: config.backoff_first,
            next: None,
            mark: None,
        }
    }

    /// Whether to try now, with this at the endpoint. A provider that came back is tried at once.
    pub(super) fn allows(&mut self, now: Duration, mark: Option<u64>) -> bool {
        let Some(next) = self.next else { return true };
        if mark.is_some() && mark != self.mark {
            self.delay = self.first;
            return true;
        }
        now >= next
    }

    /// Notes a failure.
    pub(super) fn failed(&mut self, now: Duration, mark: Option<u64>) {
        self.next = Some(now.saturating_add(self.delay));
        self.mark = mark;
        self.delay = (self.delay * 2).min(self.most);
    }

    /// Notes an answer.
    pub(super) const fn answered(&mut self) {
        self.next = None;
        self.delay = self.first;
    }

    /// How long until the next attempt.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.next
            .map_or(Duration::ZERO, |next| next.saturating_sub(now))
    }
}
