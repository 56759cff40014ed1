use std::fmt;

use netipc_proto::wire::{
    CStrView, Decode, Encode, Reader, Span, Valid, WireError, Writer, string,
};

use super::LookupKey;

/// A key that is a text with a NUL behind it: not empty, without NUL inside.
///
/// ```
/// use netipc::lookup::TextKey;
///
/// assert_eq!(TextKey::new(b"/init.scope")?.as_bytes(), b"/init.scope");
/// assert!(TextKey::new(b"").is_err());
/// assert!(TextKey::new(b"a\0b").is_err());
/// # Ok::<(), netipc::wire::WireError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TextKey<'a>(CStrView<'a>);

impl<'a> TextKey<'a> {
    /// A key to ask for, or to answer with.
    ///
    /// # Errors
    /// For an empty text, or one with a NUL.
    #[inline]
    pub fn new(text: &'a [u8]) -> Result<Self, WireError> {
        let view = CStrView::new(text);
        if text.is_empty() || view.has_nul() {
            return Err(no_key(text));
        }
        Ok(Self(view))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0.as_bytes()
    }

    /// As text.
    #[must_use]
    pub const fn text(self) -> CStrView<'a> {
        self.0
    }

    /// A text of an item whose strings have been checked. The empty one is of an item without a key, which
    /// is neither read nor written.
    #[doc(hidden)]
    #[must_use]
    pub const fn checked(text: CStrView<'a>) -> Self {
        Self(text)
    }
}

impl<'a> TryFrom<&'a [u8]> for TextKey<'a> {
    type Error = WireError;

    fn try_from(text: &'a [u8]) -> Result<Self, WireError> {
        Self::new(text)
    }
}

impl<'a> TryFrom<&'a str> for TextKey<'a> {
    type Error = WireError;

    fn try_from(text: &'a str) -> Result<Self, WireError> {
        Self::new(text.as_bytes())
    }
}

impl fmt::Display for TextKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'a> LookupKey<'a> for TextKey<'a> {
    const MIN_LEN: usize = 2;
}

impl<'a> Decode<'a> for TextKey<'a> {
    #[inline]
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let span = Span {
            offset: 0,
            len: bytes.len().saturating_sub(1),
        };
        Self::new(string(bytes, 0, span, "key")?.as_bytes())
    }

    #[inline]
    fn decodes(bytes: &'a [u8]) -> bool {
        let [text @ .., 0] = bytes else {
            return false;
        };
        !text.is_empty() && !CStrView::new(text).has_nul()
    }

    #[inline]
    fn view(valid: Valid<'a, Self>) -> Self {
        let (text, _) = valid
            .bytes()
            .split_at(valid.bytes().len().saturating_sub(1));
        Self(CStrView::new(text))
    }
}

impl Encode for TextKey<'_> {
    #[inline]
    fn size(&self) -> usize {
        self.0.len() + 1
    }

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.clean_text(self.0)
    }
}

/// Why `text` is no key.
#[cold]
fn no_key(text: &[u8]) -> WireError {
    match memchr::memchr(0, text) {
        Some(nul) => WireError::layout("NUL in key", text.len() as u64, nul as u64),
        None => WireError::layout("key length", 1, 0),
    }
}

/// A key that is a number, with four bytes of zero behind it. 0 is a legal key.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct NumberKey(pub u32);

impl From<u32> for NumberKey {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

impl<'a> LookupKey<'a> for NumberKey {
    const MIN_LEN: usize = 8;
}

impl<'a> Decode<'a> for NumberKey {
    #[inline]
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        if bytes.len() != <Self as LookupKey>::MIN_LEN {
            return Err(WireError::layout("key length", 8, bytes.len() as u64));
        }
        let mut r = Reader::new(bytes);
        let number = r.u32("key")?;
        r.expect_zero_u32("key reserved")?;
        Ok(Self(number))
    }

    #[inline]
    fn view(valid: Valid<'a, Self>) -> Self {
        let number = valid.bytes().first_chunk();
        Self(number.map_or(0, |number| u32::from_le_bytes(*number)))
    }
}

impl Encode for NumberKey {
    #[inline]
    fn size(&self) -> usize {
        8
    }

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.record::<8>(|fields| fields.u32(self.0).u32(0))
    }
}
