//! Where a service is reached: a run directory and a service name, validated once.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::platform::Address;

/// Where a service is reached.
///
/// Holds only names that can be used: a service name that is one plain file name part, and whatever
/// the platform makes of it and the run directory. Cloning is cheap.
///
/// ```
/// use netipc_transport::Endpoint;
///
/// let endpoint = Endpoint::new("/run/netdata", "cgroups-snapshot")?;
/// assert_eq!(endpoint.service(), "cgroups-snapshot");
/// assert!(Endpoint::new("/run/netdata", "../evil").is_err());
/// # Ok::<(), netipc_transport::EndpointError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Endpoint {
    parts: Arc<Parts>,
}

#[derive(Debug, Eq, Hash, PartialEq)]
struct Parts {
    run_dir: PathBuf,
    service: String,
    address: Address,
}

impl Endpoint {
    /// Names `service` in `run_dir`, which is used exactly as given: a directory on Unix, and a
    /// string that names a group of services on Windows, where nothing of it exists on disk.
    ///
    /// # Errors
    /// [`EndpointError::InvalidName`] unless the name is made of ASCII letters, digits, `.`, `_` and
    /// `-` and is neither empty nor `.` nor `..`; [`EndpointError::PathTooLong`] when what the platform
    /// makes of both is longer than it can bind; [`EndpointError::InvalidRunDir`] when the platform
    /// cannot use the run directory.
    pub fn new(run_dir: impl AsRef<Path>, service: &str) -> Result<Self, EndpointError> {
        if !is_valid_name(service) {
            return Err(EndpointError::InvalidName {
                service: service.to_owned(),
            });
        }
        let run_dir = run_dir.as_ref();
        let parts = Parts {
            address: Address::new(run_dir, service)?,
            run_dir: run_dir.to_owned(),
            service: service.to_owned(),
        };
        Ok(Self {
            parts: Arc::new(parts),
        })
    }

    /// The directory, as given.
    #[must_use]
    pub fn run_dir(&self) -> &Path {
        &self.parts.run_dir
    }

    /// The name of the service.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.parts.service
    }

    /// What the platform binds.
    pub(crate) fn address(&self) -> &Address {
        &self.parts.address
    }
}

impl fmt::Display for Endpoint {
    /// What the platform binds: a socket's path, or a pipe's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.address.fmt(f)
    }
}

/// Why a name is no endpoint.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The service name cannot be part of a file name.
    #[error(
        "invalid service name {service:?}: use letters, digits, '.', '_' and '-', and neither '.' nor '..'"
    )]
    InvalidName {
        /// What was given.
        service: String,
    },
    /// What the platform makes of both names is longer than it can bind.
    #[error(
        "the {what} {path} has {size} bytes and may have {limit}: shorten the run directory or the service name"
    )]
    PathTooLong {
        /// What it is on this platform.
        what: &'static str,
        /// The whole path.
        path: String,
        /// Its bytes.
        size: usize,
        /// The most that it may have.
        limit: usize,
    },
    /// The platform cannot use this run directory.
    #[error("the run directory {} cannot be used: {why}", run_dir.display())]
    InvalidRunDir {
        /// What was given.
        run_dir: PathBuf,
        /// Why not.
        why: &'static str,
    },
}

fn is_valid_name(service: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !matches!(service, "" | "." | "..") && service.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule L1.
    #[test]
    fn names_follow_the_rule() {
        for good in ["a", "cgroups-snapshot", "A_b.c-9", "...", "-", "x.sock"] {
            assert!(
                Endpoint::new("/run", good).is_ok(),
                "{good:?} is a valid name"
            );
        }
        for bad in ["", ".", "..", "a/b", "../a", "a b", "a\0", "é", "a\n"] {
            let error = Endpoint::new("/run", bad).unwrap_err();
            assert_eq!(
                error,
                EndpointError::InvalidName {
                    service: bad.into()
                }
            );
        }
    }

    // Rule L1.
    #[test]
    fn a_bad_name_is_told_before_a_long_one() {
        let error = Endpoint::new("/".repeat(200), &"a/b".repeat(100)).unwrap_err();
        assert!(
            matches!(error, EndpointError::InvalidName { .. }),
            "{error}"
        );
    }
}
