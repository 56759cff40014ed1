//! Thin, safe wrappers over the system calls of Windows: owned handles in, results out.

mod clock;
mod event;
mod object;

pub use clock::monotonic;
pub(crate) use event::Event;
pub use object::WaitObject;

/// Processors that this process may run on.
pub(crate) fn processors() -> u32 {
    // Fails where it cannot be told: as if there were many.
    std::thread::available_parallelism().map_or(u32::MAX, |count| {
        u32::try_from(count.get()).unwrap_or(u32::MAX)
    })
}
