use std::fmt;
use std::marker::PhantomData;

use netipc_proto::wire::{
    Decode, ENTRY_LEN, Encode, Fields, ListRules, Packed, WireError, Writer, align8,
};

use super::{LOOKUP_HEADER_LEN, Lookup, LookupItem, header, read_header};

/// The items of a reply, in the order of the keys.
pub struct LookupReply<'a, L> {
    /// Number of items.
    pub item_count: u32,
    /// Changes when the server's data does.
    pub generation: u64,
    payload: &'a [u8],
    list: Packed<'a>,
    _lookup: PhantomData<fn() -> L>,
}

impl<'a, L: Lookup> LookupReply<'a, L> {
    /// Reads a reply that was decoded before.
    pub(crate) fn trusted(payload: &'a [u8]) -> Result<Self, WireError> {
        let (item_count, generation) = read_header(payload)?;
        let list = Packed::trusted(payload, LOOKUP_HEADER_LEN, item_count)?;
        Ok(Self {
            item_count,
            generation,
            payload,
            list,
            _lookup: PhantomData,
        })
    }

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

    /// Item `index`. Every item was validated when the reply came.
    #[must_use]
    pub fn item(&self, index: u32) -> Option<L::Item<'a>> {
        self.list.get(index as usize).map(L::Item::view)
    }

    /// The bytes of item `index`, for [`LookupItem::view`] later on.
    #[must_use]
    pub fn item_bytes(&self, index: u32) -> Option<&'a [u8]> {
        self.list.get(index as usize)
    }

    /// Every item, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = L::Item<'a>> + use<'a, L> {
        self.list.iter().map(L::Item::view)
    }

    /// The whole reply, for [`Service::reread`](crate::service::Service::reread) later on.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The packed items.
    pub(crate) const fn list(&self) -> Packed<'a> {
        self.list
    }
}

impl<'a, L: Lookup> Decode<'a> for LookupReply<'a, L> {
    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let (item_count, generation) = read_header(payload)?;
        let rules = ListRules {
            min_len: L::Item::<'a>::HEADER_LEN,
            ordered: true,
        };
        let check = |item| L::Item::<'a>::decode(item).map(drop);
        let list = Packed::parse_each(payload, LOOKUP_HEADER_LEN, item_count, rules, check)?;
        Ok(Self {
            item_count,
            generation,
            payload,
            list,
            _lookup: PhantomData,
        })
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

/// Items of several replies as one reply, in a buffer that is used again and again.
///
/// Items come validated and are copied unchanged; nothing is allocated for each.
#[derive(Debug, Default)]
pub(crate) struct Stitcher {
    out: Vec<u8>,
    count: usize,
}

impl Stitcher {
    /// Starts over, for a reply of `count` items.
    pub(crate) fn start(&mut self, count: usize) {
        self.count = 0;
        self.out.clear();
        self.out.resize(LOOKUP_HEADER_LEN + count * ENTRY_LEN, 0);
        if let Some(front) = self.out.first_chunk_mut() {
            *front = header(count, 0);
        }
    }

    /// Items so far.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Bytes so far.
    pub(crate) fn bytes(&self) -> usize {
        self.out.len()
    }

    /// Adds an item as it came.
    pub(crate) fn push_raw(&mut self, item: &[u8]) {
        let start = self.open(item.len());
        self.out.truncate(start);
        self.out.extend_from_slice(item);
    }

    /// Adds an item of our own.
    pub(crate) fn push(&mut self, item: &impl Encode) -> Result<(), WireError> {
        let size = item.size();
        let start = self.open(size);
        self.out.resize(start + size, 0);
        item.encode(&mut Writer::new(
            self.out.get_mut(start..).unwrap_or_default(),
        ))
    }

    /// The reply, with its `generation`.
    pub(crate) fn finish(&mut self, generation: u64) -> &[u8] {
        if let Some(target) = self.out.get_mut(8..LOOKUP_HEADER_LEN) {
            target.copy_from_slice(&generation.to_le_bytes());
        }
        &self.out
    }

    /// The reply that was finished last.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.out
    }

    /// Pads to the next item's start and enters it into the directory.
    fn open(&mut self, size: usize) -> usize {
        let start = align8(self.out.len());
        self.out.resize(start, 0);
        let count = self.out.first_chunk::<8>().map_or(0, |front| {
            let [_, _, _, _, a, b, c, d] = *front;
            u32::from_le_bytes([a, b, c, d])
        });
        let items = LOOKUP_HEADER_LEN + count as usize * ENTRY_LEN;
        let entry: [u8; ENTRY_LEN] = Fields::record(|entry| entry.size(start - items).size(size));
        let at = LOOKUP_HEADER_LEN + self.count * ENTRY_LEN;
        if let Some(target) = self.out.get_mut(at..at + ENTRY_LEN) {
            target.copy_from_slice(&entry);
        }
        self.count += 1;
        start
    }
}
