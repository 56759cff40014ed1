//! Where bytes are read, and every bound is checked.

use core::net::IpAddr;

use super::short::{Part, WINDOW, count_all_nuls, count_nuls};
use super::{CStrView, WireError, WireErrorKind};

/// Reads fixed-size fields from the front of a slice.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the front of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Reads the first `N` bytes of `bytes` only. One check here makes those of the fields fold
    /// away.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`] where there are fewer.
    #[inline]
    pub fn record<const N: usize>(bytes: &'a [u8], what: &'static str) -> Result<Self, WireError> {
        match bytes.first_chunk::<N>() {
            Some(record) => Ok(Self { rest: record }),
            None => Err(WireError::truncated(what, N, bytes.len())),
        }
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`].
    #[inline]
    pub fn u8(&mut self, what: &'static str) -> Result<u8, WireError> {
        self.bytes(what).map(u8::from_le_bytes)
    }

    /// The next 2 bytes as a number.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`].
    #[inline(always)]
    pub fn u16(&mut self, what: &'static str) -> Result<u16, WireError> {
        self.bytes(what).map(u16::from_le_bytes)
    }

    /// The next 4 bytes as a number.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`].
    #[inline(always)]
    pub fn u32(&mut self, what: &'static str) -> Result<u32, WireError> {
        self.bytes(what).map(u32::from_le_bytes)
    }

    /// The next 8 bytes as a number.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`].
    #[inline(always)]
    pub fn u64(&mut self, what: &'static str) -> Result<u64, WireError> {
        self.bytes(what).map(u64::from_le_bytes)
    }

    /// Fails unless the next 2 bytes are `want`.
    ///
    /// # Errors
    /// [`WireErrorKind::BadLayout`], or [`WireErrorKind::Truncated`].
    #[inline(always)]
    pub fn expect_u16(&mut self, want: u16, what: &'static str) -> Result<(), WireError> {
        match self.u16(what)? {
            found if found == want => Ok(()),
            found => Err(WireError::layout(what, want.into(), found.into())),
        }
    }

    /// Fails unless the next 4 bytes are zero.
    ///
    /// # Errors
    /// [`WireErrorKind::BadLayout`], or [`WireErrorKind::Truncated`].
    #[inline(always)]
    pub fn expect_zero_u32(&mut self, what: &'static str) -> Result<(), WireError> {
        match self.u32(what)? {
            0 => Ok(()),
            found => Err(WireError::layout(what, 0, found.into())),
        }
    }

    /// The next 8 bytes as an offset and a length.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`].
    #[inline(always)]
    pub fn span(&mut self, what: &'static str) -> Result<Span, WireError> {
        Ok(Span {
            offset: self.u32(what)? as usize,
            len: self.u32(what)? as usize,
        })
    }

    /// The next `N` bytes as a text of at most so many, with zeros behind it.
    ///
    /// # Errors
    /// [`WireErrorKind::BadLayout`] for anything behind the first zero, or
    /// [`WireErrorKind::Truncated`].
    #[inline]
    pub fn chars<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], WireError> {
        let text: [u8; N] = self.bytes(what)?;
        if !is_padded(&text) {
            return Err(WireError::layout(what, 0, N as u64));
        }
        Ok(text)
    }

    /// An address or none: its size in 2 bytes, and 16 bytes, zeros behind the address.
    ///
    /// # Errors
    /// [`WireErrorKind::BadLayout`] for another size than 0, 4 or 16, and for anything behind the
    /// address, or [`WireErrorKind::Truncated`].
    pub fn ip(&mut self, what: &'static str) -> Result<Option<IpAddr>, WireError> {
        let (size, room) = (self.u16(what)?, self.bytes::<16>(what)?);
        match (size, room) {
            (0, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) => Ok(None),
            (4, [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) => {
                Ok(Some(IpAddr::from([a, b, c, d])))
            }
            (16, octets) => Ok(Some(IpAddr::from(octets))),
            _ => Err(WireError::layout(what, 16, size.into())),
        }
    }

    /// Fails unless the next `N` bytes are zero.
    ///
    /// # Errors
    /// [`WireErrorKind::BadLayout`], or [`WireErrorKind::Truncated`].
    #[inline]
    pub fn expect_zeros<const N: usize>(&mut self, what: &'static str) -> Result<(), WireError> {
        match self.bytes::<N>(what)?.into_iter().find(|byte| *byte != 0) {
            None => Ok(()),
            Some(found) => Err(WireError::layout(what, 0, found.into())),
        }
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`].
    #[inline(always)]
    pub fn bytes<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], WireError> {
        match self.rest.split_first_chunk() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(*head)
            }
            None => Err(WireError::truncated(what, N, self.rest.len())),
        }
    }
}

/// Whether a text of fixed size has nothing but zeros behind its first zero.
#[must_use]
#[inline]
pub fn is_padded(text: &[u8]) -> bool {
    let behind = text.iter().skip_while(|byte| **byte != 0);
    behind.into_iter().all(|byte| *byte == 0)
}

/// Where a string lies in its item: bytes from the item's start, NUL not counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Span {
    /// Bytes from the start of the item.
    pub offset: usize,
    /// Bytes without the closing NUL.
    pub len: usize,
}

impl Span {
    /// One past the closing NUL.
    #[must_use]
    #[inline]
    pub const fn end(self) -> usize {
        self.offset.saturating_add(self.len).saturating_add(1)
    }

    /// Whether the two strings, NULs included, share no byte.
    #[must_use]
    pub const fn apart_from(self, other: Self) -> bool {
        other.end() <= self.offset || self.end() <= other.offset
    }
}

/// The spans of `strings` written one after another from `offset`.
#[must_use]
#[inline]
pub fn lay_out<const N: usize>(mut offset: usize, strings: [CStrView<'_>; N]) -> [Span; N] {
    strings.map(|s| {
        let span = Span {
            offset,
            len: s.len(),
        };
        offset += s.len() + 1;
        span
    })
}

/// The strings at `spans`, and one past the last of them: inside the item, after its `header`,
/// closed by NUL, without NUL inside, not overlapping.
///
/// # Errors
/// Which rule the strings of `what` break.
#[inline(always)]
pub fn strings<'a, const N: usize>(
    item: &'a [u8],
    header: usize,
    spans: [Span; N],
    what: &'static str,
) -> Result<([CStrView<'a>; N], usize), WireError> {
    if let Some(found) = adjacent_strings(item, header, spans) {
        return Ok(found);
    }
    one_by_one(item, header, spans, what)
}

/// The strings at `spans`, and one past the last of them, if they are as encoders write them: one behind
/// another from `header` on. Each ends at a NUL; if there is no other, none has one inside.
///
/// Nothing for any other strings, whether [`strings`] accepts or refuses them.
#[must_use]
#[inline(always)]
pub fn adjacent_strings<const N: usize>(
    item: &[u8],
    header: usize,
    spans: [Span; N],
) -> Option<([CStrView<'_>; N], usize)> {
    let all = item.get(header..)?;
    let mut texts = [CStrView::EMPTY; N];
    let mut end = 0;
    for (text, span) in texts.iter_mut().zip(spans) {
        if span.offset != header + end {
            return None;
        }
        let (bytes, [0, ..]) = all.get(end..)?.split_at_checked(span.len)? else {
            return None;
        };
        *text = CStrView::new(bytes);
        end += span.len + 1;
    }
    let nuls = match all.first_chunk::<WINDOW>() {
        Some(window) if end <= WINDOW => count_nuls(window, Part::First(end)).into(),
        _ => count_all_nuls(all.get(..end)?),
    };
    (nuls == N).then_some((texts, header + end))
}

/// The strings at `spans`, wherever they are, or which rule they break.
#[inline]
fn one_by_one<'a, const N: usize>(
    item: &'a [u8],
    header: usize,
    spans: [Span; N],
    what: &'static str,
) -> Result<([CStrView<'a>; N], usize), WireError> {
    let mut texts = [CStrView::EMPTY; N];
    let (mut end, mut in_order) = (header, true);
    for (text, span) in texts.iter_mut().zip(spans) {
        *text = string(item, header, span, what)?;
        in_order &= span.offset >= end;
        end = end.max(span.end());
    }
    // Strings that follow one another, as encoders write them, need no comparison in pairs.
    if !in_order {
        apart(spans, what)?;
    }
    texts.iter().try_for_each(|text| no_nul(*text, what))?;
    Ok((texts, end))
}

/// Fails where `text` has a NUL inside.
#[inline(always)]
pub(super) fn no_nul(text: CStrView<'_>, what: &'static str) -> Result<(), WireError> {
    if text.has_nul() {
        Err(nul_inside(text, what))
    } else {
        Ok(())
    }
}

/// Says where the NUL in `text` is.
#[cold]
pub(super) fn nul_inside(text: CStrView<'_>, what: &'static str) -> WireError {
    let at = memchr::memchr(0, &text).unwrap_or_default();
    WireError::layout(what, text.len() as u64, at as u64)
}

/// Fails where two of the strings, NULs included, share a byte.
#[cold]
fn apart<const N: usize>(spans: [Span; N], what: &'static str) -> Result<(), WireError> {
    for (i, span) in spans.iter().enumerate() {
        for other in spans.iter().take(i) {
            if !span.apart_from(*other) {
                let (end, start) = (other.end() as u64, span.offset as u64);
                return Err(WireError::layout(what, end, start));
            }
        }
    }
    Ok(())
}

/// The string at `span`: inside the item, after its `header`, closed by NUL.
///
/// # Errors
/// [`WireErrorKind::OutOfBounds`] for what begins inside the header or ends behind the item,
/// [`WireErrorKind::MissingNul`].
#[inline(always)]
pub fn string<'a>(
    item: &'a [u8],
    header: usize,
    span: Span,
    what: &'static str,
) -> Result<CStrView<'a>, WireError> {
    if span.offset >= header
        && let Some([text @ .., 0]) = item.get(span.offset..span.end())
    {
        return Ok(CStrView::new(text));
    }
    Err(bad_string(item, header, span, what))
}

/// Says which rule the string at `span` breaks.
#[cold]
fn bad_string(item: &[u8], header: usize, span: Span, what: &'static str) -> WireError {
    let (expected, found, kind) = if span.offset < header {
        (header, span.offset, WireErrorKind::OutOfBounds)
    } else if span.end() > item.len() {
        (item.len(), span.end(), WireErrorKind::OutOfBounds)
    } else {
        let at = span.end() - 1;
        let last = item.get(at).copied().unwrap_or_default();
        (at, last.into(), WireErrorKind::MissingNul)
    };
    WireError::new(kind, what, expected as u64, found as u64)
}
