//! The link over a shared region.

use std::time::{Duration, Instant};

use crate::link::{Link, LinkError, LinkInfo, LinkKind, WaitObject};
use crate::spin::{Patience, Spin};
use crate::wait::Wait;

use super::reply_look::ReplyLook;
use super::{Companion, Seen, Side, Slots};

/// How long a client sleeps, which waits inside a call, before it looks at the companion. Much shorter sleeps
/// cost as much as all the rest of a call: their timer is the next one to expire, and has to be set and reset.
const CLIENT_SLICE: Duration = Duration::from_millis(20);
/// How long a server sleeps, which waits while nobody asks and has nobody that looks for it.
const SERVER_SLICE: Duration = Duration::from_millis(100);
/// How long whoever has somebody that looks for it sleeps, once nothing has come for a while. Where the system has no
/// sleep whose end a client cannot take away, by writing the word that wakes, this is how long it can hold up the end
/// of the server as well.
const WATCHED_SLICE: Duration = Duration::from_secs(30);

/// Looks at the counter for each look at the clock: it tells when a message came, too.
const LOOKS: u32 = 4;

/// A link over shared memory, with the connection that made it beside it.
///
/// One message per direction at a time: after a client's request comes the server's response. The
/// companion carries nothing any more and tells when the peer is gone; where nothing but looking at
/// it tells, a peer that dies without a word is noticed within 20 ms by a client and 100 ms by a
/// server.
#[derive(Debug)]
pub(crate) struct ShmLink<S: Slots, C: Companion> {
    /// Goes before the region: a peer that no longer finds that one is to find that we left.
    companion: C,
    slots: S,
    side: Side,
    /// Whether it is our turn to send.
    may_send: bool,
    /// Whether somebody else looks at the companion for us while we sleep.
    is_watched: bool,
    /// Looks for a message before the first sleep.
    spin: Spin,
    /// Looks for a reply before the peer is woken.
    reply_look: ReplyLook,
}

impl<S: Slots, C: Companion> ShmLink<S, C> {
    /// A receiver looks for a message before it sleeps where one tends to be there within `spin`.
    pub(crate) fn new(mut companion: C, slots: S, side: Side, spin: Duration) -> Self {
        let spin = if slots.looks_first() {
            spin
        } else {
            Duration::ZERO
        };
        let patience = match side {
            Side::Client => Patience::ANSWER,
            Side::Server => Patience::REQUEST,
        };
        let bell = slots.bell();
        Self {
            is_watched: bell.is_some_and(|bell| companion.ring_when_ready(bell)),
            slots,
            companion,
            side,
            may_send: side == Side::Client,
            spin: Spin::new(spin, patience),
            reply_look: ReplyLook::default(),
        }
    }

    /// Looks for a message, for as long as that pays; whether it has arrived.
    fn look(&mut self, wait: &Wait<'_>) -> Result<bool, LinkError> {
        let slots = &self.slots;
        if slots.has_arrived()? {
            self.spin.at_hand();
            return Ok(true);
        }
        let found = self.spin.run(LOOKS, wait, || {
            slots.has_arrived().map(|arrived| arrived.then_some(()))
        });
        Ok(found?.is_some())
    }

    /// Sleeps until something has arrived or the peer is gone, whatever there is to say about it.
    fn wait_for_message(&mut self, wait: &Wait<'_>) -> Result<(), LinkError> {
        let bell = self.slots.bell().cloned();
        let _registration = wait
            .abort()
            .zip(bell.as_ref())
            .map(|(abort, bell)| abort.register(bell));
        let mut slice = match self.side {
            Side::Client => CLIENT_SLICE,
            Side::Server => SERVER_SLICE,
        };
        loop {
            if let Err(ended) = wait.check() {
                if self.slots.has_arrived()? {
                    return Ok(());
                }
                self.check()?;
                return Err(ended);
            }
            let left = wait.remaining();
            let limit = left.map_or(slice, |left| left.min(slice));
            self.slots.sleep(limit, wait, &self.companion)?;
            if self.slots.has_arrived()? {
                return Ok(());
            }
            self.check()?;
            // Nobody asks for the moment: the next sleep is a long one.
            slice = match self.side {
                _ if self.is_watched => WATCHED_SLICE,
                Side::Client => CLIENT_SLICE,
                Side::Server => SERVER_SLICE,
            };
            if self.is_watched && self.companion.has_rung() {
                // For nothing: once more, or we look ourselves.
                self.is_watched = bell
                    .as_ref()
                    .is_some_and(|bell| self.companion.ring_when_ready(bell));
            }
        }
    }
}

impl<S: Slots, C: Companion> Link for ShmLink<S, C> {
    fn send(&mut self, head: &[u8], body: &[u8], wait: &Wait<'_>) -> Result<(), LinkError> {
        let (size, limit) = (head.len() + body.len(), self.slots.send_limit());
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
        let looks = if self.spin.pays() {
            self.reply_look.begin()
        } else {
            0
        };
        let replied = self.slots.publish(head, body, len, looks);
        if looks > 0 {
            self.reply_look.end(replied);
        }
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
        let size = self.slots.take(packet)?;
        self.may_send = true;
        Ok(size)
    }

    fn waited_until(&self) -> Option<Instant> {
        self.spin.waited_until()
    }

    fn check(&mut self) -> Result<(), LinkError> {
        // The region's own word first: who reads it sees what was published before it.
        let closed = self.slots.is_closed()?;
        match self.companion.look() {
            Seen::Nothing if !closed => Ok(()),
            Seen::Packet => Err(LinkError::Protocol {
                what: "data beside the shared region",
            }),
            // What was published just before the hang-up counts.
            Seen::Nothing | Seen::Gone if self.slots.has_arrived()? => Ok(()),
            Seen::Nothing | Seen::Gone => Err(LinkError::Disconnected),
            Seen::Failed(error) => Err(LinkError::Io(error)),
        }
    }

    fn linger(&mut self) {
        self.companion.linger();
    }

    fn info(&self) -> LinkInfo {
        LinkInfo {
            kind: LinkKind::SharedMemory,
            max_packet: self.slots.send_limit(),
            window: Some(1),
            whole_messages: true,
            peer: self.companion.peer(),
        }
    }

    fn wait_object(&self) -> Option<WaitObject<'_>> {
        self.companion.wait_object()
    }
}

impl<S: Slots, C: Companion> Drop for ShmLink<S, C> {
    fn drop(&mut self) {
        // In this order, so that who wakes up finds the hang-up.
        self.companion.hang_up();
        self.slots.close();
    }
}
