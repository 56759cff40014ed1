//! Packet sockets: non-blocking, close-on-exec, without signals.
#![expect(
    unsafe_code,
    reason = "rustix cannot hold the pid 0 of a peer in another pid namespace, and does not know SO_PASSRIGHTS"
)]

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, fchmod};
use rustix::net::{
    self, AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, SocketAddrUnix, SocketFlags, SocketType, sockopt,
};

use super::{Errno, Result, retry_on_intr};
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

/// Starts taking connections, and no descriptors over them.
pub(crate) fn listen(socket: &OwnedFd, backlog: u16) -> Result<()> {
    refuse_descriptors(socket.as_fd());
    net::listen(socket, backlog.into())
}

/// `SO_PASSRIGHTS`, which libc does not name yet; the same on all processors of little-endian systems.
const PASS_RIGHTS: libc::c_int = 83;

/// Has the kernel fail whoever passes descriptors to `socket`, or to one that it accepts from now on. Whoever
/// receives a descriptor closes it in the end, and a peer can pass one that takes minutes to close, such as a TCP
/// socket that lingers. Nothing changes before Linux 6.16, which does not know this.
pub(crate) fn refuse_descriptors(socket: BorrowedFd<'_>) {
    let refused: libc::c_int = 0;
    let Ok(size) = libc::socklen_t::try_from(size_of_val(&refused)) else {
        return;
    };
    // SAFETY: the pointer is to a live value, and `size` is its size.
    let _ = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            PASS_RIGHTS,
            (&raw const refused).cast(),
            size,
        )
    };
}

/// Takes a waiting connection; `EAGAIN` when there is none.
pub(crate) fn accept(socket: &OwnedFd) -> Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    retry_on_intr(|| net::accept_with(socket, flags))
}

/// Sends one packet.
pub(crate) fn send(socket: &OwnedFd, packet: &[u8]) -> Result<()> {
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    retry_on_intr(|| net::send(socket, packet, flags)).map(drop)
}

/// Sends two parts as one packet.
pub(crate) fn send_parts(socket: &OwnedFd, head: &[u8], body: &[u8]) -> Result<()> {
    let parts = [IoSlice::new(head), IoSlice::new(body)];
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    retry_on_intr(|| net::sendmsg(socket, &parts, &mut SendAncillaryBuffer::default(), flags))
        .map(drop)
}

/// Sends two parts as one packet, and a descriptor with it.
pub(crate) fn send_with(
    socket: &OwnedFd,
    head: &[u8],
    body: &[u8],
    descriptor: BorrowedFd<'_>,
) -> Result<()> {
    let parts = [IoSlice::new(head), IoSlice::new(body)];
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    let descriptors = [descriptor];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(Errno::NOBUFS);
    }
    retry_on_intr(|| net::sendmsg(socket, &parts, &mut control, flags)).map(drop)
}

/// Receives one packet, and the descriptor that may come with it.
pub(crate) fn receive_with(
    socket: &OwnedFd,
    packet: &mut [u8],
    passed: &mut Option<OwnedFd>,
) -> Result<Received> {
    let flags = RecvFlags::TRUNC | RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(packet)];
    let message = retry_on_intr(|| net::recvmsg(socket, &mut parts, &mut control, flags))?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            *passed = descriptors.last().or(passed.take());
        }
    }
    // As in `receive`.
    if message.bytes > 0 || !has_ended(socket)? {
        return Ok(Received::Packet(message.bytes));
    }
    receive(socket, packet, Take::Packet)
}

/// Tries whether this process may pass `descriptor` to another: a sandbox may forbid it.
pub(crate) fn try_to_pass(descriptor: BorrowedFd<'_>) -> Result<()> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (socket, _peer) = net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    send_with(&socket, &[0], &[], descriptor)
}

/// Receives one packet. There is no room for control data, on purpose: descriptors that a peer
/// passes are closed by the kernel.
pub(crate) fn receive(socket: &OwnedFd, packet: &mut [u8], take: Take) -> Result<Received> {
    // TRUNC asks for the full length of a packet that does not fit.
    let mut flags = RecvFlags::TRUNC | RecvFlags::DONTWAIT;
    if take == Take::Nothing {
        flags |= RecvFlags::PEEK;
    }
    let mut receive = || retry_on_intr(|| net::recv(socket, &mut *packet, flags));
    let (_, size) = receive()?;
    // Both an empty packet and the end have no bytes; only after the end nothing more can come.
    if size > 0 || !has_ended(socket)? {
        return Ok(Received::Packet(size));
    }
    // The kernel looks for a packet, and then for the end: last words that came in between wait.
    Ok(match receive()? {
        (_, 0) => Received::End,
        (_, size) => Received::Packet(size),
    })
}

/// Whether nothing can come any more but what waits already.
pub(crate) fn has_ended(socket: &OwnedFd) -> Result<bool> {
    let mut fds = [PollFd::new(socket, PollFlags::RDHUP)];
    retry_on_intr(|| poll(&mut fds, Some(&Timespec::default())))?;
    let [fd] = fds;
    Ok(fd.revents().intersects(PollFlags::RDHUP | PollFlags::HUP))
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

/// Who is at the other end, as far as the kernel tells.
pub(crate) fn peer(socket: BorrowedFd<'_>) -> Peer {
    let mut credentials = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let Ok(whole) = libc::socklen_t::try_from(size_of_val(&credentials)) else {
        return Peer::default();
    };
    let mut size = whole;
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
    if result != 0 || size != whole {
        return Peer::default();
    }
    Peer {
        // It is 0 where the peer has none in our pid namespace.
        pid: u32::try_from(credentials.pid).ok().filter(|pid| *pid != 0),
        uid: Some(credentials.uid),
    }
}
