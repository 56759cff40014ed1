//! What a stage is on Windows.

use std::path::Path;

use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_HYBRID};

use super::roles::Role;

/// The baseline and shared memory, as far as it is not for those who ask for it.
pub(crate) const WITH_SHM: u32 = PROFILE_BASELINE | PROFILE_SHM_HYBRID;
/// What a run directory holds while a server is idle: pipes are not there.
pub(crate) const IDLE: &[&str] = &[];
/// Regions of a session that a run directory shows.
pub(crate) const FILES_OF_A_SESSION: usize = 0;
/// Handles that may be open for a moment more.
pub(crate) const SPARE_HANDLES: usize = 2;

/// Handles tell of threads as well.
pub(crate) fn threads() -> usize {
    0
}

/// Threads of a process have no names that it could list.
pub(crate) fn session_threads() -> Option<usize> {
    None
}

pub(super) fn play(role: Role, _profiles: u32, _dir: &Path) {
    panic!("{role:?} is a part of Unix");
}
