//! Bytes and nothing else: fixed fields, 8-aligned packed lists, strings with their NUL, labels.

mod bytes;
mod chunk;
mod codes;
mod cursor;
mod error;
mod header;
mod hello;
mod labels;
mod list;
mod methods;
mod number;
mod packed;
mod packed_writer;
mod short;
mod text;
mod valid;
mod writer;

pub use bytes::Bytes;
pub use chunk::ChunkHeader;
pub use codes::{Flags, Kind, Opcode, Profiles, Status};
pub use cursor::{Reader, Span, adjacent_strings, is_padded, lay_out, string, strings};
pub use error::{WireError, WireErrorKind};
pub use header::Header;
pub use hello::{Hello, HelloAck};
pub use labels::{LABEL_ENTRY_LEN, Label, LabelList, Labels};
pub use list::{Layout, List, ListBuf};
pub use methods::MethodCode;
pub use packed::{ENTRY_LEN, ListRules, Packed};
pub use packed_writer::{PackedWriter, write_batch, write_list};
pub use text::{CStrBuf, CStrView};
pub use valid::Valid;
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

    /// Whether `bytes` surely decode, told in less time than [`decode`](Self::decode) takes, which says why
    /// they do not, and may accept what is out of the ordinary all the same.
    #[must_use]
    #[inline]
    fn decodes(bytes: &'a [u8]) -> bool {
        Self::decode(bytes).is_ok()
    }

    /// Reads `Self` from bytes that have been decoded before.
    ///
    /// The default decodes them again, which is right for values of a few fields. What takes a scan
    /// to decode reads here without one: numbers with a [`Reader`], strings with [`Valid::text`].
    #[must_use]
    fn view(valid: Valid<'a, Self>) -> Self {
        match Self::decode(valid.bytes()) {
            Ok(view) => view,
            Err(error) => panic!("bytes that were decoded do not decode again: {error}"),
        }
    }
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
