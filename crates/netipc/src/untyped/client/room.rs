//! Room for requests and answers: what to propose, and when to make a wider session.

use netipc_transport::wait::Wait;

use super::AnyClient;
use crate::config::Capacity;
use crate::defaults::MAX_PAYLOAD_DEFAULT;
use crate::error::{Failure, LimitSide};
use crate::retry;
use crate::status::ClientState;

impl AnyClient {
    /// What the session agreed on, or what it would propose.
    pub(crate) fn agreed(&self) -> Capacity {
        self.connection
            .as_ref()
            .map_or(self.capacity, |connection| {
                let limits = connection.limits();
                Capacity {
                    request_bytes: limits.request.payload_bytes,
                    batch_items: limits.request.batch_items,
                    response_bytes: limits.response.payload_bytes,
                }
            })
    }

    /// Messages that may be in flight, and bytes of one that is a single packet.
    pub(super) fn window(&self) -> (u32, usize) {
        self.connection.as_ref().map_or((1, 0), |connection| {
            let info = connection.info();
            let packet = (connection.limits().packet_size as usize).min(info.max_packet);
            (info.window.unwrap_or(u32::MAX), packet)
        })
    }

    /// Makes sure that the session carries requests of `needed`, with a new one where it must.
    pub(crate) fn make_room(&mut self, needed: Capacity, wait: &Wait<'_>) -> Result<(), Failure> {
        let agreed = self.agreed();
        if self.state != ClientState::Ready {
            return Err(self.not_ready());
        }
        if agreed.holds(needed) {
            return Ok(());
        }
        while let Some(capacity) = self.wider_proposal(needed) {
            self.capacity = capacity;
            self.reconnect(wait)?;
            // A server that refused it has left us less, and may still take the next best.
            if self.capacity == capacity {
                break;
            }
        }
        match self.agreed() {
            agreed if agreed.holds(needed) => Ok(()),
            agreed => Err(overflow(needed, agreed, self.options.ceiling)),
        }
    }

    /// The agreed response limit, and whose it is.
    pub(super) fn response_limit(&self) -> (u32, LimitSide) {
        let limit = self.agreed().response_bytes;
        let side = if limit < self.options.ceiling.response_bytes {
            LimitSide::Server
        } else {
            LimitSide::Client
        };
        (limit, side)
    }

    /// Makes a wider session for what is to come, where one can be had: many small requests cost
    /// more than one connect.
    pub(crate) fn try_widen(&mut self, wanted: Capacity, wait: &Wait<'_>) -> Result<(), Failure> {
        if self.state != ClientState::Ready {
            return Err(self.not_ready());
        }
        let agreed = self.agreed();
        if agreed.holds(wanted) && agreed.response_bytes >= wanted.response_bytes {
            return Ok(());
        }
        let before = self.capacity;
        match retry::grow(before, wanted, self.options.ceiling) {
            Some(capacity) if !self.was_refused(capacity) => self.capacity = capacity,
            _ => return Ok(()),
        }
        match self.reconnect(wait) {
            // What was good enough before is worth a try of its own.
            Err(Failure::Reconnect(_)) => {
                self.capacity = before;
                self.reconnect(wait)
            }
            done => done,
        }
    }

    /// A proposal that carries `needed`, that the configuration allows, and that was not refused.
    fn wider_proposal(&self, needed: Capacity) -> Option<Capacity> {
        let ceiling = self.options.ceiling;
        let needed = Capacity {
            response_bytes: 0,
            ..needed
        };
        if !ceiling.holds(needed) {
            return None;
        }
        let exact = Capacity {
            request_bytes: needed.request_bytes.max(self.capacity.request_bytes),
            batch_items: needed.batch_items.max(self.capacity.batch_items),
            ..self.capacity
        };
        let rounded = retry::grow(self.capacity, needed, ceiling).unwrap_or(self.capacity);
        [rounded, exact]
            .into_iter()
            .find(|capacity| !self.was_refused(*capacity))
    }

    /// Proposes twice the agreed response limit from now on; whether that is any use.
    pub(crate) fn widen_response(&mut self) -> bool {
        let (agreed, ceiling) = (self.agreed().response_bytes, self.options.ceiling);
        let needed = Capacity {
            response_bytes: agreed.saturating_mul(2),
            ..self.capacity
        };
        if let Some(capacity) = retry::grow(self.capacity, needed, ceiling) {
            self.capacity = capacity;
        }
        // Deployed servers ignore the hint and grow by themselves: a new session may help even
        // when there is nothing more to ask for.
        agreed < ceiling.response_bytes
    }

    /// Makes a new session, with more room for responses where the server gives it. Whether it does.
    pub(crate) fn reopen_wider(&mut self, wait: &Wait<'_>) -> Result<bool, Failure> {
        let before = self.agreed().response_bytes;
        self.widen_response();
        self.reconnect(wait)?;
        Ok(self.agreed().response_bytes > before)
    }

    /// What is to come may be another provider: forgets what is known of this one.
    pub(super) fn forget_provider(&mut self) {
        self.refused.clear();
        self.response_is_fixed = false;
    }

    /// Bytes of a response that the next session is proposed.
    pub(crate) const fn proposed_response(&self) -> u32 {
        self.capacity.response_bytes
    }

    /// The server has refused what was proposed: proposes less from now on.
    pub(super) fn propose_less(&mut self) {
        if !self.was_refused(self.capacity) {
            self.refused.push(self.capacity);
        }
        self.capacity = self.smaller_proposal();
    }

    /// What to propose to a server that refused: the defaults, or less where it refused those.
    fn smaller_proposal(&self) -> Capacity {
        let mut capacity = Capacity {
            request_bytes: self.capacity.request_bytes.min(MAX_PAYLOAD_DEFAULT),
            batch_items: 1,
            ..self.capacity
        };
        while self.was_refused(capacity) && capacity.request_bytes > 1 {
            capacity.request_bytes /= 2;
        }
        capacity
    }

    fn was_refused(&self, capacity: Capacity) -> bool {
        self.refused.iter().any(|refused| {
            capacity.request_bytes >= refused.request_bytes
                && capacity.batch_items >= refused.batch_items
        })
    }
}

/// The failure of a request that the session does not carry: by our own limit where that is too low, else
/// by the server's.
fn overflow(needed: Capacity, agreed: Capacity, ceiling: Capacity) -> Failure {
    let bytes = needed.request_bytes > agreed.request_bytes;
    let (what, options, [needed, agreed, ceiling]) = if bytes {
        (
            "request bytes",
            [
                "max_request_payload_bytes of the client",
                "max_request_payload_bytes of the server",
            ],
            [needed, agreed, ceiling].map(|capacity| capacity.request_bytes),
        )
    } else {
        (
            "batch items",
            [
                "max_request_batch_items of the client",
                "max_request_batch_items of the server",
            ],
            [needed, agreed, ceiling].map(|capacity| capacity.batch_items),
        )
    };
    let [ours, theirs] = options;
    let (limit, option) = if needed > ceiling {
        (ceiling, ours)
    } else {
        (agreed, theirs)
    };
    Failure::Overflow {
        what,
        needed: needed.into(),
        limit: limit.into(),
        option,
    }
}
