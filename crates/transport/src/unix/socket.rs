//! A connected packet socket, as the baseline uses it and shared memory watches it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::link::{LinkError, Peer, PeerWatch, WaitObject};
use crate::shm::{Companion, Seen};
use crate::spin::Spin;
use crate::sys::{self, Errno, Interest, Received, Served, Take};
use crate::wait::Wait;

use super::watcher::{SocketWatcher, WatchedSocket};

/// How long a last packet may take to be read.
const LINGER: Duration = Duration::from_millis(100);
/// What the kernel keeps of the send buffer for itself.
const PACKET_OVERHEAD: usize = 32;
/// Looks at the socket for each look at the clock, which takes a tenth of one and tells when a packet came.
const LOOKS: u32 = 1;
/// Pauses before each look: looking takes the lock that the peer needs to send.
const PAUSES: u32 = 4;
/// Bytes of a packet whose parts are put together before they are sent.
const SMALL: usize = 4096;
/// The packet size if the buffer's size cannot be read.
const FALLBACK_PACKET: u32 = 65536 - 32;

/// A connected socket.
#[derive(Debug)]
pub(crate) struct Socket {
    /// A server's end: a child that is forked does not keep it. Goes before the socket.
    _served: Option<Served>,
    fd: Arc<OwnedFd>,
    packet_size: u32,
    peer: Peer,
    /// The kernel tells a reset once, and before what is still queued; it is reported after that.
    reset: bool,
    /// Looks for a packet before the first sleep.
    spin: Spin,
    /// Where the parts of a small packet are put together.
    joined: Vec<u8>,
    passed: Passed,
    /// The server's: who looks at its sockets.
    watcher: Option<Arc<SocketWatcher>>,
    watched: Option<WatchedSocket>,
}

/// A descriptor that travels with a packet.
#[derive(Debug)]
enum Passed {
    /// None does, and one that comes is closed.
    None,
    /// One may come; the last one that has.
    Expected(Option<OwnedFd>),
    /// This one leaves with the next packet.
    Leaving(OwnedFd),
}

impl Socket {
    /// Takes a connected, non-blocking socket.
    pub(crate) fn new(fd: OwnedFd, spin: Spin) -> Self {
        Self::with(fd, spin, None)
    }

    /// Takes the server's end of a connection, which is closed in children that are forked from now on, and
    /// can be watched by `watcher`.
    pub(crate) fn served(fd: OwnedFd, spin: Spin, watcher: Arc<SocketWatcher>) -> Self {
        let served = Served::new(fd.as_fd());
        Self {
            watcher: Some(watcher),
            ..Self::with(fd, spin, Some(served))
        }
    }

    fn with(fd: OwnedFd, spin: Spin, served: Option<Served>) -> Self {
        let buffer = sys::send_buffer_size(&fd).ok();
        let packet_size = buffer
            .and_then(|size| size.checked_sub(PACKET_OVERHEAD))
            .and_then(|size| u32::try_from(size).ok())
            .unwrap_or(FALLBACK_PACKET);
        let peer = sys::peer(fd.as_fd());
        Self {
            _served: served,
            fd: Arc::new(fd),
            packet_size,
            peer,
            reset: false,
            spin,
            joined: Vec::new(),
            passed: Passed::None,
            watcher: None,
            watched: None,
        }
    }

    /// Takes a descriptor, too, where one comes with a packet, until [`passed`](Self::passed) is asked.
    pub(crate) fn expect_descriptor(&mut self) {
        self.passed = Passed::Expected(None);
    }

    /// The descriptor that came with a packet. No other one may come from now on.
    pub(crate) fn passed(&mut self) -> Option<OwnedFd> {
        sys::refuse_descriptors(self.fd.as_fd());
        match std::mem::replace(&mut self.passed, Passed::None) {
            Passed::Expected(passed) => passed,
            Passed::None | Passed::Leaving(_) => None,
        }
    }

    /// Has `descriptor` leave with the next packet, in the place of what was to leave before.
    pub(crate) fn pass(&mut self, descriptor: Option<OwnedFd>) {
        self.passed = descriptor.map_or(Passed::None, Passed::Leaving);
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// What tells other threads whether the peer has hung up.
    pub(crate) fn peer_watch(&self) -> PeerWatch {
        let fd = Arc::downgrade(&self.fd);
        PeerWatch::new(move || {
            // An error says nothing about the peer.
            fd.upgrade()
                .is_none_or(|fd| sys::has_ended(&fd).unwrap_or(false))
        })
    }

    /// Bytes of the largest packet that the kernel takes.
    pub(crate) fn packet_size(&self) -> u32 {
        self.packet_size
    }

    pub(crate) fn send(
        &mut self,
        head: &[u8],
        body: &[u8],
        wait: &Wait<'_>,
    ) -> Result<(), LinkError> {
        let (size, limit) = (head.len() + body.len(), self.packet_size as usize);
        if size == 0 {
            return Err(LinkError::Empty);
        }
        if size > limit {
            return Err(LinkError::TooLarge { size, limit });
        }
        wait.check_abort()?;
        loop {
            match self.send_now(head, body) {
                Ok(()) => return Ok(()),
                Err(Errno::AGAIN) => sys::ready(self.fd.as_fd(), Interest::Writable, wait)?,
                Err(Errno::MSGSIZE) => return Err(LinkError::TooLarge { size, limit }),
                Err(Errno::PIPE) => return Err(self.gone()),
                Err(Errno::CONNRESET) => {
                    self.reset = true;
                    return Err(self.gone());
                }
                Err(errno) => return Err(LinkError::Io(errno.into())),
            }
        }
    }

    /// For a few bytes, a copy costs less than the kernel's way to take several parts.
    fn send_now(&mut self, head: &[u8], body: &[u8]) -> Result<(), Errno> {
        if let Passed::Leaving(descriptor) = &self.passed {
            sys::send_with(&self.fd, head, body, descriptor.as_fd())?;
            self.passed = Passed::None;
            return Ok(());
        }
        if head.len() + body.len() > SMALL {
            return sys::send_parts(&self.fd, head, body);
        }
        self.joined.clear();
        self.joined.extend_from_slice(head);
        self.joined.extend_from_slice(body);
        sys::send(&self.fd, &self.joined)
    }

    /// Sends a packet if that is possible at once.
    pub(crate) fn try_send(&self, packet: &[u8]) -> Result<(), Errno> {
        sys::send(&self.fd, packet)
    }

    /// Waits until there is a packet or the end.
    pub(crate) fn ready(&self, wait: &Wait<'_>) -> Result<(), LinkError> {
        sys::ready(self.fd.as_fd(), Interest::Readable, wait)
    }

    pub(crate) fn receive(
        &mut self,
        packet: &mut [u8],
        wait: &Wait<'_>,
    ) -> Result<usize, LinkError> {
        wait.check_abort()?;
        if let Some(size) = self.try_receive(packet)? {
            self.spin.at_hand();
            return Ok(size);
        }
        let mut spin = self.spin;
        let found = spin.run(LOOKS, wait, || {
            (0..PAUSES).for_each(|_| std::hint::spin_loop());
            self.try_receive(packet)
        });
        self.spin = spin;
        if let Some(size) = found? {
            return Ok(size);
        }
        let start = Instant::now();
        loop {
            sys::ready(self.fd.as_fd(), Interest::Readable, wait)?;
            if let Some(size) = self.try_receive(packet)? {
                self.spin.slept(start);
                return Ok(size);
            }
        }
    }

    /// When the wait for the last packet was over.
    pub(crate) fn waited_until(&self) -> Option<Instant> {
        self.spin.waited_until()
    }

    /// Takes a packet if one waits.
    pub(crate) fn try_receive(&mut self, packet: &mut [u8]) -> Result<Option<usize>, LinkError> {
        loop {
            let received = match &mut self.passed {
                Passed::Expected(passed) => sys::receive_with(&self.fd, packet, passed),
                Passed::None | Passed::Leaving(_) => sys::receive(&self.fd, packet, Take::Packet),
            };
            return match received {
                Ok(Received::Packet(0)) => Err(LinkError::Protocol {
                    what: "an empty packet",
                }),
                Ok(Received::Packet(size)) => Ok(Some(size)),
                Ok(Received::End) => Err(self.gone()),
                Err(Errno::AGAIN) => Ok(None),
                Err(Errno::CONNRESET) => {
                    self.reset = true;
                    continue;
                }
                Err(errno) => Err(LinkError::Io(errno.into())),
            };
        }
    }

    /// Whether anything can still come.
    pub(crate) fn check(&mut self) -> Result<(), LinkError> {
        match self.look() {
            Seen::Nothing | Seen::Packet => Ok(()),
            Seen::Gone => Err(self.gone()),
            Seen::Failed(error) => Err(LinkError::Io(error)),
        }
    }

    fn gone(&self) -> LinkError {
        if self.reset {
            LinkError::Reset(Errno::CONNRESET.into())
        } else {
            LinkError::Disconnected
        }
    }
}

impl Companion for Socket {
    fn look(&mut self) -> Seen {
        loop {
            return match sys::receive(&self.fd, &mut [], Take::Nothing) {
                Ok(Received::Packet(_)) => Seen::Packet,
                Ok(Received::End) => Seen::Gone,
                Err(Errno::AGAIN) => Seen::Nothing,
                Err(Errno::CONNRESET) => {
                    self.reset = true;
                    continue;
                }
                Err(errno) => Seen::Failed(errno.into()),
            };
        }
    }

    fn ring_when_ready(&mut self, bell: &Waker) -> bool {
        self.watched = None;
        let Some(watcher) = &self.watcher else {
            return false;
        };
        match watcher.watch(self.fd.as_fd(), bell) {
            Ok(watched) => self.watched = Some(watched),
            Err(error) => tracing::debug!(%error, "a session looks at its socket itself"),
        }
        self.watched.is_some()
    }

    #[inline]
    fn has_rung(&self) -> bool {
        self.watched.as_ref().is_some_and(WatchedSocket::is_ready)
    }

    /// Lets a last packet arrive: closing with unread packets in the queue would be a reset.
    fn linger(&mut self) {
        sys::end_sending(&self.fd);
        let wait = Wait::timeout(LINGER);
        // The clock is asked every time: a peer may talk without end.
        while wait.check().is_ok() {
            match self.receive(&mut [], &wait) {
                Ok(_) | Err(LinkError::Protocol { .. }) => {}
                Err(_) => return,
            }
        }
    }

    fn hang_up(&mut self) {
        sys::hang_up(&self.fd);
    }

    fn peer(&self) -> Peer {
        self.peer
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        Some(self.fd.as_fd().into())
    }
}
