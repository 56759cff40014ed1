//! The processes of this machine.

mod table;

pub use table::{Process, ProcessTable};

pub(crate) use table::Absence;

/// Longest command name on the wire and, but for some kernel threads, in the Linux kernel.
const MAX_COMM: usize = 15;

/// What one look at all processes saw.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// By pid.
    pub(crate) processes: Vec<Process>,
    /// Whether there are more than the limit allowed.
    pub(crate) truncated: bool,
    /// Processes left out because a file was malformed or unreadable.
    pub(crate) skipped: usize,
    /// Why the first of those was.
    pub(crate) problem: Option<String>,
}

/// 1 to 15 bytes without NUL. Kernel threads can have more, and a process can empty its own name.
pub(crate) fn wire_comm(comm: &[u8]) -> &[u8] {
    let comm = &comm[..memchr::memchr(0, comm).unwrap_or(comm.len()).min(MAX_COMM)];
    if comm.is_empty() { b"?" } else { comm }
}
