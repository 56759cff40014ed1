//! Which clients get a session: as many at once as there are workers.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netipc_transport::link::PeerWatch;

use super::semaphore::{Permit, Semaphore};

/// How long a client waits for a session that is known to be ending.
const ENDING_WAIT: Duration = Duration::from_millis(500);
/// How long it waits where nothing tells which sessions are: one whose client has left ends at once,
/// unless its handler runs.
const UNSEEN_WAIT: Duration = Duration::from_millis(30);

/// Hands out the permits of sessions, and knows whose clients have left.
#[derive(Debug)]
pub(super) struct Admission {
    permits: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sessions: Vec<Session>,
    next_key: u64,
    /// Clients that wait for a session to end.
    waiting: usize,
}

#[derive(Debug)]
struct Session {
    key: u64,
    watch: Option<PeerWatch>,
}

/// The right to have a session, given back on drop: after the session's connection is closed.
#[derive(Debug)]
pub(super) struct SessionPermit<'a> {
    // Given back before the session is forgotten: a session that is over and not known as such would
    // have others refused.
    _permit: Permit<'a>,
    _listed: Listed<'a>,
    /// Whether its client had to wait for it.
    pub(super) waited: bool,
}

impl Admission {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            permits: Semaphore::new(workers.max(1)),
            state: Mutex::default(),
        }
    }

    pub(super) const fn capacity(&self) -> usize {
        self.permits.capacity()
    }

    /// A permit for the client that `watch` is of. Waits only where a session is ending whose permit
    /// nobody else waits for; gives none once it is `closed`.
    pub(super) fn acquire(
        &self,
        watch: Option<PeerWatch>,
        closed: impl Fn() -> bool,
    ) -> Option<SessionPermit<'_>> {
        if let Some(permit) = self.permits.acquire(Some(Duration::ZERO), &closed) {
            return Some(self.list(permit, watch, false));
        }
        let timeout = {
            let mut state = self.lock();
            let timeout = state.longest_wait();
            state.waiting += 1;
            timeout
        };
        let permit = self.permits.acquire(Some(timeout), closed);
        self.lock().waiting -= 1;
        permit.map(|permit| self.list(permit, watch, !timeout.is_zero()))
    }

    /// Waits for at most `timeout` until there is no session; whether that came true.
    pub(super) fn wait_all_over(&self, timeout: Duration) -> bool {
        self.permits.wait_all_free(timeout)
    }

    /// Lets everybody who waits look again whether it is closed.
    pub(super) fn wake(&self) {
        self.permits.wake();
    }

    fn list<'a>(
        &'a self,
        permit: Permit<'a>,
        watch: Option<PeerWatch>,
        waited: bool,
    ) -> SessionPermit<'a> {
        let mut state = self.lock();
        let key = state.next_key;
        state.next_key += 1;
        state.sessions.push(Session { key, watch });
        drop(state);
        SessionPermit {
            _permit: permit,
            _listed: Listed {
                admission: self,
                key,
            },
            waited,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// How long one more client may wait for a session to end.
    fn longest_wait(&self) -> Duration {
        let has_left = |session: &&Session| {
            let watch = session.watch.as_ref();
            watch.is_some_and(PeerWatch::has_hung_up)
        };
        if self.sessions.iter().filter(has_left).count() > self.waiting {
            ENDING_WAIT
        } else if self.sessions.iter().any(|session| session.watch.is_none()) {
            UNSEEN_WAIT
        } else {
            Duration::ZERO
        }
    }
}

/// Keeps a session in the list until dropped.
#[derive(Debug)]
struct Listed<'a> {
    admission: &'a Admission,
    key: u64,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        let key = self.key;
        self.admission
            .lock()
            .sessions
            .retain(|session| session.key != key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn watch(gone: &Arc<AtomicBool>) -> Option<PeerWatch> {
        let gone = Arc::clone(gone);
        Some(PeerWatch::new(move || gone.load(Ordering::Relaxed)))
    }

    // Rule S25.
    #[test]
    fn a_client_waits_for_as_many_sessions_as_are_ending() {
        let admission = Admission::new(3);
        let gone = Arc::new(AtomicBool::new(false));
        let stays = Arc::new(AtomicBool::new(false));
        let first = admission.acquire(watch(&gone), || false).unwrap();
        let _second = admission.acquire(watch(&stays), || false).unwrap();
        let third = admission.acquire(watch(&stays), || false).unwrap();
        assert!(!first.waited);
        assert_eq!(admission.lock().longest_wait(), Duration::ZERO);
        gone.store(true, Ordering::Relaxed);
        assert_eq!(admission.lock().longest_wait(), ENDING_WAIT);
        admission.lock().waiting = 1;
        assert_eq!(admission.lock().longest_wait(), Duration::ZERO);
        drop(third);
        let _unseen = admission.acquire(None, || false).unwrap();
        assert_eq!(admission.lock().longest_wait(), UNSEEN_WAIT);
        admission.lock().waiting = 0;
        std::thread::scope(|scope| {
            let next = scope.spawn(|| admission.acquire(watch(&stays), || false));
            while admission.lock().waiting == 0 && !next.is_finished() {
                std::thread::yield_now();
            }
            drop(first);
            let next = next.join().unwrap().expect("the ending session's permit");
            assert!(next.waited);
        });
    }
}
