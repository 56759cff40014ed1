//! Windows: a named pipe as the baseline, and shared memory beside it.
//!
//! Not there yet: whatever is used says so.

mod names;

pub(crate) use names::Address;

use std::io;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::link::{
    BASELINE, Baseline, BindError, BindOptions, ConnectError, LinkKind, Listener, Profile,
    Transport,
};
use crate::wait::Wait;

const NOT_YET: &str = "named pipes are not implemented yet";

/// Which peers a listener lets in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum PeerPolicy {
    /// The user that owns the pipe, and the system.
    #[default]
    OwnerAndSystem,
}

/// Named pipes, with shared memory as a data plane.
#[derive(Clone, Copy, Debug, Default)]
pub struct PipeTransport;

impl PipeTransport {
    /// The transport with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// The same transport, whose receivers look for a message before they sleep when it tends to be
    /// there within `soon`; zero switches it off.
    #[must_use]
    pub const fn with_spin(self, _soon: Duration) -> Self {
        self
    }
}

impl Transport for PipeTransport {
    fn profiles(&self) -> &'static [Profile] {
        &[Profile {
            bit: BASELINE,
            name: "pipe",
            kind: LinkKind::Socket,
            on_request: false,
        }]
    }

    fn connect(
        &self,
        endpoint: &Endpoint,
        _wait: &Wait<'_>,
    ) -> Result<Box<dyn Baseline>, ConnectError> {
        Err(ConnectError::Io {
            endpoint: endpoint.to_string(),
            source: io::Error::new(io::ErrorKind::Unsupported, NOT_YET),
        })
    }

    fn bind(
        &self,
        endpoint: &Endpoint,
        _options: &BindOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        Err(BindError::Io {
            endpoint: endpoint.to_string(),
            source: io::Error::new(io::ErrorKind::Unsupported, NOT_YET),
        })
    }
}
