//! A rule that captured bytes break.

use std::fmt;

use netipc::wire::{WireError, WireErrorKind};
use serde::Serialize;

/// What is wrong, and where.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Violation {
    /// The packet, from 1.
    packet: usize,
    /// The byte of it.
    offset: usize,
    why: String,
}

impl Violation {
    pub(super) fn new(packet: usize, offset: usize, why: impl Into<String>) -> Self {
        let why = why.into();
        Self {
            packet,
            offset,
            why,
        }
    }

    /// In the header of a packet of `len` bytes, which stands at its start.
    pub(super) fn of_header(packet: usize, len: usize, error: &WireError) -> Self {
        let offset = match error.kind() {
            WireErrorKind::Truncated => len,
            WireErrorKind::BadVersion => 4,
            WireErrorKind::BadHeaderLen | WireErrorKind::BadLayout => 6,
            WireErrorKind::BadKind => 8,
            _ => 0,
        };
        Self::new(packet, offset, error.to_string())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "packet {} byte {}: {}",
            self.packet, self.offset, self.why
        )
    }
}
