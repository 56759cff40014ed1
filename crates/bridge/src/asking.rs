//! Questions on their way: asked with a deadline, and given up at once when the host goes.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use zenoh::query::{ConsolidationMode, QueryTarget};
use zenoh::sample::Sample;
use zenoh::{Session, Wait as _};

use crate::departures::client_has_left;
use crate::wire::Outcome;

/// How often somebody looks whether who asked is still there.
const LOOK: Duration = Duration::from_millis(250);

/// Questions that have no answer yet.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    next: AtomicU64,
    open: Mutex<HashMap<u64, Sender<Event>>>,
}

/// What a question waits for.
enum Event {
    Reply(Box<Sample>),
    /// No more replies will come.
    Over,
    /// The host is gone, or another one has come in its place.
    Gone,
}

/// Says that no more replies will come when zenoh lets go of it.
struct TellOver(Sender<Event>);

impl Drop for TellOver {
    fn drop(&mut self) {
        // Who asked has its answer already where nobody listens.
        let _ = self.0.send(Event::Over);
    }
}

/// Takes a question out when it has ended.
struct Open<'a> {
    asking: &'a Asking,
    id: u64,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut open = self
            .asking
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        open.remove(&self.id);
    }
}

impl Asking {
    /// Asks at `key`, and hands each reply to `each` until that breaks off, no more come, or `deadline` passes. Whether
    /// it is still to be asked, `is_believed` says once [`give_up`](Self::give_up) would end it.
    ///
    /// # Errors
    /// [`Outcome::LATE`], [`Outcome::ABSENT`], [`Outcome::STALE`], and [`Outcome::LEFT`] where the local client has gone: why
    /// `each` did not break off.
    pub(crate) fn ask<T>(
        &self,
        session: &Session,
        key: &str,
        question: (&[u8], &[u8]),
        deadline: Instant,
        is_believed: impl FnOnce() -> bool,
        mut each: impl FnMut(&Sample) -> ControlFlow<T>,
    ) -> Result<T, Outcome> {
        let (tell, told) = mpsc::channel();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(id, tell.clone());
        drop(open);
        let _open = Open { asking: self, id };
        if !is_believed() {
            return Err(Outcome::STALE);
        }
        let (header, payload) = question;
        let over = TellOver(tell);
        let left = deadline.saturating_duration_since(Instant::now());
        session
            .get(key)
            .payload(payload)
            .attachment(header)
            .target(QueryTarget::All)
            .consolidation(ConsolidationMode::None)
            .timeout(left.max(Duration::from_millis(1)))
            .callback(move |reply| {
                if let Ok(sample) = reply.into_result() {
                    let _ = over.0.send(Event::Reply(Box::new(sample)));
                }
            })
            .wait()
            .map_err(|error| {
                tracing::debug!(key, %error, "a question could not be asked");
                Outcome::ABSENT
            })?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match told.recv_timeout(left.min(LOOK)) {
                Ok(Event::Reply(sample)) => {
                    if let ControlFlow::Break(done) = each(&sample) {
                        return Ok(done);
                    }
                }
                // Zenoh says so, too, when its own clock has run out.
                Ok(Event::Over) if Instant::now() >= deadline => return Err(Outcome::LATE),
                Ok(Event::Over | Event::Gone) | Err(RecvTimeoutError::Disconnected) => {
                    return Err(Outcome::ABSENT);
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => {
                    return Err(Outcome::LATE);
                }
                Err(RecvTimeoutError::Timeout) if client_has_left() => return Err(Outcome::LEFT),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Ends every question that is asked now.
    pub(crate) fn give_up(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for tell in open.values() {
            let _ = tell.send(Event::Gone);
        }
    }
}
