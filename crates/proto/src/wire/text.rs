use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::Utf8Error;

use super::short::has_nul;

/// A string on the wire: bytes that a NUL follows, usually but not always UTF-8.
///
/// ```
/// use netipc_proto::wire::CStrView;
///
/// let name = CStrView::from("docker-abc");
/// assert_eq!(name.as_bytes(), b"docker-abc");
/// assert_eq!(name.as_str(), Ok("docker-abc"));
/// assert_eq!(name.to_string(), "docker-abc");
/// ```
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CStrView<'a>(&'a [u8]);

impl<'a> CStrView<'a> {
    /// The empty string.
    pub const EMPTY: Self = Self(b"");

    /// A view of `bytes`, without a NUL.
    #[must_use]
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes without the NUL.
    #[must_use]
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether there is a NUL in it, which no string on the wire may have.
    #[must_use]
    #[inline]
    pub fn has_nul(self) -> bool {
        has_nul(self.0)
    }

    /// The text, where it is UTF-8.
    ///
    /// # Errors
    /// Where it stops being UTF-8.
    pub const fn as_str(self) -> Result<&'a str, Utf8Error> {
        std::str::from_utf8(self.0)
    }

    /// The text, with what is not UTF-8 replaced.
    #[must_use]
    pub fn to_string_lossy(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.0)
    }
}

impl Deref for CStrView<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.0
    }
}

impl<'a, T: AsRef<[u8]> + ?Sized> From<&'a T> for CStrView<'a> {
    #[inline]
    fn from(text: &'a T) -> Self {
        Self(text.as_ref())
    }
}

impl PartialEq<[u8]> for CStrView<'_> {
    fn eq(&self, other: &[u8]) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for CStrView<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for CStrView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_string_lossy())
    }
}

impl fmt::Debug for CStrView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string_lossy(), f)
    }
}

/// A string that owns its bytes.
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CStrBuf(Vec<u8>);

impl CStrBuf {
    /// The string as a view, with everything a view can do.
    #[must_use]
    pub fn view(&self) -> CStrView<'_> {
        CStrView(&self.0)
    }
}

impl From<CStrView<'_>> for CStrBuf {
    fn from(text: CStrView<'_>) -> Self {
        Self(text.0.to_vec())
    }
}

impl Deref for CStrBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for CStrBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

impl fmt::Debug for CStrBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.view(), f)
    }
}
