//! Servers of each service.
//!
//! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::{c_char, c_int};

use crate::error::nipc_error_t;
use crate::service::config::nipc_server_config_t;
use crate::service::made::{
    nipc_apps_lookup_service_handler_t, nipc_cgroups_lookup_service_handler_t,
    nipc_cgroups_service_handler_t, nipc_increment_service_handler_t,
    nipc_string_reverse_service_handler_t,
};
use crate::service::managed_server::nipc_managed_server_t;
use crate::service::server::init_typed;

/// Makes a server of cgroups-snapshot at run_dir/service.sock. Clients can connect from here on, and
/// are served once nipc_server_run runs.
///
/// Nothing is kept of the arguments but the handler's function and user, which are read here: what is
/// written to the handler later does not count. A server that was here before must have been
/// destroyed. After an error there is no server here and nothing to free; nipc_server_last_error
/// tells more.
///
/// \param server   where the server will be; need not be initialised
/// \param run_dir  the directory of the endpoints; it must exist
/// \param service  the name of the service
/// \param config   how to accept and answer; NULL is a zeroed one
/// \param workers  the most sessions at once, each with a thread of its own; less than 1 is 1
/// \param handler  what answers the requests; where it or its function is NULL, every request fails
/// \return NIPC_OK; NIPC_ERR_INVALID_ARGUMENT for run_dir or service NULL or a name that is not
///         valid; NIPC_ERR_ADDRESS_IN_USE where another server has the endpoint; NIPC_ERR_IO where
///         the system failed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_init_typed(
    server: *mut nipc_managed_server_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_server_config_t,
    workers: c_int,
    handler: *const nipc_cgroups_service_handler_t,
) -> nipc_error_t {
    // SAFETY: C's promise is that of `init_typed`.
    unsafe { init_typed(server, run_dir, service, config, workers, handler) }
}

/// Makes a server of cgroups-lookup; the rest is as for nipc_server_init_typed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_init_cgroups_lookup(
    server: *mut nipc_managed_server_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_server_config_t,
    workers: c_int,
    handler: *const nipc_cgroups_lookup_service_handler_t,
) -> nipc_error_t {
    // SAFETY: C's promise is that of `init_typed`.
    unsafe { init_typed(server, run_dir, service, config, workers, handler) }
}

/// Makes a server of apps-lookup; the rest is as for nipc_server_init_typed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_init_apps_lookup(
    server: *mut nipc_managed_server_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_server_config_t,
    workers: c_int,
    handler: *const nipc_apps_lookup_service_handler_t,
) -> nipc_error_t {
    // SAFETY: C's promise is that of `init_typed`.
    unsafe { init_typed(server, run_dir, service, config, workers, handler) }
}

/// Makes a server of increment; the rest is as for nipc_server_init_typed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_init_increment(
    server: *mut nipc_managed_server_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_server_config_t,
    workers: c_int,
    handler: *const nipc_increment_service_handler_t,
) -> nipc_error_t {
    // SAFETY: C's promise is that of `init_typed`.
    unsafe { init_typed(server, run_dir, service, config, workers, handler) }
}

/// Makes a server of string-reverse; the rest is as for nipc_server_init_typed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_init_string_reverse(
    server: *mut nipc_managed_server_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_server_config_t,
    workers: c_int,
    handler: *const nipc_string_reverse_service_handler_t,
) -> nipc_error_t {
    // SAFETY: C's promise is that of `init_typed`.
    unsafe { init_typed(server, run_dir, service, config, workers, handler) }
}
