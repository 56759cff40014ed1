//! What a server counts.

use std::time::Duration;

use netipc::server::{HistogramSnapshot, ServerStats};

/// How long something took, as counts.
///
/// The counts of durations that were at most so long include each other: le_5ms has all of le_1ms. They
/// are exact; the quantiles are the ends of buckets, of which there are six in each power of ten.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct nipc_histogram_t {
    /// Durations.
    pub count: u64,
    /// All together, in nanoseconds.
    pub total_ns: u64,
    /// Durations of at most 1 ms.
    pub le_1ms: u64,
    /// Durations of at most 5 ms.
    pub le_5ms: u64,
    /// Durations of at most 10 ms.
    pub le_10ms: u64,
    /// Durations of at most 50 ms.
    pub le_50ms: u64,
    /// Durations of at most 100 ms.
    pub le_100ms: u64,
    /// Durations of at most 500 ms.
    pub le_500ms: u64,
    /// Durations of at most 1 s.
    pub le_1000ms: u64,
    /// Half of the durations are at most so many nanoseconds; 0 while there are none, UINT64_MAX for
    /// more than 10 s.
    pub p50_ns: u64,
    /// As p50_ns, for 90 % of the durations.
    pub p90_ns: u64,
    /// As p50_ns, for 99 % of the durations.
    pub p99_ns: u64,
}

/// What a server has done since it was initialised.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct nipc_server_stats_t {
    /// Sessions there are.
    pub sessions_now: u64,
    /// Sessions there have been.
    pub sessions_total: u64,
    /// Of those, over the socket.
    pub sessions_socket: u64,
    /// Of those, over shared memory.
    pub sessions_shm: u64,
    /// Clients that were turned down.
    pub refused: u64,
    /// Requests that were answered.
    pub ok: u64,
    /// Requests of another method, and those that a handler said so of.
    pub unsupported: u64,
    /// Requests that could not be decoded, and those that a handler rejected.
    pub bad_envelope: u64,
    /// Requests or answers above the limits.
    pub limit_exceeded: u64,
    /// Requests whose handler failed.
    pub internal_error: u64,
    /// Bytes of requests, headers included.
    pub bytes_received: u64,
    /// Bytes of answers, headers included.
    pub bytes_sent: u64,
    /// From the whole request to the answer on its way: decoding, handler, encoding, handing it over.
    pub handler_time: nipc_histogram_t,
    /// The same, and the time that the client took to make room for the answer.
    pub total_time: nipc_histogram_t,
}

impl From<&HistogramSnapshot> for nipc_histogram_t {
    fn from(times: &HistogramSnapshot) -> Self {
        let count = times.count();
        let at_most = |ms| times.at_most(Duration::from_millis(ms));
        let quantile = |share| match (count, times.quantile(share)) {
            (0, _) => 0,
            (_, None) => u64::MAX,
            (_, Some(end)) => nanos(end),
        };
        Self {
            count,
            total_ns: nanos(times.sum()),
            le_1ms: at_most(1),
            le_5ms: at_most(5),
            le_10ms: at_most(10),
            le_50ms: at_most(50),
            le_100ms: at_most(100),
            le_500ms: at_most(500),
            le_1000ms: at_most(1000),
            p50_ns: quantile(0.5),
            p90_ns: quantile(0.9),
            p99_ns: quantile(0.99),
        }
    }
}

impl From<&ServerStats> for nipc_server_stats_t {
    fn from(stats: &ServerStats) -> Self {
        Self {
            sessions_now: stats.sessions_now,
            sessions_total: stats.sessions_total,
            sessions_socket: stats.sessions.socket,
            sessions_shm: stats.sessions.shared_memory,
            refused: stats.refused,
            ok: stats.ok,
            unsupported: stats.unsupported,
            bad_envelope: stats.bad_envelope,
            limit_exceeded: stats.limit_exceeded,
            internal_error: stats.internal_error,
            bytes_received: stats.bytes_received,
            bytes_sent: stats.bytes_sent,
            handler_time: (&stats.handler_time).into(),
            total_time: (&stats.total_time).into(),
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
