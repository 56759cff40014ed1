//! What to do after a failure, as pure decisions.

use std::time::{Duration, Instant};

use crate::config::Capacity;
use crate::error::Failure;

/// Times that one call may grow its proposals.
const GROWTH_ROUNDS: u32 = 8;

/// What one call has tried so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Attempts {
    /// Whether it has reconnected after a failure.
    pub(crate) retried: bool,
    /// Times it has grown.
    pub(crate) grown: u32,
}

/// What to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Decision {
    /// Return the failure and keep the session.
    Return,
    /// Drop the session and return the failure.
    DropAndReturn,
    /// Make a new session and send the request again.
    Reconnect,
    /// Make a new session with room for more and send the request again.
    Grow,
}

/// The table of `service.md`: what a failure of a ready client leads to.
pub(crate) const fn decide(failure: &Failure, attempts: Attempts) -> Decision {
    match failure {
        Failure::NotReady { .. }
        | Failure::InvalidRequest(_)
        | Failure::Overflow { .. }
        | Failure::Unsupported
        | Failure::GenerationMismatch { .. } => Decision::Return,
        Failure::Timeout | Failure::Aborted | Failure::RejectedRequest | Failure::Reconnect(_) => {
            Decision::DropAndReturn
        }
        Failure::Lost(_)
        | Failure::Protocol(_)
        | Failure::HandlerFailed
        | Failure::UnexpectedStatus { .. } => match attempts.retried {
            true => Decision::DropAndReturn,
            false => Decision::Reconnect,
        },
        Failure::LimitExceeded { .. } => match attempts.grown < GROWTH_ROUNDS {
            true => Decision::Grow,
            false => Decision::DropAndReturn,
        },
    }
}

/// What to propose so that a session carries at least `needed`, never above `ceiling`; nothing
/// where `now` is as good as it gets. Growth goes to the next power of two.
pub(crate) fn grow(now: Capacity, needed: Capacity, ceiling: Capacity) -> Option<Capacity> {
    let step = |now: u32, needed: u32, ceiling: u32| match needed > now {
        true => needed
            .checked_next_power_of_two()
            .unwrap_or(u32::MAX)
            .min(ceiling)
            .max(now),
        false => now,
    };
    let grown = Capacity {
        request_bytes: step(
            now.request_bytes,
            needed.request_bytes,
            ceiling.request_bytes,
        ),
        batch_items: step(now.batch_items, needed.batch_items, ceiling.batch_items),
        response_bytes: step(
            now.response_bytes,
            needed.response_bytes,
            ceiling.response_bytes,
        ),
    };
    (grown != now).then_some(grown)
}

/// How long to leave something alone after it failed: doubling from `first` up to `most`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
    until: Option<Instant>,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most,
            next: first,
            until: None,
        }
    }

    /// Whether it may be tried at `now`.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }

    /// Notes a failure at `now`.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.until = now.checked_add(self.next);
        self.next = (self.next * 2).min(self.most);
    }

    /// Notes a success.
    pub(crate) const fn succeeded(&mut self) {
        self.until = None;
        self.next = self.first;
    }
}
