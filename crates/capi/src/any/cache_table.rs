//! What a cache of a service that the library does not know holds: one answer, and where its items are.

#![expect(unsafe_code, reason = "functions of C are called here")]

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::ffi::c_void;
use std::hash::BuildHasher;
use std::ops::Range;

use netipc::wire::{WireError, WireErrorKind};

use super::calls::Check;
use super::types::nipc_bytes_view_t;
use crate::calling::returned;

/// Bytes of an entry of a directory: offset and length of an item.
const ENTRY_LEN: usize = 8;
/// Where a reply has the number of its items.
const COUNT_AT: usize = 4;
/// Parts of a key, at most.
pub(super) const MAX_PARTS: usize = 16;

/// The parts of a key.
pub(super) type Parts<'a> = [&'a [u8]; MAX_PARTS];

/// How items are found again, by functions of C.
pub(super) struct Items {
    /// Bytes in front of the directory.
    pub(super) header_len: usize,
    pub(super) check: Check,
    pub(super) key: unsafe extern "C" fn(*mut c_void, nipc_bytes_view_t, *mut nipc_bytes_view_t),
    pub(super) key_parts: usize,
}

/// One answer. Every item in it has passed the check.
pub(super) struct Table {
    payload: Box<[u8]>,
    items: Vec<Range<usize>>,
    /// The first item of each hash, and after each item the next of its hash.
    first: HashMap<u64, u32>,
    next: Vec<Option<u32>>,
    hasher: RandomState,
    pub(super) duplicates: u32,
}

impl Items {
    /// The key of an item; fails where C says that a part of it lies elsewhere.
    fn key<'a>(&self, item: &'a [u8]) -> Result<Parts<'a>, WireError> {
        let mut views = [nipc_bytes_view_t::NONE; MAX_PARTS];
        // SAFETY: it is called as the header says: the item was checked, and there is room for the parts.
        returned(|| unsafe {
            (self.key)(
                self.check.user,
                nipc_bytes_view_t::of(item),
                views.as_mut_ptr(),
            );
        });
        let mut parts: Parts<'a> = [&[]; MAX_PARTS];
        for (part, view) in parts.iter_mut().zip(views).take(self.key_parts) {
            let start = view.ptr.addr().wrapping_sub(item.as_ptr().addr());
            let end = start.checked_add(view.len);
            let bytes = end.and_then(|end| item.get(start..end));
            *part = bytes.ok_or_else(|| broken(WireErrorKind::OutOfBounds, "key"))?;
        }
        Ok(parts)
    }
}

impl Table {
    /// Copies a reply, and finds its items.
    pub(super) fn build(reply: &[u8], described: &Items) -> Result<Self, WireError> {
        let payload: Box<[u8]> = reply.into();
        let items = directory(&payload, described.header_len)?;
        let mut table = Self {
            first: HashMap::with_capacity(items.len()),
            next: vec![None; items.len()],
            hasher: RandomState::new(),
            duplicates: 0,
            payload,
            items,
        };
        for index in 0..u32::try_from(table.items.len()).unwrap_or(u32::MAX) {
            table.insert(index, described)?;
        }
        Ok(table)
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.items.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn bytes(&self) -> usize {
        let of_item = size_of::<Range<usize>>() + size_of::<Option<u32>>();
        let of_hash = size_of::<(u64, u32)>();
        self.payload.len() + self.items.len() * of_item + self.first.capacity() * of_hash
    }

    /// The first item with this key.
    pub(super) fn find(&self, parts: &Parts<'_>, described: &Items) -> Option<&[u8]> {
        let first = self.first.get(&self.hash(parts)).copied();
        self.chain(first)
            .map(|index| self.item(index))
            .find(|item| described.key(item).is_ok_and(|key| key == *parts))
    }

    fn insert(&mut self, index: u32, described: &Items) -> Result<(), WireError> {
        let item = self.item(index);
        described.check.of(item)?;
        let key = described.key(item)?;
        let hash = self.hash(&key);
        let known = self.first.get(&hash).copied();
        let same = |other: &u32| {
            described
                .key(self.item(*other))
                .is_ok_and(|other| other == key)
        };
        let last = self.chain(known).last();
        if self.chain(known).any(|other| same(&other)) {
            self.duplicates = self.duplicates.saturating_add(1);
            return Ok(());
        }
        match (self.first.entry(hash), last) {
            (Entry::Vacant(first), _) => {
                first.insert(index);
            }
            (Entry::Occupied(_), Some(last)) => {
                if let Some(next) = self.next.get_mut(last as usize) {
                    *next = Some(index);
                }
            }
            (Entry::Occupied(_), None) => {}
        }
        Ok(())
    }

    /// The items of one hash.
    fn chain(&self, first: Option<u32>) -> impl Iterator<Item = u32> {
        std::iter::successors(first, |at| self.next.get(*at as usize).copied().flatten())
    }

    fn item(&self, index: u32) -> &[u8] {
        let range = self.items.get(index as usize).cloned();
        range
            .and_then(|range| self.payload.get(range))
            .unwrap_or_default()
    }

    fn hash(&self, parts: &Parts<'_>) -> u64 {
        self.hasher.hash_one(parts)
    }
}

/// Where the items of a reply are.
fn directory(payload: &[u8], header_len: usize) -> Result<Vec<Range<usize>>, WireError> {
    let truncated = || broken(WireErrorKind::Truncated, "directory");
    let count = number(payload, COUNT_AT).ok_or_else(truncated)?;
    let entries = payload.get(header_len..).ok_or_else(truncated)?;
    if entries.len() / ENTRY_LEN < count {
        return Err(truncated());
    }
    let area = header_len + count * ENTRY_LEN;
    let item = |entry: usize| {
        let start = area.checked_add(number(entries, entry)?)?;
        let end = start.checked_add(number(entries, entry + 4)?)?;
        (end <= payload.len()).then_some(start..end)
    };
    let items = (0..count).map(|nth| item(nth * ENTRY_LEN));
    let found: Option<Vec<Range<usize>>> = items.collect();
    found.ok_or_else(|| broken(WireErrorKind::OutOfBounds, "item"))
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

const fn broken(kind: WireErrorKind, what: &'static str) -> WireError {
    WireError::new(kind, what, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_that_point_elsewhere_are_refused() {
        let mut reply = vec![0; 40];
        reply[4] = 2;
        // Behind a header of 16 bytes: two entries, and an area of 8 bytes.
        for (at, value) in [(16, 0), (20, 8), (24, 4), (28, 4)] {
            reply[at] = value;
        }
        assert_eq!(directory(&reply, 16).unwrap(), [32..40, 36..40]);
        reply[28] = 5;
        assert_eq!(
            directory(&reply, 16).unwrap_err().kind(),
            WireErrorKind::OutOfBounds
        );
        reply[24..28].fill(0xff);
        assert_eq!(
            directory(&reply, 16).unwrap_err().kind(),
            WireErrorKind::OutOfBounds
        );
        for len in 0..32 {
            assert_eq!(
                directory(&reply[..len], 16).unwrap_err().kind(),
                WireErrorKind::Truncated
            );
        }
    }
}
