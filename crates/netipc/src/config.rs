//! What integrators configure, where 0 means the named default; and what it means inside.

use std::fmt;
use std::time::Duration;

use netipc_proto::session::DirectionLimits;
use netipc_proto::session::handshake::{MIN_RESPONSE_BYTES, Policy, Proposal};
use netipc_proto::wire::Profiles;

use crate::defaults::{
    DEFAULT_BATCH_ITEMS_CAP, DEFAULT_CALL_TIMEOUT_MS, DEFAULT_LOOKUP_BYTES, DEFAULT_LOOKUP_ITEMS,
    DEFAULT_LOOKUP_SUBCALLS, DEFAULT_RESPONSE_BYTES, DEFAULT_RESPONSE_CEILING, MAX_PAYLOAD_CAP,
    MAX_PAYLOAD_DEFAULT, MAX_RESPONSE_PAYLOAD_CAP,
};

/// How a client connects and calls. One type for every service; 0 means the named default.
///
/// ```
/// use netipc::ClientConfig;
/// use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_HYBRID};
///
/// let config = ClientConfig {
///     supported_profiles: PROFILE_BASELINE | PROFILE_SHM_HYBRID,
///     auth_token: 0xDEAD_BEEF_CAFE_BABE,
///     ..ClientConfig::default()
/// };
/// assert_eq!(config.call_timeout_ms, 0); // that is, 30 seconds
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
pub struct ClientConfig {
    /// Profiles to offer, as bits; 0 is the baseline.
    pub supported_profiles: u32,
    /// Profiles to prefer, as bits; 0 is no preference, and does not mean the baseline.
    pub preferred_profiles: u32,
    /// Most bytes of a request payload; 0 starts at 1024 and grows up to 1 MiB as needed.
    pub max_request_payload_bytes: u32,
    /// Most items of a request batch; 0 starts at 1 and grows up to 65,536 as needed.
    pub max_request_batch_items: u32,
    /// Most bytes of a response payload; 0 starts at 65,536 and grows up to 16 MiB as needed.
    pub max_response_payload_bytes: u32,
    /// The shared secret of the endpoint.
    pub auth_token: u64,
    /// Milliseconds that a whole call may take; 0 is 30,000.
    pub call_timeout_ms: u32,
    /// Most keys of a logical lookup; 0 is 65,536.
    pub max_logical_lookup_items: u32,
    /// Most requests that a logical lookup may be split into; 0 is 4,096.
    pub max_logical_lookup_subcalls: u32,
    /// Most bytes of a stitched reply; 0 is 64 MiB.
    pub max_logical_lookup_response_bytes: u32,
}

impl ClientConfig {
    /// What to say in the handshake of a [`Connection`](crate::connection::Connection) without a
    /// client around it. Its response payload is 1024 bytes unless configured, because nothing
    /// grows there. The packet size is the link's.
    #[must_use]
    pub fn proposal(&self) -> Proposal {
        let options = ClientOptions::new(self);
        let response_bytes = or(self.max_response_payload_bytes, MAX_PAYLOAD_DEFAULT);
        options.proposal(
            Capacity {
                response_bytes,
                ..options.initial
            },
            options.supported,
        )
    }
}

/// How a server accepts and answers. 0 means the named default.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct ServerConfig {
    /// Profiles to offer, as bits; 0 is the baseline.
    pub supported_profiles: u32,
    /// Profiles to prefer, as bits; 0 is no preference, and does not mean the baseline.
    pub preferred_profiles: u32,
    /// Most bytes of a request payload; 0 accepts up to 1 MiB.
    pub max_request_payload_bytes: u32,
    /// Most items of a request batch; 0 accepts as many as fit the payload.
    pub max_request_batch_items: u32,
    /// Most bytes of a response payload; 0 grants clients at least 65,536 bytes, and up to 16 MiB where
    /// they propose it. A server with another maximum grants at least 1024 bytes.
    pub max_response_payload_bytes: u32,
    /// The shared secret of the endpoint.
    pub auth_token: u64,
}

/// What a session may carry, as a client proposes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Capacity {
    /// Bytes of a request payload.
    pub(crate) request_bytes: u32,
    /// Items of a batch.
    pub(crate) batch_items: u32,
    /// Bytes of a response payload.
    pub(crate) response_bytes: u32,
}

impl Capacity {
    /// What a request of `bytes` and `items` needs.
    pub(crate) fn of_request(bytes: usize, items: u32) -> Self {
        let request_bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Self {
            request_bytes,
            batch_items: items,
            response_bytes: 0,
        }
    }

    /// Whether it carries a request that needs `needed`.
    pub(crate) const fn holds(self, needed: Self) -> bool {
        needed.request_bytes <= self.request_bytes && needed.batch_items <= self.batch_items
    }
}

/// A client's configuration with every default filled in.
#[derive(Clone, Debug)]
pub(crate) struct ClientOptions {
    pub(crate) supported: Profiles,
    pub(crate) preferred: Profiles,
    pub(crate) auth_token: u64,
    /// What to propose first.
    pub(crate) initial: Capacity,
    /// What never to propose more than.
    pub(crate) ceiling: Capacity,
    /// The largest response limit that a server may decide on.
    pub(crate) response_policy: u32,
    pub(crate) lookup: LookupLimits,
}

/// What one logical lookup may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LookupLimits {
    /// Keys.
    pub(crate) keys: usize,
    /// Requests.
    pub(crate) requests: usize,
    /// Bytes of the reply.
    pub(crate) bytes: usize,
}

impl ClientOptions {
    pub(crate) fn new(config: &ClientConfig) -> Self {
        let request = config.max_request_payload_bytes;
        let items = config.max_request_batch_items;
        let response = config.max_response_payload_bytes;
        Self {
            supported: supported(config.supported_profiles),
            preferred: Profiles(config.preferred_profiles),
            auth_token: config.auth_token,
            initial: Capacity {
                request_bytes: or(request, MAX_PAYLOAD_DEFAULT),
                batch_items: or(items, 1),
                response_bytes: or(response, DEFAULT_RESPONSE_BYTES),
            },
            ceiling: Capacity {
                request_bytes: or(request, MAX_PAYLOAD_CAP),
                batch_items: or(items, DEFAULT_BATCH_ITEMS_CAP),
                response_bytes: or(response, MAX_RESPONSE_PAYLOAD_CAP),
            },
            response_policy: response.max(DEFAULT_RESPONSE_CEILING),
            lookup: LookupLimits {
                keys: or(config.max_logical_lookup_items, DEFAULT_LOOKUP_ITEMS) as usize,
                requests: or(config.max_logical_lookup_subcalls, DEFAULT_LOOKUP_SUBCALLS) as usize,
                bytes: or(
                    config.max_logical_lookup_response_bytes,
                    DEFAULT_LOOKUP_BYTES,
                ) as usize,
            },
        }
    }

    /// What to say in HELLO for a session of `capacity` over `supported` profiles.
    pub(crate) const fn proposal(&self, capacity: Capacity, supported: Profiles) -> Proposal {
        let Capacity {
            request_bytes,
            batch_items,
            response_bytes,
        } = capacity;
        Proposal {
            supported,
            preferred: self.preferred.and(supported),
            request: DirectionLimits {
                payload_bytes: request_bytes,
                batch_items,
            },
            response: DirectionLimits {
                payload_bytes: response_bytes,
                batch_items,
            },
            auth_token: self.auth_token,
            packet_size: 0,
            response_ceiling: self.response_policy,
        }
    }
}

impl ServerConfig {
    /// What the server decides by in a handshake. The packet size is the link's.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            supported: supported(self.supported_profiles),
            preferred: Profiles(self.preferred_profiles),
            request: DirectionLimits {
                payload_bytes: or(self.max_request_payload_bytes, MAX_PAYLOAD_CAP),
                batch_items: or(self.max_request_batch_items, u32::MAX),
            },
            // Deployed clients hint at less than they then ask for.
            min_response_bytes: if self.max_response_payload_bytes == 0 {
                DEFAULT_RESPONSE_BYTES
            } else {
                MIN_RESPONSE_BYTES
            },
            max_response_bytes: or(self.max_response_payload_bytes, MAX_RESPONSE_PAYLOAD_CAP),
            auth_token: self.auth_token,
            packet_size: 0,
        }
    }
}

/// A configured number of milliseconds, where 0 is the default.
pub(crate) fn call_timeout(ms: u32) -> Duration {
    Duration::from_millis(or(ms, DEFAULT_CALL_TIMEOUT_MS).into())
}

const fn or(configured: u32, default: u32) -> u32 {
    if configured == 0 { default } else { configured }
}

const fn supported(bits: u32) -> Profiles {
    Profiles(or(bits, Profiles::BASELINE.0))
}

/// The token is a secret: everything but its value may be logged.
struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("supported_profiles", &Profiles(self.supported_profiles))
            .field("preferred_profiles", &Profiles(self.preferred_profiles))
            .field("max_request_payload_bytes", &self.max_request_payload_bytes)
            .field("max_request_batch_items", &self.max_request_batch_items)
            .field(
                "max_response_payload_bytes",
                &self.max_response_payload_bytes,
            )
            .field("auth_token", &Redacted)
            .field("call_timeout_ms", &self.call_timeout_ms)
            .field("max_logical_lookup_items", &self.max_logical_lookup_items)
            .field(
                "max_logical_lookup_subcalls",
                &self.max_logical_lookup_subcalls,
            )
            .field(
                "max_logical_lookup_response_bytes",
                &self.max_logical_lookup_response_bytes,
            )
            .finish()
    }
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("supported_profiles", &Profiles(self.supported_profiles))
            .field("preferred_profiles", &Profiles(self.preferred_profiles))
            .field("max_request_payload_bytes", &self.max_request_payload_bytes)
            .field("max_request_batch_items", &self.max_request_batch_items)
            .field(
                "max_response_payload_bytes",
                &self.max_response_payload_bytes,
            )
            .field("auth_token", &Redacted)
            .finish()
    }
}
