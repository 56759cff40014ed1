//! How many keys go into one request of a lookup.

use netipc_proto::wire::{ENTRY_LEN, align8};

use super::LOOKUP_HEADER_LEN;

/// What one request of a lookup may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowLimits {
    /// Keys.
    pub(super) keys: usize,
    /// Bytes of the request.
    pub(super) request: usize,
    /// Bytes of the reply.
    pub(super) reply: usize,
    /// Average bytes of an item in the last response.
    pub(super) item: usize,
}

impl WindowLimits {
    /// Number of keys that one request and its likely reply hold: at least one, where one fits a
    /// request. `sizes` gives the bytes of each key, and those that its item is likely to take.
    pub(super) fn fit(&self, sizes: impl Iterator<Item = (usize, usize)>) -> usize {
        let mut count = 0;
        // Bytes of the packed keys, and of the packed items of the reply.
        let (mut request, mut reply) = (0_usize, 0_usize);
        for (key, item) in sizes.take(self.keys) {
            let front = LOOKUP_HEADER_LEN + (count + 1) * ENTRY_LEN;
            request = align8(request) + key;
            reply = align8(reply) + item.max(self.item);
            let fits = front + request <= self.request;
            let planned = count == 0 || front + reply <= self.planned_reply();
            if !fits || !planned {
                break;
            }
            count += 1;
        }
        count
    }

    /// Whether `keys` keys fit that make a request of `request` bytes, and whose reply is likely to take
    /// `reply`: whether [`fit`](Self::fit) would find that it holds them all.
    pub(super) const fn fit_all(&self, keys: usize, request: usize, reply: usize) -> bool {
        keys > 0
            && keys <= self.keys
            && request <= self.request
            && reply <= self.planned_reply()
            && self.item == 0
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

#[cfg(test)]
mod tests {
    use super::*;

    // Rule S16.
    #[test]
    fn a_window_is_as_wide_as_request_and_reply_allow() {
        let limits = |keys, request, reply, item| WindowLimits {
            keys,
            request,
            reply,
            item,
        };
        // Ten keys of 8 bytes with items of 64: 16 bytes of request each, 72 of reply.
        let wide = usize::MAX / 8;
        for (limits, count) in [
            (limits(wide, wide, wide, 0), 10),
            (limits(3, wide, wide, 0), 3),
            (limits(wide, 16 + 16, wide, 0), 1),
            (limits(wide, 16 + 16 + 15, wide, 0), 1),
            (limits(wide, 16 + 32, wide, 0), 2),
            (limits(wide, 31, wide, 0), 0),
            // Four fifths of a reply are planned, but for a first key.
            (limits(wide, wide, 200, 0), 2),
            (limits(wide, wide, 199, 0), 1),
            (limits(wide, wide, 10, 0), 1),
            (limits(wide, wide, 1000, 1000), 1),
        ] {
            assert_eq!(limits.fit([(8, 64); 10].into_iter()), count, "{limits:?}");
            let (front, items) = (LOOKUP_HEADER_LEN + 10 * ENTRY_LEN, (10 * 8, 10 * 64));
            if limits.fit_all(10, front + items.0, front + items.1) {
                assert_eq!(count, 10, "{limits:?}");
            } else {
                assert!(count < 10 || limits.item > 0, "{limits:?}");
            }
        }
    }

    #[test]
    fn slack_makes_the_plan_hold_what_is_likely() {
        for likely in [0, 1, 4, 5, 99, 1000, 65_536] {
            let limits = WindowLimits {
                keys: 1,
                request: 0,
                reply: with_slack(likely),
                item: 0,
            };
            assert!(limits.planned_reply() >= likely, "{likely}");
        }
    }
}
