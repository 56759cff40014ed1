//! The link over a shared region.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use crate::link::{Link, LinkError, LinkInfo, LinkKind, RegionMode};
use crate::spin::{Patience, Spin};
use crate::sys::futex_wait;
use crate::uds::socket::{Seen, Socket};
use crate::wait::Wait;

use super::area::{Area, Direction, Side};
use super::region::Region;
use super::slot::Broken;

/// The first and shortest sleep before the socket is looked at.
const FIRST_SLICE: Duration = Duration::from_millis(1);
/// The longest sleep of a client, which waits inside a call.
const CLIENT_SLICE: Duration = Duration::from_millis(20);
/// The longest sleep of a server, which waits while nobody asks.
const SERVER_SLICE: Duration = Duration::from_millis(100);

/// Looks at the counter for each look at the clock, which takes about as long.
const LOOKS: u32 = 16;

/// A link over shared memory, with the socket that made it beside it.
///
/// One message per direction at a time: after a client's request comes the server's response. The
/// socket carries nothing any more and tells when the peer is gone; a peer that dies without a word
/// is noticed within 20 ms by a client and 100 ms by a server.
#[derive(Debug)]
pub struct ShmLink {
    socket: Socket,
    region: Region,
    side: Side,
    /// Messages sent.
    sent: u64,
    /// Messages received.
    taken: u64,
    /// Whether it is our turn to send.
    may_send: bool,
    /// Looks at the counter before the first sleep.
    spin: Spin,
    /// Ends our own sleep.
    bell: Waker,
}

impl ShmLink {
    pub(crate) fn new(socket: Socket, region: Region, side: Side, spin: Duration) -> Self {
        let bell = Bell {
            area: Arc::clone(&region.area),
            direction: side.receives(),
        };
        // A client may have asked already; its server made the region and starts at 0.
        let (sent, taken) = match side {
            Side::Server => (0, 0),
            Side::Client => (
                region.area.published(Direction::Request),
                region.area.published(Direction::Response),
            ),
        };
        Self {
            sent,
            taken,
            may_send: side == Side::Client,
            spin: match (region.plan.mode, side) {
                (RegionMode::Kernel, _) => Spin::new(Duration::ZERO, Patience::REQUEST),
                (RegionMode::Hybrid, Side::Client) => Spin::new(spin, Patience::ANSWER),
                (RegionMode::Hybrid, Side::Server) => Spin::new(spin, Patience::REQUEST),
            },
            bell: Waker::from(Arc::new(bell)),
            socket,
            region,
            side,
        }
    }

    /// Takes the message that has arrived.
    fn take(&mut self, packet: &mut [u8]) -> Result<usize, LinkError> {
        let (area, direction) = (&self.region.area, self.side.receives());
        let size = area.take(direction, self.taken, packet)?;
        self.taken = self.taken.wrapping_add(1);
        self.may_send = true;
        Ok(size)
    }

    /// Looks for a message, for as long as that pays; whether it has arrived.
    fn look(&mut self, wait: &Wait<'_>) -> Result<bool, LinkError> {
        let (area, direction) = (&self.region.area, self.side.receives());
        let (slot, taken) = (area.slot(direction), self.taken);
        if slot.arrived(taken)? {
            self.spin.at_hand();
            return Ok(true);
        }
        let found = self.spin.run(LOOKS, wait, || {
            Ok::<_, Broken>(slot.arrived(taken)?.then_some(()))
        });
        Ok(found?.is_some())
    }

    /// Sleeps until something has arrived or the peer is gone, whatever there is to say about it.
    fn wait_for_message(&mut self, wait: &Wait<'_>) -> Result<(), LinkError> {
        let direction = self.side.receives();
        let area = Arc::clone(&self.region.area);
        let _registration = wait.abort().map(|abort| abort.register(&self.bell));
        let longest = if self.side == Side::Client {
            CLIENT_SLICE
        } else {
            SERVER_SLICE
        };
        let mut slice = FIRST_SLICE;
        loop {
            // Before anything is looked at: what moves it later ends the sleep.
            let signal = area.slot(direction).signal();
            if area.has_arrived(direction, self.taken)? {
                return Ok(());
            }
            if let Err(ended) = wait.check() {
                self.check()?;
                return Err(ended);
            }
            let limit = wait.remaining().map_or(slice, |left| left.min(slice));
            futex_wait(area.slot(direction).signal, signal, limit)
                .map_err(|errno| LinkError::Io(errno.into()))?;
            if !area.has_arrived(direction, self.taken)? {
                self.check()?;
            }
            slice = (slice * 2).min(longest);
        }
    }
}

impl Link for ShmLink {
    fn send(&mut self, head: &[u8], body: &[u8], wait: &Wait<'_>) -> Result<(), LinkError> {
        let (size, limit) = (
            head.len() + body.len(),
            self.region.limit(self.side.sends()),
        );
        if size == 0 {
            return Err(LinkError::Empty);
        }
        let len = match u32::try_from(size) {
            Ok(len) if size <= limit => len,
            _ => return Err(LinkError::TooLarge { size, limit }),
        };
        wait.check_abort()?;
        if !self.may_send {
            return Err(LinkError::Busy);
        }
        self.sent = self.sent.wrapping_add(1);
        let (area, direction) = (&self.region.area, self.side.sends());
        area.publish(direction, self.sent, head, body, len);
        self.may_send = false;
        Ok(())
    }

    fn receive(&mut self, packet: &mut [u8], wait: &Wait<'_>) -> Result<usize, LinkError> {
        wait.check_abort()?;
        if !self.look(wait)? {
            let start = Instant::now();
            self.wait_for_message(wait)?;
            self.spin.slept(start);
        }
        self.take(packet)
    }

    fn check(&mut self) -> Result<(), LinkError> {
        match self.socket.look() {
            Seen::Nothing => Ok(()),
            Seen::Packet => Err(LinkError::Protocol {
                what: "data beside the shared region",
            }),
            // What was published just before the hang-up counts.
            Seen::Gone
                if self
                    .region
                    .area
                    .has_arrived(self.side.receives(), self.taken)? =>
            {
                Ok(())
            }
            Seen::Gone => Err(LinkError::Disconnected),
            Seen::Failed(error) => Err(LinkError::Io(error)),
        }
    }

    fn linger(&mut self) {
        self.socket.linger();
    }

    fn info(&self) -> LinkInfo {
        LinkInfo {
            kind: LinkKind::SharedMemory,
            max_packet: self.region.limit(self.side.sends()),
            window: Some(1),
            whole_messages: true,
            peer: self.socket.peer(),
        }
    }

    fn native(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }
}

impl AsFd for ShmLink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for ShmLink {
    fn drop(&mut self) {
        // In this order, so that who wakes up finds the hang-up.
        self.socket.hang_up();
        self.region.ring_all();
    }
}

impl From<Broken> for LinkError {
    fn from(broken: Broken) -> Self {
        let what = match broken {
            Broken::Overwritten => "a message was overwritten before it was taken",
            Broken::Length => "the length of a message is 0 or beyond its area",
        };
        Self::Protocol { what }
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
