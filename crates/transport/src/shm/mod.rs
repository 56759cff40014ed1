//! Shared memory, whatever the platform: a link over a region with two slots, one per direction,
//! and a companion beside it that tells when the peer is gone.
//!
//! ```text
//! Link ── ShmLink ──┬── Slots       publish, take, sleep: a kind for each platform  (each has a loom model)
//!                   └── Companion   the connection that made the region
//! ```

pub(crate) mod areas;
mod broken;
mod link;
mod reply_look;

pub(crate) use broken::Broken;
pub(crate) use link::ShmLink;

use std::fmt;
use std::io;
use std::task::Waker;
use std::time::Duration;

use crate::link::{LinkError, Peer, WaitObject};
use crate::wait::Wait;

/// Which end of a session we are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// What is there to receive beside a region.
#[derive(Debug)]
pub(crate) enum Seen {
    Nothing,
    Packet,
    Gone,
    Failed(io::Error),
}

/// Whatever tells that the peer has hung up: the connection that made the region, on which nothing
/// is said any more.
pub(crate) trait Companion: Send + fmt::Debug {
    /// Looks what there is to receive, without taking it.
    fn look(&mut self) -> Seen;

    /// Has `bell` rung as soon as there may be something to look at; whether it will. Where it will not, one has
    /// to look from time to time.
    fn ring_when_ready(&mut self, bell: &Waker) -> bool {
        let _ = bell;
        false
    }

    /// Whether the bell was rung. It will not be rung again.
    fn has_rung(&self) -> bool {
        false
    }

    /// Waits a little for the peer to go.
    fn linger(&mut self);

    /// Ends the connection at once, for everybody who shares it.
    fn hang_up(&mut self);

    /// Who is at the other end.
    fn peer(&self) -> Peer;

    /// What is ready when there is something to [look](Self::look) at.
    fn wait_object(&self) -> Option<WaitObject<'_>>;
}

/// A region as one side of a session uses it.
///
/// - One message per direction: what was published is taken before the next is published.
/// - What was published before [`close`](Self::close) can still be taken after it.
/// - [`sleep`](Self::sleep) misses nothing: what arrives, is closed or rings while it is under way
///   ends it.
pub(crate) trait Slots: Send + fmt::Debug {
    /// Bytes of the largest message that this side may send.
    fn send_limit(&self) -> usize;

    /// Publishes `head` and `body`, `len` bytes in all, which the caller has found to fit, and wakes the peer.
    /// Where the platform has to ask the system for that each time, it looks up to `looks` times first whether the
    /// peer's next message is there, which a sleeping peer would not have sent; returns whether it was.
    fn publish(&mut self, head: &[u8], body: &[u8], len: u32, looks: u32) -> bool;

    /// Whether a message waits to be taken.
    fn has_arrived(&self) -> Result<bool, Broken>;

    /// Copies what fits of the message that has arrived; gives its full length.
    fn take(&mut self, packet: &mut [u8]) -> Result<usize, Broken>;

    /// Whether a receiver looks for a message before it sleeps.
    fn looks_first(&self) -> bool;

    /// Sleeps for at most `limit`, unless a message has arrived, `wait` was aborted or the bell
    /// of the companion was rung by the time that it could no longer be missed. May end early.
    fn sleep(
        &mut self,
        limit: Duration,
        wait: &Wait<'_>,
        companion: &dyn Companion,
    ) -> Result<(), LinkError>;

    /// Ends our own sleep when an abort is raised, where [`sleep`](Self::sleep) does not watch that.
    fn bell(&self) -> Option<&Waker>;

    /// Whether the peer has said in the region that it publishes no more.
    ///
    /// # Errors
    /// Where there is no region any more.
    fn is_closed(&self) -> Result<bool, Broken>;

    /// Tells the peer that it is over, and wakes both sides.
    fn close(&mut self);
}

impl From<Broken> for LinkError {
    fn from(broken: Broken) -> Self {
        let what = match broken {
            Broken::Overwritten => "a message was overwritten before it was taken",
            Broken::Length => "the length of a message is 0 or beyond its area",
            Broken::Lost => "the file of the shared region was truncated",
        };
        Self::Protocol { what }
    }
}
