use std::collections::VecDeque;

/// The ids of requests without an answer, in the order they were sent.
///
/// Answers mostly come in order, so that the search ends at the front.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    ids: VecDeque<u64>,
    /// No id in `ids` is above it: a new one that is needs no search.
    highest: u64,
}

impl InFlight {
    /// Whether `id` was free and is now in flight.
    #[inline]
    pub(super) fn insert(&mut self, id: u64) -> bool {
        if !self.ids.is_empty() && id <= self.highest && self.contains(id) {
            return false;
        }
        self.highest = if self.ids.is_empty() {
            id
        } else {
            self.highest.max(id)
        };
        self.ids.push_back(id);
        true
    }

    #[inline]
    pub(super) fn contains(&self, id: u64) -> bool {
        self.ids.front() == Some(&id) || self.ids.contains(&id)
    }

    #[inline]
    pub(super) fn remove(&mut self, id: u64) {
        if self.ids.front() == Some(&id) {
            self.ids.pop_front();
        } else if let Some(at) = self.ids.iter().position(|other| *other == id) {
            self.ids.remove(at);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn take(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.ids).into()
    }
}
