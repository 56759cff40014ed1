//! One direction of a mapped ring.

use std::sync::Arc;

use crate::sys::SharedMap;
use crate::sys::atomic::{AtomicU32, AtomicU64};

use super::layout::{Direction, Layout, Places};
use super::queue::{LINE, Place, Words};

/// One direction of a mapped ring, whose layout fits the mapping.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    map: Arc<SharedMap>,
    places: Places,
}

impl Lane {
    /// `map` holds at least [`Layout::size`] bytes.
    pub(super) fn new(map: &Arc<SharedMap>, layout: Layout, direction: Direction) -> Self {
        Self {
            map: Arc::clone(map),
            places: layout.places(direction),
        }
    }

    /// Copies `head` and `body` to a place that has room for both.
    #[inline]
    pub(super) fn write(&self, place: Place, head: &[u8], body: &[u8]) {
        let start = self.start(place);
        self.map.write(start, head);
        self.map.write(start + head.len(), body);
    }

    /// Writes a little behind the commit word of a line that is free. The peer's processor has the line: so it is
    /// fetched while the next packet is made, and not when it is copied in.
    #[inline]
    pub(super) fn prepare(&self, slot: usize) {
        self.map.write(self.start(Place::Line(slot)), &[0; 8]);
    }

    /// Fills `bytes` from a place that holds as many.
    #[inline]
    pub(super) fn read(&self, place: Place, bytes: &mut [u8]) {
        self.map.read(self.start(place), bytes);
    }

    #[inline]
    const fn start(&self, place: Place) -> usize {
        match place {
            Place::Line(slot) => self.places.lines + slot * LINE + size_of::<u64>(),
            Place::Bytes(offset) => self.places.bytes + offset,
        }
    }
}

impl Words for Lane {
    #[inline]
    fn commit(&self, slot: usize) -> &AtomicU64 {
        self.map.long(self.places.lines + slot * LINE)
    }

    #[inline]
    fn consumed(&self) -> &AtomicU64 {
        self.map.long(self.places.receiver)
    }

    #[inline]
    fn receiver_waits(&self) -> &AtomicU32 {
        self.map.word(self.places.receiver + size_of::<u64>())
    }

    #[inline]
    fn sender_waits(&self) -> &AtomicU32 {
        self.map.word(self.places.sender)
    }
}
