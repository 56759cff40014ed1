//! A connected pipe, as the baseline uses it and shared memory watches it.

use std::time::Instant;

use crate::link::{LinkError, Peer, PeerWatch, WaitObject};
use crate::shm::{Companion, Seen};
use crate::spin::Spin;
use crate::sys::{Arrival, Code, Failure, Pipe, ready};
use crate::wait::Wait;

/// Bytes of the largest packet, and what the system keeps for each direction.
pub(super) const PACKET: u32 = 65536;
/// Looks at the record of the read for each look at the clock: it tells when a packet came, too.
const LOOKS: u32 = 4;

/// A connected pipe.
#[derive(Debug)]
pub(super) struct Stream {
    pipe: Pipe,
    peer: Peer,
    /// Looks for a packet before the first sleep.
    spin: Spin,
    /// Where the parts of a packet are put together.
    joined: Vec<u8>,
}

impl Stream {
    /// Takes a pipe whose other end is process `pid`.
    pub(super) fn new(pipe: Pipe, pid: Option<u32>, spin: Spin) -> Self {
        Self {
            pipe,
            peer: Peer { pid, uid: None },
            spin,
            joined: Vec::new(),
        }
    }

    pub(super) fn send(
        &mut self,
        head: &[u8],
        body: &[u8],
        wait: &Wait<'_>,
    ) -> Result<(), LinkError> {
        let (size, limit) = (head.len() + body.len(), PACKET as usize);
        if size == 0 {
            return Err(LinkError::Empty);
        }
        if size > limit {
            return Err(LinkError::TooLarge { size, limit });
        }
        wait.check_abort()?;
        self.joined.clear();
        self.joined.extend_from_slice(head);
        self.joined.extend_from_slice(body);
        match self.pipe.send(&self.joined, wait) {
            Ok(()) => Ok(()),
            Err(Failure::Wait(ended)) => Err(ended),
            Err(Failure::System(code)) => Err(failure(code)),
        }
    }

    pub(super) fn receive(
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
        let found = spin.run(LOOKS, wait, || self.try_receive(packet));
        self.spin = spin;
        if let Some(size) = found? {
            return Ok(size);
        }
        let start = Instant::now();
        loop {
            ready(self.pipe.object(), wait)?;
            if let Some(size) = self.try_receive(packet)? {
                self.spin.slept(start);
                return Ok(size);
            }
        }
    }

    /// Tells whether the peer has hung up.
    pub(super) fn peer_watch(&self) -> PeerWatch {
        PeerWatch::new(self.pipe.watch())
    }

    /// When the wait for the last packet was over.
    pub(super) fn waited_until(&self) -> Option<Instant> {
        self.spin.waited_until()
    }

    /// Takes a packet if one waits.
    #[inline]
    fn try_receive(&mut self, packet: &mut [u8]) -> Result<Option<usize>, LinkError> {
        match self.pipe.look() {
            Arrival::Nothing => Ok(None),
            Arrival::Message(0) => Err(LinkError::Protocol {
                what: "an empty packet",
            }),
            Arrival::Message(size) => {
                self.pipe.take(size, packet);
                Ok(Some(size))
            }
            Arrival::Ended(code) => Err(failure(code)),
        }
    }

    /// Whether anything can still come.
    pub(super) fn check(&mut self) -> Result<(), LinkError> {
        match self.pipe.look() {
            Arrival::Nothing | Arrival::Message(_) => Ok(()),
            Arrival::Ended(code) => Err(failure(code)),
        }
    }
}

impl Companion for Stream {
    fn look(&mut self) -> Seen {
        match self.pipe.look() {
            Arrival::Nothing => Seen::Nothing,
            Arrival::Message(_) => Seen::Packet,
            Arrival::Ended(code) if code.is_gone() => Seen::Gone,
            Arrival::Ended(code) => Seen::Failed(code.into()),
        }
    }

    /// What was written stays in the pipe until it is read, also when our end is closed: there is
    /// nothing to wait for, and a flush could last for ever.
    fn linger(&mut self) {}

    /// The pipe closes with its owner. Until then the word in the region says it.
    fn hang_up(&mut self) {}

    fn peer(&self) -> Peer {
        self.peer
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        Some(self.pipe.object())
    }
}

fn failure(code: Code) -> LinkError {
    match code {
        Code::MORE_DATA => LinkError::Protocol {
            what: "a packet longer than agreed",
        },
        code if code.is_gone() => LinkError::Disconnected,
        code => LinkError::Io(code.into()),
    }
}
