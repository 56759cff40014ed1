//! How far a lookup has come, and how much it asks for next.

/// How far a lookup has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// Keys that have their item.
    pub(super) done: usize,
    /// Of the first response.
    pub(super) generation: Option<u64>,
    /// Requests sent.
    pub(super) requests: usize,
    /// Average bytes of an item in the last response.
    pub(super) item_bytes: usize,
    /// Most keys of the next request.
    max_keys: usize,
    /// What `max_keys` does not grow beyond.
    ceiling: usize,
    /// Whether the next key is asked for alone: its item was too large beside others.
    alone: bool,
}

impl Progress {
    /// Where a lookup starts, or starts over after `requests` of them.
    pub(super) const fn start(requests: usize) -> Self {
        Self {
            done: 0,
            generation: None,
            requests,
            item_bytes: 0,
            max_keys: usize::MAX,
            ceiling: usize::MAX,
            alone: false,
        }
    }

    /// Most keys of the next request.
    pub(super) const fn max_keys(&self) -> usize {
        if self.alone { 1 } else { self.max_keys }
    }

    /// Of a request for `asked` keys, the first `answered` have their items, `bytes` all together.
    pub(super) fn advance(&mut self, asked: usize, answered: usize, bytes: usize, generation: u64) {
        self.done += answered;
        self.generation = Some(generation);
        self.max_keys = self.max_keys.saturating_mul(2).min(self.ceiling);
        self.item_bytes = bytes.checked_div(answered).unwrap_or(self.item_bytes);
        self.alone = answered == 0 && asked > 1;
    }

    /// The next key is asked for alone, whatever comes behind it.
    pub(super) const fn isolate(&mut self) {
        self.alone = true;
    }

    /// The response to `asked` keys did not fit: half as many are next. What did not fit once will
    /// not fit again, unless there is more room now.
    pub(super) const fn narrow(&mut self, asked: usize, more_room: bool) {
        self.max_keys = asked / 2;
        self.ceiling = if more_room { usize::MAX } else { asked - 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_fit_is_halved_and_grows_again_below_it() {
        for (more_room, most) in [(false, 99), (true, 200)] {
            let mut progress = Progress::start(3);
            progress.narrow(100, more_room);
            assert_eq!(progress.max_keys(), 50);
            progress.advance(50, 50, 5000, 7);
            assert_eq!((progress.done, progress.item_bytes), (50, 100));
            progress.advance(50, 50, 5000, 7);
            assert_eq!(progress.max_keys(), most);
        }
    }

    #[test]
    fn a_key_that_is_too_large_beside_others_is_asked_alone() {
        let mut progress = Progress::start(0);
        progress.advance(10, 0, 0, 7);
        assert_eq!((progress.done, progress.max_keys()), (0, 1));
        progress.advance(1, 1, 64, 7);
        assert!(progress.max_keys() > 1);
    }
}
