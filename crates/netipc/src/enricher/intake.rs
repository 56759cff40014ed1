//! The keys that wait to be asked, those that are asked, and those that are pinned.
//!
//! ```text
//! want ──▶ waiting ── take ──▶ asked ── finish ──▶ out
//!             ▲                  │
//!             └──── put_back ────┘   the call failed
//! ```
//!
//! One lock, held for a few operations on memory at a time. An answer is published before its key is
//! finished, so that a reader who looks again under the lock never asks for what has just been answered.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A key, as it stands in a request.
pub(super) type OwnedKey = std::sync::Arc<[u8]>;

/// A key that was taken, and whether somebody waits for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Taken {
    pub(super) key: OwnedKey,
    pub(super) urgent: bool,
}

/// Where a key stands once it was wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wanted {
    /// It waits.
    Waiting,
    /// It is being asked.
    Asked,
    /// It has been answered meanwhile.
    Answered,
}

/// Where keys that failed are put.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    Front,
    Back,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Waiting { number: u64, urgent: bool },
    Asked,
}

#[derive(Debug)]
pub(super) struct Intake {
    state: Mutex<State>,
    changed: Condvar,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    places: HashMap<OwnedKey, Place>,
    /// Keys with the numbers that they had when they came here; one with another number has moved on.
    urgent: VecDeque<(u64, OwnedKey)>,
    ordinary: VecDeque<(u64, OwnedKey)>,
    /// The number of the next key at the back, and of the last one that was put to the front.
    back: u64,
    waiting: usize,
    dropped: u64,
    pins: HashMap<OwnedKey, u32>,
    /// Whether a pinned key was dropped.
    lost_a_pin: bool,
    /// Whether the owner sleeps until a key comes.
    sleeping: bool,
    /// Rounds that failed.
    failures: u64,
}

impl Intake {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
            limit,
        }
    }

    /// Has a key asked, unless `answered` says under the lock that it has been. Says where it stands, and
    /// whether the owner sleeps and has to be woken.
    pub(super) fn want(
        &self,
        key: &[u8],
        urgent: bool,
        answered: impl FnOnce() -> bool,
    ) -> (Wanted, bool) {
        let mut state = self.lock();
        match state.places.get(key).copied() {
            Some(Place::Asked) => (Wanted::Asked, false),
            Some(Place::Waiting { urgent: true, .. }) => (Wanted::Waiting, false),
            Some(Place::Waiting { .. }) if !urgent => (Wanted::Waiting, false),
            Some(Place::Waiting { .. }) => {
                state.waiting -= 1;
                state.put(key.into(), true, End::Back);
                (Wanted::Waiting, std::mem::take(&mut state.sleeping))
            }
            None if answered() => (Wanted::Answered, false),
            None => {
                state.put(key.into(), urgent, End::Back);
                state.drop_oldest(self.limit);
                (Wanted::Waiting, std::mem::take(&mut state.sleeping))
            }
        }
    }

    /// Takes up to `count` keys, those for which somebody waits first, in the order that they came.
    pub(super) fn take(&self, count: usize) -> Vec<Taken> {
        let mut state = self.lock();
        let mut taken = Vec::new();
        while taken.len() < count {
            let Some(next) = state.pop() else { break };
            state.places.insert(next.key.clone(), Place::Asked);
            taken.push(next);
        }
        taken
    }

    /// Keys of the owner's own accord, which nobody wanted just now: those of `keys` that neither wait nor
    /// are asked.
    pub(super) fn begin(&self, keys: Vec<OwnedKey>) -> Vec<Taken> {
        let mut state = self.lock();
        let mut begun = Vec::new();
        for key in keys {
            if let Entry::Vacant(place) = state.places.entry(key.clone()) {
                place.insert(Place::Asked);
                begun.push(Taken { key, urgent: false });
            }
        }
        begun
    }

    /// The keys have been answered, or are not to be asked.
    pub(super) fn finish<'k>(&self, keys: impl Iterator<Item = &'k Taken>) {
        let mut state = self.lock();
        for taken in keys {
            state.places.remove(&taken.key);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// The keys were not answered: they wait again.
    pub(super) fn put_back(&self, keys: Vec<Taken>, end: End) {
        let mut state = self.lock();
        let put = |state: &mut State, taken: Taken| state.put(taken.key, taken.urgent, end);
        match end {
            End::Back => keys.into_iter().for_each(|taken| put(&mut state, taken)),
            End::Front => keys
                .into_iter()
                .rev()
                .for_each(|taken| put(&mut state, taken)),
        }
        state.drop_oldest(self.limit);
    }

    /// A round failed: who waits for answers looks whether that is worth it.
    pub(super) fn failed(&self) {
        self.lock().failures += 1;
        self.changed.notify_all();
    }

    /// Waits until none of `keys` waits or is asked, a round fails, or `left` gives no more time.
    pub(super) fn wait(&self, keys: &[Vec<u8>], left: impl Fn() -> Option<Duration>) {
        let mut state = self.lock();
        let failures = state.failures;
        while state.failures == failures
            && keys
                .iter()
                .any(|key| state.places.contains_key(key.as_slice()))
        {
            let Some(left) = left() else { return };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Notes that the owner sleeps until a key comes; false where one waits.
    pub(super) fn fall_asleep(&self) -> bool {
        let mut state = self.lock();
        state.sleeping = state.waiting == 0;
        state.sleeping
    }

    pub(super) fn wake_up(&self) {
        self.lock().sleeping = false;
    }

    /// Keys that wait, and keys that were dropped so far.
    pub(super) fn depth(&self) -> (usize, u64) {
        let state = self.lock();
        (state.waiting, state.dropped)
    }

    /// Pins a key once more; whether it is the first time.
    pub(super) fn pin(&self, key: &[u8]) -> bool {
        let mut state = self.lock();
        match state.pins.get_mut(key) {
            Some(count) => {
                *count = count.saturating_add(1);
                false
            }
            None => {
                state.pins.insert(key.into(), 1);
                true
            }
        }
    }

    /// Takes back one pin of a key; whether there was one.
    pub(super) fn unpin(&self, key: &[u8]) -> bool {
        let mut state = self.lock();
        let Some(count) = state.pins.get_mut(key) else {
            return false;
        };
        *count -= 1;
        if *count == 0 {
            state.pins.remove(key);
        }
        true
    }

    /// Whether a pinned key was dropped since this was asked last.
    pub(super) fn lost_a_pin(&self) -> bool {
        std::mem::take(&mut self.lock().lost_a_pin)
    }

    pub(super) fn pinned_keys(&self) -> Vec<OwnedKey> {
        self.lock().pins.keys().cloned().collect()
    }

    pub(super) fn pinned(&self) -> usize {
        self.lock().pins.len()
    }

    /// Calls `look` with what says whether a key is pinned, under the lock.
    pub(super) fn with_pins<R>(&self, look: impl FnOnce(&dyn Fn(&[u8]) -> bool) -> R) -> R {
        let state = self.lock();
        look(&|key| state.pins.contains_key(key))
    }

    /// Forgets every key that waits. Pins stay.
    pub(super) fn clear(&self) {
        let mut state = self.lock();
        state.places.clear();
        state.urgent.clear();
        state.ordinary.clear();
        state.waiting = 0;
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, key: OwnedKey, urgent: bool, end: End) {
        let number = self.back;
        self.back += 1;
        self.places
            .insert(key.clone(), Place::Waiting { number, urgent });
        self.waiting += 1;
        let queue = if urgent {
            &mut self.urgent
        } else {
            &mut self.ordinary
        };
        match end {
            End::Front => queue.push_front((number, key)),
            End::Back => queue.push_back((number, key)),
        }
    }

    fn pop(&mut self) -> Option<Taken> {
        for urgent in [true, false] {
            if let Some(key) = self.pop_from(urgent) {
                return Some(Taken { key, urgent });
            }
        }
        None
    }

    /// The key that waits longest in one of the queues. Entries that moved on are dropped by the way.
    fn pop_from(&mut self, urgent: bool) -> Option<OwnedKey> {
        loop {
            let queue = if urgent {
                &mut self.urgent
            } else {
                &mut self.ordinary
            };
            let (number, key) = queue.pop_front()?;
            if self.places.get(&key) == Some(&Place::Waiting { number, urgent }) {
                self.waiting -= 1;
                return Some(key);
            }
        }
    }

    fn drop_oldest(&mut self, limit: usize) {
        while self.waiting > limit {
            let Some(key) = self.pop_from(false).or_else(|| self.pop_from(true)) else {
                return;
            };
            self.places.remove(&key);
            self.dropped += 1;
            self.lost_a_pin |= self.pins.contains_key(&key);
        }
        // What became urgent has left entries behind.
        if self.ordinary.len() > 2 * limit {
            let places = &self.places;
            self.ordinary.retain(|(number, key)| {
                places.get(key)
                    == Some(&Place::Waiting {
                        number: *number,
                        urgent: false,
                    })
            });
        }
    }
}
