//! Packet sockets: non-blocking, close-on-exec, without signals.
#![expect(
    unsafe_code,
    reason = "rustix cannot hold the pid 0 of a peer in another pid namespace"
)]

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, fchmod};
use rustix::net::{
    self, AddressFamily, RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendFlags, Shutdown, SocketAddrUnix, SocketFlags, SocketType, sockopt,
};

use super::{Result, retry_on_intr};
use crate::link::Peer;

/// Where a packet would be taken from the queue, or only looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Take {
    Packet,
    Nothing,
}

/// What a socket had to give.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Received {
    /// A packet of this many bytes, whether they fitted or not.
    Packet(usize),
    /// The end of the stream.
    End,
}

/// A socket that is not connected.
pub(crate) fn socket() -> Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
}

/// Connects at once, or fails: `EAGAIN` is a full backlog.
pub(crate) fn connect(socket: &OwnedFd, path: &Path) -> Result<()> {
    let address = SocketAddrUnix::new(path)?;
    retry_on_intr(|| net::connect(socket, &address))
}

/// Binds with mode 0600, as far as the umask lets it, and without touching the umask.
pub(crate) fn bind_private(socket: &OwnedFd, path: &Path) -> Result<()> {
    // The mode of the inode that `bind` creates is that of the socket, less the umask.
    fchmod(socket, Mode::RUSR | Mode::WUSR)?;
    let address = SocketAddrUnix::new(path)?;
    retry_on_intr(|| net::bind(socket, &address))
}

/// Starts taking connections.
pub(crate) fn listen(socket: &OwnedFd, backlog: u16) -> Result<()> {
    net::listen(socket, backlog.into())
}

/// Takes a waiting connection; `EAGAIN` when there is none.
pub(crate) fn accept(socket: &OwnedFd) -> Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    retry_on_intr(|| net::accept_with(socket, flags))
}

/// Makes [`receive`] able to tell an empty packet from the end of the stream.
///
/// After connecting only: on an unbound socket the option makes `connect` invent an address.
pub(crate) fn tell_empty_packets(socket: &OwnedFd) -> Result<()> {
    sockopt::set_socket_passcred(socket, true)
}

/// Sends two parts as one packet.
pub(crate) fn send(socket: &OwnedFd, head: &[u8], body: &[u8]) -> Result<()> {
    let parts = [IoSlice::new(head), IoSlice::new(body)];
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    retry_on_intr(|| net::sendmsg(socket, &parts, &mut SendAncillaryBuffer::default(), flags))
        .map(drop)
}

/// Receives one packet into two parts.
pub(crate) fn receive(
    socket: &OwnedFd,
    head: &mut [u8],
    body: &mut [u8],
    take: Take,
) -> Result<Received> {
    let mut parts = [IoSliceMut::new(head), IoSliceMut::new(body)];
    // TRUNC asks for the full length of a packet that does not fit.
    let mut flags = RecvFlags::TRUNC | RecvFlags::DONTWAIT;
    if take == Take::Nothing {
        flags |= RecvFlags::PEEK;
    }
    // No room for control data, on purpose: descriptors that a peer passes are closed by the kernel,
    // and credentials, which only a packet has, show as CTRUNC even if the packet is empty.
    let mut none = RecvAncillaryBuffer::default();
    let message = retry_on_intr(|| net::recvmsg(socket, &mut parts, &mut none, flags))?;
    if message.bytes == 0 && !message.flags.contains(ReturnFlags::CTRUNC) {
        return Ok(Received::End);
    }
    Ok(Received::Packet(message.bytes))
}

/// Ends our sending side.
pub(crate) fn end_sending(socket: &OwnedFd) {
    // A socket that is gone already has no side left to end.
    let _ = net::shutdown(socket, Shutdown::Write);
}

/// Ends both sides, also for whoever shares the socket.
pub(crate) fn hang_up(socket: &OwnedFd) {
    let _ = net::shutdown(socket, Shutdown::Both);
}

/// Bytes of the send buffer, as the kernel accounts them.
pub(crate) fn send_buffer_size(socket: &OwnedFd) -> Result<usize> {
    sockopt::socket_send_buffer_size(socket)
}

/// Who is at the other end; pid 0 when it has none in our pid namespace.
pub(crate) fn peer(socket: BorrowedFd<'_>) -> Option<Peer> {
    let mut credentials = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut size = libc::socklen_t::try_from(size_of_val(&credentials)).ok()?;
    // SAFETY: both pointers are to live values, and `size` is that of the first.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut size,
        )
    };
    let complete = result == 0 && usize::try_from(size) == Ok(size_of_val(&credentials));
    complete.then(|| Peer {
        pid: credentials.pid.unsigned_abs(),
        uid: credentials.uid,
    })
}
