//! Thin, safe wrappers over the system calls of Linux: owned descriptors in, results out.
//!
//! Errors stay [`Errno`] here, because the callers tell many of them apart. Every call retries
//! `EINTR`.

mod event;
mod fault;
mod file;
mod fork;
mod futex;
mod inherited;
mod limit;
mod mapping;
mod object;
mod places;
mod process;
mod socket;
#[cfg(feature = "testing")]
pub mod testing;
mod thread;

pub(crate) use rustix::io::Errno;

pub(crate) use event::{Event, Interest, Readiness, Watch, readable, ready, ready_any};
pub use fault::handle_sigbus;
pub(crate) use file::*;
pub(crate) use fork::Served;
pub use fork::{forks, forks_seen};
pub(crate) use futex::{futex_wait, futex_wait_either, futex_wake};
pub(crate) use inherited::{adopt, take_inherited};
pub(crate) use mapping::{Loss, Mapping};
pub use object::WaitObject;
pub(crate) use process::{
    command, holders_of_socket, is_alive, listening_sockets, own_pid, process_info,
};
pub(crate) use socket::*;
pub use thread::forbid_cancellation;

use std::time::Duration;

use rustix::io::{Result, retry_on_intr};

/// Our effective user id.
pub(crate) fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Processors that the calling thread may run on.
pub(crate) fn processors() -> u32 {
    // Fails where there are more than a set holds: many.
    rustix::thread::sched_getaffinity(None).map_or(u32::MAX, |set| set.count())
}

/// The monotonic clock of the system, which every process of the host reads alike.
#[must_use]
pub fn monotonic() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    // The clock starts at boot and never runs backwards past it.
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}
