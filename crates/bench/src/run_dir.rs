//! Run directories of our own.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use netipc::service::Service;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::transport::Endpoint;

use crate::platform::{OTHER_PLACES, RunDir, TEMP_VARIABLE};

/// The service whose endpoint has the longest name.
const LONGEST_SERVICE: &str = CgroupsSnapshot::METHOD.name;

/// There is no place for endpoints.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot make a run directory in {}; set {TEMP_VARIABLE} to a writable place with a short path",
    place.display()
)]
pub struct RunDirError {
    place: PathBuf,
    source: io::Error,
}

impl RunDir {
    /// Makes one in the usual place for temporary files, in which every endpoint can be.
    ///
    /// # Errors
    /// [`RunDirError`].
    pub fn new() -> Result<Self, RunDirError> {
        Self::checked_in(&env::temp_dir())
    }

    /// Makes one in the usual place for temporary files, or else where the platform has others.
    ///
    /// # Errors
    /// [`RunDirError`], about the usual one.
    pub fn anywhere() -> Result<Self, RunDirError> {
        OTHER_PLACES.iter().fold(Self::new(), |made, place| {
            made.or_else(|error| Self::checked_in(Path::new(place)).or(Err(error)))
        })
    }

    fn checked_in(place: &Path) -> Result<Self, RunDirError> {
        let checked =
            Self::make_in(place).and_then(|dir| match Endpoint::new(dir.path(), LONGEST_SERVICE) {
                Ok(_) => Ok(dir),
                Err(error) => Err(io::Error::other(error)),
            });
        checked.map_err(|source| RunDirError {
            place: place.to_owned(),
            source,
        })
    }
}
