//! Paths that C asks for, used where they are.

#![expect(unsafe_code, reason = "characters of C are read here")]

use std::marker::PhantomData;

use netipc::lookup::TextKey;
use netipc::wire::WireError;

use crate::border::{chars, elements};
use crate::error::Outcome;
use crate::protocol::nipc_str_view_t;

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
) -> Outcome<&'k [Path<'k>]> {
    // SAFETY: the caller's promise is that of `elements`, and a `Path` is laid out as what is in it.
    unsafe { elements(paths.cast(), count as usize) }
}

impl<'k> TryFrom<Path<'k>> for TextKey<'k> {
    type Error = WireError;

    #[inline]
    fn try_from(path: Path<'k>) -> Result<Self, WireError> {
        // SAFETY: whoever made the path has promised its characters for `'k`.
        let text = unsafe { chars(path.0.ptr, path.0.len) };
        TextKey::new(text.unwrap_or_default())
    }
}
