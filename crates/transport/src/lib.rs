//! How NetIPC packets move: sockets, shared memory and an in-memory backend behind one small trait.
//!
//! This crate knows no message. It moves whole packets between two peers on one host, tells when a
//! peer is gone, and owns what an endpoint leaves in the file system. All platform code and all
//! `unsafe` of the project's Rust crates live here.
//!
//! ```
//! use std::time::Duration;
//!
//! use netipc_transport::link::BindOptions;
//! use netipc_transport::{Endpoint, MemoryTransport, Transport, Wait};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = MemoryTransport::new();
//! let endpoint = Endpoint::new("/run/example", "greeter")?;
//! let wait = Wait::timeout(Duration::from_secs(1));
//!
//! let mut listener = transport.bind(&endpoint, &BindOptions::default())?;
//! let mut client = transport.connect(&endpoint, &wait)?;
//! let mut server = listener.accept(&wait)?;
//!
//! client.send(b"he", b"llo", &wait)?;
//! let mut packet = [0; 5];
//! assert_eq!(server.receive(&mut packet, &wait)?, 5);
//! assert_eq!(&packet, b"hello");
//! # Ok(())
//! # }
//! ```

pub mod endpoint;
mod error;
pub mod link;
pub mod memory;
mod shm;
mod spin;
mod sys;
pub mod wait;

// A platform is a whole directory, here and in `sys`.
#[cfg(unix)]
pub mod unix;
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
pub mod windows;
#[cfg(windows)]
use windows as platform;

pub use endpoint::{Endpoint, EndpointError};
pub use link::{Baseline, Link, Listener, Transport, WaitObject};
pub use memory::MemoryTransport;
#[cfg(all(feature = "raw", unix))]
pub use platform::raw;
#[cfg(windows)]
pub use platform::{PipeTransport, PipeTransport as NativeTransport};
#[cfg(unix)]
pub use platform::{UnixTransport, UnixTransport as NativeTransport};
pub use spin::DEFAULT_SPIN;
pub use sys::monotonic;
#[cfg(feature = "testing")]
pub use sys::testing;
pub use wait::{Abort, Wait};

/// The transport of this platform, with its defaults.
#[must_use]
pub fn native() -> NativeTransport {
    NativeTransport::new()
}
