//! Tells a process from those that are forked from it.

/// The number of none.
pub(crate) const NO_PROCESS: u32 = 0;

/// Another number in each process that is forked from this one, and never that of none but after 2^32 forks.
pub(crate) fn this_process() -> u32 {
    netipc::transport::forks_seen().wrapping_add(1)
}
