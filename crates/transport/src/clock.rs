//! The clock that deadlines go by, and how threads wait for one another by it.
//!
//! It is the system's. With the feature `simulation`, threads of a simulation have a clock of
//! their own, which moves only while all of them wait, and one of them at a time runs.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

#[cfg(feature = "simulation")]
use crate::simulation;

/// The time, as deadlines have it.
///
/// ```
/// assert!(netipc_transport::clock::now() <= std::time::Instant::now());
/// ```
#[must_use]
#[inline]
pub fn now() -> Instant {
    #[cfg(feature = "simulation")]
    if let Some(now) = simulation::now() {
        return now;
    }
    Instant::now()
}

/// Something that threads wait for to change, as a [`Condvar`], until a deadline of this clock.
#[derive(Debug, Default)]
pub struct Changed {
    condvar: Condvar,
}

impl Changed {
    /// A change that nobody waits for.
    #[must_use]
    pub const fn new() -> Self {
        let condvar = Condvar::new();
        Self { condvar }
    }

    /// Rouses whoever waits.
    pub fn notify_all(&self) {
        #[cfg(feature = "simulation")]
        simulation::notify(self.place());
        self.condvar.notify_all();
    }

    /// Lets go of `guard`, which is of `mutex`, until somebody notifies or `deadline` has passed; may return early.
    pub fn wait<'m, T>(
        &self,
        mutex: &'m Mutex<T>,
        guard: MutexGuard<'m, T>,
        deadline: Option<Instant>,
    ) -> MutexGuard<'m, T> {
        #[cfg(feature = "simulation")]
        if simulation::is_running() {
            drop(guard);
            simulation::wait(self.place(), deadline);
            return mutex.lock().unwrap_or_else(PoisonError::into_inner);
        }
        // Needed only where the guard has to be taken anew.
        let _ = mutex;
        match deadline {
            Some(deadline) => {
                let left = deadline.saturating_duration_since(now());
                let waited = self.condvar.wait_timeout(guard, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.condvar.wait(guard);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    /// What tells it from others while somebody waits.
    #[cfg(feature = "simulation")]
    fn place(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// What whoever starts a thread hands to it: its turn in a simulation, and nothing anywhere else.
#[derive(Debug)]
pub struct Newcomer {
    #[cfg(feature = "simulation")]
    place: Option<simulation::Place>,
}

impl Newcomer {
    /// For the next thread that the calling one starts.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each one is for one thread")]
    pub fn new() -> Self {
        Self {
            #[cfg(feature = "simulation")]
            place: simulation::Place::for_child(),
        }
    }

    /// Runs what the thread does, on the thread.
    pub fn run<R>(self, work: impl FnOnce() -> R) -> R {
        #[cfg(feature = "simulation")]
        let _entered = self.place.map(simulation::Place::enter);
        work()
    }
}

/// Waits until every thread that the calling one has started with a [`Newcomer`] is over; only a simulation has to:
/// joining a thread there would keep it from its turn.
pub fn before_joining() {
    #[cfg(feature = "simulation")]
    simulation::wait_for_children();
}
