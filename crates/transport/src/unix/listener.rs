//! A socket that takes connections.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::link::{Baseline, BindError, BindOptions, LinkError, Listener, WaitObject};
use crate::sys::{self, Errno, FileId, Interest};
use crate::wait::Wait;

use super::claim::{Claimed, claim};
use super::link::UnixLink;
use super::peers::PeerPolicy;

const DEFAULT_BACKLOG: u16 = 16;

/// The owner of an endpoint.
///
/// A shortage of descriptors while accepting is reported as [`LinkError::Io`] at once and leaves the
/// connection waiting: the caller pauses before it tries again.
#[derive(Debug)]
pub struct UnixListener {
    socket: OwnedFd,
    id: FileId,
    endpoint: Endpoint,
    peers: PeerPolicy,
    spin: Duration,
}

impl UnixListener {
    pub(super) fn bind(
        endpoint: &Endpoint,
        options: &BindOptions,
        spin: Duration,
    ) -> Result<Self, BindError> {
        let Claimed { socket, id } = claim(endpoint, options.backlog.unwrap_or(DEFAULT_BACKLOG))?;
        let peers = options.peers.clone();
        Ok(Self {
            socket,
            id,
            endpoint: endpoint.clone(),
            peers,
            spin,
        })
    }

    /// Waits for the next connection, like [`Listener::accept`], and gives it as what it is.
    ///
    /// # Errors
    /// As [`Listener::accept`].
    pub fn accept_link(&mut self, wait: &Wait<'_>) -> Result<UnixLink, LinkError> {
        wait.check_abort()?;
        let fd = loop {
            match sys::accept(&self.socket) {
                Ok(fd) => break fd,
                Err(Errno::AGAIN) => sys::ready(self.socket.as_fd(), Interest::Readable, wait)?,
                // That one left while it waited.
                Err(Errno::CONNABORTED) => {}
                Err(errno) => return Err(LinkError::Io(errno.into())),
            }
        };
        let allows = |uid| self.peers.allows(uid, sys::own_uid());
        Ok(UnixLink::accepted(
            fd,
            self.endpoint.clone(),
            self.spin,
            allows,
        ))
    }
}

impl Listener for UnixListener {
    fn accept(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError> {
        self.accept_link(wait)
            .map(|link| Box::new(link) as Box<dyn Baseline>)
    }

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        Some(self.as_fd().into())
    }
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for UnixListener {
    fn drop(&mut self) {
        // While it still listens: nobody may take the name over before it is free.
        if let Err(errno) = sys::remove_if(self.endpoint.socket_path(), self.id) {
            let error = io::Error::from(errno);
            tracing::warn!(endpoint = %self.endpoint, %error, "cannot remove the socket");
        }
    }
}
