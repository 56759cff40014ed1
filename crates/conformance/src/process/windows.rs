use std::path::Path;
use std::process::Child;

/// A pipe has its name as long as one of its instances.
pub(super) const CONNECTIONS_KEEP_NAMES: bool = true;

/// There is no documented way to stop every thread of a process at once.
pub(super) fn freeze(_child: &Child) -> bool {
    false
}

pub(super) fn thaw(_child: &Child) {}

/// Pipes and objects have no names in a directory, and go with their last handle.
pub(super) fn left_behind(_run_dir: &Path) -> Vec<String> {
    Vec::new()
}
