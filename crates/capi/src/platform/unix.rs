//! Unix: paths are bytes.

use std::borrow::Cow;
use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A path as C writes it: any bytes.
pub(crate) fn path(path: &CStr) -> Cow<'_, Path> {
    Path::new(OsStr::from_bytes(path.to_bytes())).into()
}
