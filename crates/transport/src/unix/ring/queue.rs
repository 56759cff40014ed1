//! How a packet moves through one direction of a ring.
//!
//! Packet number n has line n modulo the slots. A line starts with its commit word, the lap in its
//! upper and the length in its lower half; every line is used exactly once in a lap, so a word of
//! the lap before means "nothing yet" and no content can look like a word.
//!
//! ```text
//! sender                                      receiver (has taken n packets)
//! room? else waits = 1, fence, look again     load commit word of line n  lap before: nothing yet
//! copy the packet in                                                      this lap: copy out, n + 1
//! store commit word                                                       else: broken
//! fence; does the receiver wait? wake it      about to sleep: waits = 1, fence, look again
//!                                             now and then: store consumed, fence; does the sender wait? wake it
//! ```
//!
//! A wake is never lost: of two sides that each store their own word, pass a fence and load the
//! other's, at least one sees what the other has stored.

use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// Bytes of a line.
pub(crate) const LINE: usize = 64;
/// Bytes of a packet that fit behind the commit word of its line.
pub(crate) const INLINE: usize = LINE - size_of::<u64>();

/// Slots and bytes of each direction; both are powers of two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Shape {
    /// Packets that may be under way.
    pub(crate) slots: usize,
    /// Room for what does not fit in a line.
    pub(crate) bytes: usize,
}

impl Shape {
    /// Bytes of the largest packet: four of them are under way at once, so that one is copied in
    /// while another is copied out.
    pub(crate) const fn max_packet(self) -> usize {
        self.bytes / 4
    }
}

/// The words of one direction.
pub(crate) trait Words {
    /// The commit word of a line.
    fn commit(&self, slot: usize) -> &AtomicU64;
    /// Packets whose room is free again.
    fn consumed(&self) -> &AtomicU64;
    /// Whether the receiver sleeps until a packet comes.
    fn receiver_waits(&self) -> &AtomicU32;
    /// Whether the sender sleeps until there is room.
    fn sender_waits(&self) -> &AtomicU32;
}

/// Where the bytes of a packet are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// Behind the commit word of a line.
    Line(usize),
    /// In the room for bytes.
    Bytes(usize),
}

/// What the other side of a ring did wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Broken {
    /// A commit word is of neither this lap nor the one before.
    Lap,
    /// The length of a packet is 0 or beyond the largest.
    Length,
    /// More is said to be consumed than was sent, or less than before.
    Consumed,
}

/// Bytes taken from the room for bytes, one packet behind the other; none wraps.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor(u64);

impl Cursor {
    /// Where a packet of `len` bytes goes, and the cursor behind it.
    fn place(self, shape: Shape, slot: usize, len: usize) -> (Place, Self) {
        if len <= INLINE {
            return (Place::Line(slot), self);
        }
        let all = shape.bytes as u64;
        let (at, size) = (
            self.0 & (all - 1),
            (len as u64).next_multiple_of(LINE as u64),
        );
        let start = if at + size > all {
            self.0 + (all - at)
        } else {
            self.0
        };
        (Place::Bytes(index(start & (all - 1))), Self(start + size))
    }
}

/// The sending side of a direction.
#[derive(Debug)]
pub(crate) struct Sender {
    shape: Shape,
    sent: u64,
    /// Packets whose room is known to be free.
    consumed: u64,
    cursor: Cursor,
    /// What was sent before this is free.
    free: Cursor,
    /// The cursor behind each packet under way.
    ends: Box<[Cursor]>,
}

impl Sender {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            sent: 0,
            consumed: 0,
            cursor: Cursor::default(),
            free: Cursor::default(),
            ends: vec![Cursor::default(); shape.slots].into_boxed_slice(),
        }
    }

    /// Where to copy a packet of `len` bytes, 1 to [`Shape::max_packet`], if there is room.
    #[inline]
    pub(crate) fn room(&mut self, words: &impl Words, len: usize) -> Result<Option<Place>, Broken> {
        let slot = slot(self.shape, self.sent);
        let (place, end) = self.cursor.place(self.shape, slot, len);
        if !self.fits(end) {
            self.look(words)?;
            if !self.fits(end) {
                return Ok(None);
            }
        }
        Ok(Some(place))
    }

    /// The line of the next packet, where that is known to be free.
    #[inline]
    pub(crate) fn next_line(&self) -> Option<usize> {
        self.fits(self.cursor).then(|| slot(self.shape, self.sent))
    }

    #[inline]
    fn fits(&self, end: Cursor) -> bool {
        self.sent - self.consumed < self.shape.slots as u64
            && end.0 - self.free.0 <= self.shape.bytes as u64
    }

    /// Learns what was consumed meanwhile.
    fn look(&mut self, words: &impl Words) -> Result<(), Broken> {
        // Pairs with the release in `Receiver::release`: what is free was copied out before.
        let consumed = words.consumed().load(Ordering::Acquire);
        if consumed < self.consumed || consumed > self.sent {
            return Err(Broken::Consumed);
        }
        if let Some(last) = consumed.checked_sub(1).filter(|_| consumed > self.consumed) {
            self.free = self.ends[slot(self.shape, last)];
        }
        self.consumed = consumed;
        Ok(())
    }

    /// Publishes the packet that was copied to the place that [`room`](Self::room) gave; whether the
    /// receiver has to be woken.
    #[inline]
    pub(crate) fn commit(&mut self, words: &impl Words, len: usize) -> bool {
        let slot = slot(self.shape, self.sent);
        (_, self.cursor) = self.cursor.place(self.shape, slot, len);
        self.ends[slot] = self.cursor;
        // At most the largest packet, which a ring has room for four times.
        let word = lap(self.shape, self.sent) << 32 | len as u64;
        // Pairs with the acquire in `Receiver::arrived`: who sees the word sees the packet.
        words.commit(slot).store(word, Ordering::Release);
        self.sent += 1;
        must_wake(words.receiver_waits())
    }

    /// Says that we are about to sleep until there is room; look once more before that.
    pub(crate) fn wait(words: &impl Words) {
        say_waiting(words.sender_waits());
    }

    /// Says that we no longer do.
    pub(crate) fn stop_waiting(words: &impl Words) {
        words.sender_waits().store(0, Ordering::Relaxed);
    }
}

/// The receiving side of a direction.
#[derive(Debug)]
pub(crate) struct Receiver {
    shape: Shape,
    taken: u64,
    cursor: Cursor,
    /// What the sender was told of.
    released: u64,
    released_cursor: Cursor,
}

/// A packet that has arrived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Arrived {
    /// Its length, in bounds.
    pub(crate) len: usize,
    /// Where its bytes are.
    pub(crate) place: Place,
}

impl Receiver {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            taken: 0,
            cursor: Cursor::default(),
            released: 0,
            released_cursor: Cursor::default(),
        }
    }

    /// The next packet, if it has arrived.
    #[inline]
    pub(crate) fn arrived(&self, words: &impl Words) -> Result<Option<Arrived>, Broken> {
        let (slot, lap) = (slot(self.shape, self.taken), lap(self.shape, self.taken));
        // Pairs with the release in `Sender::commit`. Loaded once: the peer may change it at any time.
        let word = words.commit(slot).load(Ordering::Acquire);
        let (found, len) = (word >> 32, index(word & HALF));
        if found == (lap - 1) & HALF {
            return Ok(None);
        }
        if found != lap & HALF {
            return Err(Broken::Lap);
        }
        if len == 0 || len > self.shape.max_packet() {
            return Err(Broken::Length);
        }
        let (place, _) = self.cursor.place(self.shape, slot, len);
        Ok(Some(Arrived { len, place }))
    }

    /// Goes on to the next packet: this one was copied out.
    #[inline]
    pub(crate) fn advance(&mut self, arrived: Arrived) {
        let slot = slot(self.shape, self.taken);
        (_, self.cursor) = self.cursor.place(self.shape, slot, arrived.len);
        self.taken += 1;
    }

    /// Gives room back where enough has gathered, or the sender waits for it: the line with that
    /// counter would otherwise travel with every packet. Whether the sender has to be woken.
    #[inline]
    pub(crate) fn release_some(&mut self, words: &impl Words) -> bool {
        let enough = self.taken - self.released >= self.shape.slots as u64 / 4
            || self.cursor.0 - self.released_cursor.0 >= self.shape.bytes as u64 / 4
            || words.sender_waits().load(Ordering::Relaxed) != 0;
        enough && self.release(words)
    }

    /// Gives all room back; to be done before sleeping. Whether the sender has to be woken.
    pub(crate) fn release(&mut self, words: &impl Words) -> bool {
        (self.released, self.released_cursor) = (self.taken, self.cursor);
        // Pairs with the acquire in `Sender::look`: everything was copied out before.
        words.consumed().store(self.taken, Ordering::Release);
        must_wake(words.sender_waits())
    }

    /// Says that we are about to sleep until a packet comes; look once more before that.
    pub(crate) fn wait(words: &impl Words) {
        say_waiting(words.receiver_waits());
    }

    /// Says that we no longer do.
    pub(crate) fn stop_waiting(words: &impl Words) {
        words.receiver_waits().store(0, Ordering::Relaxed);
    }
}

/// The lower half of a commit word, and a lap as its upper half holds it.
const HALF: u64 = u32::MAX as u64;

/// Which line a packet has.
#[inline]
fn slot(shape: Shape, number: u64) -> usize {
    index(number & (shape.slots as u64 - 1))
}

/// Which lap a packet is of, from 1 on: a fresh line reads as lap 0. Its lower half is what counts:
/// only the lap before has to be told apart.
#[inline]
const fn lap(shape: Shape, number: u64) -> u64 {
    (number >> shape.slots.trailing_zeros()) + 1
}

/// A number that the size of something in memory bounds.
#[inline]
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[inline]
fn say_waiting(waits: &AtomicU32) {
    waits.store(1, Ordering::Relaxed);
    // Pairs with the fence in `must_wake`.
    fence(Ordering::SeqCst);
}

/// Whether the other side has said that it sleeps; it is woken once.
#[inline]
fn must_wake(waits: &AtomicU32) -> bool {
    // Pairs with the fence in `say_waiting`.
    fence(Ordering::SeqCst);
    waits.load(Ordering::Relaxed) != 0 && waits.swap(0, Ordering::Relaxed) != 0
}
