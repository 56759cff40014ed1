//! Shared memory: a region of two areas, one per direction, with a socket beside it.
//!
//! ```text
//! slot    publish and take one message: counters, length, signal        (no I/O; runs under loom)
//! layout  the 64-byte header: plan, encode, validate                    (pure)
//! area    a mapped region: slots and copies                             (the only user of the map)
//! region  create, attach, unlink; stale: what a dead server left behind
//! link    the `Link`: spinning, waiting in slices, watching the socket
//! ```

mod area;
mod layout;
mod link;
mod region;
mod slot;
mod stale;

pub use link::ShmLink;

pub(crate) use area::Side;
pub(crate) use region::Region;
pub(crate) use stale::sweep;
