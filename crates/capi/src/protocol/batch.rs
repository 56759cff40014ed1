//! Batches: a directory of items, then the items.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_void;
use std::ptr;

use netipc::ErrorCode;
use netipc::wire::{
    ENTRY_LEN, Encode, Fields, ListRules, PackedWriter, Span, WireError, WireErrorKind, Writer,
    align8,
};

use super::builder::{add, builders, finish, init, nipc_builder_state_t};
use super::zeroed;
use crate::border::{buffer, bytes, catch_code, catch_length, elements, elements_mut, put};
use crate::error::{CodeResult, nipc_error_t, of_wire};

/// Where an item of a batch lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct nipc_batch_entry_t {
    /// Bytes from the end of the directory to the item: a multiple of 8.
    pub offset: u32,
    /// Bytes of the item.
    pub length: u32,
}

/// Writes a batch: nipc_batch_builder_init, then nipc_batch_builder_add for each item, then
/// nipc_batch_builder_finish. Do not copy it. Zeroed, it is no builder: nothing can be added.
#[repr(C)]
pub struct nipc_batch_builder_t {
    /// The first error, which stays.
    pub error: nipc_error_t,
    /// Items so far.
    pub item_count: u32,
    /// Private: do not touch.
    state: nipc_builder_state_t,
}

zeroed!(nipc_batch_entry_t);
builders!(nipc_batch_builder_t(Batch<'static>));

/// Writes the directory of a batch, every entry as it is: nipc_batch_dir_validate checks one.
///
/// \param entries     where the items will be
/// \param item_count  how many
/// \return item_count * NIPC_BATCH_ENTRY_SIZE, or 0 for NULL, no item, or a smaller buffer
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_batch_dir_encode(
    entries: *const nipc_batch_entry_t,
    item_count: u32,
    buf: *mut c_void,
    buf_len: usize,
) -> usize {
    catch_length(|| {
        // SAFETY: C promises as many entries.
        let entries = unsafe { elements(entries, item_count as usize) }?;
        // SAFETY: C promises a buffer.
        let buf = unsafe { buffer(buf, buf_len) }?;
        let len = entries.len().saturating_mul(ENTRY_LEN);
        let room = buf.get_mut(..len).ok_or(ErrorCode::OVERFLOW)?;
        for (room, entry) in room.as_chunks_mut::<ENTRY_LEN>().0.iter_mut().zip(entries) {
            *room = Fields::record(|fields| fields.u32(entry.offset).u32(entry.length));
        }
        Ok(len)
    })
}

/// Reads and checks the directory of a batch.
///
/// \param buf              starts with the directory
/// \param item_count       its entries
/// \param packed_area_len  bytes behind the directory, in which the items lie
/// \param out              room for item_count entries; untouched on failure
/// \return NIPC_OK, NIPC_ERR_TRUNCATED for a directory that does not fit, NIPC_ERR_BAD_ALIGNMENT,
///         or NIPC_ERR_OUT_OF_BOUNDS
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_batch_dir_decode(
    buf: *const c_void,
    buf_len: usize,
    item_count: u32,
    packed_area_len: u32,
    out: *mut nipc_batch_entry_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises bytes.
        let buf = unsafe { bytes(buf, buf_len) }?;
        let entries = directory(buf, item_count, packed_area_len)?;
        // SAFETY: C promises room for as many entries.
        let out = unsafe { elements_mut(out, item_count as usize) }?;
        for (out, Span { offset, len }) in out.iter_mut().zip(entries) {
            (out.offset, out.length) = (number(offset), number(len));
        }
        Ok(())
    })
}

/// Checks the directory of a batch, as nipc_batch_dir_decode does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_batch_dir_validate(
    buf: *const c_void,
    buf_len: usize,
    item_count: u32,
    packed_area_len: u32,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises bytes.
        let buf = unsafe { bytes(buf, buf_len) }?;
        directory(buf, item_count, packed_area_len).map(drop)
    })
}

/// Finds one item of a batch. The rest of the directory is not looked at.
///
/// \param payload       the batch: its directory and its items
/// \param item_count    entries of its directory, as the envelope tells
/// \param index         which item
/// \param item_out      the item, in the payload; NULL on failure
/// \param item_len_out  its bytes; 0 on failure
/// \return NIPC_OK, NIPC_ERR_TRUNCATED for a directory that does not fit, NIPC_ERR_BAD_ALIGNMENT,
///         or NIPC_ERR_OUT_OF_BOUNDS for the index, and for an item that is not all there
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_batch_item_get(
    payload: *const c_void,
    payload_len: usize,
    item_count: u32,
    index: u32,
    item_out: *mut *const c_void,
    item_len_out: *mut u32,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises room for a pointer.
        unsafe { put(item_out, ptr::null()) }?;
        // SAFETY: C promises room for a number.
        unsafe { put(item_len_out, 0) }?;
        // SAFETY: C promises bytes.
        let payload = unsafe { bytes(payload, payload_len) }?;
        if index >= item_count {
            return Err(ErrorCode::OUT_OF_BOUNDS);
        }
        let item = ListRules::BATCH
            .item(payload, item_count, index)
            .map_err(of_wire)?;
        // SAFETY: C promises room for a pointer.
        unsafe { put(item_out, item.as_ptr().cast()) }?;
        // SAFETY: C promises room for a number.
        unsafe { put(item_len_out, number(item.len())) }
    })
}

/// Starts a batch.
///
/// \param builder    need not be initialised
/// \param buf        where the batch is written; the builder uses it until it is finished
/// \param max_items  most items to take
/// \return NIPC_OK, or NIPC_ERR_INVALID_ARGUMENT for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_batch_builder_init(
    builder: *mut nipc_batch_builder_t,
    buf: *mut c_void,
    buf_len: usize,
    max_items: u32,
) -> nipc_error_t {
    let start = || {
        // SAFETY: C promises a buffer until the builder is finished.
        Batch::new(unsafe { buffer(buf, buf_len) }?, max_items)
    };
    // SAFETY: C promises room for a builder.
    unsafe { init(builder, start) }
}

/// Adds an item.
///
/// \param item  NULL with length 0 is an empty item
/// \return NIPC_OK, or the first error of this builder: NIPC_ERR_OVERFLOW for a full buffer or more
///         than max_items
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_batch_builder_add(
    builder: *mut nipc_batch_builder_t,
    item: *const c_void,
    item_len: usize,
) -> nipc_error_t {
    let push = |batch: &mut Batch<'_>| {
        // SAFETY: C promises the item.
        batch.push(&Item(unsafe { bytes(item, item_len) }?))
    };
    // SAFETY: C promises a builder.
    unsafe { add(builder, push) }
}

/// Ends a batch; nothing can be added after.
///
/// \param item_count_out  its number of items, 0 on failure; may be NULL
/// \return its length, or 0 where there was an error, or no item
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_batch_builder_finish(
    builder: *mut nipc_batch_builder_t,
    item_count_out: *mut u32,
) -> usize {
    let mut items = 0;
    // SAFETY: C promises a builder.
    let len = unsafe { finish(builder, |batch| batch.finish(&mut items)) };
    if !item_count_out.is_null() {
        // SAFETY: C promises room for a number. Misalignment cannot be reported here.
        let _ = unsafe { put(item_count_out, items) };
    }
    len
}

/// A batch that is being written.
#[derive(Debug)]
pub(crate) struct Batch<'b> {
    list: PackedWriter<'b>,
    most: usize,
}

impl<'b> Batch<'b> {
    fn new(buf: &'b mut [u8], max_items: u32) -> CodeResult<Self> {
        // The end of a batch is padded to a multiple of 8: bytes beyond the last multiple stay unused.
        let (buf, _) = buf.as_chunks_mut::<8>();
        let list = PackedWriter::growing(buf.as_flattened_mut(), 0).map_err(of_wire)?;
        let most = max_items as usize;
        Ok(Self { list, most })
    }

    fn push(&mut self, item: &Item<'_>) -> CodeResult {
        if self.list.len() < self.most {
            self.list.push(item).map_err(of_wire)
        } else {
            Err(ErrorCode::OVERFLOW)
        }
    }

    fn finish(self, items: &mut u32) -> Result<usize, WireError> {
        let count = self.list.len();
        if count == 0 {
            return Err(WireError::new(WireErrorKind::BadItemCount, "batch", 1, 0));
        }
        *items = number(count);
        Ok(align8(self.list.finish().1))
    }
}

/// An item of any bytes.
pub(super) struct Item<'a>(pub(super) &'a [u8]);

impl Encode for Item<'_> {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.bytes(self.0)
    }
}

fn directory(
    buf: &[u8],
    item_count: u32,
    packed_area_len: u32,
) -> CodeResult<impl ExactSizeIterator<Item = Span> + '_> {
    ListRules::BATCH
        .directory(buf, item_count, packed_area_len as usize)
        .map_err(of_wire)
}

/// A length that was read from 32 bits, or is as small.
fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[expect(
    clippy::undocumented_unsafe_blocks,
    reason = "every pointer here is NULL, or comes from a reference or a slice"
)]
mod tests {
    use super::*;
    use crate::protocol::Zeroed;

    fn error(code: ErrorCode) -> nipc_error_t {
        nipc_error_t::new(code)
    }

    #[test]
    fn a_batch_is_padded_and_holds_what_it_may() {
        let mut buf = [0xee; 43];
        let mut builder = nipc_batch_builder_t::ZEROED;
        let room = buf.as_mut_ptr().cast();
        unsafe { nipc_batch_builder_init(&mut builder, room, buf.len(), 2) };
        let add = |builder: &mut _, item: &[u8]| unsafe {
            nipc_batch_builder_add(builder, item.as_ptr().cast(), item.len())
        };
        assert_eq!(add(&mut builder, b"abc"), nipc_error_t::OK);
        assert_eq!(add(&mut builder, b"twelve bytes"), nipc_error_t::OK);
        let mut items = 9;
        let len = unsafe { nipc_batch_builder_finish(&mut builder, &mut items) };
        assert_eq!((len, items), (40, 2));
        assert_eq!(buf[16..40], *b"abc\0\0\0\0\0twelve bytes\0\0\0\0");
        let (mut item, mut item_len) = (ptr::null(), 0);
        let payload = buf.as_ptr().cast();
        let mut get = |index| {
            let code =
                unsafe { nipc_batch_item_get(payload, len, 2, index, &mut item, &mut item_len) };
            (code, item_len)
        };
        assert_eq!(get(1), (nipc_error_t::OK, 12));
        assert_eq!(get(2), (error(ErrorCode::OUT_OF_BOUNDS), 0));

        unsafe { nipc_batch_builder_init(&mut builder, room, buf.len(), 1) };
        assert_eq!(add(&mut builder, b"abc"), nipc_error_t::OK);
        assert_eq!(add(&mut builder, b"abc"), error(ErrorCode::OVERFLOW));
        assert_eq!(
            unsafe { nipc_batch_builder_finish(&mut builder, ptr::null_mut()) },
            0
        );
    }

    #[test]
    fn directories_are_written_as_they_are_and_checked() {
        let entries =
            [(0, 3), (8, 5), (3, 1)].map(|(offset, length)| nipc_batch_entry_t { offset, length });
        let mut buf = [0; 24];
        let room = buf.as_mut_ptr().cast();
        let mut read = [nipc_batch_entry_t::ZEROED; 3];
        assert_eq!(
            unsafe { nipc_batch_dir_encode(entries.as_ptr(), 3, room, 23) },
            0
        );
        assert_eq!(
            unsafe { nipc_batch_dir_encode(entries.as_ptr(), 3, room, 24) },
            24
        );
        let mut decode = |len, count, packed| unsafe {
            nipc_batch_dir_decode(room.cast_const(), len, count, packed, read.as_mut_ptr())
        };
        assert_eq!(decode(24, 3, 16), error(ErrorCode::BAD_ALIGNMENT));
        assert_eq!(decode(24, 2, 12), error(ErrorCode::OUT_OF_BOUNDS));
        assert_eq!(decode(15, 2, 16), error(ErrorCode::TRUNCATED));
        assert_eq!(decode(24, 2, 13), nipc_error_t::OK);
        assert_eq!(read[..2], entries[..2]);
    }
}
