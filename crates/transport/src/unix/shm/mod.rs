//! Shared memory on Linux: a file of two areas, one per direction, with futex words.
//!
//! ```text
//! slot    publish and take one message: counters, length, signal        (no I/O; runs under loom)
//! bell    wake who sleeps, whatever the peer does                       (as well)
//! header  the 64-byte header: encode, validate                          (pure)
//! area    a mapped region: slots and copies                             (the only user of the map)
//! region  create, attach, unlink; stale: what a dead server left behind
//! slots   the `Slots` of a region: counting, sleeping on the signal
//! ```

mod area;
mod bell;
mod header;
mod region;
mod slot;
mod slots;
mod stale;

pub(super) use slots::FutexSlots;
pub(super) use stale::sweep;
