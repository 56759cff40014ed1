//! A mapped region: the slots of both directions, and copies in and out.

use crate::shm::Broken;
use crate::shm::areas::{Areas, Span};
use crate::sys::atomic::{AtomicU32, AtomicU64};
use crate::sys::{Loss, Mapping, SharedMap, futex_wake};

use super::header::{
    self, HEADER, Owner, REQ_LEN, REQ_SEQ, REQ_SIGNAL, RESP_LEN, RESP_SEQ, RESP_SIGNAL,
};
use super::slot::{Slot, arrived, published};

/// Bytes of a cache line.
const LINE: usize = 64;

/// What moves through a region, named by who wants what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Direction {
    Request,
    Response,
}

/// A mapped region whose areas fit the mapping.
#[derive(Debug)]
pub(super) struct Area {
    map: SharedMap,
    /// Tells whether the map has lost its memory, which is all zeros then.
    loss: Loss,
    areas: Areas,
}

impl Area {
    /// `mapping` holds at least [`Areas::size`] bytes.
    pub(super) fn new(mapping: Mapping, areas: Areas) -> Self {
        let loss = mapping.loss();
        let map = SharedMap::new(mapping);
        Self { map, loss, areas }
    }

    /// Whether another process has cut off the file.
    pub(super) fn is_lost(&self) -> bool {
        self.loss.has_come()
    }

    /// What is broken, where it may be so because the memory was lost.
    fn why(&self, broken: Broken) -> Broken {
        if self.is_lost() { Broken::Lost } else { broken }
    }

    /// Writes the header of a fresh region.
    pub(super) fn write_header(&self, owner: Owner) {
        // All but the header was never written and so reads as 0.
        let header: [u8; HEADER] = header::encode(&self.areas, owner);
        self.map.write(0, &header);
    }

    /// Messages published in a direction so far.
    pub(super) fn published(&self, direction: Direction) -> u64 {
        published(self.counter(direction))
    }

    /// Publishes the two parts of message `number`, which the caller has found to fit, and has `wake` wake whoever
    /// takes it.
    #[inline]
    pub(super) fn publish(
        &self,
        direction: Direction,
        number: u64,
        [head, body]: [&[u8]; 2],
        len: u32,
        wake: impl FnOnce(&AtomicU32),
    ) {
        let start = self.span(direction).offset as usize;
        let copy = || {
            self.map.write(start, head);
            self.map.write(start + head.len(), body);
        };
        self.slot(direction).publish(number, len, copy, wake);
    }

    /// Writes a little to each line of where the next message goes, of which the peer has taken the last. The peer's
    /// processor has the lines: so they are fetched while the message is made, and not when it is copied in.
    #[inline]
    pub(super) fn prepare(&self, direction: Direction, len: usize) {
        let start = self.span(direction).offset as usize;
        for line in (0..len).step_by(LINE) {
            self.map.write(start + line, &[0; 8]);
        }
    }

    /// Copies the message after the `taken` ones, which has arrived; gives its full length.
    #[inline]
    pub(super) fn take(
        &self,
        direction: Direction,
        taken: u64,
        packet: &mut [u8],
    ) -> Result<usize, Broken> {
        let Span { offset, capacity } = self.span(direction);
        let copy = |len: u32| {
            let kept = packet.len().min(len as usize);
            self.map.read(offset as usize, &mut packet[..kept]);
        };
        self.slot(direction)
            .take(taken, capacity, copy)
            .map(|len| len as usize)
            .map_err(|broken| self.why(broken))
    }

    /// Whether a message waits after the `taken` ones.
    #[inline]
    pub(super) fn has_arrived(&self, direction: Direction, taken: u64) -> Result<bool, Broken> {
        arrived(self.counter(direction), taken).map_err(|broken| self.why(broken))
    }

    #[inline]
    fn counter(&self, direction: Direction) -> &AtomicU64 {
        self.map.long(match direction {
            Direction::Request => REQ_SEQ,
            Direction::Response => RESP_SEQ,
        })
    }

    /// Makes whoever receives in `direction` look up.
    pub(super) fn ring(&self, direction: Direction) {
        self.slot(direction).ring(futex_wake);
    }

    #[inline]
    pub(super) fn slot(&self, direction: Direction) -> Slot<'_> {
        let (seq, len, signal) = match direction {
            Direction::Request => (REQ_SEQ, REQ_LEN, REQ_SIGNAL),
            Direction::Response => (RESP_SEQ, RESP_LEN, RESP_SIGNAL),
        };
        Slot {
            seq: self.map.long(seq),
            len: self.map.word(len),
            signal: self.map.word(signal),
        }
    }

    #[inline]
    fn span(&self, direction: Direction) -> Span {
        match direction {
            Direction::Request => self.areas.request,
            Direction::Response => self.areas.response,
        }
    }
}
