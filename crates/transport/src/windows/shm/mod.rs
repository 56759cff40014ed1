//! Shared memory on Windows: a mapping of two areas, one per direction, with waiting words.
//!
//! ```text
//! slot    publish and take one message: counters, length, waiting and closed words   (no I/O; runs under loom)
//! header  the 128-byte header: encode, validate                                      (pure)
//! slots   the `Slots` of a region: create, attach, counting, sleeping on events
//! ```

mod header;
mod slot;
mod slots;

pub(super) use slots::EventSlots;
