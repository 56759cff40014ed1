//! How a server is made to give its responses more room, when an item does not fit even alone.
//!
//! Servers of ours give as much as a client proposes, up to their maximum. Deployed ones that nobody
//! configured start with 1024 bytes whatever is proposed, and double after each request whose
//! response does not fit: where the requests of a client always fit, they never grow.

use crate::config::Capacity;
use crate::retry::GROWTH_ROUNDS;

use super::LOOKUP_HEADER_LEN;
use netipc_proto::wire::{ENTRY_LEN, align8};

/// What decides whether the responses of a server can have more room.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResponseRoom {
    /// What the session carries.
    pub(super) agreed: Capacity,
    /// Bytes of a response that were proposed for it.
    pub(super) proposed: u32,
    /// Bytes of a response that are never exceeded.
    pub(super) ceiling: u32,
    /// Whether the server is known not to grow.
    pub(super) is_fixed: bool,
    /// Times that this call has grown.
    pub(super) grown: u32,
}

/// How to get more room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Growth {
    /// By a new session, with a larger proposal.
    Propose,
    /// By a request for a key so many times that not even placeholders fit its response.
    Exceed(usize),
}

impl ResponseRoom {
    /// Whether there may be more room.
    pub(super) const fn may_grow(self) -> bool {
        !self.is_fixed && self.grown < GROWTH_ROUNDS && self.agreed.response_bytes < self.ceiling
    }

    /// How to get more room, where a key of `key` bytes has a placeholder of `placeholder` bytes.
    pub(super) fn growth(self, key: usize, placeholder: usize) -> Option<Growth> {
        if !self.may_grow() {
            return None;
        }
        // A server that gives less than was proposed does not grow by proposals.
        if self.agreed.response_bytes >= self.proposed {
            return Some(Growth::Propose);
        }
        let keys = self.agreed.response_bytes as usize / (ENTRY_LEN + align8(placeholder)) + 1;
        let request = LOOKUP_HEADER_LEN + keys * (ENTRY_LEN + align8(key));
        (request <= self.agreed.request_bytes as usize).then_some(Growth::Exceed(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: ResponseRoom = ResponseRoom {
        agreed: Capacity {
            request_bytes: 1024,
            batch_items: 1,
            response_bytes: 1024,
        },
        proposed: 65_536,
        ceiling: 1 << 20,
        is_fixed: false,
        grown: 0,
    };

    const fn agreed(response_bytes: u32) -> ResponseRoom {
        ResponseRoom {
            agreed: Capacity {
                response_bytes,
                ..ROOM.agreed
            },
            ..ROOM
        }
    }

    // Rule S13.
    #[test]
    fn servers_that_follow_a_proposal_get_another_and_the_rest_a_request_that_does_not_fit() {
        // A process: a key of 4 bytes, and a placeholder of 63.
        let table = [
            (agreed(1024), Some(Growth::Exceed(15))),
            (agreed(2048), Some(Growth::Exceed(29))),
            (agreed(4096), Some(Growth::Exceed(57))),
            // 114 keys would be needed, and 63 fit a request.
            (agreed(8192), None),
            (agreed(65_535), None),
            (agreed(65_536), Some(Growth::Propose)),
            (agreed(1 << 19), Some(Growth::Propose)),
            (agreed(1 << 20), None),
            (agreed(1 << 21), None),
            (
                ResponseRoom {
                    is_fixed: true,
                    ..ROOM
                },
                None,
            ),
            (ResponseRoom { grown: 7, ..ROOM }, Some(Growth::Exceed(15))),
            (ResponseRoom { grown: 8, ..ROOM }, None),
        ];
        for (room, growth) in table {
            assert_eq!(room.growth(4, 63), growth, "{room:?}");
        }
    }

    #[test]
    fn a_request_that_is_not_to_fit_does_not() {
        for response in (0..70_000).step_by(7) {
            for (key, placeholder) in [(4, 63), (2, 30), (100, 128), (1, 1)] {
                let Some(Growth::Exceed(keys)) = agreed(response).growth(key, placeholder) else {
                    continue;
                };
                let least = LOOKUP_HEADER_LEN + keys * ENTRY_LEN + (keys - 1) * align8(placeholder);
                assert!(
                    least + placeholder > response as usize,
                    "{response}: {keys}"
                );
                assert!(LOOKUP_HEADER_LEN + keys * (ENTRY_LEN + align8(key)) <= 1024);
            }
        }
    }
}
