//! Names for the numbers of the protocol, as integrators know them.

pub use crate::defaults::{
    DEFAULT_BATCH_ITEMS_CAP, DEFAULT_CALL_TIMEOUT_MS, DEFAULT_HANDSHAKE_TIMEOUT_MS,
    DEFAULT_LOOKUP_BYTES, DEFAULT_LOOKUP_ITEMS, DEFAULT_LOOKUP_SUBCALLS, DEFAULT_RESPONSE_BYTES,
    DEFAULT_RESPONSE_CEILING, DEFAULT_WORKERS, MAX_PAYLOAD_CAP, MAX_PAYLOAD_DEFAULT,
    MAX_RESPONSE_PAYLOAD_CAP,
};
pub use netipc_proto::wire::{Kind, MethodCode, Profiles, Status};

pub use crate::service::names::*;

/// The platform's packet socket or message pipe.
pub const PROFILE_BASELINE: u32 = Profiles::BASELINE.0;
/// Shared memory that spins before it waits in the kernel.
pub const PROFILE_SHM_HYBRID: u32 = Profiles::SHM_HYBRID.0;
/// Shared memory that waits in the kernel at once.
pub const PROFILE_SHM_FUTEX: u32 = Profiles::SHM_FUTEX.0;
/// Reserved.
pub const PROFILE_SHM_WAITADDR: u32 = Profiles::SHM_WAITADDR.0;
/// Rings in sealed memory that the server passes over the socket: the fastest, between peers of ours on
/// Linux; others leave it out. Whoever wants shared memory does well to offer it beside a region.
pub const PROFILE_SHM_RING: u32 = Profiles::SHM_RING.0;
