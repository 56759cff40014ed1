//! The link over a ring.

use std::cell::OnceCell;
use std::time::{Duration, Instant};

use crate::link::{Link, LinkError, LinkInfo, LinkKind, WaitObject};
use crate::shm::{Companion, Seen, Side};
use crate::spin::{Patience, Spin};
use crate::sys::{Errno, Event, Watch};
use crate::unix::socket::Socket;
use crate::wait::Wait;

use super::lane::Lane;
use super::layout::Direction;
use super::memory::Ring;
use super::queue::{Arrived, Broken, Place, Receiver, Sender};

/// Looks at the line for each look at the clock: it tells when a packet came, too.
const LOOKS: u32 = 4;
/// What a side sends over the socket to wake the other.
const WAKE: [u8; 1] = [0];
/// Packets taken from the socket at a time: a peer may send without end.
const WAKES: u32 = 16;

/// A link over a ring, with the connection that passed it beside it.
///
/// The socket carries wakes, one byte each, to whoever sleeps, and tells when the peer is gone.
#[derive(Debug)]
pub(crate) struct RingLink {
    socket: Socket,
    out: Lane,
    into: Lane,
    sender: Sender,
    receiver: Receiver,
    max_packet: usize,
    /// Whether the packet sent last was one that fits in its line.
    sends_lines: bool,
    /// Looks for a packet before the first sleep.
    spin: Spin,
    /// For event loops, from the first time on that one asks.
    watch: OnceCell<Watched>,
}

/// What an event loop watches: the socket, and an event of our own that is set while a packet is there.
#[derive(Debug)]
struct Watched {
    both: Watch,
    event: Event,
}

impl RingLink {
    /// A receiver looks for a packet before it sleeps where one tends to be there within `spin`.
    pub(crate) fn new(socket: Socket, ring: &Ring, side: Side, spin: Duration) -> Self {
        let (out, into, patience) = match side {
            Side::Client => (Direction::Request, Direction::Response, Patience::ANSWER),
            Side::Server => (Direction::Response, Direction::Request, Patience::REQUEST),
        };
        let lane = |direction| Lane::new(&ring.map, ring.layout, direction);
        let shape = ring.layout.shape;
        Self {
            socket,
            out: lane(out),
            into: lane(into),
            sender: Sender::new(shape),
            receiver: Receiver::new(shape),
            max_packet: shape.max_packet(),
            sends_lines: true,
            spin: Spin::new(spin, patience),
            watch: OnceCell::new(),
        }
    }

    /// Looks for a packet, for as long as that pays.
    #[inline]
    fn look(&mut self, wait: &Wait<'_>) -> Result<Option<Arrived>, LinkError> {
        let (receiver, into) = (&self.receiver, &self.into);
        if let Some(arrived) = receiver.arrived(into)? {
            self.spin.at_hand();
            return Ok(Some(arrived));
        }
        Ok(self.spin.run(LOOKS, wait, || receiver.arrived(into))?)
    }

    /// Sleeps until a packet has arrived.
    fn wait_for_packet(&mut self, wait: &Wait<'_>) -> Result<Arrived, LinkError> {
        self.release_all();
        let found = loop {
            Receiver::wait(&self.into);
            if let Some(arrived) = self.receiver.arrived(&self.into)? {
                break Ok(arrived);
            }
            let slept = self.sleep(wait);
            // What was sent just before a hang-up, or while the deadline passed, counts.
            if let Some(arrived) = self.receiver.arrived(&self.into)? {
                break Ok(arrived);
            }
            if let Err(error) = slept {
                break Err(error);
            }
        };
        // An event loop goes on waiting.
        if self.watch.get().is_none() {
            Receiver::stop_waiting(&self.into);
        }
        found
    }

    /// Where to put a packet of `len` bytes; sleeps until there is room.
    fn room(&mut self, len: usize, wait: &Wait<'_>) -> Result<Place, LinkError> {
        if let Some(place) = self.sender.room(&self.out, len)? {
            return Ok(place);
        }
        self.release_all();
        let found = loop {
            Sender::wait(&self.out);
            if let Some(place) = self.sender.room(&self.out, len)? {
                break Ok(place);
            }
            if let Err(error) = self.sleep(wait) {
                break Err(error);
            }
        };
        Sender::stop_waiting(&self.out);
        found
    }

    /// Gives all room back before a sleep: the peer may wait for it, and both of us would.
    fn release_all(&mut self) {
        if self.receiver.release(&self.into) {
            self.wake();
        }
    }

    /// Sleeps until the peer wakes us or is gone, and takes what it has sent.
    fn sleep(&mut self, wait: &Wait<'_>) -> Result<(), LinkError> {
        self.socket.ready(wait)?;
        self.take_wakes()
    }

    /// Takes the wakes that lie in the socket.
    fn take_wakes(&mut self) -> Result<(), LinkError> {
        let mut word = [0; 2];
        for _ in 0..WAKES {
            match self.socket.try_receive(&mut word) {
                Ok(None) => return Ok(()),
                Ok(Some(1)) if word.starts_with(&WAKE) => {}
                Ok(Some(_)) => {
                    return Err(LinkError::Protocol {
                        what: "data beside the ring",
                    });
                }
                // The wakes that it has not read are no loss.
                Err(LinkError::Reset(_)) => return Err(LinkError::Disconnected),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Wakes the peer, which sleeps in front of its socket.
    fn wake(&mut self) {
        match self.socket.try_send(&WAKE) {
            // A full queue holds wakes enough.
            Ok(()) | Err(Errno::AGAIN) => {}
            // Who is gone shows by the hang-up. A peer that nothing wakes, as where the system has no memory for
            // it, would sleep on: it is better off with the end, and looks for what was sent before.
            Err(_) => self.socket.hang_up(),
        }
    }

    /// Has the event loop's object say whether a packet is there.
    fn tell_watcher(&mut self) -> Result<(), LinkError> {
        if self.watch.get().is_none() {
            return Ok(());
        }
        let arrived = self.receiver.arrived(&self.into)?.is_some();
        if !arrived {
            // A hang-up is for the next call to report.
            let _ = self.take_wakes();
            Receiver::wait(&self.into);
        }
        let arrived = arrived || self.receiver.arrived(&self.into)?.is_some();
        if let Some(watched) = self.watch.get() {
            if arrived {
                watched.event.set();
            } else {
                watched.event.reset();
            }
        }
        Ok(())
    }

    fn watched(&self) -> Option<Watched> {
        let event = Event::new().ok()?;
        let both = Watch::new([self.socket.fd(), event.object()?.fd()]).ok()?;
        Receiver::wait(&self.into);
        // A ring that is broken is for the next call to report.
        if !matches!(self.receiver.arrived(&self.into), Ok(None)) {
            event.set();
        }
        Some(Watched { both, event })
    }
}

impl Link for RingLink {
    fn send(&mut self, head: &[u8], body: &[u8], wait: &Wait<'_>) -> Result<(), LinkError> {
        let (size, limit) = (head.len() + body.len(), self.max_packet);
        if size == 0 {
            return Err(LinkError::Empty);
        }
        if size > limit {
            return Err(LinkError::TooLarge { size, limit });
        }
        wait.check_abort()?;
        let place = match self.room(size, wait) {
            Ok(place) => place,
            Err(error) => {
                // A wake for the event loop may have come while there was no room.
                self.tell_watcher()?;
                return Err(error);
            }
        };
        self.out.write(place, head, body);
        self.sends_lines = matches!(place, Place::Line(_));
        if self.sender.commit(&self.out, size) {
            self.wake();
        }
        self.tell_watcher()
    }

    fn receive(&mut self, packet: &mut [u8], wait: &Wait<'_>) -> Result<usize, LinkError> {
        wait.check_abort()?;
        let Arrived { len, place } = if let Some(arrived) = self.look(wait)? {
            arrived
        } else {
            let start = Instant::now();
            let arrived = self.wait_for_packet(wait)?;
            self.spin.slept(start);
            arrived
        };
        let kept = packet.len().min(len);
        self.into.read(place, &mut packet[..kept]);
        self.receiver.advance(Arrived { len, place });
        // What follows a packet that fits in its line mostly does, too. Longer ones gain nothing.
        if let Some(line) = self.sender.next_line().filter(|_| self.sends_lines) {
            self.out.prepare(line);
        }
        if self.receiver.release_some(&self.into) {
            self.wake();
        }
        self.tell_watcher()?;
        Ok(len)
    }

    fn waited_until(&self) -> Option<Instant> {
        self.spin.waited_until()
    }

    fn check(&mut self) -> Result<(), LinkError> {
        match self.take_wakes() {
            // What was sent just before the hang-up counts.
            Err(LinkError::Disconnected) if self.receiver.arrived(&self.into)?.is_some() => {}
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        self.tell_watcher()
    }

    fn linger(&mut self) {
        self.socket.linger();
    }

    fn info(&self) -> LinkInfo {
        LinkInfo {
            kind: LinkKind::SharedMemory,
            max_packet: self.max_packet,
            window: None,
            whole_messages: false,
            peer: self.socket.peer(),
        }
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        if self.watch.get().is_none() {
            // Nothing without descriptors for it: the socket alone does not tell of a packet that is there.
            self.watch.set(self.watched()?).ok()?;
        }
        self.watch.get().map(|watched| watched.both.object())
    }
}

impl Drop for RingLink {
    fn drop(&mut self) {
        self.socket.hang_up();
        // A socket that is closed with packets unread looks broken to the peer.
        while self.take_wakes().is_ok() && matches!(self.socket.look(), Seen::Packet) {}
    }
}

impl From<Broken> for LinkError {
    fn from(broken: Broken) -> Self {
        let what = match broken {
            Broken::Lap => "a packet of a ring is neither new nor of the lap before",
            Broken::Length => "the length of a packet in a ring is 0 or beyond the largest",
            Broken::Consumed => "more of a ring is said to be read than was written",
        };
        Self::Protocol { what }
    }
}
