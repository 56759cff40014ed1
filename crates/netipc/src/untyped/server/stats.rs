use std::time::Duration;

use netipc_proto::wire::{Header, Status};
use netipc_transport::link::LinkKind;

use super::Answered;
use super::histogram::{Histogram, HistogramSnapshot, Sample, add};
use crate::sync::{Arc, AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

/// What a server counts: what happens to sessions here, and what sessions do in a [`SessionCounts`] each.
#[derive(Debug, Default)]
pub(super) struct Stats {
    refused: AtomicU64,
    sessions: Mutex<Sessions>,
}

#[derive(Debug, Default)]
struct Sessions {
    opened: TransportCounts,
    live: Vec<Arc<SessionCounts>>,
    /// Of those that have ended.
    past: Totals,
}

impl Stats {
    /// Counts a new session; returns where it counts, and how many there have been.
    pub(super) fn open(&self, kind: LinkKind) -> (Arc<SessionCounts>, u64) {
        let counts = Arc::new(SessionCounts::default());
        let mut sessions = self.sessions();
        sessions.live.push(Arc::clone(&counts));
        let opened = &mut sessions.opened;
        match kind {
            LinkKind::SharedMemory => opened.shared_memory += 1,
            LinkKind::Memory => opened.memory += 1,
            _ => opened.socket += 1,
        }
        (counts, opened.total())
    }

    pub(super) fn close(&self, counts: &Arc<SessionCounts>) {
        let mut sessions = self.sessions();
        sessions.live.retain(|live| !Arc::ptr_eq(live, counts));
        sessions.past.add(counts);
    }

    /// Counts a client that was turned down; returns how many there have been.
    pub(super) fn refuse(&self) -> u64 {
        self.refused.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn snapshot(&self) -> ServerStats {
        let sessions = self.sessions();
        let mut totals = sessions.past.clone();
        for counts in &sessions.live {
            totals.add(counts);
        }
        let [
            ok,
            unsupported,
            bad_envelope,
            limit_exceeded,
            internal_error,
        ] = totals.by_status;
        ServerStats {
            sessions_now: sessions.live.len() as u64,
            sessions_total: sessions.opened.total(),
            sessions: sessions.opened,
            refused: self.refused.load(Ordering::Relaxed),
            ok,
            unsupported,
            bad_envelope,
            limit_exceeded,
            internal_error,
            bytes_received: totals.bytes_received,
            bytes_sent: totals.bytes_sent,
            handler_time: totals.handler_time,
            total_time: totals.total_time,
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one session did. Its thread alone writes, so that counting needs no locked operation and
/// sessions never wait for one another's cache lines. None is compared with another: relaxed
/// ordering is enough everywhere.
#[derive(Debug, Default)]
pub(super) struct SessionCounts {
    /// OK, UNSUPPORTED, BAD_ENVELOPE, LIMIT_EXCEEDED, INTERNAL_ERROR.
    by_status: [AtomicU64; 5],
    bytes_received: AtomicU64,
    bytes_sent: AtomicU64,
    handler_time: Histogram,
    total_time: Histogram,
}

impl SessionCounts {
    /// Counts a request that was answered without its handler.
    pub(super) fn reject(&self, status: Status) {
        add(self.count_of(status), 1);
    }

    /// Counts an answer, to a request of `payload` bytes.
    pub(super) fn answer(
        &self,
        answered: Answered,
        payload: usize,
        handler: Duration,
        total: Duration,
    ) {
        add(self.count_of(answered.status), 1);
        add(&self.bytes_received, (Header::LEN + payload) as u64);
        add(&self.bytes_sent, (Header::LEN + answered.len) as u64);
        let handler_sample = Sample::new(handler);
        self.handler_time.record(handler_sample);
        // Mostly there was nothing to wait for.
        let total = if total == handler {
            handler_sample
        } else {
            Sample::new(total)
        };
        self.total_time.record(total);
    }

    const fn count_of(&self, status: Status) -> &AtomicU64 {
        let [
            ok,
            unsupported,
            bad_envelope,
            limit_exceeded,
            internal_error,
        ] = &self.by_status;
        match status {
            Status::OK => ok,
            Status::UNSUPPORTED => unsupported,
            Status::BAD_ENVELOPE => bad_envelope,
            Status::LIMIT_EXCEEDED => limit_exceeded,
            _ => internal_error,
        }
    }
}

/// The sum of several [`SessionCounts`]s.
#[derive(Clone, Debug, Default)]
struct Totals {
    by_status: [u64; 5],
    bytes_received: u64,
    bytes_sent: u64,
    handler_time: HistogramSnapshot,
    total_time: HistogramSnapshot,
}

impl Totals {
    fn add(&mut self, counts: &SessionCounts) {
        for (sum, count) in self.by_status.iter_mut().zip(&counts.by_status) {
            *sum += count.load(Ordering::Relaxed);
        }
        self.bytes_received += counts.bytes_received.load(Ordering::Relaxed);
        self.bytes_sent += counts.bytes_sent.load(Ordering::Relaxed);
        self.handler_time.add(&counts.handler_time);
        self.total_time.add(&counts.total_time);
    }
}

/// What a server has done so far.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ServerStats {
    /// Sessions there are.
    pub sessions_now: u64,
    /// Sessions there have been.
    pub sessions_total: u64,
    /// The same by what carried them.
    pub sessions: TransportCounts,
    /// Clients that were turned down, and those that left while they waited for a session to end.
    pub refused: u64,
    /// Requests that were answered.
    pub ok: u64,
    /// Requests of another method.
    pub unsupported: u64,
    /// Requests that could not be decoded.
    pub bad_envelope: u64,
    /// Requests or answers above the limits.
    pub limit_exceeded: u64,
    /// Requests whose handler failed.
    pub internal_error: u64,
    /// Bytes of requests, headers included.
    pub bytes_received: u64,
    /// Bytes of answers, headers included.
    pub bytes_sent: u64,
    /// From the whole request to the answer on its way: decoding, handler, encoding, handing it over. To a
    /// fraction of a microsecond; a request that had to wait for the answer before it counts from then on.
    pub handler_time: HistogramSnapshot,
    /// The same, and the time that the client took to make room for the answer.
    pub total_time: HistogramSnapshot,
}

impl ServerStats {
    /// Requests that were answered, one way or another.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.ok + self.unsupported + self.bad_envelope + self.limit_exceeded + self.internal_error
    }
}

/// Sessions by what carried them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TransportCounts {
    /// Queues in this process.
    pub memory: u64,
    /// The platform's packet socket or message pipe.
    pub socket: u64,
    /// Shared memory.
    pub shared_memory: u64,
}

impl TransportCounts {
    /// All together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.memory + self.socket + self.shared_memory
    }
}
