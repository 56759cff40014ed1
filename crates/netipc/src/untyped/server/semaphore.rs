//! How many sessions and handshakes there may be at once.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Hands out at most so many permits at once.
#[derive(Debug)]
pub(super) struct Semaphore {
    capacity: usize,
    taken: Mutex<usize>,
    changed: Condvar,
}

/// One permit of a semaphore, given back on drop.
#[derive(Debug)]
pub(super) struct Permit<'s> {
    semaphore: &'s Semaphore,
}

impl Semaphore {
    pub(super) const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            taken: Mutex::new(0),
            changed: Condvar::new(),
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
        &self,
        taken: MutexGuard<'s, usize>,
        deadline: Option<Instant>,
    ) -> Option<MutexGuard<'s, usize>> {
        let Some(deadline) = deadline else {
            return Some(
                self.changed
                    .wait(taken)
                    .unwrap_or_else(PoisonError::into_inner),
            );
        };
        let left = deadline
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())?;
        let (taken, _) = self
            .changed
            .wait_timeout(taken, left)
            .unwrap_or_else(PoisonError::into_inner);
        Some(taken)
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
    Instant::now().checked_add(timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_beyond_the_clock_waits_for_ever() {
        let semaphore = Semaphore::new(1);
        let permit = semaphore.acquire(Some(Duration::MAX), || false).unwrap();
        std::thread::scope(|scope| {
            let emptied = scope.spawn(|| semaphore.wait_all_free(Duration::MAX));
            drop(permit);
            assert!(emptied.join().unwrap());
        });
    }
}
