//! The items of one answer, and where to find each.

use std::hash::{BuildHasher, RandomState};

use netipc_proto::internals::assume_valid;
use netipc_proto::wire::{Decode, Packed, Valid, WireError, WireErrorKind};

use super::cached::{Cached, Fetched};
use super::hash::{GOLDEN, hash_key};

/// Bytes that offsets in the arena are counted in.
const UNIT: usize = 4;
/// Bytes in front of an item: its length and its position.
const ENTRY_HEADER_LEN: usize = 8;
/// A slot without item. No item lies at offset 0.
const FREE: u32 = 0;

/// The items of one answer, as they came, and where to find each.
///
/// ```text
/// slots   | - | hash offset | - | hash offset | ...    open addressing, at most half full
/// arena   | 0 | len 0 item .. gap to 4 | len 1 item .. gap to 4 | ...
/// ```
///
/// A slot is one number: the offset of an item in the low bits, above it as much of the hash as there
/// is room for. The slots of ten thousand items stay in the nearest caches, so that a hit waits for
/// nothing but its item. In front of an item stand its length and its position in the answer.
#[derive(Debug)]
pub(super) struct Table<S: Cached> {
    slots: Box<[u32]>,
    /// Every item in it has been decoded.
    arena: Box<[u8]>,
    /// The bits of a slot that are an offset.
    offset_bits: u32,
    /// A hash shifted right by this is the first slot for its key.
    shift: u32,
    /// Most slots that are probed for a key, from its first on.
    probes: usize,
    hashing: Hashing,
    len: usize,
    duplicates: u32,
    generation: u64,
    header: S::Header,
}

/// An item in the arena.
struct Entry<'a, S: Cached> {
    position: u32,
    item: Valid<'a, S::Item<'a>>,
}

/// An item that was looked for.
pub(super) struct Found<'a, S: Cached> {
    /// Which one of the answer it is, from 0.
    pub(super) position: u32,
    pub(super) item: S::Item<'a>,
}

/// How keys are spread over the slots.
#[derive(Debug)]
enum Hashing {
    /// By the service's own hash, which costs next to nothing.
    Plain,
    /// By all of the key, where too many have the same hash of the service.
    Whole,
    /// By all of the key and a secret, where somebody chose them to be alike.
    Salted(RandomState),
}

impl<S: Cached> Table<S> {
    /// Copies what came, decodes every item where that was not done, and indexes it.
    pub(super) fn build(fetched: &Fetched<'_, S>) -> Result<Self, WireError> {
        let arena = copy(fetched)?;
        let mut table = Self {
            slots: Box::default(),
            offset_bits: u32::MAX >> to_u32(arena.len() / UNIT)?.leading_zeros(),
            arena: arena.into(),
            shift: 0,
            probes: 0,
            hashing: Hashing::Plain,
            len: fetched.items.len(),
            duplicates: 0,
            generation: fetched.generation,
            header: fetched.header,
        };
        let mut capacity = (table.len * 2).next_power_of_two().max(2);
        while !table.index(capacity) {
            table.hashing = match table.hashing {
                Hashing::Plain => Hashing::Whole,
                Hashing::Whole => Hashing::Salted(RandomState::new()),
                Hashing::Salted(_) => {
                    capacity *= 2;
                    Hashing::Salted(RandomState::new())
                }
            };
        }
        Ok(table)
    }

    /// The first item with this key, and its position.
    #[inline(always)]
    pub(super) fn get(&self, key: S::Key<'_>) -> Option<Found<'_, S>> {
        let Hashing::Plain = self.hashing else {
            return self.search(&key);
        };
        let hash = service_hash::<S>(key);
        match self.likely_slot(hash) {
            FREE => None,
            slot => self.matching(slot, hash, key).or_else(|| self.search(&key)),
        }
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Valid<'_, S::Item<'_>>> {
        let mut offset = 1;
        std::iter::from_fn(move || {
            let entry = self.entry(offset)?;
            offset = next_offset(offset, entry.item.bytes());
            Some(entry.item)
        })
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn duplicates(&self) -> u32 {
        self.duplicates
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) const fn header(&self) -> S::Header {
        self.header
    }

    pub(super) const fn bytes(&self) -> usize {
        size_of::<Self>() + self.arena.len() + size_of_val::<[u32]>(&self.slots)
    }

    /// Looks into every slot that an item with this key may be in.
    #[inline(never)]
    fn search(&self, key: &S::Key<'_>) -> Option<Found<'_, S>> {
        let hash = self.hash(*key);
        self.taken_slots(hash)
            .find_map(|slot| self.matching(slot, hash, *key))
    }

    /// The slots that a key of this hash may be in, up to a free one.
    fn taken_slots(&self, hash: u64) -> impl Iterator<Item = u32> {
        let start = self.first_slot(hash);
        let slots = self.slots.get(start..start + self.probes);
        let slots = slots.unwrap_or_default().iter().copied();
        slots.take_while(|slot| *slot != FREE)
    }

    /// The slot that most likely has the item of a key of this hash: its first, or the one behind. Which of
    /// both is chosen without a branch, which would be guessed wrong time and again. Free where there is no
    /// such item.
    #[inline(always)]
    fn likely_slot(&self, hash: u64) -> u32 {
        let front = self.slots.get(self.first_slot(hash)..);
        let [first, second] = front
            .and_then(<[u32]>::first_chunk)
            .copied()
            .unwrap_or_default();
        if first == FREE || self.may_have(first, hash) {
            first
        } else {
            second
        }
    }

    /// The item of this slot, if it has this key.
    #[inline(always)]
    fn matching(&self, slot: u32, hash: u64, key: S::Key<'_>) -> Option<Found<'_, S>> {
        let Entry { position, item } = self.entry_of(slot, hash)?;
        S::matching(item, key).map(|item| Found { position, item })
    }

    /// The item of this slot, if it is taken and its key may have this hash.
    #[inline]
    fn entry_of(&self, slot: u32, hash: u64) -> Option<Entry<'_, S>> {
        if slot != FREE && self.may_have(slot, hash) {
            self.entry(slot & self.offset_bits)
        } else {
            None
        }
    }

    /// Whether the item of a slot that is taken may have a key of this hash.
    #[inline]
    const fn may_have(&self, slot: u32, hash: u64) -> bool {
        (slot ^ tag(hash)) & !self.offset_bits == 0
    }

    /// Makes `capacity` slots and inserts every item. Fails where one would need more probes.
    fn index(&mut self, capacity: usize) -> bool {
        let bits = capacity.ilog2();
        self.shift = u64::BITS - bits;
        // Keys that spread as if by chance stay well within three times the bits.
        self.probes = 3 * bits as usize;
        self.duplicates = 0;
        self.slots = vec![FREE; capacity + self.probes].into();
        let mut offset = 1;
        while let Some(entry) = self.entry(offset) {
            let next = next_offset(offset, entry.item.bytes());
            if !self.insert(offset) {
                return false;
            }
            offset = next;
        }
        true
    }

    /// Inserts the item at `offset`, unless one before it has the same key. Fails where each of the
    /// slots that it may be in is taken.
    fn insert(&mut self, offset: u32) -> bool {
        let looked_up = self.entry(offset).map(|entry| {
            let item = entry.item.view();
            let key = S::key(&item);
            (self.get(key).is_some(), self.hash(key))
        });
        let Some((duplicate, hash)) = looked_up else {
            return false;
        };
        if duplicate {
            self.duplicates += 1;
            return true;
        }
        let taken = tag(hash) & !self.offset_bits | offset;
        let start = self.first_slot(hash);
        let mut slots = self.slots.iter_mut().skip(start).take(self.probes);
        let free = slots.find(|slot| **slot == FREE);
        free.map(|slot| *slot = taken).is_some()
    }

    fn hash(&self, key: S::Key<'_>) -> u64 {
        match &self.hashing {
            Hashing::Plain => service_hash::<S>(key),
            Hashing::Whole => hash_key(&key),
            Hashing::Salted(salt) => salt.hash_one(key),
        }
    }

    /// The first slot for a key of this hash: its high bits.
    #[inline]
    fn first_slot(&self, hash: u64) -> usize {
        usize::try_from(hash >> self.shift).unwrap_or(usize::MAX)
    }

    /// The item at `offset`, which is that of an item or the end.
    #[inline]
    fn entry(&self, offset: u32) -> Option<Entry<'_, S>> {
        let front = self.arena.get(offset as usize * UNIT..)?;
        let (header, rest) = front.split_first_chunk::<ENTRY_HEADER_LEN>()?;
        let [a, b, c, d, e, f, g, h] = *header;
        let bytes = rest.get(..u32::from_le_bytes([a, b, c, d]) as usize)?;
        Some(Entry {
            position: u32::from_le_bytes([e, f, g, h]),
            // It was decoded before it was copied, and the arena never changes.
            item: assume_valid(bytes),
        })
    }
}

#[inline]
fn service_hash<S: Cached>(key: S::Key<'_>) -> u64 {
    u64::from(S::hash(key)).wrapping_mul(GOLDEN)
}

/// The part of a hash that a slot stores: it tells keys apart that start at the same slot.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the high bits chose the slot"
)]
const fn tag(hash: u64) -> u32 {
    hash as u32
}

/// The offset behind `item`, which is at `offset`. The arena was found to have no more offsets than
/// numbers.
fn next_offset(offset: u32, item: &[u8]) -> u32 {
    let units = (ENTRY_HEADER_LEN + item.len()).div_ceil(UNIT);
    offset.saturating_add(u32::try_from(units).unwrap_or(u32::MAX))
}

/// The arena: every item, decoded, in the order of the answer.
fn copy<S: Cached>(fetched: &Fetched<'_, S>) -> Result<Vec<u8>, WireError> {
    let items = fetched.items;
    let mut arena = Vec::with_capacity(arena_len(items)?);
    arena.resize(UNIT, 0);
    for (item, position) in items.iter().zip(0_u32..) {
        if !fetched.decoded {
            S::Item::decode(item)?;
        }
        arena.extend_from_slice(&to_u32(item.len())?.to_le_bytes());
        arena.extend_from_slice(&position.to_le_bytes());
        arena.extend_from_slice(item);
        arena.resize(arena.len().next_multiple_of(UNIT), 0);
    }
    Ok(arena)
}

/// Bytes of the arena for `items`, which may not share any of theirs: a few bytes may stand for many
/// items, and would take more than came once they are copied.
fn arena_len(items: Packed<'_>) -> Result<usize, WireError> {
    let (mut bytes, mut padded) = (0_usize, UNIT);
    for item in items.iter() {
        bytes = bytes.saturating_add(item.len());
        padded = padded.saturating_add(ENTRY_HEADER_LEN + item.len().next_multiple_of(UNIT));
    }
    if bytes > items.item_bytes() {
        let (room, bytes) = (items.item_bytes() as u64, bytes as u64);
        return Err(WireError::layout("bytes of disjoint items", room, bytes));
    }
    Ok(padded)
}

fn to_u32(n: usize) -> Result<u32, WireError> {
    let limit = u64::from(u32::MAX);
    u32::try_from(n).or(Err(WireError::new(
        WireErrorKind::Overflow,
        "cache",
        limit,
        n as u64,
    )))
}

#[cfg(test)]
mod tests;
