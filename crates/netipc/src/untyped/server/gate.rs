use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lets at most so many in at once.
#[derive(Debug)]
pub(super) struct Gate {
    capacity: usize,
    inside: Mutex<usize>,
    changed: Condvar,
}

/// One place inside a gate, given back on drop.
#[derive(Debug)]
pub(super) struct Permit<'g> {
    gate: &'g Gate,
}

impl Gate {
    pub(super) const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            inside: Mutex::new(0),
            changed: Condvar::new(),
        }
    }

    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Waits for a place for at most `timeout`. Gives none after that, or once it is `closed`.
    pub(super) fn enter(
        &self,
        timeout: Option<Duration>,
        closed: impl Fn() -> bool,
    ) -> Option<Permit<'_>> {
        let deadline = timeout.and_then(deadline);
        let mut inside = self.lock();
        while !closed() {
            if *inside < self.capacity {
                *inside += 1;
                return Some(Permit { gate: self });
            }
            inside = self.wait(inside, deadline)?;
        }
        None
    }

    /// Waits for at most `timeout` until nobody is inside; whether that came true.
    pub(super) fn wait_empty(&self, timeout: Duration) -> bool {
        let deadline = deadline(timeout);
        let mut inside = self.lock();
        while *inside > 0 {
            match self.wait(inside, deadline) {
                Some(guard) => inside = guard,
                None => return false,
            }
        }
        true
    }

    /// Lets everybody who waits look again whether the gate is closed.
    pub(super) fn wake(&self) {
        // Under the lock, so that nobody is between looking and waiting.
        let _inside = self.lock();
        self.changed.notify_all();
    }

    /// Waits for a change, or gives nothing when the deadline has passed.
    fn wait<'g>(
        &self,
        inside: MutexGuard<'g, usize>,
        deadline: Option<Instant>,
    ) -> Option<MutexGuard<'g, usize>> {
        let Some(deadline) = deadline else {
            return Some(
                self.changed
                    .wait(inside)
                    .unwrap_or_else(PoisonError::into_inner),
            );
        };
        let left = deadline
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())?;
        let (inside, _) = self
            .changed
            .wait_timeout(inside, left)
            .unwrap_or_else(PoisonError::into_inner);
        Some(inside)
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.gate.lock() -= 1;
        self.gate.changed.notify_all();
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
        let gate = Gate::new(1);
        let permit = gate.enter(Some(Duration::MAX), || false).unwrap();
        std::thread::scope(|scope| {
            let emptied = scope.spawn(|| gate.wait_empty(Duration::MAX));
            drop(permit);
            assert!(emptied.join().unwrap());
        });
    }
}
