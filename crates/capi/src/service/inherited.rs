//! Sockets that a service manager has opened.

#![expect(unsafe_code, reason = "the function of the header is exported")]

use std::sync::{Mutex, PoisonError};

use netipc::transport::link::{BindOptions, Inherited};

use crate::border::catch;

static TAKEN: Mutex<Option<Inherited>> = Mutex::new(None);

/// Takes the sockets that systemd, or whoever else set LISTEN_FDS and LISTEN_PID, has passed to this process.
/// From now on a server or listener whose endpoint is one of them takes that one, and leaves its name in
/// the file system when it ends: it is the service manager's. One whose endpoint is none of them binds as
/// usual. They stay open as long as the process lives.
///
/// Call it once, early in main: descriptors from 3 on are taken for what was passed, and the environment is
/// read. There are none on Windows.
///
/// \return whether there are any
#[unsafe(no_mangle)]
pub extern "C" fn nipc_use_inherited_sockets() -> bool {
    catch(false, || {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let inherited = taken.get_or_insert_with(Inherited::from_environment);
        !inherited.is_empty()
    })
}

/// How servers and listeners bind.
pub(crate) fn bind_options() -> BindOptions {
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = BindOptions::default();
    if let Some(inherited) = &*taken {
        options.inherited = inherited.clone();
    }
    options
}
