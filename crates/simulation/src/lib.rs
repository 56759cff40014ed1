//! Providers and consumers in one process, over the memory backend, by a clock that moves when all of them wait:
//! a run is decided by its seed, and found again by it.
//!
//! ```text
//! net     the memory backend, whose messages are late or cut, and whose peers vanish
//! world   a provider of each kind that comes and goes, consumers, and what must hold
//! ```
//!
//! What holds in every run, whatever becomes of messages and peers: every answer is right; no call is over its
//! deadline, by the clock that stands still while anybody works; a cache whose refresh failed has what it had;
//! everybody comes back once the trouble is over; and no session, connection or thread is left.

#![forbid(unsafe_code)]

pub mod net;
pub mod world;

pub use world::{Fault, Run, play};
