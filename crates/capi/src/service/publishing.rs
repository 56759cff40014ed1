//! Statistics for others on the host, and what a provider says of its data.

#![expect(unsafe_code, reason = "functions of C are called here")]

use std::ffi::{CStr, c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use netipc::ErrorCode;
use netipc::untyped::{DataProbe, DataStatus};

use super::handler::User;
use super::managed_server::nipc_managed_server_t;
use super::storage::enter;
use crate::border::catch_code;
use crate::error::nipc_error_t;

/// Bytes of sentences, with a NUL.
const ROOM: usize = 1024;

/// What a provider says of the data that it serves.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nipc_data_status_t {
    /// Milliseconds since it was true; negative where that means nothing, as it is at first.
    pub age_ms: i64,
    /// What of it is older than it should be, or missing: a sentence a line, with a NUL behind the last.
    /// Empty at first.
    pub stale: [c_char; 1024],
}

/// Tells of the data, whenever somebody reads the statistics: in threads of the server, several at a
/// time. It must return: not by an exception, longjmp, or the end of the thread.
pub type nipc_data_status_fn =
    Option<unsafe extern "C" fn(user: *mut c_void, status: *mut nipc_data_status_t)>;

/// Lets others on this host read the server's statistics while it runs, with "netipc status SERVICE" or
/// at run_dir/service.stats.sock: whoever may connect to the server gets one JSON object a connection.
/// Sessions and handlers do not notice. Where that endpoint cannot be had, as while a server that ends
/// still has it, the server runs without, tells nipc_log_set why, and tries again until it has it.
///
/// Call it after the server was initialised and before it runs.
///
/// \param data  tells of the data that is served; NULL: nothing is told of it
/// \param user  what it gets as its first argument. It must live until the server is destroyed, or
///              nipc_server_run has returned, if that is later
/// \return NIPC_OK; NIPC_ERR_BUSY where the server runs, or publishes them already; NIPC_ERR_NOT_READY
///         where there is none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_publish_stats(
    server: *mut nipc_managed_server_t,
    data: nipc_data_status_fn,
    user: *mut c_void,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises a server.
        let serving = unsafe { enter(server) }?;
        let user = User::new(user, serving.id());
        let probe = data.map(|data| -> Arc<DataProbe> { Arc::new(move || told(data, &user)) });
        if serving.publish_stats(probe) {
            Ok(())
        } else {
            Err(ErrorCode::BUSY)
        }
    })
}

/// What `data` says now.
fn told(
    data: unsafe extern "C" fn(*mut c_void, *mut nipc_data_status_t),
    user: &User,
) -> DataStatus {
    let mut status = nipc_data_status_t {
        age_ms: -1,
        stale: [0; ROOM],
    };
    // SAFETY: it is called as the header says.
    user.call(|user| unsafe { data(user, &raw mut status) });
    // Whatever was written, there is an end.
    status.stale[ROOM - 1] = 0;
    // SAFETY: a NUL is within.
    let stale = unsafe { CStr::from_ptr(status.stale.as_ptr()) }.to_string_lossy();
    DataStatus {
        age: u64::try_from(status.age_ms).ok().map(Duration::from_millis),
        stale: stale.lines().map(str::to_owned).collect(),
    }
}
