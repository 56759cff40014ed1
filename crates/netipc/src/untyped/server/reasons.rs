//! Why something did not happen, how often, and when last.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Reasons that are kept, the most recent.
const KEPT: usize = 8;

/// The most recent reasons for one kind of failure.
#[derive(Debug, Default)]
pub(super) struct Reasons(Mutex<Vec<Reason>>);

/// One reason.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    pub(super) why: String,
    pub(super) count: u64,
    last: Instant,
}

impl Reason {
    /// How long ago it was the last time.
    pub(super) fn age(&self) -> Duration {
        self.last.elapsed()
    }
}

impl Reasons {
    /// Counts a reason once more.
    pub(super) fn note(&self, why: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter_mut().find(|one| one.why == why) {
            (known.count, known.last) = (known.count.saturating_add(1), Instant::now());
            return;
        }
        if all.len() == KEPT {
            let oldest = (0..KEPT).min_by_key(|at| all.get(*at).map(|one| one.last));
            all.swap_remove(oldest.unwrap_or_default());
        }
        all.push(Reason {
            why: why.to_owned(),
            count: 1,
            last: Instant::now(),
        });
    }

    /// All that are kept.
    pub(super) fn all(&self) -> Vec<Reason> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_the_oldest_goes() {
        let reasons = Reasons::default();
        for at in 0..KEPT {
            reasons.note(&at.to_string());
        }
        reasons.note("0");
        reasons.note("new");
        let all = reasons.all();
        assert_eq!(all.len(), KEPT);
        let of = |why: &str| all.iter().find(|one| one.why == why).map(|one| one.count);
        assert_eq!((of("0"), of("1"), of("new")), (Some(2), None, Some(1)));
    }
}
