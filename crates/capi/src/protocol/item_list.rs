//! The answer of a lookup that is built without its request: any items, as many as fit.

#![expect(unsafe_code, reason = "builders are memory of C")]

use std::ffi::c_void;

use netipc::ErrorCode;
use netipc::lookup::{LOOKUP_HEADER_LEN, Lookup, LookupAnswer};
use netipc::service::Service;
use netipc::wire::{Encode, Fields, PackedWriter};

use super::builder::{
    Builder, LIST, OWN, Parts, add_with, change_with, finish_with, init_with, nipc_builder_state_t,
};
use crate::border::buffer;
use crate::error::{CodeResult, nipc_error_t, of_wire};

/// Items behind the header of a lookup's answer.
#[derive(Debug)]
pub(super) struct ItemList<'b> {
    list: PackedWriter<'b>,
    most: usize,
    generation: u64,
}

impl<'b> ItemList<'b> {
    /// A list of at most `most` items in `buf`.
    pub(super) fn new(buf: &'b mut [u8], most: u32, generation: u64) -> CodeResult<Self> {
        Ok(Self {
            list: PackedWriter::growing(buf, LOOKUP_HEADER_LEN).map_err(of_wire)?,
            most: most as usize,
            generation,
        })
    }

    /// Adds an item, whatever its key. An answer that is full takes no more.
    pub(super) fn add(&mut self, item: &impl Encode) -> CodeResult {
        if self.list.len() >= self.most {
            return Err(ErrorCode::OVERFLOW);
        }
        self.list.push(item).map_err(of_wire)
    }

    /// Ends the list; returns the length of the answer.
    pub(super) fn finish(self) -> usize {
        let count = self.list.len();
        let (front, len) = self.list.finish();
        let header: [u8; LOOKUP_HEADER_LEN] =
            Fields::record(|fields| fields.u16(1).u16(0).size(count).u64(self.generation));
        front.copy_from_slice(&header);
        len
    }
}

/// What the builder of a lookup's answer fills in.
pub(super) enum Answer<'b, L: Lookup> {
    /// The answer to a request: an item for each of its keys, in order.
    ToRequest(&'b mut LookupAnswer<'static, L>),
    /// Any items.
    Items(&'b mut ItemList<'static>),
}

impl<L: Lookup> Answer<'_, L> {
    /// Adds an item.
    #[inline]
    pub(super) fn add(self, item: &L::Item<'_>) -> CodeResult {
        match self {
            Answer::ToRequest(answer) => answer.add(item).map_err(of_wire),
            Answer::Items(list) => list.add(item),
        }
    }
}

/// Makes a builder of a list of items.
///
/// # Safety
/// As for [`init`](super::builder::init), and for [`buffer`] until the builder is finished.
pub(super) unsafe fn init<B: Builder>(
    builder: *mut B,
    buf: *mut c_void,
    buf_len: usize,
    max_items: u32,
    generation: u64,
) -> nipc_error_t {
    let own = |state: &mut nipc_builder_state_t| {
        // SAFETY: the caller promises a buffer until the builder is finished.
        let buf = unsafe { buffer(buf, buf_len) }?;
        state.own(LIST, ItemList::new(buf, max_items, generation)?)
    };
    // SAFETY: the caller's promise is that of `init_with`.
    unsafe { init_with(builder, own) }
}

/// Adds an item to what the builder fills in, unless there was an error; keeps the error.
///
/// # Safety
/// As for [`add`](super::builder::add).
#[inline]
pub(super) unsafe fn add<L: Lookup, B: Builder<Answer = LookupAnswer<'static, L>>>(
    builder: *mut B,
    add: impl FnOnce(Answer<'_, L>) -> CodeResult,
) -> nipc_error_t {
    let add = |state: &mut nipc_builder_state_t| {
        let answer = if state.is_list() {
            // SAFETY: what is stored as a list is an `ItemList`.
            Answer::Items(unsafe { state.list() }?)
        } else {
            // SAFETY: the caller promises that what is said to be there is.
            Answer::ToRequest(unsafe { state.answer() }?)
        };
        add(answer)
    };
    // SAFETY: the caller's promise.
    unsafe { add_with(builder, add) }
}

/// Sets the generation of the data.
///
/// # Safety
/// As for [`add`](super::builder::add).
pub(super) unsafe fn set_generation<L: Lookup, B: Builder<Answer = LookupAnswer<'static, L>>>(
    builder: *mut B,
    generation: u64,
) {
    let set = |Parts { state, .. }: Parts<'_>| {
        if state.is_list() {
            // SAFETY: what is stored as a list is an `ItemList`.
            unsafe { state.list::<ItemList<'_>>() }?.generation = generation;
        } else {
            // SAFETY: the caller promises that what is said to be there is.
            unsafe { state.answer::<B::Answer>() }?.set_generation(generation);
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { change_with(builder, set) };
}

/// Ends an answer that is a builder's own; returns its length, or 0. The builder is none then.
///
/// # Safety
/// As for [`add`](super::builder::add).
pub(super) unsafe fn finish<L: Lookup, B: Builder<Answer = LookupAnswer<'static, L>>>(
    builder: *mut B,
) -> usize {
    let take = |state: &mut nipc_builder_state_t| {
        if state.is_list() {
            // SAFETY: what is stored as a list is an `ItemList`.
            Ok(Own::Items(unsafe { state.take(LIST) }?))
        } else {
            // SAFETY: what is stored as a builder's own is its answer.
            Ok(Own::ToRequest(unsafe { state.take(OWN) }?))
        }
    };
    let end = |own: Own<L>| match own {
        Own::Items(list) => Ok(list.finish()),
        Own::ToRequest(answer) => L::finish(answer).map_err(of_wire),
    };
    // SAFETY: the caller's promise.
    unsafe { finish_with(builder, take, end) }
}

/// What a builder had of its own.
enum Own<L: Lookup> {
    ToRequest(LookupAnswer<'static, L>),
    Items(ItemList<'static>),
}
