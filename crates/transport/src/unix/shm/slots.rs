//! A region with futex words, as one side uses it.

use std::hint::spin_loop;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use crate::link::LinkError;
use crate::shm::{Broken, Companion, Side, Slots};
use crate::sys::atomic::AtomicU32;
use crate::sys::{futex_wait, futex_wait_either, futex_wake};
use crate::wait::Wait;

use super::area::{Area, Direction};
use super::bell::Bell;
use super::region::OwnFile;

/// How long a sleep is that a peer may prolong, by taking away what ends it. It is cheaper than one that nobody can.
const SHORT: Duration = Duration::from_millis(100);

/// Bytes of the next message whose place is prepared, at most: beyond that it costs what it gains.
const MOST_PREPARED: usize = 1024;

/// One side of a region.
#[derive(Debug)]
pub(crate) struct FutexSlots {
    area: Arc<Area>,
    sends: Direction,
    receives: Direction,
    /// Messages sent.
    sent: u64,
    /// Bytes of the last one.
    last_size: usize,
    /// Messages received.
    taken: u64,
    /// Bytes of the largest message that the session has agreed on in our direction.
    send_limit: usize,
    looks_first: bool,
    ringer: Arc<Ringer>,
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
        let ringer = Arc::new(Ringer {
            area: Arc::clone(&area),
            direction: receives,
            bell: Bell::default(),
        });
        Self {
            area,
            sends,
            receives,
            sent,
            last_size: 0,
            taken,
            // The area holds that many, so it can be mapped and counted.
            send_limit: usize::try_from(bytes).unwrap_or(usize::MAX),
            looks_first: terms.looks_first,
            bell: Waker::from(Arc::clone(&ringer)),
            ringer,
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
    fn publish(&mut self, head: &[u8], body: &[u8], len: u32, looks: u32) -> bool {
        self.sent = self.sent.wrapping_add(1);
        self.last_size = head.len() + body.len();
        let mut replied = false;
        let wake = |signal: &AtomicU32| {
            replied = (0..looks).any(|_| {
                spin_loop();
                self.has_arrived().unwrap_or_default()
            });
            if !replied {
                futex_wake(signal);
            }
        };
        self.area
            .publish(self.sends, self.sent, [head, body], len, wake);
        replied
    }

    #[inline]
    fn has_arrived(&self) -> Result<bool, Broken> {
        self.area.has_arrived(self.receives, self.taken)
    }

    #[inline]
    fn take(&mut self, packet: &mut [u8]) -> Result<usize, Broken> {
        let size = self.area.take(self.receives, self.taken, packet)?;
        self.taken = self.taken.wrapping_add(1);
        self.area
            .prepare(self.sends, self.last_size.min(MOST_PREPARED));
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
        let (slot, bell) = (self.area.slot(self.receives), &self.ringer.bell);
        // Before anything is looked at: what moves them later ends the sleep.
        let (signal, rung) = (slot.signal(), bell.rung());
        let arrived = self.has_arrived()?;
        if arrived || self.area.is_lost() || wait.check_abort().is_err() || companion.has_rung() {
            return Ok(());
        }
        let slept = if limit > SHORT {
            futex_wait_either([(slot.signal, signal), (bell.word(), rung)], limit)
        } else {
            futex_wait(slot.signal, signal, limit)
        };
        slept.map_err(|errno| LinkError::Io(errno.into()))
    }

    fn bell(&self) -> Option<&Waker> {
        Some(&self.bell)
    }

    fn is_closed(&self) -> Result<bool, Broken> {
        if self.area.is_lost() {
            Err(Broken::Lost)
        } else {
            // A hang-up of the socket says it all.
            Ok(false)
        }
    }

    fn close(&mut self) {
        self.area.ring(Direction::Request);
        self.area.ring(Direction::Response);
    }
}

/// Wakes the owner of a link, whatever it sleeps on.
#[derive(Debug)]
struct Ringer {
    area: Arc<Area>,
    direction: Direction,
    bell: Bell,
}

impl Wake for Ringer {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.bell.ring(futex_wake);
        // As a message would: an increment too many harms nobody.
        self.area.ring(self.direction);
    }
}
