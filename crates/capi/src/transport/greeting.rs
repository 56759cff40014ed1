//! A client that was taken and has not shaken hands yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use netipc::connection::{AcceptError, Connection, Incoming, Policy};
use netipc::transport::{Baseline, Wait, WaitObject};

/// Numbers the sessions of a listener.
#[derive(Clone, Debug, Default)]
pub(super) struct SessionIds(Arc<AtomicU64>);

impl SessionIds {
    /// The next number; the first is 1. Relaxed: no other memory goes with it.
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A client, and what its handshake is decided by.
pub(super) struct Greeting {
    link: Box<dyn Baseline>,
    policy: Policy,
    ids: SessionIds,
}

impl Greeting {
    pub(super) fn new(link: Box<dyn Baseline>, policy: Policy, ids: &SessionIds) -> Self {
        let ids = ids.clone();
        Self { link, policy, ids }
    }

    /// Receives what the client proposes, and answers it.
    pub(super) fn shake_hands(self, wait: &Wait<'_>) -> Result<Connection, AcceptError> {
        let Self { link, policy, ids } = self;
        Incoming::receive(link, &policy, wait)?.accept(|| ids.next(), wait)
    }

    /// What is ready when the client has proposed something, or is gone.
    pub(super) fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.link.wait_object()
    }
}
