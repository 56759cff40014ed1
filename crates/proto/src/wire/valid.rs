//! The proof that bytes are what they are read as.

use std::fmt;
use std::marker::PhantomData;

use super::{CStrView, Decode, Labels, Layout, List, Packed, Span, WireError};

/// Bytes that have been decoded as a `T`. Only decoding makes one, so that whoever holds it reads
/// them without a second check.
///
/// ```
/// use netipc_proto::wire::Valid;
///
/// let number = Valid::<u64>::decode(&[7, 0, 0, 0, 0, 0, 0, 0])?;
/// assert_eq!(number.view(), 7);
/// assert!(Valid::<u64>::decode(b"short").is_err());
/// # Ok::<(), netipc_proto::wire::WireError>(())
/// ```
pub struct Valid<'a, T> {
    bytes: &'a [u8],
    _decoded: PhantomData<fn() -> T>,
}

impl<'a, T: Decode<'a>> Valid<'a, T> {
    /// Decodes `bytes`, and keeps the proof.
    ///
    /// # Errors
    /// As [`Decode::decode`].
    #[inline]
    pub fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        T::decode(bytes)?;
        Ok(Self::assume(bytes))
    }

    /// What the bytes say, read without checking them again.
    #[must_use]
    #[inline(always)]
    pub fn view(self) -> T {
        T::view(self)
    }
}

impl<'a, T> Valid<'a, T> {
    /// The proof for bytes that are known to decode as a `T`.
    #[inline]
    pub(crate) const fn assume(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            _decoded: PhantomData,
        }
    }

    /// The bytes.
    #[must_use]
    #[inline]
    pub const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// The string at `span`, which decoding a `T` has checked.
    ///
    /// A span that is not inside is a mistake in `T`: it panics where debug assertions are on, and gives
    /// an empty text elsewhere. With a panic there, reading an item would take 5 % more instructions.
    #[must_use]
    #[inline(always)]
    pub fn text(self, span: Span) -> CStrView<'a> {
        match self
            .bytes
            .get(span.offset..span.offset.saturating_add(span.len))
        {
            Some(text) => CStrView::new(text),
            None => {
                never_checked("span");
                CStrView::EMPTY
            }
        }
    }

    /// The `count` labels behind the strings, which end at `end`. Decoding a `T` has checked them,
    /// with [`Labels::parse`].
    ///
    /// A table that is not inside is a mistake in `T`, as in [`text`](Self::text), and gives no labels.
    #[must_use]
    #[inline]
    pub fn labels(self, count: u16, end: usize) -> Labels<'a> {
        Labels::of_checked(self.bytes, count, end)
    }

    /// The list of `count` items behind the first `header` bytes, which decoding a `T` has checked
    /// with [`List::decode`].
    ///
    /// A directory that is not inside is a mistake in `T`, as in [`text`](Self::text), and gives no
    /// items.
    #[must_use]
    #[inline]
    pub fn list<L: Layout>(self, header: usize, count: u32) -> List<'a, L> {
        List::of_checked(self.packed(header, count))
    }

    /// As [`list`](Self::list), of items that nobody has checked.
    #[must_use]
    #[inline]
    pub fn packed(self, header: usize, count: u32) -> Packed<'a> {
        match Packed::split(self.bytes, header, count) {
            Ok(list) => list,
            Err(_) => {
                never_checked("directory");
                Packed::default()
            }
        }
    }
}

/// Tells the author of a layout that he reads what decoding does not check.
#[cold]
pub(super) fn never_checked(what: &str) {
    debug_assert!(
        false,
        "the {what} was not checked when its bytes were decoded"
    );
}

impl<T> Clone for Valid<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Valid<'_, T> {}

impl<T> fmt::Debug for Valid<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Valid").field(&self.bytes).finish()
    }
}
