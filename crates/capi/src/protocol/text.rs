//! Strings and labels, as C sees and gives them.

#![expect(unsafe_code, reason = "characters of C are read here")]

use std::ffi::c_char;
use std::ptr;

use netipc::ErrorCode;
use netipc::wire::{Label, LabelList, Labels};

use super::zeroed;
use crate::border::{chars, elements};
use crate::error::CodeResult;

/// Characters and how many there are. They need not be UTF-8.
///
/// Where it comes from this library, ptr is never NULL and a NUL follows the characters. Where it is
/// given to this library, it needs no NUL, and NULL with a length of 0 is an empty string.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_str_view_t {
    /// The first character.
    pub ptr: *const c_char,
    /// How many characters, the NUL not counted.
    pub len: u32,
}

/// A label of a cgroup: a key, which is never empty, and its value, which may be.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_lookup_label_view_t {
    /// The key.
    pub key: nipc_str_view_t,
    /// The value.
    pub value: nipc_str_view_t,
}

/// Where an item of a lookup's answer lies, with the fields of the wire at the offsets of the wire. For
/// programs that make or read the bytes themselves.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_lookup_dir_entry_t {
    /// Bytes from the end of the directory to the item: a multiple of 8.
    pub offset: u32,
    /// Bytes of the item.
    pub length: u32,
}

/// Where a label of an item lies, with the fields of the wire at the offsets of the wire. Offsets count
/// from the first byte of the item, lengths are those without NUL.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_lookup_label_entry_t {
    /// Where the key begins.
    pub key_offset: u32,
    /// Its characters.
    pub key_length: u32,
    /// Where the value begins.
    pub value_offset: u32,
    /// Its characters.
    pub value_length: u32,
}

zeroed!(nipc_str_view_t, nipc_lookup_label_view_t);

impl nipc_str_view_t {
    /// A view of `text`, which a NUL follows unless it is empty.
    #[inline]
    pub(crate) fn of(text: &[u8]) -> Self {
        // Not every empty slice has a NUL behind it. The pointer of any other may not reach its own; that of the
        // message, which C has passed to `border::elements`, may.
        let from = if text.is_empty() {
            c"".as_ptr()
        } else {
            ptr::with_exposed_provenance(text.as_ptr().expose_provenance())
        };
        Self {
            ptr: from,
            len: u32::try_from(text.len()).unwrap_or(u32::MAX),
        }
    }
}

impl nipc_lookup_label_view_t {
    /// A view of a label that was read.
    #[inline]
    pub(crate) fn of(label: Label<'_>) -> Self {
        Self {
            key: nipc_str_view_t::of(label.key.as_bytes()),
            value: nipc_str_view_t::of(label.value.as_bytes()),
        }
    }
}

/// Labels in memory of C, used where they are.
#[derive(Debug)]
pub(super) struct LabelViews<'a>(&'a [nipc_lookup_label_view_t]);

// SAFETY: their memory is only read, and nobody writes to it as long as they live.
unsafe impl Sync for LabelViews<'_> {}

impl<'a> LabelViews<'a> {
    /// The labels that `ptr` points to.
    ///
    /// # Safety
    /// As for [`elements`]; and their strings are there for `'a`, as for [`chars`].
    pub(super) unsafe fn new(ptr: *const nipc_lookup_label_view_t, count: u16) -> CodeResult<Self> {
        // SAFETY: the caller's promise is that of `elements`.
        let labels: &'a [nipc_lookup_label_view_t] = unsafe { elements(ptr, count.into()) }?;
        let null_with_length = |text: &nipc_str_view_t| text.ptr.is_null() && text.len > 0;
        if labels
            .iter()
            .any(|l| null_with_length(&l.key) || null_with_length(&l.value))
        {
            Err(ErrorCode::INVALID_ARGUMENT)
        } else {
            Ok(Self(labels))
        }
    }

    /// The labels to be written.
    pub(super) fn labels(&self) -> Labels<'_> {
        if self.0.is_empty() {
            Labels::NONE
        } else {
            Labels::from(self as &dyn LabelList)
        }
    }
}

impl LabelList for LabelViews<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn label(&self, index: usize) -> Label<'_> {
        let text = |view: &nipc_str_view_t| {
            // SAFETY: whoever made this list has promised the characters of its labels.
            unsafe { chars(view.ptr, view.len) }
                .unwrap_or_default()
                .into()
        };
        self.0
            .get(index)
            .map_or_else(Label::default, |label| Label {
                key: text(&label.key),
                value: text(&label.value),
            })
    }
}
