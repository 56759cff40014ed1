//! Where processes cannot be kept on some processors, and nobody counts system calls for us.

use std::io;

/// Whether processes can be kept on some processors.
pub(crate) const CAN_PIN: bool = false;

/// A process that may only run on some processors: there is none.
#[derive(Debug)]
pub enum Pinned {}

impl Pinned {
    pub(crate) fn process(_pid: u32, _cpus: &[usize]) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Keeps nobody apart: where two processes run is up to the system.
pub(crate) fn keep_apart(_other: u32) -> io::Result<Vec<Pinned>> {
    Ok(Vec::new())
}

/// The processors that this thread may run on.
///
/// # Errors
/// Always: the system is not asked.
pub fn allowed_cpus() -> io::Result<Vec<usize>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Nothing that a process starts goes before all other work, as far as we know.
pub(crate) fn check_policy() -> io::Result<()> {
    Ok(())
}

/// Counts the system calls of processes: nobody does.
pub(crate) enum SyscallCounter {}

impl SyscallCounter {
    /// `None`.
    pub(crate) fn start(_pids: &[u32]) -> Option<Self> {
        None
    }

    /// System calls since the start.
    pub(crate) fn count(&mut self) -> Option<u64> {
        match *self {}
    }
}

/// The model of the processors: not known.
pub(crate) fn processor_model() -> Option<String> {
    None
}
