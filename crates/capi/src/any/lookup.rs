//! Lookups of any method, with keys and items as bytes.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_void;

use netipc::ErrorCode;
use netipc::lookup::LookupFormat;
use netipc::wire::{MethodCode, WireError};

use super::calls::{Check, nipc_any_check_fn};
use super::types::{Payloads, nipc_bytes_view_t};
use crate::border::{catch_code, elements, put, shared, zero};
use crate::calling::{calling, returned};
use crate::error::{CodeResult, nipc_error_t};
use crate::service::client_handle::{LockedState, call, noted};
use crate::service::types::nipc_client_ctx_t;

/// What a client has to know of the keys and items of a lookup. Its functions are called while the
/// client is in use, and must return, as a nipc_any_check_fn. Items that they get have passed check, but for
/// those of check itself.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_any_lookup_t {
    /// The number of the method.
    pub method: u16,
    /// The number that requests, replies and items begin with.
    pub layout: u16,
    /// The status that says: the answer is full, ask for this key again.
    pub exceeded: u16,
    /// The status that says: no answer can hold this item.
    pub oversized: u16,
    /// Bytes of the shortest item.
    pub min_item_len: usize,
    /// Says whether an item is one.
    pub check: nipc_any_check_fn,
    /// Whether an item holds data, or why not.
    pub status: Option<unsafe extern "C" fn(user: *mut c_void, item: nipc_bytes_view_t) -> u16>,
    /// Whether an item answers that key.
    pub answers: Option<
        unsafe extern "C" fn(
            user: *mut c_void,
            item: nipc_bytes_view_t,
            key: nipc_bytes_view_t,
        ) -> bool,
    >,
    /// Writes the item for that key that holds only a status, and returns its bytes. Where size is
    /// less, it writes nothing, and buf may be NULL.
    pub bare: Option<
        unsafe extern "C" fn(
            user: *mut c_void,
            key: nipc_bytes_view_t,
            status: u16,
            buf: *mut c_void,
            size: usize,
        ) -> usize,
    >,
    /// Bytes that an item is likely to have, for the split of large calls; 0 is those of one that
    /// holds only a status.
    pub typical_item_len: usize,
    /// The first argument of the functions.
    pub user: *mut c_void,
}

/// Looks up any number of keys, in as many requests as the limits want. Whatever it took on the wire,
/// the answer is one reply.
///
/// \param ctx         the client, which is ready
/// \param lookup      what keys and items are; every function of it is needed
/// \param keys        the keys as they stand in a request. They may be those of the last answer
/// \param count       how many; 0 asks for the generation of the data only
/// \param out         the payload of the reply, header and directory included: an item for each key,
///                    in their order, all of which have passed check. It lives in the client until the
///                    next call or close; zeroed on failure
/// \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
/// \return NIPC_OK, or why there is no answer; nipc_client_last_error says more
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_client_call_any_lookup(
    ctx: *mut nipc_client_ctx_t,
    lookup: *const nipc_any_lookup_t,
    keys: *const nipc_bytes_view_t,
    count: u32,
    out: *mut nipc_bytes_view_t,
    timeout_ms: u32,
) -> nipc_error_t {
    catch_code(|| {
        let read = || {
            // SAFETY: C promises room for a view.
            unsafe { zero(out) }?;
            // SAFETY: C promises a description.
            let format = Format::new(unsafe { shared(lookup) }?)?;
            // SAFETY: C promises the keys, for as long as the call takes.
            let keys = unsafe { elements(keys, count as usize) }?;
            // SAFETY: C promises their bytes. Whether one lies in the last answer is asked again below.
            unsafe { Payloads::new(keys, &(0..0)) }?;
            Ok((format, keys))
        };
        // SAFETY: C promises a context.
        let (format, keys) = unsafe { noted(ctx, read()) }?;
        let ask = |state: &mut LockedState| {
            // SAFETY: as above.
            let keys = unsafe { Payloads::new(keys, &state.answer) };
            let keys = keys.unwrap_or_else(|_| Payloads::Given(Vec::new()));
            let (client, wait) = state.within(timeout_ms);
            let reply = client.lookup_payload(&format, &keys.as_slices(), &wait)?;
            let view = nipc_bytes_view_t::of(reply);
            state.answer = view.memory();
            Ok(view)
        };
        // SAFETY: C promises a context.
        let view = calling(ctx, || unsafe { call(ctx, ask) })?;
        // SAFETY: C promises room for a view.
        unsafe { put(out, view) }
    })
}

/// A description of C whose functions are there.
pub(super) struct Format<'c> {
    described: &'c nipc_any_lookup_t,
    check: Check,
    status: unsafe extern "C" fn(*mut c_void, nipc_bytes_view_t) -> u16,
    answers: unsafe extern "C" fn(*mut c_void, nipc_bytes_view_t, nipc_bytes_view_t) -> bool,
    bare: unsafe extern "C" fn(*mut c_void, nipc_bytes_view_t, u16, *mut c_void, usize) -> usize,
}

impl<'c> Format<'c> {
    pub(super) fn new(described: &'c nipc_any_lookup_t) -> CodeResult<Self> {
        let missing = ErrorCode::INVALID_ARGUMENT;
        let check = Check {
            check: Some(described.check.ok_or(missing)?),
            user: described.user,
        };
        Ok(Self {
            described,
            check,
            status: described.status.ok_or(missing)?,
            answers: described.answers.ok_or(missing)?,
            bare: described.bare.ok_or(missing)?,
        })
    }

    /// As `bare` of the description.
    fn write_bare(&self, key: &[u8], status: u16, room: &mut [u8]) -> usize {
        let key = nipc_bytes_view_t::of(key);
        let buf = room.as_mut_ptr().cast();
        // SAFETY: it is called as the header says.
        returned(|| unsafe { (self.bare)(self.described.user, key, status, buf, room.len()) })
    }
}

impl LookupFormat for Format<'_> {
    fn method(&self) -> MethodCode {
        MethodCode(self.described.method)
    }

    fn layout(&self) -> u16 {
        self.described.layout
    }

    fn exceeded(&self) -> u16 {
        self.described.exceeded
    }

    fn oversized(&self) -> u16 {
        self.described.oversized
    }

    fn min_item_len(&self) -> usize {
        self.described.min_item_len
    }

    fn check(&self, item: &[u8]) -> Result<(), WireError> {
        self.check.of(item)
    }

    fn status(&self, item: &[u8]) -> u16 {
        let item = nipc_bytes_view_t::of(item);
        // SAFETY: it is called as the header says.
        returned(|| unsafe { (self.status)(self.described.user, item) })
    }

    fn answers(&self, item: &[u8], key: &[u8]) -> bool {
        let [item, key] = [item, key].map(nipc_bytes_view_t::of);
        // SAFETY: it is called as the header says.
        returned(|| unsafe { (self.answers)(self.described.user, item, key) })
    }

    fn bare(&self, key: &[u8], status: u16) -> Vec<u8> {
        let mut item = vec![0; self.bare_len(key)];
        self.write_bare(key, status, &mut item);
        item
    }

    fn bare_len(&self, key: &[u8]) -> usize {
        self.write_bare(key, self.described.exceeded, &mut [])
    }

    fn reply_estimate(&self, key: &[u8]) -> usize {
        match self.described.typical_item_len {
            0 => self.bare_len(key),
            bytes => bytes,
        }
    }
}
