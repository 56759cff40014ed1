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

use super::{PATIENCE, is_silence, silence};

/// Bytes of a packet: as many as a header and a number.
const PACKET: usize = 32 + 8;

/// Looks for each look at the clock.
const STRIDE: u32 = 4;

/// Where the answering side connects to.
#[derive(Debug)]
pub(super) struct Listener {
    socket: OwnedFd,
}

impl Listener {
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        let socket = packet_socket()?;
        bind(&socket, &SocketAddrUnix::new(path)?)?;
        listen(&socket, 1)?;
        Ok(Self { socket })
    }

    /// The asking side, once the other one is there; it looks for `spin` before it sleeps.
    pub(super) fn accept(&self, spin: Duration) -> io::Result<Side> {
        let accepted = retry_on_intr(|| accept_with(&self.socket, SocketFlags::CLOEXEC));
        Side::new(accepted.map_err(named)?, spin)
    }
}

/// Sends back what comes until the other side hangs up, however long that one does something else.
pub(super) fn serve(path: &Path, spin: Duration) -> io::Result<()> {
    let socket = packet_socket()?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    let side = Side::new(socket, spin)?;
    let mut packet = [0; PACKET];
    loop {
        match side.receive(&mut packet) {
            Ok(PACKET) => side.send(&packet)?,
            Ok(_) => return Ok(()),
            Err(error) if is_silence(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// One of the two sides.
#[derive(Debug)]
pub(super) struct Side {
    socket: OwnedFd,
    spin: Duration,
    sent: u64,
}

impl Side {
    fn new(socket: OwnedFd, spin: Duration) -> io::Result<Self> {
        patient(&socket)?;
        Ok(Self {
            socket,
            spin,
            sent: 0,
        })
    }

    /// Sends a packet and waits until it is back.
    pub(super) fn round_trip(&mut self) -> io::Result<()> {
        self.sent = self.sent.wrapping_add(1);
        let mut packet = [0; PACKET];
        packet[..size_of::<u64>()].copy_from_slice(&self.sent.to_ne_bytes());
        self.send(&packet)?;
        let mut back = [0; PACKET];
        match self.receive(&mut back)? {
            PACKET if back == packet => Ok(()),
            0 => Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "the other process hung up",
            )),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the raw echo sent back something else",
            )),
        }
    }

    fn send(&self, packet: &[u8; PACKET]) -> io::Result<()> {
        retry_on_intr(|| send(&self.socket, packet, SendFlags::NOSIGNAL)).map_err(named)?;
        Ok(())
    }

    /// Bytes received: 0 once the other side has hung up.
    fn receive(&self, packet: &mut [u8; PACKET]) -> io::Result<usize> {
        if let Some(size) = self.look(packet)? {
            return Ok(size);
        }
        let (_, size) = retry_on_intr(|| recv(&self.socket, &mut packet[..], RecvFlags::empty()))
            .map_err(named)?;
        Ok(size)
    }

    /// Looks for a packet as long as it may, without sleeping.
    fn look(&self, packet: &mut [u8; PACKET]) -> io::Result<Option<usize>> {
        if self.spin.is_zero() {
            return Ok(None);
        }
        let mut start = None;
        loop {
            for _ in 0..STRIDE {
                match recv(&self.socket, &mut packet[..], RecvFlags::DONTWAIT) {
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
    use std::thread;

    use super::*;

    #[test]
    fn every_packet_comes_back_blocking_or_not() {
        for spin in [Duration::ZERO, Duration::from_micros(20)] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("echo.sock");
            let listener = Listener::bind(&path).unwrap();
            thread::scope(|scope| {
                let server = scope.spawn(|| serve(&path, spin));
                let mut side = listener.accept(spin).unwrap();
                for _ in 0..300 {
                    side.round_trip().unwrap();
                }
                drop(side);
                server.join().unwrap().unwrap();
            });
        }
    }

    #[test]
    fn a_side_that_is_gone_is_told() {
        for spin in [Duration::ZERO, Duration::from_micros(20)] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("echo.sock");
            let listener = Listener::bind(&path).unwrap();
            let other = packet_socket().unwrap();
            connect(&other, &SocketAddrUnix::new(&path).unwrap()).unwrap();
            let mut side = listener.accept(spin).unwrap();
            drop(other);
            let kind = side.round_trip().unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::BrokenPipe);
        }
    }
}
