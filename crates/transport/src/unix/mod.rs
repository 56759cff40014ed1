//! Unix: a packet socket in the run directory as the baseline, and shared memory beside it.
//!
//! ```text
//! names     paths of sockets and regions         peers     which users may connect
//! profiles  what the bits of a handshake mean    shm       regions with futex words
//! ring      sealed memory that is passed
//! claim     becoming the one owner of a socket   run_dir, start_lock: where, and one at a time
//! watcher   one look at the sockets of all sessions
//! ```

mod claim;
mod half_open;
mod inherited;
mod link;
mod listener;
mod names;
mod peers;
mod profiles;
#[cfg(feature = "raw")]
pub mod raw;
mod ring;
mod run_dir;
mod shm;
mod socket;
mod start_lock;
mod watcher;

use std::borrow::Cow;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::link::{
    Baseline, BindError, BindOptions, ConnectError, LinkError, Listener, Missing, Profile,
    Transport,
};
use crate::spin::DEFAULT_SPIN;
use crate::sys::{self, Errno};
use crate::wait::Wait;

pub use inherited::Inherited;
pub use link::UnixLink;
pub use listener::UnixListener;
pub use names::MAX_SOCKET_PATH;
pub use peers::PeerPolicy;

pub(crate) use names::Address;

use run_dir::RunDir;

/// How a connect waits for room in a full backlog, which no descriptor tells.
const FIRST_RETRY: Duration = Duration::from_millis(1);
const LONGEST_RETRY: Duration = Duration::from_millis(100);

/// Packet sockets, with shared memory as a data plane.
#[derive(Clone, Debug)]
pub struct UnixTransport {
    spin: Duration,
    servers: PeerPolicy,
}

impl UnixTransport {
    /// The transport with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            spin: DEFAULT_SPIN,
            servers: PeerPolicy::OwnAndRoot,
        }
    }

    /// The same transport, whose receivers look for a message before they sleep when it tends to
    /// be there within `soon`; zero switches it off. It does not matter to profile 0x04, which always
    /// sleeps at once.
    #[must_use]
    pub const fn with_spin(mut self, soon: Duration) -> Self {
        self.spin = soon;
        self
    }

    /// The same transport, whose clients say their token to servers of these users, besides the owner of a
    /// run directory that is closed to others; by default to those of our own user and root.
    #[must_use]
    pub fn with_servers(self, servers: PeerPolicy) -> Self {
        Self { servers, ..self }
    }

    /// Connects, like [`Transport::connect`], and gives the link as what it is.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub fn connect_link(
        &self,
        endpoint: &Endpoint,
        wait: &Wait<'_>,
    ) -> Result<UnixLink, ConnectError> {
        wait.check_abort()
            .map_err(|source| interrupted(endpoint, source))?;
        let socket = sys::socket().map_err(|errno| failure(endpoint, errno))?;
        let (path, _dir) = reach(endpoint).map_err(|errno| failure(endpoint, errno))?;
        let mut pause = FIRST_RETRY;
        loop {
            match sys::connect(&socket, &path) {
                Ok(()) => break,
                Err(Errno::AGAIN) => {
                    wait.sleep(pause)
                        .map_err(|source| interrupted(endpoint, source))?;
                    pause = (pause * 2).min(LONGEST_RETRY);
                }
                Err(errno) => {
                    tracing::debug!(%endpoint, error = %errno, "no connection");
                    return Err(failure(endpoint, errno));
                }
            }
        }
        self.look_at_server(&socket, endpoint)?;
        run_dir::warn_if_open(endpoint);
        Ok(UnixLink::connected(socket, endpoint.clone(), self.spin))
    }

    /// Refuses a server that may not learn the token.
    fn look_at_server(&self, socket: &OwnedFd, endpoint: &Endpoint) -> Result<(), ConnectError> {
        let (server, own) = (sys::peer(socket.as_fd()).uid, sys::own_uid());
        let run_dir = || sys::owner_of_dir(endpoint.place()).ok();
        if peers::trusts_server(&self.servers, server, own, run_dir) {
            return Ok(());
        }
        Err(ConnectError::UntrustedServer {
            endpoint: endpoint.to_string(),
            server,
            own,
        })
    }

    /// Binds, like [`Transport::bind`], and gives the listener as what it is.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind_listener(
        &self,
        endpoint: &Endpoint,
        options: &BindOptions,
    ) -> Result<UnixListener, BindError> {
        UnixListener::bind(endpoint, options, self.spin)
    }
}

impl Default for UnixTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for UnixTransport {
    fn profiles(&self) -> &'static [Profile] {
        profiles::PROFILES
    }

    fn connect(
        &self,
        endpoint: &Endpoint,
        wait: &Wait<'_>,
    ) -> Result<Box<dyn Baseline>, ConnectError> {
        self.connect_link(endpoint, wait)
            .map(|link| Box::new(link) as Box<dyn Baseline>)
    }

    fn bind(
        &self,
        endpoint: &Endpoint,
        options: &BindOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        self.bind_listener(endpoint, options)
            .map(|listener| Box::new(listener) as Box<dyn Listener>)
    }

    /// Of the socket's file; 0 where there is none.
    fn mark(&self, endpoint: &Endpoint) -> Option<u64> {
        let (path, _dir) = reach(endpoint).ok()?;
        Some(sys::mark_of(&path).unwrap_or(0))
    }
}

/// What leads to the socket, also from another working directory than that of the endpoint's making, and
/// what has to stay open for that.
fn reach(endpoint: &Endpoint) -> Result<(Cow<'_, Path>, Option<RunDir>), Errno> {
    if endpoint.socket_path().is_absolute() {
        return Ok((Cow::Borrowed(endpoint.socket_path()), None));
    }
    let absolute = endpoint.place().join(endpoint.socket_name());
    if absolute.as_os_str().len() <= MAX_SOCKET_PATH {
        return Ok((Cow::Owned(absolute), None));
    }
    let dir = RunDir::open(endpoint)?;
    Ok((Cow::Owned(dir.socket_path(endpoint)), Some(dir)))
}

fn interrupted(endpoint: &Endpoint, source: LinkError) -> ConnectError {
    ConnectError::Interrupted {
        endpoint: endpoint.to_string(),
        source,
    }
}

/// What is missing where nobody serves, after a failure that says no more than this.
fn missing(endpoint: &Endpoint, errno: Errno) -> Missing {
    let is_missing = |errno: &Errno| matches!(*errno, Errno::NOENT | Errno::NOTDIR);
    if errno == Errno::CONNREFUSED {
        Missing::Listener
    } else if sys::leads_to(endpoint.place()).is_err_and(|errno| is_missing(&errno)) {
        Missing::RunDir(endpoint.run_dir().to_owned())
    } else {
        Missing::Endpoint
    }
}

fn failure(endpoint: &Endpoint, errno: Errno) -> ConnectError {
    let place = endpoint;
    let (endpoint, source) = (endpoint.to_string(), errno.into());
    match errno {
        Errno::NOENT | Errno::NOTDIR | Errno::CONNREFUSED => ConnectError::NotFound {
            endpoint,
            missing: missing(place, errno),
            source,
        },
        Errno::ACCESS | Errno::PERM => ConnectError::Denied { endpoint, source },
        _ => ConnectError::Io { endpoint, source },
    }
}
