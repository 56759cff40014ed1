//! Profile 0x10: rings in sealed memory that the server passes over the socket.
//!
//! ```text
//! layout  where everything is        lane      one direction of a mapped ring
//! queue   how a packet moves (loom)  memory    making, sealing, checking and mapping
//! link    the link: sleeping, waking, hang-ups
//! ```
//!
//! A direction is a line for each packet and, for what does not fit in there, room for bytes. A
//! receiver polls the one line that its next packet will be in; small packets lie in that line.
//! Whoever is about to sleep says so in a word of its own, looks once more, and waits for the
//! socket; whoever finds that word set sends a packet of one byte there. So peers that keep each
//! other busy make no system call, and a peer that dies is noticed by the hang-up at once.

mod lane;
mod layout;
mod link;
mod memory;
mod queue;

pub(crate) use link::RingLink;
pub(crate) use memory::{Ring, attach, create};
