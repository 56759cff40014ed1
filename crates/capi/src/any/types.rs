//! What payloads are made of, whatever they mean.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::{c_char, c_void};
use std::net::IpAddr;
use std::ops::Range;
use std::ptr;

use netipc::ErrorCode;

use crate::border::{bytes, catch, catch_length, copy_text, put, shared, string, zero};
use crate::error::CodeResult;
use crate::protocol::keys::lies_in;

/// Bytes and how many there are. Where it is given to this library, NULL with a length of 0 is none.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_bytes_view_t {
    /// The first byte.
    pub ptr: *const c_void,
    /// How many bytes.
    pub len: usize,
}

/// An IPv4 or IPv6 address, or none. Zeroed memory is none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct nipc_ip_t {
    /// 4 or 16; 0 where there is no address.
    pub size: u8,
    /// The address in network order, as in_addr and in6_addr have it, with zeros behind it.
    pub bytes: [u8; 16],
}

impl nipc_bytes_view_t {
    /// No bytes.
    pub(super) const NONE: Self = Self {
        ptr: ptr::null(),
        len: 0,
    };

    pub(super) const fn of(bytes: &[u8]) -> Self {
        Self {
            ptr: bytes.as_ptr().cast(),
            len: bytes.len(),
        }
    }

    /// The bytes.
    ///
    /// # Safety
    /// As for [`bytes`].
    pub(super) unsafe fn get<'a>(&self) -> CodeResult<&'a [u8]> {
        // SAFETY: the caller's promise.
        unsafe { bytes(self.ptr, self.len) }
    }

    /// Where they are.
    pub(super) fn memory(&self) -> Range<usize> {
        let from = self.ptr.addr();
        from..from.saturating_add(self.len)
    }
}

/// Several payloads of C, or copies of them where one lies in the last answer, which the next one
/// overwrites.
pub(super) enum Payloads<'a> {
    Given(Vec<&'a [u8]>),
    Copied(Vec<Vec<u8>>),
}

impl<'a> Payloads<'a> {
    /// # Safety
    /// The bytes of each view are there for `'a`.
    pub(super) unsafe fn new(
        views: &[nipc_bytes_view_t],
        answer: &Range<usize>,
    ) -> CodeResult<Self> {
        // SAFETY: the caller's promise.
        let given = views.iter().map(|view| unsafe { view.get() });
        let given: Vec<&[u8]> = given.collect::<CodeResult<_>>()?;
        if given.iter().any(|bytes| lies_in(bytes, answer)) {
            let copies = given.iter().map(|bytes| bytes.to_vec());
            return Ok(Self::Copied(copies.collect()));
        }
        Ok(Self::Given(given))
    }

    pub(super) fn as_slices(&self) -> Vec<&[u8]> {
        match self {
            Self::Given(given) => given.clone(),
            Self::Copied(copies) => copies.iter().map(Vec::as_slice).collect(),
        }
    }
}

/// Reads an address from its text, such as 192.0.2.7 or 2001:db8::1.
///
/// \param text  the text
/// \param out   the address; none where the text is no address
/// \return whether it is one
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_ip_parse(text: *const c_char, out: *mut nipc_ip_t) -> bool {
    let parse = || {
        // SAFETY: C promises room for an address.
        unsafe { zero(out) }?;
        // SAFETY: C promises a string.
        let text = unsafe { string(text) }?.to_str();
        let address = text.ok().and_then(|text| text.parse::<IpAddr>().ok());
        let address = address.ok_or(ErrorCode::INVALID_ARGUMENT)?;
        // SAFETY: C promises room for an address.
        unsafe { put(out, address.into()) }
    };
    catch(false, || parse().is_ok())
}

/// Writes an address as text, like snprintf: as much as fits, with a NUL.
///
/// \param ip       the address
/// \param buf      where to; may be NULL where buf_len is 0
/// \param buf_len  its bytes; 46 are enough
/// \return the length of the whole text, without NUL; 0 where there is no address
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_ip_text(
    ip: *const nipc_ip_t,
    buf: *mut c_char,
    buf_len: usize,
) -> usize {
    catch_length(|| {
        // SAFETY: C promises an address.
        let address = unsafe { shared(ip) }?.address();
        let text = address.map_or_else(String::new, |address| address.to_string());
        // SAFETY: C promises a buffer.
        Ok(unsafe { copy_text(&text, buf, buf_len) })
    })
}

impl From<IpAddr> for nipc_ip_t {
    fn from(address: IpAddr) -> Self {
        let mut ip = Self::default();
        match address {
            IpAddr::V4(v4) => {
                ip.size = 4;
                for (to, from) in ip.bytes.iter_mut().zip(v4.octets()) {
                    *to = from;
                }
            }
            IpAddr::V6(v6) => {
                ip.size = 16;
                ip.bytes = v6.octets();
            }
        }
        ip
    }
}

impl nipc_ip_t {
    fn address(&self) -> Option<IpAddr> {
        match self.size {
            4 => self
                .bytes
                .first_chunk::<4>()
                .map(|octets| IpAddr::from(*octets)),
            16 => Some(self.bytes.into()),
            _ => None,
        }
    }
}
