//! What there is on Unix only.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_int;

use netipc::ErrorCode;

use super::client::nipc_client_wait_object;
use super::types::nipc_client_ctx_t;
use crate::border::catch_code;
use crate::error::nipc_error_t;

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

/// Has this process live on when another process of its user cuts off the file of a shared region that is in
/// use: the session ends, and nothing else happens. Otherwise the system ends the process with SIGBUS at its
/// next touch of the region. For the whole process, from now on; calling it again does nothing.
///
/// It sets a handler for SIGBUS. Any other cause of that signal is passed on to whatever handled it before: a
/// handler that the program had set, or the system, which ends the process. A program that sets a handler of
/// its own later has to pass on to this one what it does not know. Sessions over the socket or a ring do not
/// need it.
///
/// \return NIPC_OK, or NIPC_ERR_IO where the system does not let this process handle the signal
#[unsafe(no_mangle)]
pub extern "C" fn nipc_handle_sigbus() -> nipc_error_t {
    catch_code(|| netipc::transport::handle_sigbus().map_err(|_error| ErrorCode::IO))
}
