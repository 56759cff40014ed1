//! What the system tells of file systems, processes and ourselves.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
pub(super) use linux::{free_space, is_another_type, limits, own_uid};
#[cfg(not(target_os = "linux"))]
pub(super) use other::{free_space, is_another_type, limits, own_uid};

/// Room in a file system.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Space {
    pub(super) free_bytes: u64,
    pub(super) all_bytes: u64,
    /// Files that can still be made; `None` where there is no limit.
    pub(super) free_files: Option<u64>,
}

/// Descriptors that a session needs.
const SPARE: u64 = 2;

/// What a process may not do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Limits {
    /// Bytes of the largest file that it may write.
    pub(super) file_bytes: Option<u64>,
    /// Descriptors that it has, and may have.
    pub(super) files: Option<(u64, u64)>,
    /// Whether a filter looks at its system calls.
    pub(super) is_filtered: bool,
}

impl Limits {
    /// Whether there is no descriptor left for another session.
    pub(super) fn are_files_used_up(&self) -> bool {
        self.files.is_some_and(|(used, most)| used + SPARE >= most)
    }
}
