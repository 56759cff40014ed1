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

/// For `netipc` and its bindings to other languages, which keep bytes that they have decoded, or are
/// promised that somebody has. Not covered by versions.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals {
    use crate::wire::Valid;

    /// The proof for bytes that the caller knows to decode as a `T`: he has decoded them and nobody
    /// has changed them since. For others, reading may panic or give nonsense.
    #[must_use]
    #[inline]
    pub const fn assume_valid<T>(bytes: &[u8]) -> Valid<'_, T> {
        Valid::assume(bytes)
    }
}
