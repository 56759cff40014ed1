//! How many keys go into one request of a lookup.

use netipc_proto::wire::{ENTRY_LEN, Encode, align8};

use super::{Key, LOOKUP_HEADER_LEN, Lookup};

/// What one request of a lookup may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowLimits {
    /// Keys.
    pub(super) keys: usize,
    /// Bytes of the request.
    pub(super) request: usize,
    /// Bytes of the reply.
    pub(super) reply: usize,
    /// Bytes of an item, as the last reply had them.
    pub(super) item: usize,
}

impl WindowLimits {
    /// Number of keys from the front of `keys` that one request and its likely reply hold: at least
    /// one, where one fits a request.
    pub(super) fn fit<'k, L: Lookup>(&self, keys: impl Iterator<Item = Key<'k, L>>) -> usize {
        let mut count = 0;
        // Bytes of the packed keys, and of the packed items of the reply.
        let (mut request, mut reply) = (0_usize, 0_usize);
        for key in keys.take(self.keys) {
            let front = LOOKUP_HEADER_LEN + (count + 1) * ENTRY_LEN;
            request = align8(request) + key.size();
            reply = align8(reply) + L::reply_estimate(key).max(self.item);
            let fits = front + request <= self.request;
            let planned = count == 0 || front + reply <= self.planned_reply();
            if !fits || !planned {
                break;
            }
            count += 1;
        }
        count
    }

    /// The part of a reply that is planned to be filled. A reply keeps a placeholder free for every
    /// key: without slack, items only a little larger than expected would leave room for next to
    /// none of them.
    const fn planned_reply(&self) -> usize {
        self.reply / 5 * 4
    }
}

/// Bytes of a reply to ask for, when `likely` are expected: the inverse of what is planned.
pub(super) const fn with_slack(likely: usize) -> usize {
    likely.saturating_add(likely / 4).saturating_add(5)
}
