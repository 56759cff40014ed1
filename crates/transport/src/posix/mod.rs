//! Systems of the Unix family without a transport: whatever is bound or connected fails, and says why.
//!
//! The baseline is a packet socket (`SOCK_SEQPACKET`) with a Unix address. macOS has none. FreeBSD has
//! them, and nobody has tried yet whether they keep the contract there.

mod inherited;
#[path = "../unix/names.rs"]
mod names;
#[path = "../unix/peers.rs"]
mod peers;

pub use inherited::Inherited;
pub use names::MAX_SOCKET_PATH;
pub use peers::PeerPolicy;

pub(crate) use names::Address;

use std::io;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::link::{Baseline, BindError, BindOptions, ConnectError, Listener, Profile, Transport};
use crate::wait::Wait;

/// What every attempt is told.
const WHY: &str =
    "this system has no packet sockets that NetIPC can use; it runs on Linux and Windows";

/// The transport of a system that has none: it can be made and named, and fails when it is used.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnixTransport;

impl UnixTransport {
    /// The transport, which fails when it is used.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// The same transport: nothing is ever looked for.
    #[must_use]
    pub const fn with_spin(self, _soon: Duration) -> Self {
        self
    }
}

impl Transport for UnixTransport {
    fn profiles(&self) -> &'static [Profile] {
        &[]
    }

    fn connect(
        &self,
        endpoint: &Endpoint,
        _wait: &Wait<'_>,
    ) -> Result<Box<dyn Baseline>, ConnectError> {
        Err(ConnectError::Io {
            endpoint: endpoint.to_string(),
            source: io::Error::new(io::ErrorKind::Unsupported, WHY),
        })
    }

    fn bind(
        &self,
        endpoint: &Endpoint,
        _options: &BindOptions,
    ) -> Result<Box<dyn Listener>, BindError> {
        Err(BindError::Io {
            endpoint: endpoint.to_string(),
            source: io::Error::new(io::ErrorKind::Unsupported, WHY),
        })
    }
}
