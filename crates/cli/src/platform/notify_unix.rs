//! The socket on which a supervisor is notified: a path, or on Linux a name without a file.

use std::ffi::OsStr;
use std::io;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where a supervisor listens.
pub(crate) struct NotifySocket(UnixDatagram);

impl NotifySocket {
    /// Reaches the supervisor at `address`.
    ///
    /// # Errors
    /// Where nobody listens there.
    pub(crate) fn connect(address: &OsStr) -> io::Result<Self> {
        let address = match address.as_bytes().strip_prefix(b"@") {
            #[cfg(target_os = "linux")]
            Some(name) => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(address)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // Whoever does not read must not hold us up.
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    /// Sends a message whole, or not at all.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn send(&self, message: &[u8]) -> io::Result<()> {
        self.0.send(message).map(drop)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process;

    use super::*;

    #[test]
    fn both_kinds_of_addresses_are_reached() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let abstract_name = format!("netipc-test-{}", process::id());
        let hidden = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let sockets = [
            (UnixDatagram::bind(&path).unwrap(), path.into_os_string()),
            (
                UnixDatagram::bind_addr(&hidden).unwrap(),
                format!("@{abstract_name}").into(),
            ),
        ];
        for (socket, address) in sockets {
            let notify = NotifySocket::connect(&address).unwrap();
            notify.send(b"READY=1").unwrap();
            let mut bytes = [0; 64];
            let length = socket.recv(&mut bytes).unwrap();
            assert_eq!(&bytes[..length], b"READY=1");
        }
    }
}
