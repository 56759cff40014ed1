use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use netipc_proto::wire::{Header, Status};
use netipc_transport::link::LinkKind;

use super::histogram::{Histogram, HistogramSnapshot};
use crate::dispatch::Answered;

/// Counters that sessions write without a lock. None is read to judge another, so that relaxed
/// ordering is enough everywhere.
#[derive(Debug, Default)]
pub(super) struct Stats {
    sessions_now: AtomicU64,
    memory: AtomicU64,
    socket: AtomicU64,
    shared_memory: AtomicU64,
    refused: AtomicU64,
    ok: AtomicU64,
    unsupported: AtomicU64,
    bad_envelope: AtomicU64,
    limit_exceeded: AtomicU64,
    internal_error: AtomicU64,
    bytes_received: AtomicU64,
    bytes_sent: AtomicU64,
    handler_time: Histogram,
    total_time: Histogram,
}

impl Stats {
    /// Counts a new session; returns how many there have been.
    pub(super) fn open(&self, kind: LinkKind) -> u64 {
        self.sessions_now.fetch_add(1, Ordering::Relaxed);
        let transport = match kind {
            LinkKind::SharedMemory => &self.shared_memory,
            LinkKind::Memory => &self.memory,
            _ => &self.socket,
        };
        transport.fetch_add(1, Ordering::Relaxed);
        self.transports().total()
    }

    pub(super) fn close(&self) {
        self.sessions_now.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts a client that was turned down; returns how many there have been.
    pub(super) fn refuse(&self) -> u64 {
        self.refused.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts a request that was answered without its handler.
    pub(super) fn reject(&self, status: Status) {
        self.outcome(status).fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an answer, to a request of `payload` bytes.
    pub(super) fn answer(
        &self,
        answered: Answered,
        payload: usize,
        handler: Duration,
        total: Duration,
    ) {
        self.outcome(answered.status)
            .fetch_add(1, Ordering::Relaxed);
        let message = |payload: usize| (Header::LEN + payload) as u64;
        self.bytes_received
            .fetch_add(message(payload), Ordering::Relaxed);
        self.bytes_sent
            .fetch_add(message(answered.len), Ordering::Relaxed);
        self.handler_time.record(handler);
        self.total_time.record(total);
    }

    pub(super) fn snapshot(&self) -> ServerStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let sessions = self.transports();
        ServerStats {
            sessions_now: load(&self.sessions_now),
            sessions_total: sessions.total(),
            sessions,
            refused: load(&self.refused),
            ok: load(&self.ok),
            unsupported: load(&self.unsupported),
            bad_envelope: load(&self.bad_envelope),
            limit_exceeded: load(&self.limit_exceeded),
            internal_error: load(&self.internal_error),
            bytes_received: load(&self.bytes_received),
            bytes_sent: load(&self.bytes_sent),
            handler_time: self.handler_time.snapshot(),
            total_time: self.total_time.snapshot(),
        }
    }

    fn transports(&self) -> TransportCounts {
        TransportCounts {
            memory: self.memory.load(Ordering::Relaxed),
            socket: self.socket.load(Ordering::Relaxed),
            shared_memory: self.shared_memory.load(Ordering::Relaxed),
        }
    }

    const fn outcome(&self, status: Status) -> &AtomicU64 {
        match status {
            Status::OK => &self.ok,
            Status::UNSUPPORTED => &self.unsupported,
            Status::BAD_ENVELOPE => &self.bad_envelope,
            Status::LIMIT_EXCEEDED => &self.limit_exceeded,
            _ => &self.internal_error,
        }
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
    /// Clients that were turned down.
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
    /// From the whole request to the whole answer: decoding, handler, encoding.
    pub handler_time: HistogramSnapshot,
    /// From the whole request to the answer sent.
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
