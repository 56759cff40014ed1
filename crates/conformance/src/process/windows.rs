use std::path::Path;
use std::process::Child;

use netipc_transport::testing;

/// A pipe has its name as long as one of its instances.
pub(super) const CONNECTIONS_KEEP_NAMES: bool = true;

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
