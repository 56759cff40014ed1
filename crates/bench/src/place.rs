//! Directories of our own for endpoints.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use netipc::service::Service;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::transport::Endpoint;
use tempfile::TempDir;

/// The service whose socket has the longest path.
const LONGEST_SERVICE: &str = CgroupsSnapshot::METHOD.name;

/// There is no place for the sockets.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot make a run directory in {}; set TMPDIR to a writable place with a short path",
    place.display()
)]
pub struct NoPlace {
    place: PathBuf,
    source: io::Error,
}

/// A directory in `place` that nobody else may enter, whose path is short enough for every socket in
/// it, and which goes away with what is returned.
///
/// # Errors
/// [`NoPlace`].
pub fn private_dir_in(place: &Path) -> Result<TempDir, NoPlace> {
    let made = tempfile::Builder::new()
        .prefix("n")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(place);
    let checked = made.and_then(|dir| match Endpoint::new(dir.path(), LONGEST_SERVICE) {
        Ok(_) => Ok(dir),
        Err(error) => Err(io::Error::other(error)),
    });
    checked.map_err(|source| NoPlace {
        place: place.to_owned(),
        source,
    })
}

/// The same in the usual place for temporary files.
pub(crate) fn private_dir() -> Result<TempDir, NoPlace> {
    private_dir_in(&std::env::temp_dir())
}
