//! The one place that indexes bytes.

#![expect(
    clippy::indexing_slicing,
    reason = "the cursor is where bounds are proven; everybody else goes through it"
)]

use super::short::{copy, find_nul};
use super::{CStrView, WireError, WireErrorKind, align8};

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

    /// The next 2 bytes as a number.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`].
    #[inline]
    pub fn u16(&mut self, what: &'static str) -> Result<u16, WireError> {
        self.array(what).map(u16::from_le_bytes)
    }

    /// The next 4 bytes as a number.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`].
    #[inline]
    pub fn u32(&mut self, what: &'static str) -> Result<u32, WireError> {
        self.array(what).map(u32::from_le_bytes)
    }

    /// The next 8 bytes as a number.
    ///
    /// # Errors
    /// [`WireErrorKind::Truncated`].
    #[inline]
    pub fn u64(&mut self, what: &'static str) -> Result<u64, WireError> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// Fails unless the next 2 bytes are `want`.
    ///
    /// # Errors
    /// [`WireErrorKind::BadLayout`], or [`WireErrorKind::Truncated`].
    #[inline]
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
    #[inline]
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
    #[inline]
    pub fn span(&mut self, what: &'static str) -> Result<Span, WireError> {
        Ok(Span {
            offset: self.u32(what)? as usize,
            len: self.u32(what)? as usize,
        })
    }

    #[inline]
    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], WireError> {
        match self.rest.split_first_chunk() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(*head)
            }
            None => Err(WireError::truncated(what, N, self.rest.len())),
        }
    }
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
        offset = span.end();
        span
    })
}

/// The strings at `spans`, and one past the last of them: inside the item, after its `header`,
/// closed by NUL, without NUL inside, not overlapping.
///
/// # Errors
/// Which rule the strings of `what` break.
#[inline]
pub fn strings<'a, const N: usize>(
    item: &'a [u8],
    header: usize,
    spans: [Span; N],
    what: &'static str,
) -> Result<([CStrView<'a>; N], usize), WireError> {
    let mut out = [CStrView::EMPTY; N];
    let mut end = header;
    for (i, span) in spans.iter().enumerate() {
        out[i] = string(item, header, *span, what)?;
        if let Some(inside) = find_nul(&out[i]) {
            return Err(WireError::layout(what, span.len as u64, inside as u64));
        }
        // Strings that follow one another, as encoders write them, need no comparison in pairs.
        if span.offset < end && !spans[..i].iter().all(|other| span.apart_from(*other)) {
            return Err(WireError::layout(what, end as u64, span.offset as u64));
        }
        end = end.max(span.end());
    }
    Ok((out, end))
}

/// The string at `span`: inside the item, after its `header`, closed by NUL.
///
/// # Errors
/// [`WireErrorKind::BadLayout`] for an offset inside the header, [`WireErrorKind::OutOfBounds`],
/// [`WireErrorKind::MissingNul`].
#[inline]
pub fn string<'a>(
    item: &'a [u8],
    header: usize,
    span: Span,
    what: &'static str,
) -> Result<CStrView<'a>, WireError> {
    if span.offset < header {
        return Err(WireError::layout(what, header as u64, span.offset as u64));
    }
    let Some(bytes) = item.get(span.offset..span.end()) else {
        let kind = WireErrorKind::OutOfBounds;
        return Err(WireError::new(
            kind,
            what,
            item.len() as u64,
            span.end() as u64,
        ));
    };
    match bytes.split_last() {
        Some((0, text)) => Ok(CStrView::new(text)),
        Some((last, text)) => {
            let at = (span.offset + text.len()) as u64;
            Err(WireError::new(
                WireErrorKind::MissingNul,
                what,
                at,
                u64::from(*last),
            ))
        }
        None => Err(WireError::truncated(what, 1, 0)),
    }
}

/// The string at `span` of an item that was validated before, without looking at it again.
///
/// Total: a span that points outside gives an empty string, as only a caller's mistake can.
#[must_use]
#[inline]
pub fn view(item: &[u8], span: Span) -> CStrView<'_> {
    let end = span.offset.saturating_add(span.len);
    CStrView::new(item.get(span.offset..end).unwrap_or_default())
}

/// Writes fields one after another into a slice that cannot grow.
#[derive(Debug)]
pub struct Writer<'b> {
    buf: &'b mut [u8],
    at: usize,
}

impl<'b> Writer<'b> {
    /// Starts at the front of `buf`.
    #[must_use]
    pub const fn new(buf: &'b mut [u8]) -> Self {
        Self { buf, at: 0 }
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.at
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.at == 0
    }

    /// Writes `bytes`.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`].
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let room = self.buf.len() - self.at;
        let Some(target) = self.buf[self.at..].get_mut(..bytes.len()) else {
            return Err(WireError::overflow("buffer", room, bytes.len()));
        };
        copy(target, bytes);
        self.at += bytes.len();
        Ok(())
    }

    /// Writes the fields of a record.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`].
    #[inline]
    pub fn fields<const N: usize>(&mut self, fields: Fields<N>) -> Result<(), WireError> {
        self.bytes(&fields.finish())
    }

    /// Writes `text` and a NUL; `text` must not hold one.
    ///
    /// # Errors
    /// [`WireErrorKind::BadLayout`] for a NUL inside, [`WireErrorKind::Overflow`].
    #[inline]
    pub fn text(&mut self, text: CStrView<'_>, what: &'static str) -> Result<(), WireError> {
        if let Some(inside) = find_nul(&text) {
            return Err(WireError::layout(what, text.len() as u64, inside as u64));
        }
        self.clean_text(text)
    }

    /// Writes `text`, which is known to hold no NUL, and a NUL.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`].
    #[inline]
    pub fn clean_text(&mut self, text: CStrView<'_>) -> Result<(), WireError> {
        let (len, room) = (text.len(), self.buf.len() - self.at);
        let target = self.buf[self.at..].get_mut(..=len);
        let Some((nul, target)) = target.and_then(|target| target.split_last_mut()) else {
            return Err(WireError::overflow("buffer", room, len + 1));
        };
        copy(target, &text);
        *nul = 0;
        self.at += len + 1;
        Ok(())
    }

    /// Writes zeros up to the next multiple of 8.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`].
    #[inline]
    pub fn align(&mut self) -> Result<(), WireError> {
        let aligned = align8(self.at);
        if aligned > self.buf.len() {
            let room = self.buf.len() - self.at;
            return Err(WireError::overflow("buffer", room, aligned - self.at));
        }
        zero_from(self.buf, self.at);
        self.at = aligned;
        Ok(())
    }

    /// Two writers side by side: one for the next `front` bytes, one for what follows. What they
    /// write counts once it is [`joined`](Self::join).
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`].
    #[inline]
    pub fn fork(&mut self, front: usize) -> Result<(Writer<'_>, Writer<'_>), WireError> {
        let room = self.buf.len() - self.at;
        match self.buf[self.at..].split_at_mut_checked(front) {
            Some((front, rest)) => Ok((Writer::new(front), Writer::new(rest))),
            None => Err(WireError::overflow("buffer", room, front)),
        }
    }

    /// Counts `len` bytes that [forked](Self::fork) writers have written.
    ///
    /// # Panics
    /// Beyond the end of the buffer, which no forked writer can have written to.
    #[inline]
    pub fn join(&mut self, len: usize) {
        assert!(
            len <= self.buf.len() - self.at,
            "a forked writer stays inside the buffer"
        );
        self.at += len;
    }
}

/// Zeros the bytes from `at` up to the next multiple of 8, and maybe some more of the eight: what
/// is written there later does not mind.
#[inline]
pub(super) fn zero_from(buf: &mut [u8], at: usize) {
    match buf.get_mut(at..) {
        Some(rest) if rest.len() >= 8 => rest[..8].copy_from_slice(&[0; 8]),
        Some(rest) => rest.fill(0),
        None => {}
    }
}

/// The fields of a record of `N` bytes, written in order.
///
/// Each write has a constant position, so that a record costs one copy.
#[derive(Clone, Copy, Debug)]
pub struct Fields<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Fields<N> {
    /// No field yet.
    #[must_use]
    #[inline]
    pub const fn new() -> Self {
        Self {
            bytes: [0; N],
            at: 0,
        }
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

    /// Adds an offset and a length, which the caller has checked to fit 32 bits.
    #[must_use]
    #[inline]
    pub fn span(self, span: Span) -> Self {
        self.size(span.offset).size(span.len)
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

    /// The bytes.
    ///
    /// # Panics
    /// Unless the fields add up to `N` bytes, which is a mistake in the layout.
    #[must_use]
    #[inline]
    pub const fn finish(self) -> [u8; N] {
        assert!(self.at == N, "the fields of a record add up to its size");
        self.bytes
    }

    #[inline]
    fn put<const M: usize>(mut self, value: [u8; M]) -> Self {
        self.bytes[self.at..self.at + M].copy_from_slice(&value);
        self.at += M;
        self
    }
}

impl<const N: usize> Default for Fields<N> {
    fn default() -> Self {
        Self::new()
    }
}
