use std::fmt;

use netipc_proto::internals::assume_valid;
use netipc_proto::wire::{Decode, List, ListRules, Valid, WireError};

use super::{ItemOf, LOOKUP_HEADER_LEN, Lookup, LookupItem, read_header};

/// The items of a reply, in the order of the keys.
pub struct LookupReply<'a, L> {
    /// Number of items.
    pub item_count: u32,
    /// Changes when the server's data does.
    pub generation: u64,
    payload: &'a [u8],
    list: List<'a, ItemOf<L>>,
}

impl<'a, L: Lookup> LookupReply<'a, L> {
    /// Number of items.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are no items.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Item `index`.
    #[must_use]
    pub fn item(&self, index: u32) -> Option<L::Item<'a>> {
        self.list.get(index as usize)
    }

    /// Every item, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = L::Item<'a>> + use<'a, L> {
        self.list.iter()
    }

    /// The items as bytes.
    #[must_use]
    pub const fn list(&self) -> List<'a, ItemOf<L>> {
        self.list
    }

    /// The whole reply as bytes, with the proof.
    #[must_use]
    pub fn valid(&self) -> Valid<'a, Self> {
        assume_valid(self.payload)
    }
}

impl<'a, L: Lookup> Decode<'a> for LookupReply<'a, L> {
    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let (item_count, generation) = read_header(L::LAYOUT, payload)?;
        let rules = ListRules {
            min_len: L::Item::<'a>::HEADER_LEN,
            ordered: true,
        };
        let list = List::decode(payload, LOOKUP_HEADER_LEN, item_count, rules)?;
        Ok(Self {
            item_count,
            generation,
            payload,
            list,
        })
    }

    #[inline]
    fn view(valid: Valid<'a, Self>) -> Self {
        let (item_count, generation) = read_header(L::LAYOUT, valid.bytes()).unwrap_or_default();
        Self {
            item_count,
            generation,
            payload: valid.bytes(),
            list: valid.list(LOOKUP_HEADER_LEN, item_count),
        }
    }
}

impl<L> Clone for LookupReply<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for LookupReply<'_, L> {}

impl<L> fmt::Debug for LookupReply<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupReply")
            .field("item_count", &self.item_count)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
