//! Texts of errors, the version, the hash of names, and the count of panics.

#![expect(unsafe_code, reason = "the functions of the header are not mangled")]

use std::ffi::c_char;

use netipc::{ErrorCode, simple_hash};

use crate::border::{catch, panics, string};
use crate::error::nipc_error_t;

/// Says in a few words what an error means.
///
/// \param error  any number; one that is not in the list is an unknown error
/// \return a text that lives as long as the program, never NULL
#[unsafe(no_mangle)]
pub extern "C" fn nipc_strerror(error: nipc_error_t) -> *const c_char {
    catch(c"unknown error".as_ptr(), || {
        let named = ErrorCode::NAMED.iter().zip(&TEXTS);
        let mut same = named.filter(|((_, code), _)| nipc_error_t::new(*code) == error);
        same.next()
            .map_or(c"unknown error".as_ptr(), |(_, text)| text.as_ptr().cast())
    })
}

/// The version of the library, such as "0.1.0". Lives as long as the program.
#[unsafe(no_mangle)]
pub extern "C" fn nipc_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The hash that producers put into the items of snapshots: 32-bit FNV-1a over the name.
///
/// \param name  ends with NUL; NULL is an empty name
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_simple_hash(name: *const c_char) -> u32 {
    catch(0, || {
        // SAFETY: C promises a string.
        let name = unsafe { string(name) }.unwrap_or_default();
        simple_hash(name.to_bytes())
    })
}

/// How many times the library itself failed since the process began. Each of them was returned as
/// NIPC_ERR_INTERNAL, or as what the function gives where it cannot tell an error. Anything but 0 is
/// a defect to report.
#[unsafe(no_mangle)]
pub extern "C" fn nipc_panic_count() -> u64 {
    panics()
}

/// Bytes that hold the longest text and a NUL.
const ROOM: usize = 32;

/// The texts of `ErrorCode::NAMED`, with a NUL behind each.
static TEXTS: [[u8; ROOM]; ErrorCode::NAMED.len()] = {
    let mut texts = [[0; ROOM]; ErrorCode::NAMED.len()];
    let mut row = 0;
    while row < texts.len() {
        let name = ErrorCode::NAMED[row].1.name();
        let (text, _) = texts[row].split_at_mut(ROOM - 1);
        let name = name.expect("what is listed has a name").as_bytes();
        text.split_at_mut(name.len()).0.copy_from_slice(name);
        row += 1;
    }
    texts
};

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    fn text(error: nipc_error_t) -> &'static str {
        // SAFETY: the function gives strings that live as long as the program.
        unsafe { CStr::from_ptr(nipc_strerror(error)) }
            .to_str()
            .unwrap()
    }

    #[test]
    fn every_error_has_a_text() {
        for (_, code) in ErrorCode::NAMED {
            assert_eq!(Some(text(nipc_error_t::new(*code))), code.name());
        }
        assert_eq!(text(nipc_error_t::new(ErrorCode(999))), "unknown error");
    }

    #[test]
    fn names_are_hashed_as_in_rust() {
        // SAFETY: strings, or NULL.
        let hash = |name: *const c_char| unsafe { nipc_simple_hash(name) };
        assert_eq!(hash(c"a".as_ptr()), simple_hash(b"a"));
        assert_eq!(hash(std::ptr::null()), simple_hash(b""));
    }
}
