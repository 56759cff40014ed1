//! Buffers whose size somebody else has chosen.
#![expect(
    unsafe_code,
    reason = "the standard library gives zeroed memory only to those who end with it"
)]

use std::alloc::{Layout, alloc_zeroed};
use std::io;

/// A buffer of `len` zeros. As those come from the system, what is never touched costs nothing.
///
/// ```
/// assert_eq!(netipc_transport::zeroed(3)?, [0; 3]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// [`io::ErrorKind::OutOfMemory`], where `vec![0; len]` would end the process.
pub fn zeroed(len: usize) -> io::Result<Vec<u8>> {
    let none = || io::Error::from(io::ErrorKind::OutOfMemory);
    let Ok(layout) = Layout::array::<u8>(len) else {
        return Err(none());
    };
    if layout.size() == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the layout has a size, as was just seen.
    let start = unsafe { alloc_zeroed(layout) };
    if start.is_null() {
        return Err(none());
    }
    // SAFETY: the global allocator gave `len` initialised bytes at `start`, aligned for bytes, to nobody else.
    Ok(unsafe { Vec::from_raw_parts(start, len, len) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_an_error() {
        assert_eq!(zeroed(0).unwrap(), []);
        assert_eq!(zeroed(100).unwrap(), [0; 100]);
        for impossible in [usize::MAX, isize::MAX as usize] {
            let error = zeroed(impossible).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        }
    }
}
