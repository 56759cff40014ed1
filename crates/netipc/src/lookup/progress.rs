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
    /// Bytes of an item, as the last response had them.
    pub(super) item: usize,
    /// Most keys of the next request.
    most: usize,
    /// What `most` does not grow beyond.
    ceiling: usize,
    /// Whether the next key is asked for alone: beside others it was judged too large.
    alone: bool,
}

impl Progress {
    /// Where a lookup starts, or starts over after `requests` of them.
    pub(super) const fn start(requests: usize) -> Self {
        Self {
            done: 0,
            generation: None,
            requests,
            item: 0,
            most: usize::MAX,
            ceiling: usize::MAX,
            alone: false,
        }
    }

    /// Most keys of the next request.
    pub(super) const fn most_keys(&self) -> usize {
        if self.alone { 1 } else { self.most }
    }

    /// Of a request for `asked` keys, the first `taken` have their items, `bytes` all together.
    pub(super) fn advance(&mut self, asked: usize, taken: usize, bytes: usize, generation: u64) {
        self.done += taken;
        self.generation = Some(generation);
        self.most = self.most.saturating_mul(2).min(self.ceiling);
        self.item = bytes.checked_div(taken).unwrap_or(self.item);
        self.alone = taken == 0 && asked > 1;
    }

    /// The response to `asked` keys did not fit: half as many are next. What did not fit once will
    /// not fit again, unless there is more room now.
    pub(super) const fn narrow(&mut self, asked: usize, more_room: bool) {
        self.most = asked / 2;
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
            assert_eq!(progress.most_keys(), 50);
            progress.advance(50, 50, 5000, 7);
            assert_eq!((progress.done, progress.item), (50, 100));
            progress.advance(50, 50, 5000, 7);
            assert_eq!(progress.most_keys(), most);
        }
    }

    #[test]
    fn a_key_that_is_too_large_beside_others_is_asked_alone() {
        let mut progress = Progress::start(0);
        progress.advance(10, 0, 0, 7);
        assert_eq!((progress.done, progress.most_keys()), (0, 1));
        progress.advance(1, 1, 64, 7);
        assert!(progress.most_keys() > 1);
    }
}
