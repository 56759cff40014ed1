//! Windows: paths are UTF-8.

use std::borrow::Cow;
use std::ffi::CStr;
use std::path::{Path, PathBuf};

/// A path as C writes it: in UTF-8, which becomes the UTF-16 of the system. What is not UTF-8 becomes
/// a path that has U+FFFD in those places.
pub(crate) fn path(path: &CStr) -> Cow<'_, Path> {
    match path.to_string_lossy() {
        Cow::Borrowed(path) => Path::new(path).into(),
        Cow::Owned(path) => PathBuf::from(path).into(),
    }
}
