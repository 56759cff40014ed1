//! What an endpoint is called here: a socket and its regions, files in the run directory.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::endpoint::{Endpoint, EndpointError};

/// Bytes that a socket path may have; one more is its final NUL.
pub const MAX_SOCKET_PATH: usize = 107;

/// The path of a socket that can be bound.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Address {
    socket: PathBuf,
    /// The run directory, wherever the process goes.
    place: PathBuf,
}

impl Address {
    /// The service's name is known to be a plain file name part.
    pub(crate) fn new(run_dir: &Path, service: &str) -> Result<Self, EndpointError> {
        let socket = join(run_dir, &format!("{service}.sock"));
        let size = socket.as_os_str().len();
        if size > MAX_SOCKET_PATH {
            return Err(EndpointError::PathTooLong {
                what: "socket path",
                path: socket.display().to_string(),
                size,
                limit: MAX_SOCKET_PATH,
            });
        }
        // Not `path::absolute`, which would change what was given.
        let place = match std::env::current_dir() {
            Ok(here) if socket.is_relative() => here.join(run_dir),
            _ => join(run_dir, ""),
        };
        Ok(Self { socket, place })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.display().fmt(f)
    }
}

/// What an endpoint is in the file system of a Unix system.
impl Endpoint {
    /// The path of the socket: `{run_dir}/{service}.sock`.
    ///
    /// ```
    /// use netipc_transport::Endpoint;
    ///
    /// let endpoint = Endpoint::new("/run/netdata", "cgroups-snapshot")?;
    /// assert_eq!(endpoint.socket_path().to_str(), Some("/run/netdata/cgroups-snapshot.sock"));
    /// # Ok::<(), netipc_transport::EndpointError>(())
    /// ```
    #[must_use]
    pub fn socket_path(&self) -> &Path {
        &self.address().socket
    }

    /// The run directory as an absolute path, that goes on to mean the same when the process changes its
    /// working directory.
    pub(super) fn place(&self) -> &Path {
        &self.address().place
    }

    /// The socket, in the run directory.
    pub(super) fn socket_name(&self) -> PathBuf {
        format!("{}.sock", self.service()).into()
    }

    /// The region of a session, in the run directory.
    pub(super) fn region_name(&self, session_id: u64) -> PathBuf {
        format!("{}-{session_id:016x}.ipcshm", self.service()).into()
    }

    /// The path of a session's shared region: `{run_dir}/{service}-{session_id:016x}.ipcshm`.
    #[must_use]
    pub fn region_path(&self, session_id: u64) -> PathBuf {
        let mut path = OsString::from(self.run_dir());
        path.push("/");
        path.push(self.region_name(session_id));
        path.into()
    }
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

    // Rule L3.
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

    // Rules L2, L3.
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
