use std::hash::{BuildHasher, RandomState};

use netipc_proto::wire::{Packed, WireError, WireErrorKind};

use super::mixer::mix;
use super::{Cached, Fetched};

/// Bytes that places are counted in.
const UNIT: usize = 4;
/// A slot without item. No item lies at place 0.
const FREE: u32 = 0;
/// 2^64 over the golden ratio: spreads numbers that follow one another.
pub(super) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The items of one answer, as they came, and where to find each.
///
/// ```text
/// slots   | - | hash place | - | hash place | ...     open addressing, at most half full
/// arena   | 0 | len item 0 .. gap to 4 | len item 1 .. gap to 4 | ...
/// ```
///
/// A slot is one number: the place of an item in the low bits, above it as much of the hash as there
/// is room for. The slots of ten thousand items stay in the nearest caches, so that a hit waits for
/// nothing but its item.
#[derive(Debug)]
pub(super) struct Table {
    slots: Box<[u32]>,
    arena: Box<[u8]>,
    /// The bits of a slot that are a place.
    places: u32,
    /// What takes a hash to its slot: its high bits count.
    shift: u32,
    /// Slots that an item may be in, from the one that its key hashes to.
    reach: usize,
    hashing: Hashing,
    len: usize,
    duplicates: u32,
    generation: u64,
    systemd_enabled: u32,
}

/// How keys are spread over the slots.
#[derive(Debug)]
enum Hashing {
    /// By the service's own hash, which costs next to nothing.
    Plain,
    /// By all of the key, where the service's hash does not tell enough of them apart.
    Whole,
    /// By all of the key and a secret, where somebody chose them to be alike.
    Salted(RandomState),
}

impl Table {
    /// Copies what came, validates every item, and indexes it.
    pub(super) fn build<S: Cached>(fetched: &Fetched<'_>) -> Result<Self, WireError> {
        let arena = copy::<S>(fetched.items)?;
        let mut table = Self {
            slots: Box::default(),
            places: u32::MAX >> narrow(arena.len() / UNIT)?.leading_zeros(),
            arena: arena.into(),
            shift: 0,
            reach: 0,
            hashing: Hashing::Plain,
            len: fetched.items.len(),
            duplicates: 0,
            generation: fetched.generation,
            systemd_enabled: fetched.systemd_enabled,
        };
        let mut capacity = (table.len * 2).next_power_of_two().max(2);
        while !table.index::<S>(capacity) {
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

    #[inline]
    pub(super) fn get<S: Cached>(&self, key: S::Key<'_>) -> Option<S::Item<'_>> {
        let Hashing::Plain = self.hashing else {
            return self.find::<S>(&key);
        };
        // Most items are where their hash says.
        let hash = plain::<S>(key);
        let slot = *self.slots.get(self.start(hash))?;
        if slot == FREE {
            return None;
        }
        self.matching::<S>(slot, hash, key)
            .or_else(|| self.find::<S>(&key))
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &[u8]> {
        let mut place = 1;
        (0..self.len).map(move |_| {
            let item = self.item(place).unwrap_or_default();
            place = behind(place, item);
            item
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

    pub(super) const fn systemd_enabled(&self) -> u32 {
        self.systemd_enabled
    }

    pub(super) const fn bytes(&self) -> usize {
        size_of::<Self>() + self.arena.len() + size_of_val::<[u32]>(&self.slots)
    }

    /// Enters the items in `capacity` slots. Fails where one would be out of reach.
    fn index<S: Cached>(&mut self, capacity: usize) -> bool {
        let bits = capacity.ilog2();
        self.shift = u64::BITS - bits;
        // Keys that spread as if by chance stay well within three times the bits.
        self.reach = 3 * bits as usize;
        self.duplicates = 0;
        self.slots = vec![FREE; capacity + self.reach].into();
        let mut place = 1;
        (0..self.len).all(|_| {
            let (this, item) = (place, self.item(place).unwrap_or_default());
            place = behind(this, item);
            self.enter::<S>(this)
        })
    }

    /// Enters the item at `place`, unless one before it has the same key. Fails where each of the
    /// slots that it may be in is taken.
    fn enter<S: Cached>(&mut self, place: u32) -> bool {
        let key = S::key(&S::view(self.item(place).unwrap_or_default()));
        if self.get::<S>(key).is_some() {
            self.duplicates += 1;
            return true;
        }
        let hash = self.hash::<S>(key);
        let entry = tag(hash) & !self.places | place;
        let start = self.start(hash);
        let mut slots = self.slots.iter_mut().skip(start).take(self.reach);
        let free = slots.find(|slot| **slot == FREE);
        free.map(|slot| *slot = entry).is_some()
    }

    /// Looks into every slot that an item with this key may be in.
    #[inline(never)]
    fn find<S: Cached>(&self, key: &S::Key<'_>) -> Option<S::Item<'_>> {
        let key = *key;
        let hash = self.hash::<S>(key);
        let start = self.start(hash);
        let slots = self.slots.get(start..start + self.reach)?;
        let mut taken = slots.iter().take_while(|slot| **slot != FREE);
        taken.find_map(|slot| self.matching::<S>(*slot, hash, key))
    }

    /// The item of this slot, if it has this key.
    #[inline]
    fn matching<S: Cached>(&self, slot: u32, hash: u64, key: S::Key<'_>) -> Option<S::Item<'_>> {
        if (slot ^ tag(hash)) & !self.places != 0 {
            return None;
        }
        S::matching(self.item(slot & self.places)?, key)
    }

    fn hash<S: Cached>(&self, key: S::Key<'_>) -> u64 {
        match &self.hashing {
            Hashing::Plain => plain::<S>(key),
            Hashing::Whole => mix(&key),
            Hashing::Salted(salt) => salt.hash_one(key),
        }
    }

    /// The first slot for a key of this hash: its high bits.
    #[inline]
    fn start(&self, hash: u64) -> usize {
        usize::try_from(hash >> self.shift).unwrap_or(usize::MAX)
    }

    /// The item at `place`, which is that of an item.
    #[inline]
    fn item(&self, place: u32) -> Option<&[u8]> {
        let front = self.arena.get(place as usize * UNIT..)?;
        let (len, rest) = front.split_first_chunk()?;
        rest.get(..u32::from_le_bytes(*len) as usize)
    }
}

#[inline]
fn plain<S: Cached>(key: S::Key<'_>) -> u64 {
    u64::from(S::hash(key)).wrapping_mul(GOLDEN)
}

/// What tells a key from those that start at the same slot.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the high bits are told by the slot"
)]
const fn tag(hash: u64) -> u32 {
    hash as u32
}

/// The place behind `item`, which is at `place`. The arena was found to have no more places than
/// numbers.
fn behind(place: u32, item: &[u8]) -> u32 {
    let units = (UNIT + item.len()).div_ceil(UNIT);
    place.saturating_add(u32::try_from(units).unwrap_or(u32::MAX))
}

/// The arena: every item validated, in the order of the answer.
fn copy<S: Cached>(items: Packed<'_>) -> Result<Vec<u8>, WireError> {
    // A few bytes may stand for many items: copied, they would take more than came.
    let (mut bytes, mut padded) = (0_usize, UNIT);
    for item in items.iter() {
        bytes = bytes.saturating_add(item.len());
        padded = padded.saturating_add(UNIT + item.len().next_multiple_of(UNIT));
    }
    if bytes > items.item_bytes() {
        let (room, bytes) = (items.item_bytes() as u64, bytes as u64);
        return Err(WireError::layout("bytes of disjoint items", room, bytes));
    }
    let mut arena = Vec::with_capacity(padded);
    arena.resize(UNIT, 0);
    for item in items.iter() {
        S::check(item)?;
        arena.extend_from_slice(&narrow(item.len())?.to_le_bytes());
        arena.extend_from_slice(item);
        arena.resize(arena.len().next_multiple_of(UNIT), 0);
    }
    Ok(arena)
}

fn narrow(n: usize) -> Result<u32, WireError> {
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
