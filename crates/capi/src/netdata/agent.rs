//! The agent that started this process, by its environment.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::path::PathBuf;
use std::ptr;

use netipc::chain;
use netipc_netdata::{Access, auth_token, create_run_dir, run_dir};

use crate::border::{catch, copy_text};

/// What this thread was told last.
#[derive(Default)]
struct Told {
    run_dir: CString,
    error: String,
}

thread_local! {
    static TOLD: RefCell<Told> = RefCell::default();
}

/// The run directory of the agent, which clients and servers take as theirs: the value of NETDATA_RUN_DIR
/// if that directory is accessible, else the first of the system's usual places that is. For a provider it
/// is made where it can be, with mode 0755. A provider that starts others hands it on to them as
/// NETDATA_RUN_DIR.
///
/// The string belongs to the library. It is valid until this thread calls the function again or ends: copy
/// what has to live longer. Clients, servers and caches keep copies of their own.
///
/// \param provider  whether sockets are to be made in it, and not only connected to
/// \return the path; NULL where no directory is accessible, and nipc_netdata_last_error() says which were
///         looked at
#[unsafe(no_mangle)]
pub extern "C" fn nipc_netdata_run_dir(provider: bool) -> *const c_char {
    catch(ptr::null(), || {
        let found = if provider {
            create_run_dir()
        } else {
            run_dir(Access::Read)
        };
        let found = found.map_err(|error| chain(&error)).and_then(c_path);
        TOLD.with_borrow_mut(|told| match found {
            Ok(path) => {
                told.run_dir = path;
                told.run_dir.as_ptr()
            }
            Err(why) => {
                told.error = why;
                ptr::null()
            }
        })
    })
}

/// The token of the agent that started this process, for the configurations of clients and servers: XXH3 of
/// the invocation id in NETDATA_INVOCATION_ID, else in INVOCATION_ID, as plugins inherit them.
///
/// It is a secret: do not log it.
///
/// \return the token; 0 where there is none, and nipc_netdata_last_error() says why
#[unsafe(no_mangle)]
pub extern "C" fn nipc_netdata_auth_token() -> u64 {
    catch(0, || {
        auth_token().unwrap_or_else(|error| {
            TOLD.with_borrow_mut(|told| told.error = chain(&error));
            0
        })
    })
}

/// Why the last of the two functions above that failed in this thread did: what was looked for, where, and
/// what to do. It stays after a success. Copies as much as fits, with a NUL, like snprintf.
///
/// \param buf      where to copy to; may be NULL where buf_len is 0
/// \param buf_len  its bytes
/// \return the length of the whole text, without NUL; 0 where nothing has failed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_netdata_last_error(buf: *mut c_char, buf_len: usize) -> usize {
    catch(0, || {
        // SAFETY: C promises the buffer.
        TOLD.with_borrow(|told| unsafe { copy_text(&told.error, buf, buf_len) })
    })
}

/// The path as clients and servers take it: its bytes where paths are bytes, else UTF-8.
fn c_path(path: PathBuf) -> Result<CString, String> {
    let bytes = path.into_os_string().into_encoded_bytes();
    CString::new(bytes).map_err(|error| error.to_string())
}
