//! What to do after a failure, as pure decisions.

use std::time::{Duration, Instant};

use crate::config::Capacity;
use crate::error::Failure;

/// Times that one call may grow its proposals.
pub(crate) const GROWTH_ROUNDS: u32 = 8;

/// What one call has tried so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Attempts {
    /// Whether it has reconnected after a failure.
    pub(crate) retried: bool,
    /// Times it has grown.
    pub(crate) grown: u32,
}

/// What to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Decision {
    /// Return the failure and keep the session.
    Return,
    /// Drop the session and return the failure.
    DropAndReturn,
    /// Make a new session and send the request again.
    Reconnect,
    /// Make a new session with room for more and send the request again.
    Grow,
}

/// The table of `service.md`: what a failure of a ready client leads to.
pub(crate) const fn decide(failure: &Failure, attempts: Attempts) -> Decision {
    match failure {
        Failure::NotReady { .. }
        | Failure::InvalidRequest(_)
        | Failure::Overflow { .. }
        | Failure::Unsupported
        | Failure::GenerationMismatch { .. } => Decision::Return,
        Failure::Timeout | Failure::Aborted | Failure::RejectedRequest | Failure::Reconnect(_) => {
            Decision::DropAndReturn
        }
        Failure::Lost(_)
        | Failure::Protocol(_)
        | Failure::HandlerFailed
        | Failure::UnexpectedStatus { .. } => {
            if attempts.retried {
                Decision::DropAndReturn
            } else {
                Decision::Reconnect
            }
        }
        Failure::LimitExceeded { .. } => {
            if attempts.grown < GROWTH_ROUNDS {
                Decision::Grow
            } else {
                Decision::DropAndReturn
            }
        }
    }
}

/// What to propose so that a session carries at least `needed`, never above `ceiling`; nothing
/// where `now` is as good as it gets. Growth goes to the next power of two.
pub(crate) fn grow(now: Capacity, needed: Capacity, ceiling: Capacity) -> Option<Capacity> {
    let step = |now: u32, needed: u32, ceiling: u32| {
        if needed > now {
            needed
                .checked_next_power_of_two()
                .unwrap_or(u32::MAX)
                .min(ceiling)
                .max(now)
        } else {
            now
        }
    };
    let grown = Capacity {
        request_bytes: step(
            now.request_bytes,
            needed.request_bytes,
            ceiling.request_bytes,
        ),
        batch_items: step(now.batch_items, needed.batch_items, ceiling.batch_items),
        response_bytes: step(
            now.response_bytes,
            needed.response_bytes,
            ceiling.response_bytes,
        ),
    };
    (grown != now).then_some(grown)
}

/// How long to leave something alone after it failed: doubling from `first` up to `most`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
    until: Option<Instant>,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most,
            next: first,
            until: None,
        }
    }

    /// Whether it may be tried at `now`.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }

    /// Notes a failure at `now`.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.until = now.checked_add(self.next);
        self.next = (self.next * 2).min(self.most);
    }

    /// Notes a success.
    pub(crate) const fn succeeded(&mut self) {
        self.until = None;
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use netipc_proto::wire::{Status, WireError};
    use netipc_transport::link::{ConnectError, LinkError, Missing};

    use super::*;
    use crate::error::{LimitSide, OpenError, ProtocolError};
    use crate::status::ClientState;

    const FRESH: Attempts = Attempts {
        retried: false,
        grown: 0,
    };
    const RETRIED: Attempts = Attempts {
        retried: true,
        grown: 0,
    };

    fn overflow() -> Failure {
        Failure::Overflow {
            what: "keys",
            needed: 2,
            limit: 1,
            option: "max_logical_lookup_items of the client",
        }
    }

    // Rule S11.
    #[test]
    fn each_failure_leads_where_the_contract_says() {
        use Decision::{DropAndReturn, Grow, Reconnect, Return};

        let wire = || WireError::layout("field", 1, 2);
        let not_found = ConnectError::NotFound {
            endpoint: "/run/svc.sock".into(),
            missing: Missing::Endpoint,
            source: io::ErrorKind::NotFound.into(),
        };
        let (state, open_error) = (ClientState::Broken, None);
        let not_ready = Failure::NotReady { state, open_error };
        let status = Status(77);
        // The failure, what follows at first, and what follows after a retry.
        let table = [
            (Failure::Timeout, DropAndReturn, DropAndReturn),
            (Failure::Aborted, DropAndReturn, DropAndReturn),
            (
                Failure::Lost(LinkError::Disconnected),
                Reconnect,
                DropAndReturn,
            ),
            (
                Failure::Protocol(ProtocolError::Wire(wire())),
                Reconnect,
                DropAndReturn,
            ),
            (Failure::HandlerFailed, Reconnect, DropAndReturn),
            (
                Failure::UnexpectedStatus { status },
                Reconnect,
                DropAndReturn,
            ),
            (Failure::Unsupported, Return, Return),
            (Failure::RejectedRequest, DropAndReturn, DropAndReturn),
            (
                Failure::LimitExceeded {
                    limit: 9,
                    side: LimitSide::Server,
                },
                Grow,
                Grow,
            ),
            (overflow(), Return, Return),
            (
                Failure::Reconnect(OpenError::Connect(not_found).into()),
                DropAndReturn,
                DropAndReturn,
            ),
            (not_ready, Return, Return),
            (
                Failure::GenerationMismatch { first: 1, then: 2 },
                Return,
                Return,
            ),
            (Failure::InvalidRequest(wire()), Return, Return),
        ];
        for (failure, first, then) in table {
            assert_eq!(decide(&failure, FRESH), first, "{failure}");
            assert_eq!(decide(&failure, RETRIED), then, "{failure}, retried");
        }
    }

    // Rule S11.
    #[test]
    fn growth_ends_after_eight_rounds() {
        let failure = Failure::LimitExceeded {
            limit: 9,
            side: LimitSide::Server,
        };
        for grown in 0..10 {
            let decision = decide(&failure, Attempts { grown, ..RETRIED });
            assert_eq!(decision == Decision::Grow, grown < 8, "round {grown}");
        }
    }

    // Rules S11, S13.
    #[test]
    fn proposals_grow_to_powers_of_two_below_the_ceiling() {
        const MIB: u32 = 1 << 20;
        // Now, needed, ceiling, then.
        let table = [
            (1024, 1025, MIB, 2048),
            (1024, 2048, MIB, 2048),
            (1024, 2049, MIB, 4096),
            (1024, 700_000, MIB, MIB),
            (1024, u32::MAX, MIB, MIB),
            (1000, 1001, 1500, 1024),
            (1000, 1100, 1500, 1500),
            (1000, 1100, 500, 1000),
            (1024, 1024, MIB, 1024),
            (1024, 0, MIB, 1024),
            (1, u32::MAX, u32::MAX, u32::MAX),
        ];
        for (now, needed, ceiling, then) in table {
            for field in 0..3 {
                let capacity = |n: u32| {
                    let mut fields = [7; 3];
                    fields[field] = n;
                    let [request_bytes, batch_items, response_bytes] = fields;
                    Capacity {
                        request_bytes,
                        batch_items,
                        response_bytes,
                    }
                };
                let grown = grow(capacity(now), capacity(needed), capacity(ceiling));
                let expected = (then != now).then_some(capacity(then));
                assert_eq!(grown, expected, "{now} to {needed} below {ceiling}");
            }
        }
    }

    // Rules S3, L23.
    #[test]
    fn back_off_doubles_up_to_its_end_and_starts_over() {
        for most in [60, 300] {
            let second = Duration::from_secs(1);
            let mut backoff = Backoff::new(second, second * most);
            let mut now = Instant::now();
            assert!(backoff.allows(now), "nothing has failed");
            let mut pause = second;
            for _ in 0..12 {
                backoff.failed(now);
                assert!(!backoff.allows(now));
                assert!(!backoff.allows(now + pause - Duration::from_nanos(1)));
                now += pause;
                assert!(backoff.allows(now), "after {pause:?}");
                pause = (pause * 2).min(second * most);
            }
            assert_eq!(pause, second * most);
            backoff.succeeded();
            assert!(backoff.allows(now));
            backoff.failed(now);
            assert!(backoff.allows(now + second), "from the start again");
        }
    }
}
