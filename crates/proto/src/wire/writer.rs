use core::net::IpAddr;
use std::mem;

use super::cursor::nul_inside;
use super::short::{copy, copy_text};
use super::{CStrView, Span, WireError};

/// Writes fields one after another into a slice that cannot grow, up to 4 GiB: every position is
/// one that the wire can tell.
#[derive(Debug)]
pub struct Writer<'b> {
    rest: &'b mut [u8],
    total: usize,
}

impl<'b> Writer<'b> {
    /// Starts at the front of `buf`.
    #[must_use]
    #[inline]
    pub const fn new(buf: &'b mut [u8]) -> Self {
        Self::within(addressable(buf))
    }

    /// Starts at the front of a part of an [`addressable`] buffer.
    #[inline]
    pub(super) const fn within(buf: &'b mut [u8]) -> Self {
        let total = buf.len();
        Self { rest: buf, total }
    }

    /// Bytes written so far.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.total - self.rest.len()
    }

    /// Whether nothing was written yet.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes `bytes`.
    ///
    /// # Errors
    /// [`Overflow`](super::WireErrorKind::Overflow).
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        copy(self.skip(bytes.len())?, bytes);
        Ok(())
    }

    /// Writes a record of `N` bytes, in which `write` fills in every field.
    ///
    /// # Errors
    /// [`Overflow`](super::WireErrorKind::Overflow).
    ///
    /// # Panics
    /// Unless the fields add up to `N` bytes, which is a mistake in the layout.
    #[inline(always)]
    pub fn record<const N: usize>(
        &mut self,
        write: impl FnOnce(Fields<'_>) -> Fields<'_>,
    ) -> Result<(), WireError> {
        if let Some(record) = self.skip(N)?.first_chunk_mut::<N>() {
            Fields::fill(record, write);
        }
        Ok(())
    }

    /// Writes `text` and a NUL; `text` must not hold one.
    ///
    /// # Errors
    /// [`BadLayout`](super::WireErrorKind::BadLayout) for a NUL inside,
    /// [`Overflow`](super::WireErrorKind::Overflow).
    #[inline(always)]
    pub fn text(&mut self, text: CStrView<'_>, what: &'static str) -> Result<(), WireError> {
        put_text(self.rest, text, what)?;
        self.skip_text(text);
        Ok(())
    }

    /// Writes `text`, which is known to hold no NUL, and a NUL.
    ///
    /// # Errors
    /// [`Overflow`](super::WireErrorKind::Overflow).
    #[inline(always)]
    pub fn clean_text(&mut self, text: CStrView<'_>) -> Result<(), WireError> {
        let room = self.rest.len();
        match self.rest.split_at_mut_checked(text.len()) {
            Some((target, [nul, ..])) => {
                copy(target, &text);
                *nul = 0;
            }
            _ => return Err(WireError::overflow("buffer", room, text.len() + 1)),
        }
        self.skip_text(text);
        Ok(())
    }

    /// Writes zeros up to the next multiple of 8.
    ///
    /// # Errors
    /// [`Overflow`](super::WireErrorKind::Overflow).
    #[inline]
    pub fn align(&mut self) -> Result<(), WireError> {
        let gap = self.len().wrapping_neg() % 8;
        if gap > self.rest.len() {
            return Err(WireError::overflow("buffer", self.rest.len(), gap));
        }
        zero_from(self.rest, 0);
        self.skip(gap)?;
        Ok(())
    }

    /// Hands the rest of the buffer to `write`, which gives back what it leaves of it. By value, so
    /// that the compiler keeps it in registers.
    ///
    /// # Errors
    /// Those of `write`; there is no room for anything more then.
    #[inline(always)]
    pub(super) fn rest(
        &mut self,
        write: impl FnOnce(&'b mut [u8]) -> Result<&'b mut [u8], WireError>,
    ) -> Result<(), WireError> {
        self.rest = write(mem::take(&mut self.rest))?;
        Ok(())
    }

    #[inline(always)]
    fn skip(&mut self, len: usize) -> Result<&'b mut [u8], WireError> {
        if len > self.rest.len() {
            return Err(WireError::overflow("buffer", self.rest.len(), len));
        }
        let (skipped, rest) = mem::take(&mut self.rest).split_at_mut(len);
        self.rest = rest;
        Ok(skipped)
    }

    /// Counts a text that was written, and its NUL.
    #[inline(always)]
    fn skip_text(&mut self, text: CStrView<'_>) {
        let rest = mem::take(&mut self.rest).get_mut(text.len()..);
        self.rest = rest.and_then(|rest| rest.get_mut(1..)).unwrap_or_default();
    }
}

/// The part of `buf` whose positions fit 32 bits.
#[inline]
pub(super) const fn addressable(buf: &mut [u8]) -> &mut [u8] {
    let len = match buf.len() {
        len if len > u32::MAX as usize => u32::MAX as usize,
        len => len,
    };
    buf.split_at_mut(len).0
}

/// Writes `text` and a NUL to the front of `buf`; returns what is behind them.
///
/// # Errors
/// [`BadLayout`](super::WireErrorKind::BadLayout) for a NUL inside,
/// [`Overflow`](super::WireErrorKind::Overflow).
#[inline(always)]
pub(super) fn put_text<'b>(
    buf: &'b mut [u8],
    text: CStrView<'_>,
    what: &'static str,
) -> Result<&'b mut [u8], WireError> {
    let room = buf.len();
    let Some((target, [nul, rest @ ..])) = buf.split_at_mut_checked(text.len()) else {
        return Err(WireError::overflow("buffer", room, text.len() + 1));
    };
    *nul = 0;
    if copy_text(target, &text) {
        Err(nul_inside(text, what))
    } else {
        Ok(rest)
    }
}

/// Zeros the bytes from `at` up to the next multiple of 8, and maybe some more of the eight: what
/// is written there later does not mind.
#[inline]
pub(super) fn zero_from(buf: &mut [u8], at: usize) {
    let Some(rest) = buf.get_mut(at..) else {
        return;
    };
    match rest.first_chunk_mut::<8>() {
        Some(gap) => *gap = [0; 8],
        None => rest.fill(0),
    }
}

/// The fields of a record, written in order to where they belong.
///
/// Records and fields have constant lengths, so that a field costs one store and no check.
///
/// ```
/// use netipc_proto::wire::Fields;
///
/// let record: [u8; 8] = Fields::record(|fields| fields.u16(1).u16(2).u32(3));
/// assert_eq!(record, [1, 0, 2, 0, 3, 0, 0, 0]);
/// ```
#[derive(Debug)]
pub struct Fields<'b> {
    rest: &'b mut [u8],
}

impl Fields<'_> {
    /// A record of its own, in which `write` fills in every field.
    ///
    /// # Panics
    /// Unless the fields add up to `N` bytes, which is a mistake in the layout.
    #[must_use]
    #[inline]
    pub fn record<const N: usize>(write: impl FnOnce(Fields<'_>) -> Fields<'_>) -> [u8; N] {
        let mut record = [0; N];
        Self::fill(&mut record, write);
        record
    }

    /// Adds a byte.
    #[must_use]
    #[inline]
    pub fn u8(self, n: u8) -> Self {
        self.put([n])
    }

    /// Adds bytes as they are.
    #[must_use]
    #[inline]
    pub fn bytes<const N: usize>(self, bytes: [u8; N]) -> Self {
        self.put(bytes)
    }

    /// Adds an address or none: its size in 2 bytes, and 16 bytes, zeros behind the address.
    #[must_use]
    pub fn ip(self, address: Option<IpAddr>) -> Self {
        let (size, mut room) = match address {
            None => (0, [0; 16]),
            Some(IpAddr::V4(_)) => (4, [0; 16]),
            Some(IpAddr::V6(v6)) => (16, v6.octets()),
        };
        if let (Some(IpAddr::V4(v4)), Some(front)) = (address, room.first_chunk_mut()) {
            *front = v4.octets();
        }
        self.u16(size).put(room)
    }

    /// Adds a 2-byte number.
    #[must_use]
    #[inline]
    pub fn u16(self, n: u16) -> Self {
        self.put(n.to_le_bytes())
    }

    /// Adds a 4-byte number.
    #[must_use]
    #[inline]
    pub fn u32(self, n: u32) -> Self {
        self.put(n.to_le_bytes())
    }

    /// Adds an 8-byte number.
    #[must_use]
    #[inline]
    pub fn u64(self, n: u64) -> Self {
        self.put(n.to_le_bytes())
    }

    /// Adds the offset and the length of what the same [`Writer`] takes, or refuses beyond 4 GiB.
    #[must_use]
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a writer takes no more than 4 GiB, so that what is cut off here is never sent"
    )]
    pub fn span(self, Span { offset, len }: Span) -> Self {
        self.u32(offset as u32).u32(len as u32)
    }

    /// Adds a size that is at most that of a payload, and so fits 32 bits.
    ///
    /// # Panics
    /// On a size above 4 GiB, which no buffer that an item is written to can hold.
    #[must_use]
    #[inline]
    pub fn size(self, n: usize) -> Self {
        self.u32(u32::try_from(n).expect("an item is checked against a 32-bit limit first"))
    }

    #[inline]
    pub(super) fn fill<const N: usize>(
        record: &mut [u8; N],
        write: impl FnOnce(Fields<'_>) -> Fields<'_>,
    ) {
        let Fields { rest } = write(Fields { rest: record });
        assert!(rest.is_empty(), "{ADD_UP}");
    }

    #[inline]
    fn put<const M: usize>(self, value: [u8; M]) -> Self {
        let (field, rest) = self.rest.split_first_chunk_mut().expect(ADD_UP);
        *field = value;
        Self { rest }
    }
}

const ADD_UP: &str = "the fields of a record add up to its size";
