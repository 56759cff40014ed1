//! A socket that takes connections.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::link::{Baseline, BindError, BindOptions, LinkError, Listener, UidPolicy};
use crate::sys::{self, Errno, FileId, Interest};
use crate::wait::Wait;

use super::claim::{Claimed, claim};
use super::link::UnixLink;

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
    allow_uids: UidPolicy,
    spin: Duration,
}

impl UnixListener {
    pub(super) fn bind(
        endpoint: &Endpoint,
        options: &BindOptions,
        spin: Duration,
    ) -> Result<Self, BindError> {
        let Claimed { socket, id } = claim(endpoint, options.backlog.unwrap_or(DEFAULT_BACKLOG))?;
        let allow_uids = options.allow_uids.clone();
        Ok(Self {
            socket,
            id,
            endpoint: endpoint.clone(),
            allow_uids,
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
        let allows = |uid| allows(&self.allow_uids, uid, sys::own_uid());
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

    fn native(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
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

/// Whether `policy` lets a peer in. One that the kernel cannot name is nobody's user.
fn allows(policy: &UidPolicy, uid: Option<u32>, own: u32) -> bool {
    match policy {
        UidPolicy::Any => true,
        UidPolicy::OwnAndRoot => uid.is_some_and(|uid| uid == own || uid == 0),
        UidPolicy::Also(others) => {
            uid.is_some_and(|uid| uid == own || uid == 0 || others.contains(&uid))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_let_in_by_policy() {
        let also = UidPolicy::Also(vec![7]);
        for (policy, uid, allowed) in [
            (&UidPolicy::OwnAndRoot, Some(1000), true),
            (&UidPolicy::OwnAndRoot, Some(0), true),
            (&UidPolicy::OwnAndRoot, Some(7), false),
            (&UidPolicy::OwnAndRoot, None, false),
            (&also, Some(1000), true),
            (&also, Some(0), true),
            (&also, Some(7), true),
            (&also, Some(8), false),
            (&also, None, false),
            (&UidPolicy::Any, Some(8), true),
            (&UidPolicy::Any, None, true),
        ] {
            assert_eq!(allows(policy, uid, 1000), allowed, "{policy:?} and {uid:?}");
        }
    }
}
