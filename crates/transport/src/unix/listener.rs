//! A socket that takes connections, and looks after its name.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::endpoint::Endpoint;
use crate::link::{Baseline, BindError, BindOptions, LinkError, Listener, WaitObject};
use crate::sys::{self, Errno, Interest, Served};
use crate::wait::Wait;

use super::claim::{Claimed, PASSING, claim, take_over};
use super::half_open::HalfOpen;
use super::link::{Accepted, UnixLink};
use super::peers::PeerPolicy;
use super::run_dir::warn_if_open;
use super::watcher::SocketWatcher;

const DEFAULT_BACKLOG: u16 = 16;
/// How often a listener looks whether its name still leads to it: at least every 5 s, as clients wait for
/// it meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The owner of an endpoint.
///
/// A shortage of descriptors while accepting is reported as [`LinkError::Io`] at once and leaves the
/// connection waiting: the caller pauses before it tries again.
///
/// While somebody accepts, it looks every 2 s whether its socket is still where clients look for it. Where
/// it, or the run directory, was removed or replaced by what serves nobody, it binds again; where another
/// server has the name by now, [`accept`](Listener::accept) fails with [`LinkError::EndpointLost`].
#[derive(Debug)]
pub struct UnixListener {
    held: Held,
    endpoint: Endpoint,
    backlog: u16,
    peers: PeerPolicy,
    spin: Duration,
    /// Looks at the sockets of its sessions, also of those that outlive it.
    watcher: Arc<SocketWatcher>,
    next_look: Instant,
    half_open: HalfOpen,
}

/// A listening socket and its name, which goes with it.
#[derive(Debug)]
struct Held {
    /// Since somebody accepts: a child that is forked from then on is to let go of it.
    served: Option<Served>,
    claimed: Claimed,
    endpoint: Endpoint,
    /// The process that serves: a copy in a child of its own removes nothing.
    owner: i32,
}

impl Held {
    fn new(endpoint: &Endpoint, claimed: Claimed) -> Self {
        Self {
            served: None,
            claimed,
            endpoint: endpoint.clone(),
            owner: sys::own_pid(),
        }
    }

    fn socket(&self) -> &OwnedFd {
        &self.claimed.socket
    }

    /// Whether clients still find it. An error is ignorance.
    fn is_in_place(&self) -> Result<bool, Errno> {
        let Claimed { dir, id, .. } = &self.claimed;
        if !dir.is_in_place(&self.endpoint)? {
            return Ok(false);
        }
        match sys::look_at(dir, &self.endpoint.socket_name()) {
            Ok(seen) => Ok(seen.id == *id),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.served = None;
        let Claimed {
            dir, id, is_own, ..
        } = &self.claimed;
        if !is_own || self.owner != sys::own_pid() {
            return;
        }
        // While it still listens: nobody may take the name over before it is free.
        if let Err(errno) = sys::remove_if(dir, &self.endpoint.socket_name(), *id) {
            let error = io::Error::from(errno);
            tracing::warn!(endpoint = %self.endpoint, %error, "cannot remove the socket");
        }
    }
}

impl UnixListener {
    pub(super) fn bind(
        endpoint: &Endpoint,
        options: &BindOptions,
        spin: Duration,
    ) -> Result<Self, BindError> {
        let backlog = options.backlog.unwrap_or(DEFAULT_BACKLOG);
        let claimed = match options.inherited.find(endpoint) {
            Some(socket) => take_over(endpoint, socket),
            None => claim(endpoint, backlog),
        }?;
        warn_if_open(endpoint);
        Ok(Self {
            held: Held::new(endpoint, claimed),
            endpoint: endpoint.clone(),
            backlog,
            peers: options.peers.clone(),
            spin,
            watcher: Arc::default(),
            next_look: Instant::now() + LOOK_EVERY,
            half_open: HalfOpen::default(),
        })
    }

    /// Waits for the next connection, like [`Listener::accept`], and gives it as what it is.
    ///
    /// # Errors
    /// As [`Listener::accept`].
    pub fn accept_link(&mut self, wait: &Wait<'_>) -> Result<UnixLink, LinkError> {
        wait.check_abort()?;
        self.serve();
        loop {
            match self
                .accept_now()
                .map_err(|errno| LinkError::Io(errno.into()))?
            {
                Some(link) => return Ok(link),
                None => self.await_client(wait)?,
            }
        }
    }

    /// Has children that are forked from now on let go of the socket.
    fn serve(&mut self) {
        if self.held.served.is_none() {
            self.held.served = Some(Served::new(self.held.claimed.socket.as_fd()));
            self.held.owner = sys::own_pid();
        }
    }

    /// Takes a connection, if one waits.
    fn accept_now(&self) -> Result<Option<UnixLink>, Errno> {
        loop {
            match sys::accept(self.held.socket()) {
                Ok(fd) => {
                    if !self.held.claimed.is_own {
                        // It may have come before the socket was ours, when others let it pass descriptors.
                        sys::refuse_descriptors(fd.as_fd());
                    }
                    return Ok(Some(UnixLink::accepted(Accepted {
                        fd,
                        endpoint: self.endpoint.clone(),
                        dir: Arc::clone(&self.held.claimed.dir),
                        spin: self.spin,
                        watcher: Arc::clone(&self.watcher),
                        peers: &self.peers,
                    })));
                }
                Err(Errno::AGAIN) => return Ok(None),
                // That one left while it waited.
                Err(Errno::CONNABORTED) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Takes the next connection whose client has said something.
    fn accept_speaking(&mut self, wait: &Wait<'_>) -> Result<UnixLink, LinkError> {
        wait.check_abort()?;
        self.serve();
        loop {
            self.half_open.close_late(Instant::now());
            if let Some(link) = self.half_open.take_ready() {
                return Ok(link);
            }
            if self.await_anybody(wait)? && self.half_open.make_room() {
                self.accept_silent()?;
            }
        }
    }

    /// Takes a connection to those that have said nothing yet. Where no descriptor is left for it, one of
    /// them makes way.
    fn accept_silent(&mut self) -> Result<(), LinkError> {
        loop {
            match self.accept_now() {
                Ok(Some(link)) => {
                    self.half_open.push(link, Instant::now());
                    return Ok(());
                }
                Ok(None) => return Ok(()),
                Err(errno) if sys::is_exhausted(errno) && self.half_open.close_one() => {}
                Err(errno) => return Err(LinkError::Io(errno.into())),
            }
        }
    }

    /// Waits until somebody connects, says something, or has been silent for too long, or until it is
    /// time to look after the name. Whether somebody connects.
    fn await_anybody(&mut self, wait: &Wait<'_>) -> Result<bool, LinkError> {
        let mut limit = self.look_after_name_in_time()?;
        if let Some(end) = self.half_open.next_end() {
            limit = limit.min(end.saturating_duration_since(Instant::now()));
        }
        let listening = self.held.socket().as_fd();
        let fds: Vec<_> = std::iter::once(listening)
            .chain(self.half_open.fds())
            .collect();
        match sys::ready_any(&fds, &wait.at_most(limit)) {
            Ok(ready) => {
                let (connects, others) = ready.split_first().unwrap_or((&false, &[]));
                self.half_open.looked(others);
                Ok(*connects)
            }
            Err(LinkError::Timeout) => wait.check().map(|()| false),
            Err(error) => Err(error),
        }
    }

    /// Waits until somebody connects, or until it is time to look after the name.
    fn await_client(&mut self, wait: &Wait<'_>) -> Result<(), LinkError> {
        let until_look = wait.at_most(self.look_after_name_in_time()?);
        match sys::ready(self.held.socket().as_fd(), Interest::Readable, &until_look) {
            Err(LinkError::Timeout) => wait.check(),
            done => done,
        }
    }

    /// Looks after the name where it is time to; how long it is until the next look.
    fn look_after_name_in_time(&mut self) -> Result<Duration, LinkError> {
        let now = Instant::now();
        if now >= self.next_look {
            self.next_look = now + LOOK_EVERY;
            self.look_after_name()?;
        }
        Ok(self.next_look.saturating_duration_since(now))
    }

    /// Binds again where clients do not find the socket any more. Nobody waits in the old one then.
    fn look_after_name(&mut self) -> Result<(), LinkError> {
        match self.held.is_in_place() {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(errno) => {
                tracing::debug!(endpoint = %self.endpoint, error = %errno, "cannot look at our name");
                return Ok(());
            }
        }
        self.bind_again(sys::make_private_dir(self.endpoint.place()))
    }

    /// Binds again, unless the run directory could not be made again for what passes.
    fn bind_again(&mut self, made: Result<(), Errno>) -> Result<(), LinkError> {
        match made {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) if passes(error) => {
                tracing::warn!(endpoint = %self.endpoint, %error, "the run directory is gone, and cannot be made again yet");
                return Ok(());
            }
            Err(error) => {
                tracing::debug!(endpoint = %self.endpoint, %error, "cannot make the run directory again");
            }
        }
        let mut held = match claim(&self.endpoint, self.backlog) {
            Ok(claimed) => Held::new(&self.endpoint, claimed),
            Err(error) if is_passing(&error) => {
                tracing::warn!(endpoint = %self.endpoint, %error, "the socket is gone, and cannot be bound again yet");
                return Ok(());
            }
            Err(error) => return Err(LinkError::EndpointLost(Box::new(error))),
        };
        held.served = Some(Served::new(held.claimed.socket.as_fd()));
        tracing::warn!(endpoint = %self.endpoint, "the socket was removed or replaced by others: bound again");
        self.held = held;
        Ok(())
    }
}

/// Whether the next try may find it otherwise.
fn is_passing(error: &BindError) -> bool {
    match error {
        BindError::AddressInUse { why, .. } => PASSING.contains(why),
        BindError::Io { source, .. } => {
            let errno = source.raw_os_error().map(Errno::from_raw_os_error);
            errno.is_some_and(passes)
        }
    }
}

/// Whether there is no room in the file system, no memory, or no descriptor now.
fn passes(errno: Errno) -> bool {
    let is_full = matches!(
        errno,
        Errno::NOSPC | Errno::DQUOT | Errno::NOMEM | Errno::NOBUFS
    );
    is_full || sys::is_exhausted(errno)
}

impl Listener for UnixListener {
    fn accept(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError> {
        self.accept_link(wait)
            .map(|link| Box::new(link) as Box<dyn Baseline>)
    }

    fn accept_ready(&mut self, wait: &Wait<'_>) -> Result<Box<dyn Baseline>, LinkError> {
        self.accept_speaking(wait)
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
        self.held.socket().as_fd()
    }
}

#[cfg(test)]
mod tests;
