//! Windows: a named pipe as the baseline, and shared memory beside it.
//!
//! ```text
//! names     pipes and objects, by hashes of the run directory    peers     which users may connect
//! profiles  what the bits of a handshake mean                    shm       regions with waiting words
//! listener  instances that wait for clients                      link, stream
//! ```

#[path = "../posix/inherited.rs"]
mod inherited;
mod link;
mod listener;
mod names;
mod peers;
mod profiles;
mod shm;
mod stream;

use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::link::{
    Baseline, BindError, BindOptions, ConnectError, LinkError, Listener, Missing, Profile,
    Transport,
};
use crate::spin::DEFAULT_SPIN;
use crate::sys::{Code, Pipe, wait_for_instance};
use crate::wait::Wait;

pub use inherited::Inherited;
pub use link::PipeLink;
pub use listener::PipeListener;
pub use peers::PeerPolicy;

pub use crate::sys::{ConsoleEvent, on_console_event};

pub(crate) use names::Address;

use stream::PACKET;

/// How long a wait for an instance lasts before deadline and abort are looked at: the system has no
/// object for it.
const BUSY_SLICE: Duration = Duration::from_millis(10);

/// Named pipes, with shared memory as a data plane.
#[derive(Clone, Copy, Debug)]
pub struct PipeTransport {
    spin: Duration,
}

impl PipeTransport {
    /// The transport with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self { spin: DEFAULT_SPIN }
    }

    /// The same transport, whose receivers look for a message before they sleep when it tends to be
    /// there within `soon`; zero switches it off.
    #[must_use]
    pub const fn with_spin(self, soon: Duration) -> Self {
        Self { spin: soon }
    }

    fn connect_link(&self, endpoint: &Endpoint, wait: &Wait<'_>) -> Result<PipeLink, ConnectError> {
        let interrupted = |source: LinkError| ConnectError::Interrupted {
            endpoint: endpoint.to_string(),
            source,
        };
        wait.check_abort().map_err(interrupted)?;
        loop {
            match Pipe::open(endpoint.pipe_name(), PACKET) {
                Ok(pipe) => return Ok(PipeLink::connected(pipe, endpoint.clone(), self.spin)),
                Err(Code::PIPE_BUSY) => {
                    wait.check().map_err(interrupted)?;
                    let limit = wait
                        .remaining()
                        .map_or(BUSY_SLICE, |left| left.min(BUSY_SLICE));
                    // However it ended, the next attempt tells.
                    let _ = wait_for_instance(endpoint.pipe_name(), limit);
                }
                Err(code) => {
                    tracing::debug!(%endpoint, error = %code, "no connection");
                    return Err(failure(endpoint, code));
                }
            }
        }
    }
}

impl Default for PipeTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for PipeTransport {
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
        PipeListener::bind(endpoint, options, self.spin)
            .map(|listener| Box::new(listener) as Box<dyn Listener>)
    }
}

fn failure(endpoint: &Endpoint, code: Code) -> ConnectError {
    let (endpoint, source) = (endpoint.to_string(), code.into());
    match code {
        Code::FILE_NOT_FOUND | Code::PATH_NOT_FOUND => ConnectError::NotFound {
            endpoint,
            missing: Missing::Endpoint,
            source,
        },
        Code::ACCESS_DENIED => ConnectError::Denied { endpoint, source },
        _ => ConnectError::Io { endpoint, source },
    }
}
