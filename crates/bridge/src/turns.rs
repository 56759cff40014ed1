//! Questions that wait for one service: each asker has a queue of its own, and askers take turns.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, PoisonError};

/// A queue for each asker, taken from in turns.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    /// How many of one asker may wait.
    most: usize,
    waiting: Mutex<Waiting<T>>,
    more: Condvar,
}

#[derive(Debug)]
struct Waiting<T> {
    /// By asker, for those that have some.
    of: BTreeMap<String, VecDeque<T>>,
    /// Those askers, in the order of their turns.
    order: VecDeque<String>,
    is_closed: bool,
}

/// Why something does not wait.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refused {
    /// As many of this asker wait as may.
    Full,
    /// Nobody takes any more.
    Closed,
}

impl<T> Turns<T> {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            waiting: Mutex::new(Waiting {
                of: BTreeMap::new(),
                order: VecDeque::new(),
                is_closed: false,
            }),
            more: Condvar::new(),
        }
    }

    /// Has `one` wait for the turn of `asker`. Holds up nobody.
    pub(crate) fn push(&self, asker: &str, one: T) -> Result<(), Refused> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_closed {
            return Err(Refused::Closed);
        }
        let queue = waiting.of.entry(asker.to_owned()).or_default();
        if queue.len() >= self.most {
            return Err(Refused::Full);
        }
        queue.push_back(one);
        if queue.len() == 1 {
            waiting.order.push_back(asker.to_owned());
        }
        self.more.notify_one();
        Ok(())
    }

    /// The next one, once there is one. Nothing once they are closed, and all have been taken.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(one) = waiting.next() {
                return Some(one);
            }
            if waiting.is_closed {
                return None;
            }
            waiting = self
                .more
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes no more.
    pub(crate) fn close(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.is_closed = true;
        self.more.notify_all();
    }
}

impl<T> Waiting<T> {
    fn next(&mut self) -> Option<T> {
        let asker = self.order.pop_front()?;
        let queue = self.of.get_mut(&asker)?;
        let one = queue.pop_front();
        if queue.is_empty() {
            self.of.remove(&asker);
        } else {
            self.order.push_back(asker);
        }
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn askers_take_turns_and_each_has_its_own_room() {
        let turns = Turns::new(3);
        for n in [1, 2, 3] {
            assert_eq!(turns.push("a", n), Ok(()));
        }
        assert_eq!(turns.push("a", 4), Err(Refused::Full));
        for n in [11, 12] {
            assert_eq!(turns.push("b", n), Ok(()), "a room of its own");
        }
        turns.close();
        assert_eq!(turns.push("c", 21), Err(Refused::Closed));
        let taken: Vec<i32> = std::iter::from_fn(|| turns.pop()).collect();
        assert_eq!(taken, [1, 11, 2, 12, 3]);
    }

    #[test]
    fn who_waits_for_one_gets_it() {
        let turns = Turns::new(1);
        std::thread::scope(|scope| {
            let taker = scope.spawn(|| (turns.pop(), turns.pop()));
            assert_eq!(turns.push("a", 1), Ok(()));
            turns.close();
            assert_eq!(taker.join().unwrap(), (Some(1), None));
        });
    }
}
