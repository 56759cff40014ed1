//! How long a figure is measured.

use std::time::Duration;

/// How long and how often a figure is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Effort {
    /// How long it goes on before anything counts, in every run.
    pub warm_up: Duration,
    /// How long a run counts.
    pub measured: Duration,
    /// How many runs; figures are the medians of theirs.
    pub runs: u32,
}

impl Effort {
    /// For figures to quote.
    pub const FULL: Self = Self {
        warm_up: Duration::from_millis(200),
        measured: Duration::from_secs(1),
        runs: 3,
    };
    /// For a first look: every scenario in less than two minutes, and
    /// with all programs of the matrix in less than eight.
    pub const QUICK: Self = Self {
        warm_up: Duration::from_millis(40),
        measured: Duration::from_millis(160),
        runs: 1,
    };

    /// What measuring one figure takes, besides its preparation.
    #[must_use]
    pub fn total(&self) -> Duration {
        (self.warm_up + self.measured) * self.runs
    }

    /// One run of a part of the time: a half for 2.
    pub(crate) fn part(&self, part: u32) -> Self {
        Self {
            warm_up: self.warm_up / part,
            measured: self.measured / part,
            runs: 1,
        }
    }
}
