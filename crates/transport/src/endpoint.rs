//! Where a service is reached: a run directory and a service name, validated once.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that a socket path may have; one more is its final NUL.
pub const MAX_SOCKET_PATH: usize = 107;

/// Where a service is reached.
///
/// Holds only names that can be used: a service name that is one plain file name part, and a socket
/// path that the platform can bind. Cloning is cheap.
///
/// ```
/// use netipc_transport::Endpoint;
///
/// let endpoint = Endpoint::new("/run/netdata", "cgroups-snapshot")?;
/// assert_eq!(endpoint.to_string(), "/run/netdata/cgroups-snapshot.sock");
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
    socket: PathBuf,
}

impl Endpoint {
    /// Names `service` in `run_dir`, which is used exactly as given.
    ///
    /// # Errors
    /// [`EndpointError::InvalidName`] unless the name is made of ASCII letters, digits, `.`, `_` and
    /// `-` and is neither empty nor `.` nor `..`; [`EndpointError::PathTooLong`] when the socket
    /// path exceeds [`MAX_SOCKET_PATH`] bytes.
    pub fn new(run_dir: impl AsRef<Path>, service: &str) -> Result<Self, EndpointError> {
        if !is_valid_name(service) {
            return Err(EndpointError::InvalidName {
                service: service.to_owned(),
            });
        }
        let run_dir = run_dir.as_ref();
        let socket = join(run_dir, &format!("{service}.sock"));
        let size = socket.as_os_str().len();
        if size > MAX_SOCKET_PATH {
            return Err(EndpointError::PathTooLong { path: socket, size });
        }
        let parts = Parts {
            run_dir: run_dir.to_owned(),
            service: service.to_owned(),
            socket,
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

    /// The path of the socket: `{run_dir}/{service}.sock`.
    #[must_use]
    pub fn socket_path(&self) -> &Path {
        &self.parts.socket
    }

    /// The path of a session's shared region: `{run_dir}/{service}-{session_id:016x}.ipcshm`.
    #[must_use]
    pub fn region_path(&self, session_id: u64) -> PathBuf {
        join(
            self.run_dir(),
            &format!("{}-{session_id:016x}.ipcshm", self.service()),
        )
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket_path().display().fmt(f)
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
    /// The socket path is longer than the platform can bind.
    #[error(
        "the socket path {} has {size} bytes and may have {MAX_SOCKET_PATH}: shorten the run directory or the service name",
        path.display()
    )]
    PathTooLong {
        /// The whole path.
        path: PathBuf,
        /// Its bytes.
        size: usize,
    },
}

fn is_valid_name(service: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !matches!(service, "" | "." | "..") && service.bytes().all(plain)
}

// Not `Path::join`: every byte of the directory stays, and an empty one is not the working directory.
fn join(dir: &Path, name: &str) -> PathBuf {
    let mut path = OsString::from(dir);
    path.push("/");
    path.push(name);
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_path_is_never_cut() {
        let dir = "/".repeat(MAX_SOCKET_PATH - "/svc.sock".len());
        assert!(Endpoint::new(&dir, "svc").is_ok());
        let error = Endpoint::new(format!("{dir}/"), "svc").unwrap_err();
        assert!(
            matches!(error, EndpointError::PathTooLong { size: 108, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_bad_name_is_told_before_a_long_path() {
        let error = Endpoint::new("/".repeat(200), "a/b").unwrap_err();
        assert!(
            matches!(error, EndpointError::InvalidName { .. }),
            "{error}"
        );
    }

    #[test]
    fn paths_keep_the_directory_as_given() {
        let endpoint = Endpoint::new("/run//x/.", "svc").unwrap();
        assert_eq!(endpoint.socket_path().as_os_str(), "/run//x/./svc.sock");
        assert_eq!(
            endpoint.region_path(0xab).as_os_str(),
            "/run//x/./svc-00000000000000ab.ipcshm"
        );
    }
}
