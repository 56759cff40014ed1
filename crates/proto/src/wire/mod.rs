//! Bytes and nothing else: fixed fields, 8-aligned packed lists, strings with their NUL, labels.

mod chunk;
mod codes;
mod cursor;
mod error;
mod header;
mod hello;
mod labels;
mod number;
mod packed;
mod packed_writer;
mod short;
mod text;
mod writer;

pub use chunk::ChunkHeader;
pub use codes::{Flags, Kind, MethodCode, Opcode, Profiles, Status};
pub use cursor::{Reader, Span, lay_out, string, strings, view};
pub use error::{WireError, WireErrorKind};
pub use header::Header;
pub use hello::{Hello, HelloAck};
pub use labels::{LABEL_ENTRY_LEN, Label, LabelList, Labels};
pub use packed::{ENTRY_LEN, ListRules, Packed};
pub use packed_writer::{PackedWriter, write_batch, write_list};
pub use text::{CStrBuf, CStrView};
pub use writer::{Fields, Writer};

/// Something that can be written to a payload.
pub trait Encode {
    /// Bytes that [`encode`](Self::encode) writes.
    fn size(&self) -> usize;

    /// Writes `self` at the writer's position, which is a multiple of 8 from the payload's start.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where there is no room, [`WireErrorKind::BadLayout`] where the
    /// value may not be sent.
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError>;
}

/// Something that can be read from bytes, borrowing from them.
pub trait Decode<'a>: Sized {
    /// Reads and validates `Self` from all of `bytes`.
    ///
    /// # Errors
    /// Which field breaks which rule.
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError>;
}

/// Rounds up to the wire's alignment.
#[must_use]
#[inline]
pub const fn align8(n: usize) -> usize {
    n.saturating_add(7) & !7
}

/// The same for positions in a buffer, where nothing needs to saturate.
#[inline]
const fn next8(n: usize) -> usize {
    (n + 7) & !7
}
