//! Thin, safe wrappers over the system calls of Windows: owned handles in, results out.
//!
//! Errors stay a [`Code`] here, because the callers tell many of them apart.

mod clock;
mod code;
mod console;
mod event;
mod instance;
mod mapping;
mod object;
mod operation;
mod pipe;
mod security;
#[cfg(feature = "testing")]
pub mod testing;
mod wait;

pub use clock::monotonic;
pub(crate) use code::Code;
pub use console::{ConsoleEvent, on_console_event};
pub(crate) use event::{Event, NamedEvent};
pub(crate) use instance::{Instance, Visit, wait_for_instance};
pub(crate) use mapping::Mapping;
pub use object::WaitObject;
pub(crate) use pipe::{Arrival, Failure, Pipe};
pub(crate) use security::Security;
pub(crate) use wait::{ready, ready as readable, wait_any};

/// Processors that this process may run on.
pub(crate) fn processors() -> u32 {
    // Fails where it cannot be told: as if there were many.
    std::thread::available_parallelism().map_or(u32::MAX, |count| {
        u32::try_from(count.get()).unwrap_or(u32::MAX)
    })
}

/// What a process calls itself: not asked here.
pub(crate) const fn command(_pid: u32) -> Option<String> {
    None
}

/// A name as the system takes it: UTF-16 with a NUL at the end.
fn wide(name: &str) -> Vec<u16> {
    name.encode_utf16().chain([0]).collect()
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
