//! What there is on Unix only.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_int;

use super::client::nipc_client_wait_object;
use super::types::nipc_client_ctx_t;

/// As nipc_client_wait_object, as the descriptor for poll() and its like that it is on Unix: readable
/// when the provider has hung up.
///
/// \return the descriptor; -1 without a session, and while another thread uses the client
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_fd(ctx: *const nipc_client_ctx_t) -> c_int {
    // SAFETY: the same promises.
    let native = unsafe { nipc_client_wait_object(ctx) };
    c_int::try_from(native).unwrap_or(-1)
}
