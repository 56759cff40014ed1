//! Run directories on Windows, where they are names and nothing on disk: the agent hands its own on, in the variable.

use std::io;
use std::path::Path;

use crate::run_dir::Access;

/// There is no usual place.
pub(crate) const USUAL_RUN_DIRS: &[&str] = &[];

/// Any name will do.
pub(crate) fn is_accessible(_dir: &Path, _access: Access) -> bool {
    true
}

/// There is nothing to make.
pub(crate) fn create(_dir: &Path) -> io::Result<()> {
    Ok(())
}
