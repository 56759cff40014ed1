use std::io;
use std::path::Path;
use std::process::Child;

use netipc_transport::testing;

/// A pipe has its name as long as one of its instances.
pub(super) const CONNECTIONS_KEEP_NAMES: bool = true;

/// `ERROR_INTERNAL_ERROR`: what Wine says of a process that ended before it had begun, as happens on a busy machine.
const INTERNAL_ERROR: i32 = 1359;

pub(super) fn is_too_busy(error: &io::Error) -> bool {
    error.raw_os_error() == Some(INTERNAL_ERROR)
}

pub(super) fn freeze(child: &Child) -> bool {
    testing::suspend(child)
}

pub(super) fn thaw(child: &Child) {
    assert!(testing::resume(child), "a process that can be frozen");
}

/// Pipes and objects have no names in a directory, and go with their last handle.
pub(super) fn left_behind(_run_dir: &Path) -> Vec<String> {
    Vec::new()
}
