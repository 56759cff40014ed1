//! A region with futex words, as one side uses it.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use crate::link::LinkError;
use crate::shm::{Broken, Companion, Side, Slots};
use crate::sys::futex_wait;
use crate::wait::Wait;

use super::area::{Area, Direction};
use super::region::OwnFile;

/// One side of a region.
#[derive(Debug)]
pub(crate) struct FutexSlots {
    area: Arc<Area>,
    sends: Direction,
    receives: Direction,
    /// Messages sent.
    sent: u64,
    /// Messages received.
    taken: u64,
    /// Bytes of the largest message that the session has agreed on in our direction.
    send_limit: usize,
    looks_first: bool,
    bell: Waker,
    /// The server's: the name of the region, until its client has attached.
    file: Option<OwnFile>,
    /// The same, where it could not be removed so far.
    leftover: Option<OwnFile>,
}

/// What the two sides agreed on, as far as the slots have to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) request_bytes: u64,
    pub(super) response_bytes: u64,
    pub(super) looks_first: bool,
}

impl FutexSlots {
    pub(super) fn new(area: Area, side: Side, terms: Terms, file: Option<OwnFile>) -> Self {
        let area = Arc::new(area);
        let (sends, receives, bytes) = match side {
            Side::Client => (Direction::Request, Direction::Response, terms.request_bytes),
            Side::Server => (
                Direction::Response,
                Direction::Request,
                terms.response_bytes,
            ),
        };
        // A client may have asked already; its server made the region and starts at 0.
        let (sent, taken) = match side {
            Side::Server => (0, 0),
            Side::Client => (area.published(sends), area.published(receives)),
        };
        let bell = Bell {
            area: Arc::clone(&area),
            direction: receives,
        };
        Self {
            area,
            sends,
            receives,
            sent,
            taken,
            // The area holds that many, so it can be mapped and counted.
            send_limit: usize::try_from(bytes).unwrap_or(usize::MAX),
            looks_first: terms.looks_first,
            bell: Waker::from(Arc::new(bell)),
            file,
            leftover: None,
        }
    }
}

impl Slots for FutexSlots {
    #[inline]
    fn send_limit(&self) -> usize {
        self.send_limit
    }

    #[inline]
    fn publish(&mut self, head: &[u8], body: &[u8], len: u32) {
        self.sent = self.sent.wrapping_add(1);
        self.area.publish(self.sends, self.sent, head, body, len);
    }

    #[inline]
    fn has_arrived(&self) -> Result<bool, Broken> {
        self.area.has_arrived(self.receives, self.taken)
    }

    #[inline]
    fn take(&mut self, packet: &mut [u8]) -> Result<usize, Broken> {
        let size = self.area.take(self.receives, self.taken, packet)?;
        self.taken = self.taken.wrapping_add(1);
        if let Some(file) = self.file.take() {
            // The first message proves that the client has attached. Nobody else is to find the region.
            self.leftover = file.remove();
        }
        Ok(size)
    }

    fn looks_first(&self) -> bool {
        self.looks_first
    }

    fn sleep(
        &mut self,
        limit: Duration,
        wait: &Wait<'_>,
        companion: &dyn Companion,
    ) -> Result<(), LinkError> {
        let slot = self.area.slot(self.receives);
        // Before anything is looked at: what moves it later ends the sleep.
        let signal = slot.signal();
        if self.has_arrived()? || wait.check_abort().is_err() || companion.has_rung() {
            return Ok(());
        }
        futex_wait(slot.signal, signal, limit).map_err(|errno| LinkError::Io(errno.into()))
    }

    fn bell(&self) -> Option<&Waker> {
        Some(&self.bell)
    }

    fn is_closed(&self) -> bool {
        // A hang-up of the socket says it all.
        false
    }

    fn close(&mut self) {
        self.area.ring(Direction::Request);
        self.area.ring(Direction::Response);
    }
}

/// Wakes the owner of a link, as a message would: an increment too many harms nobody.
#[derive(Debug)]
struct Bell {
    area: Arc<Area>,
    direction: Direction,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.area.ring(self.direction);
    }
}
