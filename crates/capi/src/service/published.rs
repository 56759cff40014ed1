//! A client's status, written after each use and read by any thread at any time.

use std::sync::atomic::{AtomicU64, Ordering};

use netipc::{ClientState, Counters};

use super::types::nipc_client_status_t;

/// Each number is true; those that change together may be seen apart. Nothing else is judged by
/// them: relaxed ordering is enough.
#[derive(Debug, Default)]
pub(crate) struct Published {
    state: AtomicU64,
    counters: [AtomicU64; 9],
}

impl Published {
    #[inline]
    pub(crate) fn write(&self, state: ClientState, counters: Counters) {
        self.state.store(state as u64, Ordering::Relaxed);
        for (to, from) in self.counters.iter().zip(numbers(counters)) {
            to.store(from, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> nipc_client_status_t {
        let [
            connects,
            reconnects,
            calls,
            errors,
            retries,
            timeouts,
            aborts,
            sent,
            received,
        ] = self
            .counters
            .each_ref()
            .map(|counter| counter.load(Ordering::Relaxed));
        let counters = Counters {
            connects,
            reconnects,
            calls,
            errors,
            retries,
            timeouts,
            aborts,
            bytes_sent: sent,
            bytes_received: received,
        };
        let number = self.state.load(Ordering::Relaxed);
        let known = u8::try_from(number).map(ClientState::from_number);
        nipc_client_status_t::new(known.unwrap_or_default(), counters)
    }
}

const fn numbers(counters: Counters) -> [u64; 9] {
    [
        counters.connects,
        counters.reconnects,
        counters.calls,
        counters.errors,
        counters.retries,
        counters.timeouts,
        counters.aborts,
        counters.bytes_sent,
        counters.bytes_received,
    ]
}
