//! Deadlines, and aborts that wake whoever waits at once.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::clock::{Changed, now};
use crate::error::LinkError;
use crate::sys::{self, Event, WaitObject};

/// How long an operation may wait, and who may call it off.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wait<'a> {
    deadline: Option<Instant>,
    abort: Option<&'a Abort>,
    began: Option<Instant>,
}

impl<'a> Wait<'a> {
    /// Waits for ever.
    #[must_use]
    pub const fn forever() -> Self {
        Self {
            deadline: None,
            abort: None,
            began: None,
        }
    }

    /// Waits until `deadline`.
    #[must_use]
    pub const fn until(deadline: Instant) -> Self {
        Self {
            deadline: Some(deadline),
            abort: None,
            began: None,
        }
    }

    /// Waits for `timeout` from now; [`Duration::ZERO`] does what needs no waiting.
    #[must_use]
    pub fn timeout(timeout: Duration) -> Self {
        let now = now();
        // A timeout beyond what the clock can name is no deadline.
        Self {
            deadline: now.checked_add(timeout),
            abort: None,
            began: Some(now),
        }
    }

    /// The same wait, ended also by `abort`.
    #[must_use]
    pub const fn or_abort(self, abort: &'a Abort) -> Self {
        Self {
            abort: Some(abort),
            ..self
        }
    }

    /// The same wait, ended by `limit` from now at the latest.
    #[must_use]
    pub fn at_most(self, limit: Duration) -> Self {
        let end = now().checked_add(limit);
        let deadline = match (self.deadline, end) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { deadline, ..self }
    }

    /// When it ends, if ever.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// When it began, where it was made with a [`timeout`](Self::timeout): reading the clock takes a
    /// good part of a short call.
    #[must_use]
    pub const fn began(&self) -> Option<Instant> {
        self.began
    }

    /// What may call it off.
    #[must_use]
    pub const fn abort(&self) -> Option<&'a Abort> {
        self.abort
    }

    /// What is left until the deadline, if there is one.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(now()))
    }

    /// Whether waiting may go on.
    ///
    /// # Errors
    /// [`LinkError::Aborted`], or [`LinkError::Timeout`] once the deadline has passed.
    pub fn check(&self) -> Result<(), LinkError> {
        self.check_abort()?;
        if self.deadline.is_some_and(|deadline| deadline <= now()) {
            return Err(LinkError::Timeout);
        }
        Ok(())
    }

    /// As [`check`](Self::check), for who knows the time and does not ask why.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.check_abort().is_err() || self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Sleeps for `duration`, or until this wait ends.
    ///
    /// # Errors
    /// [`LinkError::Aborted`] at once when raised, [`LinkError::Timeout`] at a deadline that comes
    /// before `duration` is over.
    pub fn sleep(&self, duration: Duration) -> Result<(), LinkError> {
        let over = Self::timeout(duration).deadline;
        // Not `thread::sleep`: a stream of signals can prolong it without end.
        let nobody = Abort::new();
        self.abort
            .unwrap_or(&nobody)
            .sleep(self.at_most(duration).deadline)?;
        if over.is_some_and(|end| end <= now()) {
            Ok(())
        } else {
            self.check()
        }
    }

    /// Waits until `object` is ready: a packet or a hang-up waits there.
    ///
    /// # Errors
    /// [`LinkError::Aborted`], [`LinkError::Timeout`], or why the system cannot wait.
    pub fn ready(&self, object: WaitObject<'_>) -> Result<(), LinkError> {
        sys::readable(object, self)
    }

    /// The part of [`check`](Self::check) that needs no clock, for calls that may not wait at all.
    #[inline]
    pub(crate) fn check_abort(&self) -> Result<(), LinkError> {
        match self.abort {
            Some(abort) if abort.is_raised() => Err(LinkError::Aborted),
            _ => Ok(()),
        }
    }

    /// Waits on `changed` once. Whoever passes an abort has registered a waker that notifies it.
    pub(crate) fn on<'g, T>(
        &self,
        changed: &Changed,
        mutex: &'g Mutex<T>,
        guard: MutexGuard<'g, T>,
    ) -> Result<MutexGuard<'g, T>, LinkError> {
        self.check()?;
        Ok(changed.wait(mutex, guard, self.deadline))
    }
}

/// Calls off what waits, from any thread, at once, and stays raised until it is cleared.
///
/// Clones are the same abort. It costs nothing until somebody waits with it, and can always be made:
/// where the system has no event left for it, waits look at it every 10 ms.
///
/// ```
/// use std::time::Duration;
///
/// use netipc_transport::link::LinkError;
/// use netipc_transport::{Abort, Wait};
///
/// let abort = Abort::new();
/// let remote = abort.clone();
/// std::thread::spawn(move || remote.raise());
/// let slept = Wait::forever().or_abort(&abort).sleep(Duration::from_secs(3600));
/// assert!(matches!(slept, Err(LinkError::Aborted)));
/// ```
#[derive(Clone, Default)]
pub struct Abort {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    raised: AtomicBool,
    event: OnceLock<Event>,
    waiters: Mutex<Waiters>,
    changed: Changed,
}

struct Waiters {
    next: u64,
    wakers: Vec<(u64, Waker)>,
}

impl Default for Waiters {
    fn default() -> Self {
        // Mostly there is one: a first wait that sleeps is to find room for it.
        let wakers = Vec::with_capacity(1);
        Self { next: 0, wakers }
    }
}

impl Abort {
    /// An abort that is not raised.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every wait that has this abort, now and until it is cleared.
    pub fn raise(&self) {
        let waiters = lock(&self.shared.waiters);
        // Release pairs with the acquire in `is_raised`.
        self.shared.raised.store(true, Ordering::Release);
        if let Some(event) = self.shared.event.get() {
            event.set();
        }
        let wakers: Vec<_> = waiters
            .wakers
            .iter()
            .map(|(_, waker)| waker.clone())
            .collect();
        drop(waiters);
        self.shared.changed.notify_all();
        // Outside the lock, because a waker takes locks of its own.
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Lets waits begin again.
    pub fn clear(&self) {
        let _waiters = lock(&self.shared.waiters);
        self.shared.raised.store(false, Ordering::Release);
        if let Some(event) = self.shared.event.get() {
            event.reset();
        }
    }

    /// Whether it is raised.
    #[must_use]
    #[inline]
    pub fn is_raised(&self) -> bool {
        // Acquire pairs with the release in `raise`.
        self.shared.raised.load(Ordering::Acquire)
    }

    /// What to watch for a raise: ready while raised. `None` if the system has none left, and in a
    /// process forked from the one that made it: then look every few milliseconds.
    pub(crate) fn object(&self) -> Option<WaitObject<'_>> {
        if self.shared.event.get().is_none() {
            let event = Event::new().ok()?;
            // Under the lock, so that a raise comes wholly before (we set it) or after (it does).
            let _waiters = lock(&self.shared.waiters);
            if self.is_raised() {
                event.set();
            }
            // Lost to another thread's event, which serves as well.
            let _ = self.shared.event.set(event);
        }
        self.shared.event.get().and_then(Event::object)
    }

    /// Makes the event unready unless it was raised: other processes may have it, too, and whoever
    /// waits for it would never sleep again.
    pub(crate) fn reset_unless_raised(&self) {
        // Under the lock, as in `raise`: what that sets stays.
        let _waiters = lock(&self.shared.waiters);
        if !self.is_raised()
            && let Some(event) = self.shared.event.get()
        {
            event.reset();
        }
    }

    /// Has `waker` called when raised, for waits that no event can express.
    ///
    /// The caller looks at [`is_raised`](Self::is_raised) after registering and before waiting.
    pub(crate) fn register(&self, waker: &Waker) -> Registration<'_> {
        let mut waiters = lock(&self.shared.waiters);
        let id = waiters.next;
        waiters.next += 1;
        waiters.wakers.push((id, waker.clone()));
        Registration { abort: self, id }
    }

    fn sleep(&self, deadline: Option<Instant>) -> Result<(), LinkError> {
        let wait = Wait {
            deadline,
            abort: Some(self),
            began: None,
        };
        let mut waiters = lock(&self.shared.waiters);
        loop {
            waiters = match wait.on(&self.shared.changed, &self.shared.waiters, waiters) {
                Ok(waiters) => waiters,
                Err(LinkError::Timeout) => return Ok(()),
                Err(error) => return Err(error),
            };
        }
    }
}

impl fmt::Debug for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Abort")
            .field("raised", &self.is_raised())
            .finish()
    }
}

/// Keeps a waker registered until dropped.
#[derive(Debug)]
pub(crate) struct Registration<'a> {
    abort: &'a Abort,
    id: u64,
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        lock(&self.abort.shared.waiters)
            .wakers
            .retain(|(id, _)| *id != self.id);
    }
}

/// Locks, also after a panic elsewhere: what these locks guard is never left half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    #[test]
    fn an_abort_is_sticky_until_cleared() {
        let abort = Abort::new();
        let wait = Wait::forever().or_abort(&abort);
        assert!(wait.check().is_ok());
        abort.clone().raise();
        assert!(matches!(wait.check(), Err(LinkError::Aborted)));
        assert!(matches!(wait.sleep(SOON), Err(LinkError::Aborted)));
        abort.clear();
        assert!(wait.check().is_ok());
        assert!(wait.sleep(Duration::ZERO).is_ok());
    }

    #[test]
    fn an_abort_ends_a_sleep() {
        let abort = Abort::new();
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| Wait::forever().or_abort(&abort).sleep(SOON));
            abort.raise();
            assert!(matches!(sleeper.join().unwrap(), Err(LinkError::Aborted)));
        });
    }

    #[test]
    fn a_sleep_ends_at_its_own_end_or_at_the_deadline() {
        let abort = Abort::new();
        let short = Duration::from_millis(2);
        for wait in [Wait::forever(), Wait::forever().or_abort(&abort)] {
            assert!(wait.sleep(short).is_ok());
            assert!(wait.at_most(SOON).sleep(short).is_ok());
            assert!(matches!(
                wait.at_most(short).sleep(SOON),
                Err(LinkError::Timeout)
            ));
        }
    }

    #[test]
    fn a_passed_deadline_is_a_timeout_and_a_raised_abort_comes_first() {
        let abort = Abort::new();
        let wait = Wait::timeout(Duration::ZERO).or_abort(&abort);
        assert!(matches!(wait.check(), Err(LinkError::Timeout)));
        abort.raise();
        assert!(matches!(wait.check(), Err(LinkError::Aborted)));
    }

    #[test]
    fn at_most_only_shortens() {
        let end = Instant::now();
        assert_eq!(Wait::until(end).at_most(SOON).deadline(), Some(end));
        assert!(Wait::forever().at_most(SOON).remaining().unwrap() <= SOON);
        assert_eq!(Wait::timeout(Duration::MAX).deadline(), None);
    }

    #[test]
    fn a_waker_is_called_while_registered() {
        struct Flag(AtomicBool);
        impl std::task::Wake for Flag {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Release);
            }
        }
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&flag));
        let abort = Abort::new();
        drop(abort.register(&waker));
        abort.raise();
        assert!(
            !flag.0.load(Ordering::Acquire),
            "not after its registration ended"
        );
        let _registration = abort.register(&waker);
        abort.raise();
        assert!(flag.0.load(Ordering::Acquire));
    }
}
