//! A packet socket whose other end sends back what it gets.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with,
    bind, connect, listen, recv, send, socket_with, sockopt,
};

use super::{PATIENCE, silence};

/// Looks for each look at the clock.
const STRIDE: u32 = 4;

/// What the answering side connects to.
pub(super) fn listener(path: &Path) -> io::Result<OwnedFd> {
    let socket = packet_socket()?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    listen(&socket, 1)?;
    Ok(socket)
}

/// One of the two sides; it looks for `spin` before it sleeps.
#[derive(Debug)]
pub(super) struct Side {
    socket: OwnedFd,
    spin: Duration,
}

impl Side {
    /// The asking side, once the other one is there.
    pub(super) fn accept(listener: &OwnedFd, spin: Duration) -> io::Result<Self> {
        let accepted = retry_on_intr(|| accept_with(listener, SocketFlags::CLOEXEC));
        let socket = accepted.map_err(named)?;
        patient(&socket)?;
        Ok(Self { socket, spin })
    }

    /// The answering side.
    pub(super) fn connect(path: &Path, spin: Duration) -> io::Result<Self> {
        let socket = packet_socket()?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        Ok(Self { socket, spin })
    }

    /// Looks for a packet as long as it may, without sleeping.
    fn look(&self, packet: &mut [u8]) -> io::Result<Option<usize>> {
        if self.spin.is_zero() {
            return Ok(None);
        }
        let mut start = None;
        loop {
            for _ in 0..STRIDE {
                match recv(&self.socket, &mut *packet, RecvFlags::DONTWAIT) {
                    Ok((_, size)) => return Ok(Some(size)),
                    Err(Errno::AGAIN | Errno::INTR) => {}
                    Err(errno) => return Err(errno.into()),
                }
            }
            if start.get_or_insert_with(Instant::now).elapsed() >= self.spin {
                return Ok(None);
            }
        }
    }
}

impl super::Side for Side {
    fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        retry_on_intr(|| send(&self.socket, packet, SendFlags::NOSIGNAL)).map_err(named)?;
        Ok(())
    }

    fn receive(&mut self, packet: &mut [u8]) -> io::Result<usize> {
        if let Some(size) = self.look(packet)? {
            return Ok(size);
        }
        let received = retry_on_intr(|| recv(&self.socket, &mut *packet, RecvFlags::empty()));
        received.map(|(_, size)| size).map_err(named)
    }
}

/// A socket that blocks, but not for ever.
fn packet_socket() -> io::Result<OwnedFd> {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    patient(&socket)?;
    Ok(socket)
}

fn patient(socket: &OwnedFd) -> io::Result<()> {
    for side in [sockopt::Timeout::Recv, sockopt::Timeout::Send] {
        sockopt::set_socket_timeout(socket, side, Some(PATIENCE))?;
    }
    Ok(())
}

/// What went wrong, with silence under its own name.
fn named(errno: Errno) -> io::Error {
    match errno {
        Errno::AGAIN => silence(),
        errno => errno.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::play;
    use super::*;
    use crate::limits::native::Side as _;

    #[test]
    fn every_packet_comes_back_until_the_other_side_is_gone() {
        for spin in [Duration::ZERO, Duration::from_micros(20)] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("echo.sock");
            let listener = listener(&path).unwrap();
            let answering = Side::connect(&path, spin).unwrap();
            let mut asking = play(Side::accept(&listener, spin).unwrap(), answering, 100);
            assert_eq!(asking.receive(&mut [0; 8]).unwrap(), 0);
        }
    }
}
