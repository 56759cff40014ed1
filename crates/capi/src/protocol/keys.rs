//! Paths that C asks for, used where they are.

#![expect(unsafe_code, reason = "characters of C are read here")]

use std::marker::PhantomData;
use std::ops::Range;

use netipc::lookup::TextKey;
use netipc::wire::WireError;

use super::nipc_str_view_t;
use crate::border::{chars, elements};
use crate::error::CodeResult;

/// A path in memory of C, there for `'k`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Path<'k>(nipc_str_view_t, PhantomData<&'k ()>);

/// The paths of a lookup, none of them looked at yet.
///
/// # Safety
/// As for [`elements`]; and each element's characters are there for `'k`, as for [`chars`].
pub(crate) unsafe fn paths<'k>(
    paths: *const nipc_str_view_t,
    count: u32,
) -> CodeResult<&'k [Path<'k>]> {
    // SAFETY: the caller's promise is that of `elements`, and a `Path` is laid out as what is in it.
    unsafe { elements(paths.cast(), count as usize) }
}

impl<'k> Path<'k> {
    #[inline]
    fn text(self) -> &'k [u8] {
        // NULL with a length becomes an empty text, which is refused as a key.
        // SAFETY: whoever made the path has promised its characters for `'k`.
        unsafe { chars(self.0.ptr, self.0.len) }.unwrap_or_default()
    }

    fn of(text: &'k [u8]) -> Self {
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let ptr = text.as_ptr().cast();
        Self(nipc_str_view_t { ptr, len }, PhantomData)
    }
}

impl<'k> TryFrom<Path<'k>> for TextKey<'k> {
    type Error = WireError;

    #[inline]
    fn try_from(path: Path<'k>) -> Result<Self, WireError> {
        TextKey::new(path.text())
    }
}

/// Copies of paths that lie in the last answer, which the next answer overwrites.
pub(crate) struct OwnedKeys {
    texts: Vec<Box<[u8]>>,
}

impl OwnedKeys {
    /// Copies of `paths`, where one of them lies in `answer`.
    pub(crate) fn new(paths: &[Path<'_>], answer: &Range<usize>) -> Option<Self> {
        let inside = |path: &Path<'_>| answer.contains(&path.0.ptr.addr());
        let copy = |path: &Path<'_>| path.text().into();
        paths.iter().any(inside).then(|| Self {
            texts: paths.iter().map(copy).collect(),
        })
    }

    pub(crate) fn paths(&self) -> Vec<Path<'_>> {
        self.texts.iter().map(|text| Path::of(text)).collect()
    }
}

/// Whether `text` lies in `answer`.
pub(crate) fn lies_in(text: &[u8], answer: &Range<usize>) -> bool {
    answer.contains(&text.as_ptr().addr())
}
