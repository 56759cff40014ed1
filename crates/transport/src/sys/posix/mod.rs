//! What the shared files need of a system that has no transport.

#[path = "../unix/object.rs"]
mod object;

pub use object::WaitObject;

use std::io;
use std::time::Duration;

use crate::link::LinkError;
use crate::wait::Wait;

/// The monotonic clock of the system, which every process of the host reads alike.
#[must_use]
pub fn monotonic() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    // The clock starts at boot and never runs backwards past it.
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

/// What a process calls itself: not known here.
pub(crate) const fn command(_pid: u32) -> Option<String> {
    None
}

/// There is no transport, and so nothing to wait for.
pub(crate) fn readable(_: WaitObject<'_>, _: &Wait<'_>) -> Result<(), LinkError> {
    Err(LinkError::Io(io::ErrorKind::Unsupported.into()))
}

/// Nothing waits for descriptors here: an abort does without.
#[derive(Debug)]
pub(crate) enum Event {}

impl Event {
    pub(crate) fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn set(&self) {
        match *self {}
    }

    pub(crate) fn reset(&self) {
        match *self {}
    }

    pub(crate) fn object(&self) -> Option<WaitObject<'_>> {
        match *self {}
    }
}

/// Has nothing to do here, where there are no shared regions.
///
/// # Errors
/// None.
pub const fn handle_sigbus() -> io::Result<()> {
    Ok(())
}

/// Has nobody cancel the calling thread, where somebody could: nobody can here.
pub const fn forbid_cancellation() {}

/// A number that is another one in a forked process: there are none here that the library works in.
#[must_use]
pub const fn forks() -> u32 {
    0
}

/// As [`forks`].
#[must_use]
pub const fn forks_seen() -> u32 {
    0
}
