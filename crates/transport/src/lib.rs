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

#![cfg_attr(
    all(unix, not(target_os = "linux")),
    expect(dead_code, reason = "nothing waits where there is no transport")
)]

pub mod clock;
pub mod endpoint;
mod error;
pub mod link;
pub mod memory;
#[cfg(any(target_os = "linux", windows))]
mod shm;
#[cfg(feature = "simulation")]
pub mod simulation;
#[cfg(any(target_os = "linux", windows))]
mod spin;
mod sys;
pub mod wait;
mod zeroed;

// A platform is a whole directory, here and in `sys`; both are chosen alike.
#[cfg(all(unix, not(target_os = "linux")))]
pub mod posix;
#[cfg(target_os = "linux")]
pub mod unix;
#[cfg(windows)]
pub mod windows;

#[cfg(all(unix, not(target_os = "linux")))]
use posix as platform;
#[cfg(target_os = "linux")]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub use endpoint::{Endpoint, EndpointError};
pub use link::{Baseline, Link, Listener, Transport, WaitObject};
pub use memory::MemoryTransport;
#[cfg(all(feature = "raw", target_os = "linux"))]
pub use platform::raw;
#[cfg(windows)]
pub use platform::{PipeTransport, PipeTransport as NativeTransport};
#[cfg(unix)]
pub use platform::{UnixTransport, UnixTransport as NativeTransport};
#[cfg(any(target_os = "linux", windows))]
pub use spin::DEFAULT_SPIN;
#[doc(hidden)]
pub use sys::forbid_cancellation;
#[cfg(unix)]
pub use sys::handle_sigbus;
#[cfg(all(feature = "testing", any(target_os = "linux", windows)))]
pub use sys::testing;
pub use sys::{forks, forks_seen, monotonic};
pub use wait::{Abort, Wait};
pub use zeroed::zeroed;

/// The transport of this platform, with its defaults.
#[must_use]
pub fn native() -> NativeTransport {
    NativeTransport::new()
}
