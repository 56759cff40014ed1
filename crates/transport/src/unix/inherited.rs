//! Sockets that a service manager has opened, and keeps open between two lives of a server.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::endpoint::Endpoint;
use crate::sys;

/// Listening packet sockets that this process did not open itself.
///
/// A listener whose endpoint is one of them takes that one, and leaves its name in the file system when it
/// ends: it is the manager's. One whose endpoint is none of them binds as usual, and so does one whose name
/// leads to something else by now.
///
/// ```no_run
/// use netipc_transport::link::{BindOptions, Inherited};
///
/// let mut options = BindOptions::default();
/// options.inherited = Inherited::from_environment();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    sockets: Vec<Arc<OwnedFd>>,
}

impl Inherited {
    /// Those that systemd, or whoever else set `LISTEN_FDS` and `LISTEN_PID`, has passed to this process.
    /// They are given once: later calls give none.
    #[must_use]
    pub fn from_environment() -> Self {
        sys::take_inherited().into_iter().collect()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// A descriptor of the one that listens at `endpoint`.
    pub(super) fn find(&self, endpoint: &Endpoint) -> Option<OwnedFd> {
        let name = endpoint.place().join(endpoint.socket_name());
        let ours = sys::look_at(sys::CWD, &name).ok()?.id;
        let listens_there = |socket: &&Arc<OwnedFd>| {
            let path = sys::adopt(socket).ok().flatten();
            let stands = path.and_then(|path| sys::look_at(sys::CWD, &path).ok());
            stands.is_some_and(|stands| stands.id == ours)
        };
        let socket = self.sockets.iter().find(listens_there)?;
        socket.try_clone().ok()
    }
}

impl FromIterator<OwnedFd> for Inherited {
    fn from_iter<T: IntoIterator<Item = OwnedFd>>(sockets: T) -> Self {
        Self {
            sockets: sockets.into_iter().map(Arc::new).collect(),
        }
    }
}
