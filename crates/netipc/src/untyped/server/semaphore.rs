//! How many sessions and handshakes there may be at once.

use std::time::{Duration, Instant};

use netipc_transport::clock;

use crate::sync::{Changed, Mutex, MutexGuard, PoisonError};

/// Hands out at most so many permits at once.
#[derive(Debug)]
pub(super) struct Semaphore {
    capacity: usize,
    taken: Mutex<usize>,
    changed: Changed,
}

/// One permit of a semaphore, given back on drop.
#[derive(Debug)]
pub(super) struct Permit<'s> {
    semaphore: &'s Semaphore,
}

impl Semaphore {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            taken: Mutex::new(0),
            changed: Changed::new(),
        }
    }

    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Waits for a permit for at most `timeout`. Gives none after that, or once it is `closed`.
    pub(super) fn acquire(
        &self,
        timeout: Option<Duration>,
        closed: impl Fn() -> bool,
    ) -> Option<Permit<'_>> {
        let deadline = timeout.and_then(deadline);
        let mut taken = self.lock();
        while !closed() {
            if *taken < self.capacity {
                *taken += 1;
                return Some(Permit { semaphore: self });
            }
            taken = self.wait(taken, deadline)?;
        }
        None
    }

    /// Waits for at most `timeout` until no permit is taken; whether that came true.
    pub(super) fn wait_all_free(&self, timeout: Duration) -> bool {
        let deadline = deadline(timeout);
        let mut taken = self.lock();
        while *taken > 0 {
            match self.wait(taken, deadline) {
                Some(guard) => taken = guard,
                None => return false,
            }
        }
        true
    }

    /// Lets everybody who waits look again whether the semaphore is closed.
    pub(super) fn wake(&self) {
        // Under the lock, so that nobody is between looking and waiting.
        let _guard = self.lock();
        self.changed.notify_all();
    }

    /// Waits for a change, or gives nothing when the deadline has passed.
    fn wait<'s>(
        &'s self,
        taken: MutexGuard<'s, usize>,
        deadline: Option<Instant>,
    ) -> Option<MutexGuard<'s, usize>> {
        if deadline.is_some_and(|deadline| deadline <= clock::now()) {
            return None;
        }
        Some(self.changed.wait(&self.taken, taken, deadline))
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.semaphore.lock() -= 1;
        self.semaphore.changed.notify_all();
    }
}

/// When `timeout` is over; never, where the clock cannot name it.
fn deadline(timeout: Duration) -> Option<Instant> {
    clock::now().checked_add(timeout)
}
