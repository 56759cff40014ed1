//! What NetIPC peers say: envelopes, chunks, handshake and sessions, as bytes and pure state
//! machines.
//!
//! ```text
//! wire      bytes <-> header, chunk header, hello, packed list, labels    no state
//! session   packets <-> messages; both handshakes                         no I/O, no clock
//! ```
//!
//! Nothing here reads a socket, a clock, a file or the environment: bytes come in as arguments and
//! go out as values, so that every rule of the protocol can be tested as a table. All integers on
//! the wire are little-endian; the crate refuses to build elsewhere.

#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing)]

#[cfg(target_endian = "big")]
compile_error!("NetIPC speaks host byte order, and every host it supports is little-endian");

pub mod session;
pub mod wire;
