//! What a cache and its readers share.

use std::sync::Arc;

use netipc_transport::monotonic;

use super::cached::Cached;
use super::table::Table;
use crate::status::ClientState;
use crate::sync::{ArcSwapOption, AtomicU8, AtomicU64, Ordering};

/// The newest answer, and how refreshes went. Whoever sees that one was counted sees what it left.
pub(super) struct Shared<S: Cached> {
    pub(super) table: ArcSwapOption<Table<S>>,
    pub(super) last_error: ArcSwapOption<String>,
    successes: AtomicU64,
    failures: AtomicU64,
    /// Milliseconds of the monotonic clock; 0 is never.
    last_success: AtomicU64,
    state: AtomicU8,
}

impl<S: Cached> Shared<S> {
    pub(super) fn publish(&self, table: Table<S>) {
        self.table.store(Some(Arc::new(table)));
        let now = u64::try_from(monotonic().as_millis()).unwrap_or(u64::MAX);
        self.last_success.store(now.max(1), Ordering::Relaxed);
        self.successes.fetch_add(1, Ordering::Release);
    }

    pub(super) fn fail(&self, why: String) {
        self.last_error.store(Some(Arc::new(why)));
        self.failures.fetch_add(1, Ordering::Release);
    }

    pub(super) fn clear(&self) {
        self.table.store(None);
        self.set_state(ClientState::Disconnected);
    }

    pub(super) fn set_state(&self, state: ClientState) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    pub(super) fn state(&self) -> ClientState {
        ClientState::from_number(self.state.load(Ordering::Relaxed))
    }

    pub(super) fn successes(&self) -> u64 {
        self.successes.load(Ordering::Acquire)
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Acquire)
    }

    pub(super) fn last_success(&self) -> u64 {
        self.last_success.load(Ordering::Relaxed)
    }
}

impl<S: Cached> Default for Shared<S> {
    fn default() -> Self {
        Self {
            table: ArcSwapOption::empty(),
            last_error: ArcSwapOption::empty(),
            successes: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            last_success: AtomicU64::new(0),
            state: AtomicU8::new(0),
        }
    }
}
