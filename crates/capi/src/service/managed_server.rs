//! What a server is in C: memory of the caller.

use super::storage::nipc_storage_t;

/// A server of one service. It lives where the caller wants, zeroed or not before it is initialised,
/// and must not be copied or moved afterwards.
///
/// Every thread may use it at any time, except that it must not be initialised while others use it.
/// None of its functions is for signal handlers.
#[repr(C)]
#[derive(Debug)]
pub struct nipc_managed_server_t {
    /// Private.
    pub storage: nipc_storage_t,
    /// Private: why there is no server here.
    pub failure: [u8; 496],
}
